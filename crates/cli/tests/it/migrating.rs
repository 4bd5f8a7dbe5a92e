//! `omp migrate`: everything to another database. Where the environment names a PostgreSQL server, these tests go from
//! there to a file and back; otherwise from file to file.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use omp_store::conformance::databases;
use serde_json::{Value, json};

use crate::program::{Home, Run, Server};

const FILE: &str = "sqlite:target.db";

/// An address of the sort that the home's database has, with nothing there yet.
fn another(home: &Home, name: &str) -> String {
    if home.database.is_none() {
        return format!("sqlite:{name}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(databases::required())
}

/// A command on the database of an address.
fn arguments<'a>(address: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let place = match address.strip_prefix("sqlite:") {
        Some(file) => ["--database", "", "--db", file],
        None => ["--database", address, "--db", "none.db"],
    };
    [&place[..], rest].concat()
}

fn on(home: &Home, address: &str, rest: &[&str]) -> Run {
    let run = home.omp(&arguments(address, rest));
    assert_eq!(run.code, 0, "{rest:?}: {} {}", run.out, run.err);
    run
}

fn memory(number: usize) -> Value {
    json!({"id": format!("mem_m{number:015}"), "content": format!("Memory number {number} about topic {}", number % 37),
        "type": "semantic", "source": {"tool": "t"}, "tags": [format!("t{}", number % 11)],
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
}

fn import(home: &Home, count: usize) {
    let all: Vec<Value> = (0..count).map(memory).collect();
    home.write("all.json", &json!({"omp_version": "0.1", "memories": all}).to_string());
    home.ok(&["import", "all.json"]);
}

/// Memories and conversations, without when the export was made.
fn exported(home: &Home, address: &str) -> Value {
    let all = on(home, address, &["export", "--to", "omi"]).json();
    json!([all["memories"], all["conversations"]])
}

#[test]
fn everything_is_there_keys_work_and_it_comes_back() {
    let home = Home::new();
    home.ok(&["remember", "Prefers green tea", "--tag", "drinks", "--namespace", "home"]);
    let id = home.ok(&["remember", "Lives in Munich", "--json"]).json()["id"].as_str().unwrap().to_owned();
    home.ok(&["edit", &id, "--content", "Lives in Berlin"]);
    let anna = home.ok(&["users", "add", "anna", "--json"]).json();
    let key = anna["key"]["secret"].as_str().unwrap().to_owned();

    let planned = home.ok(&["migrate", "--to", FILE, "--dry-run", "--json"]).json();
    assert_eq!((&planned["would_move"]["memories"], &planned["would_move"]["keys"]), (&json!(2), &json!(1)));
    assert!(!home.path("target.db").exists(), "a dry run writes nothing");

    let report = home.ok(&["migrate", "--to", FILE, "--json"]).json();
    assert_eq!(report["users"][0]["rows"]["memories"], 2, "{report}");
    assert_eq!((&report["keys"], &report["source_changed"]), (&json!(1), &json!(false)));
    assert_eq!(report["problems"], json!([]));
    let audit = ["audit", "--json"];
    assert_eq!(on(&home, FILE, &audit).json(), home.ok(&audit).json());
    let source = home.ok(&["export", "--to", "omi"]).json();
    assert_eq!(exported(&home, FILE), json!([source["memories"], source["conversations"]]));
    let history = ["history", &id, "--json"];
    assert_eq!(on(&home, FILE, &history).json(), home.ok(&history).json());
    // Whoever only looks at the target does not make it his own.
    let again = home.ok(&["migrate", "--to", FILE, "--json"]).json();
    assert_eq!(again["users"], report["users"]);

    let back = another(&home, "back.db");
    let returned = home.ok(&["migrate", "--from", FILE, "--to", &back, "--json"]).json();
    assert_eq!(returned["users"], report["users"], "row by row the same");
    assert_eq!(exported(&home, &back), exported(&home, FILE));
    let found = on(&home, &back, &["recall", "green tea", "--json"]).json();
    assert_eq!(found["memories"][0]["content"], "Prefers green tea");
    on(&home, &back, &["doctor"]);

    // The key that a tool has works on a server of the new place, and its user's memories are its own.
    let mut serve = home.command(&arguments(FILE, &["serve", "--port", "0"]));
    serve.env("OMP_API_KEY", "0123456789abcdef0123456789abcdef");
    let server = Server::start(serve);
    let bearer = format!("Bearer {key}");
    let (status, _, body) = server.call("GET", "/v1/memories", &[("authorization", &bearer)], b"").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &body["total"]), (200, &json!(0)), "{body}");
    drop(server);
}

#[test]
fn where_there_was_no_key_none_is_asked_for() {
    let home = Home::new();
    home.ok(&["remember", "Prefers green tea"]);
    home.ok(&["migrate", "--to", FILE]);
    let server = Server::start(home.command(&arguments(FILE, &["serve", "--port", "0"])));
    let (status, _, body) = server.call("GET", "/v1/memories", &[], b"").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &body["total"]), (200, &json!(1)), "{body}");
}

