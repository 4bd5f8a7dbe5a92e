//! Encrypted exports.

use age::secrecy::ExposeSecret;

use crate::program::{Home, run};

const TEXT: &str = "Prefers green tea";

#[test]
fn an_encrypted_export_is_read_by_its_key_and_by_no_other() {
    let (home, other) = (Home::new(), Home::new());
    home.ok(&["remember", TEXT]);
    let keys: Vec<_> = (0..2).map(|_| age::x25519::Identity::generate()).collect();
    let files: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| {
            other.write(&format!("key{n}"), key.to_string().expose_secret()).display().to_string()
        })
        .collect();
    let sealed = other.path("memories.omi.jsonl.age").display().to_string();
    home.ok(&["export", &sealed, "--encrypt-to", &keys[0].to_public().to_string()]);
    let bytes = std::fs::read(&sealed).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1") && !bytes.windows(5).any(|part| part == b"green"));
    let without = other.omp(&["import", &sealed]);
    assert!(without.code == 1 && without.err.contains("--identity"), "{}", without.err);
    let wrong = other.omp(&["import", &sealed, "--identity", &files[1]]);
    assert!(wrong.code == 4 && wrong.err.contains("for other keys"), "{}", wrong.err);
    let empty = other.write("empty", "AGE-SECRET-KEY-1NONSENSE\n").display().to_string();
    let none = other.omp(&["import", &sealed, "--identity", &empty]);
    assert!(
        none.code == 1 && none.err.contains("no age key") && !none.err.contains("NONSENSE"),
        "{}",
        none.err
    );
    let cut = other.path("cut.age");
    std::fs::write(&cut, &bytes[..bytes.len() - 10]).unwrap();
    let broken = other.omp(&["import", cut.to_str().unwrap(), "--identity", &files[0]]);
    assert!(broken.code == 1 && broken.err.contains("cut off"), "{}", broken.err);
    assert_eq!(other.ok(&["list", "--json"]).json()["total"], 0);
    let report = other.ok(&["import", &sealed, "--identity", &files[0], "--json"]).json();
    assert_eq!((&report["imported"], &report["format"]), (&1.into(), &"omi-jsonl".into()));
    assert_eq!(other.ok(&["list", "--json"]).json()["memories"][0]["content"], TEXT);
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let home = Home::new();
    home.ok(&["remember", TEXT]);
    let sealed = home.path("memories.json.age").display().to_string();
    let with = |passphrase: &str, args: &[&str]| run(home.command(args).env("OMP_PASSPHRASE", passphrase));
    let export = ["export", &sealed, "--passphrase"];
    let short = with("short", &export);
    assert!(short.code == 1 && short.err.contains("at least 12") && !home.path("memories.json.age").exists());
    assert!(home.omp(&export).err.contains("OMP_PASSPHRASE"));
    let made = with("a long enough passphrase", &export);
    assert_eq!(made.code, 0, "{}", made.err);
    let wrong = with("a wrong enough passphrase", &["import", &sealed]);
    assert!(wrong.code == 4 && wrong.err.contains("the passphrase is wrong"), "{}", wrong.err);
    let right = with("a long enough passphrase", &["import", &sealed, "--json"]);
    assert_eq!((right.json()["format"].as_str(), &right.json()["unchanged"]), (Some("omp"), &1.into()));
    let inspected = home.omp(&["inspect", &sealed]);
    assert!(inspected.code == 1 && inspected.err.contains("is encrypted"), "{}", inspected.err);
    let foreign = with(
        "a long enough passphrase",
        &["export", "-", "--passphrase", "--to", "omi", "--encrypt-to", "x"],
    );
    assert_eq!(foreign.code, 2);
}
