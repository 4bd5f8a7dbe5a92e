//! The commands over the database file, as a person sees them.

use crate::program::{Home, run};

fn remember(home: &Home, args: &[&str]) -> String {
    let args: Vec<&str> = ["remember"].iter().chain(args).copied().collect();
    home.ok(&args).out.trim().to_owned()
}

#[test]
fn what_is_remembered_is_recalled_listed_shown_changed_and_forgotten() {
    let home = Home::new();
    let id = remember(
        &home,
        &["Prefers green tea", "--tag", "Hot Drinks", "--namespace", "home", "--metadata", r#"{"k":1.50}"#],
    );
    remember(&home, &["Rides a bicycle to work", "--type", "procedural"]);
    insta::assert_snapshot!(home.ok(&["recall", "what", "tea", "do", "they", "like?"]).shown(&home), @r"
    status 0
    --- out
    <id> semantic · cli · <date> · in home · #hot-drinks
      Prefers green tea
    --- err
    1 of 1 found, by hybrid search
    ");
    insta::assert_snapshot!(home.ok(&["list", "--type", "procedural"]).shown(&home), @r"
    status 0
    --- out
    <id> procedural · cli · <date>
      Rides a bicycle to work
    --- err
    1 to 1 of 1
    ");
    let edited = home.ok(&["edit", &id, "--content", "Prefers black tea", "--no-tags", "--json"]).json();
    assert_eq!(
        (edited["content"].as_str(), edited["tags"].as_array().map(Vec::len)),
        (Some("Prefers black tea"), Some(0))
    );
    let shown = home.ok(&["show", &id, "--json"]);
    assert!(shown.out.contains("1.50"), "numbers come back as they were written");
    home.ok(&["forget", &id]);
    insta::assert_snapshot!(home.omp(&["show", &id]).shown(&home), @r"
    status 3
    --- out
    --- err
    error: There is no memory with the id <id>.
    ");
}

#[test]
fn a_changed_memory_tells_what_it_was_and_a_version_comes_back() {
    let home = Home::new();
    let id = remember(&home, &["Lives in Munich"]);
    home.ok(&["edit", &id, "--content", "Lives in Berlin"]);
    let history = home.ok(&["history", &id, "--json"]).json();
    assert_eq!(
        (&history["total"], &history["versions"][1]["memory"]["content"]),
        (&2.into(), &"Lives in Munich".into())
    );
    let shown = home.ok(&["history", &id, "--limit", "1"]);
    assert!(shown.out.starts_with("version 2: from 2") && shown.out.contains("until now"), "{}", shown.out);
    assert_eq!(shown.err, "1 of 2 versions\n");
    home.ok(&["history", &id, "--restore", "1"]);
    assert_eq!(home.ok(&["show", &id, "--json"]).json()["content"], "Lives in Munich");
    insta::assert_snapshot!(home.omp(&["history", &id, "--restore", "7"]).shown(&home), @r"
    status 1
    --- out
    --- err
    error: The request is not valid: `version` must be one that is there: 1 to 3.
    ");
    assert_eq!(home.omp(&["history", "mem_0000000000000000"]).code, 3);
}

#[test]
fn a_memory_can_stand_in_the_place_of_another() {
    let home = Home::new();
    let old = remember(&home, &["Lives in Munich"]);
    let new = remember(&home, &["Lives in Berlin", "--supersedes", &old]);
    assert_eq!(home.ok(&["history", &old, "--json"]).json()["superseded_by"], new.as_str());
    assert!(home.ok(&["history", &new]).out.starts_with(&format!("supersedes {old}\n")));
    insta::assert_snapshot!(home.omp(&["remember", "x", "--supersedes", &old]).shown(&home), @r"
    status 1
    --- out
    --- err
    error: The request is not valid: `supersedes` names a memory in whose place <id> stands; supersede that one.
    ");
    insta::assert_snapshot!(home.omp(&["remember", "x", "--supersedes", "mem_0000000000000000"]).shown(&home), @r"
    status 1
    --- out
    --- err
    error: The request is not valid: `supersedes` names no memory that is there.
    ");
}

#[test]
fn what_is_remembered_already_is_not_stored_again_unless_asked() {
    let home = Home::new();
    let id = remember(&home, &["Prefers green tea"]);
    let again = home.ok(&["remember", "prefers  GREEN tea", "--tag", "new"]);
    assert_eq!(
        (again.out.trim(), again.err.as_str()),
        (id.as_str(), "this is remembered already; nothing was stored\n")
    );
    let told = home.ok(&["remember", "Prefers green tea", "--json"]).json();
    assert_eq!(
        (told["duplicate_of"].as_str(), told["tags"].as_array().map(Vec::len)),
        (Some(id.as_str()), Some(0))
    );
    assert_ne!(remember(&home, &["Prefers green tea", "--no-dedupe"]), id);
}

#[test]
fn semantic_search_says_that_it_was_not_done() {
    let home = Home::new();
    remember(&home, &["tea"]);
    let recall = ["recall", "tea", "--mode", "semantic"];
    let run = home.ok(&[&recall[..], &["--embedding-provider", "off"]].concat());
    assert!(run.err.contains("instead of semantic: no embedding model is configured"), "{}", run.err);
    assert!(home.ok(&recall).err.contains("by semantic search"));
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let home = Home::new();
    insta::assert_snapshot!(home.omp(&["remember", ""]).shown(&home), @r"
    status 1
    --- out
    --- err
    error: The request is not valid: `text` must not be empty.
    ");
    insta::assert_snapshot!(home.omp(&["remember", "x", "--metadata", "[1]"]).shown(&home), @r"
    status 1
    --- out
    --- err
    error: The request is not valid: `metadata` must be an object.
    ");
    let run = home.omp(&["show", "mem_nothing", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!((run.code, run.out.as_str(), error["error"].as_str()), (3, "", Some("memory_not_found")));
    assert_eq!(home.omp(&["list", "--limit", "0"]).code, 2);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0);
}

#[test]
fn the_text_can_come_from_standard_input_and_from_an_editor() {
    let home = Home::new();
    let id = home.with_input(&["remember"], "from standard input\n").out.trim().to_owned();
    let edit = run(home.command(&["edit", &id]).env("EDITOR", "sed -i s/standard/changed/"));
    assert_eq!(edit.code, 0, "{}", edit.err);
    assert_eq!(home.ok(&["show", &id, "--json"]).json()["content"], "from changed input");
    let unchanged = run(home.command(&["edit", &id]).env("EDITOR", "true"));
    assert!(unchanged.err.contains("nothing was changed"));
}

#[test]
fn escape_sequences_of_a_memory_do_not_reach_the_terminal() {
    let home = Home::new();
    remember(&home, &["\u{1b}[2Jgone"]);
    assert!(!home.ok(&["list"]).out.contains('\u{1b}'));
}

#[test]
fn a_backup_is_restored_and_what_was_there_is_kept() {
    let home = Home::new();
    remember(&home, &["first"]);
    home.ok(&["backup", "copy.db"]);
    assert_eq!(home.omp(&["backup", "copy.db"]).code, 1, "an existing file is not replaced");
    remember(&home, &["second"]);
    let restored = home.ok(&["restore", "copy.db", "--json"]).json();
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
    home.ok(&["restore", restored["kept"].as_str().unwrap()]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 2);
    home.write("memory.db", &"damage ".repeat(2_000));
    for part in ["memory.db-wal", "memory.db-shm"] {
        let _ = std::fs::remove_file(home.path(part));
    }
    assert_eq!(home.omp(&["list"]).code, 1);
    home.ok(&["restore", "copy.db"]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1, "a damaged file can be replaced");
    home.ok(&["restore", restored["kept"].as_str().unwrap()]);
    home.write("not.db", "no database");
    assert_eq!(home.omp(&["restore", "not.db"]).code, 1);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 2);
}

#[test]
fn the_doctor_finds_an_index_that_lacks_a_memory() {
    let home = Home::new();
    remember(&home, &["text"]);
    assert_eq!(home.ok(&["doctor", "--json"]).json()["checks"].as_array().unwrap().len(), 9);
    let database = rusqlite::Connection::open(home.path("memory.db")).unwrap();
    database
        .execute_batch(
            "INSERT INTO words (words) VALUES ('delete-all'); UPDATE facets SET n = 7 WHERE kind = 'tool'",
        )
        .unwrap();
    let run = home.omp(&["doctor"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("the word index: 1 memories more")
            && run.out.contains("the counters: 1 counters are wrong"),
        "{}",
        run.out
    );
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let home = Home::new();
    for n in 0..30 {
        remember(&home, &[&format!("memory {n} {}", "long ".repeat(900))]);
    }
    let omp = env!("CARGO_BIN_EXE_omp");
    let script = format!(
        "set -o pipefail; '{omp}' export | head -c 10 >/dev/null; '{omp}' list -q | head -n 1 >/dev/null"
    );
    let mut command = std::process::Command::new("bash");
    let run = run(command.args(["-c", &script]).env("OMP_DB_PATH", home.path("memory.db")));
    assert!(run.code == 0 && run.err.is_empty(), "{} {}", run.code, run.err);
}