#[test]
fn what_cannot_be_moved_is_told_in_a_sentence() {
    let home = Home::new();
    home.ok(&["remember", "Mine"]);
    let text = home.omp(&["migrate", "--to", "mysql://anna:s3cret@db/x"]);
    assert!(text.code == 1 && text.err.contains("sqlite:FILE"), "{}", text.err);
    assert!(!text.err.contains("s3cret"), "{}", text.err);
    let missing = home.omp(&["migrate", "--from", "sqlite:nowhere.db", "--to", FILE]);
    assert!(missing.code == 1 && missing.err.contains("nowhere.db is no file"), "{}", missing.err);
    assert!(!home.path("nowhere.db").exists() && !home.path("target.db").exists());
    on(&home, FILE, &["remember", "Somebody else's"]);
    let full = home.omp(&["migrate", "--to", FILE]);
    assert!(full.code == 1 && full.err.contains("is not empty"), "{}", full.err);
    let same = home.omp(&["migrate", "--from", FILE, "--to", FILE]);
    assert!(same.code == 1 && same.err.contains("the same database"), "{}", same.err);
    assert_eq!(on(&home, FILE, &["list", "--json"]).json()["total"], 1);
    // After a move, what is written in the new place is safe from another one.
    home.ok(&["migrate", "--to", "sqlite:moved.db"]);
    on(&home, "sqlite:moved.db", &["remember", "Written there"]);
    let used = home.omp(&["migrate", "--to", "sqlite:moved.db"]);
    assert!(used.code == 1 && used.err.contains("has been written to since"), "{}", used.err);
}

/// How many memories are in a file by now.
fn there(home: &Home) -> u64 {
    let Ok(connection) = rusqlite::Connection::open_with_flags(
        home.path("target.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE,
    ) else {
        return 0;
    };
    let count = connection.query_row("SELECT count(*) FROM memories", [], |row| row.get::<_, i64>(0));
    count.map_or(0, i64::unsigned_abs)
}

fn start(home: &Home) -> Child {
    home.command(&["migrate", "--to", FILE]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn killed_in_the_middle_it_goes_on_and_nobody_uses_a_half() {
    const COUNT: usize = 14_000;
    let home = Home::new();
    import(&home, COUNT);
    let mut child = start(&home);
    while there(&home) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anything was seen of it");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let half = there(&home);
    assert!(half > 0 && half < COUNT as u64, "{half} of {COUNT}");
    for command in
        [&["serve", "--port", "0"][..], &["list"], &["migrate", "--from", FILE, "--to", "sqlite:x.db"]]
    {
        let refused = home.omp(&arguments(FILE, command));
        let told = refused.err.contains("holds an unfinished move");
        assert!(refused.code == 5 && told, "{command:?}: {} {}", refused.code, refused.err);
    }
    let report = home.ok(&["migrate", "--to", FILE, "--json"]).json();
    assert_eq!(report["users"][0]["rows"]["memories"], COUNT, "{report}");
    let source = home.ok(&["export", "--to", "omp"]).json();
    assert_eq!(on(&home, FILE, &["export", "--to", "omp"]).json()["memories"], source["memories"]);
    on(&home, FILE, &["doctor"]);
}

#[test]
fn a_server_goes_on_working_on_the_source_and_the_next_run_brings_the_rest() {
    let home = Home::new();
    import(&home, 3_000);
    let server = Arc::new(home.serve(None));
    let writing = Arc::new(AtomicBool::new(true));
    let writer = {
        let (server, writing) = (Arc::clone(&server), Arc::clone(&writing));
        std::thread::spawn(move || {
            let mut number = 0;
            while writing.load(Ordering::SeqCst) {
                let body = json!({"content": format!("Meanwhile {number}"), "type": "semantic", "source": {"tool": "t"}});
                assert_eq!(server.json("POST", "/v1/memories", &body).0, 201);
                let path = format!("/v1/memories/mem_m{number:015}");
                let patch = json!({"content": format!("Changed meanwhile {number}")});
                assert_eq!(server.json("PUT", &path, &patch).0, 200);
                let path = format!("/v1/memories/mem_m{:015}", 2_999 - number);
                assert_eq!(server.json("DELETE", &path, &Value::Null).0, 204);
                number += 1;
            }
            number
        })
    };
    let first = home.omp(&["migrate", "--to", FILE, "--json"]);
    writing.store(false, Ordering::SeqCst);
    let written: usize = writer.join().unwrap();
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(written > 0 && written < 1_500, "{written}");
    // It makes vectors as long as it runs.
    drop(server);
    let last = home.ok(&["migrate", "--to", FILE, "--json"]).json();
    assert_eq!(
        (&last["source_changed"], &last["users"][0]["rows"]["memories"]),
        (&json!(false), &json!(3_000))
    );
    let source = home.ok(&["export", "--to", "omp"]).json();
    assert_eq!(on(&home, FILE, &["export", "--to", "omp"]).json()["memories"], source["memories"]);
    on(&home, FILE, &["doctor"]);
}
