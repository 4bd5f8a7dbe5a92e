//! TLS of our own.

use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::program::{Home, Server, run};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A certificate for this machine and its key, as files.
fn certificate(home: &Home, name: &str) -> [String; 2] {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |ending: &str, text: &str| home.write(&format!("{name}.{ending}"), text).display().to_string();
    [path("crt", &cert.pem()), path("key", &signing_key.serialize_pem())]
}

fn serve(home: &Home, certificate: &str, key: &str) -> std::process::Command {
    let mut command = home.command(&["serve", "--port", "0", "--tls-cert", certificate, "--tls-key", key]);
    command.env("OMP_API_KEY", KEY);
    command
}

#[test]
fn memories_cross_a_network_encrypted() {
    let home = Home::new();
    let [certificate, key] = certificate(&home, "a");
    let mut command = serve(&home, &certificate, &key);
    // With TLS of its own the server may be reached from elsewhere.
    command.args(["--host", "0.0.0.0"]);
    let server = Server::wait_for(command.stdout(std::process::Stdio::piped()).spawn().unwrap());
    let port = server.url.rsplit(':').next().unwrap();
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let over = |trust: &str, args: &[&str]| {
        let mut command = home.command(args);
        command.env("OMP_SERVER", format!("https://localhost:{port}")).env("OMP_API_KEY", KEY);
        run(command.env("SSL_CERT_FILE", trust))
    };
    let stored = over(&certificate, &["remember", "Prefers green tea"]);
    assert_eq!(stored.code, 0, "{}", stored.err);
    assert_eq!(over(&certificate, &["list", "--json"]).json()["total"], 1);
    let [other, _] = self::certificate(&home, "b");
    let untrusted = over(&other, &["list"]);
    assert!(untrusted.code == 5 && untrusted.err.contains("SSL_CERT_FILE"), "{}", untrusted.err);
    let named = format!("https://127.0.0.1:{port}");
    let mut misnamed = home.command(&["list", "--server", &named]);
    let misnamed = run(misnamed.env("OMP_API_KEY", KEY).env("SSL_CERT_FILE", &certificate));
    assert!(misnamed.code == 5 && misnamed.err.contains("not for the name 127.0.0.1"), "{}", misnamed.err);
    let plain = format!("http://localhost:{port}");
    let plain = run(home.command(&["list"]).env("OMP_SERVER", plain).env("OMP_API_KEY", KEY));
    assert!(plain.code == 5 && plain.err.contains("use https://"), "{}", plain.err);
}

#[test]
fn files_that_make_no_certificate_are_named() {
    let home = Home::new();
    let [first, first_key] = certificate(&home, "a");
    let [_, second_key] = certificate(&home, "b");
    let empty = home.write("empty", "").display().to_string();
    for (certificate, key, said) in [
        ("nowhere.crt", first_key.as_str(), "nowhere.crt cannot be read"),
        (&empty, &first_key, "empty holds no certificate"),
        (&first, &empty, "empty holds no private key"),
        (&first, &first, "a.crt holds no private key"),
        (&first, &second_key, "does not go with the certificate"),
    ] {
        let run = run(&mut serve(&home, certificate, key));
        assert!(run.code == 1 && run.err.contains(said), "{said}: {}", run.err);
    }
    let alone = home.omp(&["serve", "--port", "0", "--tls-cert", &first]);
    assert!(alone.code == 2 && alone.err.contains("--tls-key"), "{}", alone.err);
    assert!(Path::new(&first).exists());
}
