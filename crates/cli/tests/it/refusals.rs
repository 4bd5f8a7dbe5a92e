//! What is refused, with which status, and that nothing is lost by it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Home, Run, run};

/// A web server that is no memory server: whatever is asked, it shows its login page.
fn login_page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1 << 14]);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// The files of a home.
fn files(home: &Home) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn code_of(run: &Run) -> String {
    let error: Value = serde_json::from_str(&run.err).unwrap_or_else(|e| panic!("{e}: {}", run.err));
    error["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_login_page_was_taken_for_an_export_and_for_a_deletion() {
    let (home, url) = (Home::new(), login_page());
    let before = files(&home);
    for name in ["h.omi.json", "h.json", "h.omi.jsonl", "mem0.json"] {
        let to = if name == "mem0.json" { &["--to", "mem0"][..] } else { &[] };
        let run = home.omp(&[&["--server", &url, "export", name], to].concat());
        assert!(run.code == 5 && run.err.contains("gave no export"), "{name}: {} {}", run.code, run.err);
    }
    let shown = home.omp(&["--server", &url, "export"]);
    assert!(shown.code == 5 && shown.out.is_empty(), "{}", shown.out);
    assert_eq!(files(&home), before);
    for args in [&["forget", "mem_0000000000000000"][..], &["keys", "revoke", "key_0000000000000000"]] {
        let run = home.omp(&[&["--server", &url], args].concat());
        assert!(run.code == 5 && run.err.contains("in the place of 204"), "{} {}", run.code, run.err);
    }
}

#[test]
fn a_wrong_file_took_the_place_of_a_damaged_database() {
    let home = Home::new();
    home.ok(&["remember", "kept"]);
    home.ok(&["backup", "copy.db"]);
    home.write("wrong.db", "no database");
    home.write("memory.db", &"damage ".repeat(2_000));
    let (before, found) = (std::fs::read(home.path("memory.db")).unwrap(), files(&home));
    assert_eq!(home.omp(&["restore", "wrong.db"]).code, 1);
    assert_eq!(home.omp(&["restore", "nowhere.db"]).code, 3);
    assert_eq!(std::fs::read(home.path("memory.db")).unwrap(), before);
    assert_eq!(files(&home), found, "nothing is left over from failed tries");
    let restored = home.ok(&["restore", "copy.db", "--json"]).json();
    assert_eq!(std::fs::read(restored["kept"].as_str().unwrap()).unwrap(), before);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

#[test]
fn a_database_that_opens_but_cannot_be_copied_is_restored() {
    let home = Home::new();
    home.ok(&["remember", "kept"]);
    home.ok(&["backup", "copy.db"]);
    let mut bytes = std::fs::read(home.path("memory.db")).unwrap();
    bytes[16_384..].fill(0xa5);
    std::fs::write(home.path("memory.db"), bytes).unwrap();
    home.ok(&["restore", "copy.db"]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

#[test]
fn an_export_overwrote_the_database() {
    let home = Home::new();
    home.ok(&["remember", "kept"]);
    std::fs::create_dir(home.path("sub")).unwrap();
    home.ok(&["export", "a.json"]);
    for file in ["memory.db", "./sub/../memory.db", "memory.db-wal", "memory.db-shm", "memory.db-lock"] {
        for args in [&["export", file, "--force", "--to", "omp"][..], &["backup", file]] {
            let run = home.omp(args);
            assert!(run.code == 1 && run.err.contains("belongs to the database"), "{args:?}: {}", run.err);
        }
    }
    let converted = home.omp(&["convert", "a.json", "memory.db", "--to", "omi", "--force"]);
    assert!(converted.code == 1 && converted.err.contains("belongs to the database"), "{}", converted.err);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

#[test]
fn every_refusal_has_its_status_and_its_code() {
    let home = Home::new();
    home.write("talk.txt", "User: I live in Lisbon.\nAssistant: Noted.\n");
    home.write("not.db", "no database");
    home.ok(&["export", "there.json"]);
    for (args, status, code) in [
        (&["list", "--server", "ftp://localhost"][..], 2, "validation_error"),
        (&["list", "--limit", "0"], 2, "validation_error"),
        (&["nonsense"], 2, "validation_error"),
        (&["conform", "--url", "http://127.0.0.1:9"], 5, "unavailable"),
        (&["list", "--db", "not.db"], 1, "validation_error"),
        (&["export", "there.json"], 1, "validation_error"),
        (&["import", "nowhere.json"], 3, "not_found"),
        (&["inspect", "nowhere.json"], 3, "not_found"),
        (&["validate", "nowhere.json"], 3, "not_found"),
    ] {
        // A database of its own wins over the file that is named.
        if home.database.is_some() && args.contains(&"--db") {
            continue;
        }
        let run = home.omp(&[args, &["--json"]].concat());
        assert_eq!((run.code, code_of(&run).as_str()), (status, code), "{args:?}: {}", run.err);
    }
    let talk = home.omp(&["import", "talk.txt"]);
    assert!(talk.code == 1 && talk.err.contains("`omp save`"), "{}", talk.err);
    let server = home.serve(Some("0123456789abcdef0123456789abcdef"));
    let locked = home.omp(&["list", "--server", &server.url]);
    assert!(locked.code == 4 && locked.err.contains("--api-key"), "{}", locked.err);
}

#[test]
fn completions_whose_reader_stops_reading_panicked() {
    let omp = env!("CARGO_BIN_EXE_omp");
    let script = format!("set -o pipefail; '{omp}' completions bash | head -n 1 >/dev/null");
    let run = run(std::process::Command::new("bash").args(["-c", &script]));
    assert!(run.code == 0 && run.err.is_empty(), "{} {}", run.code, run.err);
}
