//! Tables of any tool by a field map; memory stores out and back.

use std::fs;

use serde_json::{Value, json};

use crate::program::Home;

const DIARY: &str = "when;what;mood;about\n\
                     2026-05-01;Rowed to the island and back;good;sport|boat\n\
                     2026-05-03;The keel has a crack;bad;boat\n";

const MAP: &str = "content=what,created_at=when,tags=about,metadata=mood,tool='diary'";

fn figures(report: &Value) -> [u64; 4] {
    ["imported", "updated", "unchanged", "error_count"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn a_table_is_imported_by_its_map_and_only_once() {
    let home = Home::new();
    home.write("diary.csv", DIARY);
    let report = home.ok(&["import", "diary.csv", "--map", MAP, "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("generic"), [2, 0, 0, 0]));
    assert_eq!(
        figures(&home.ok(&["import", "diary.csv", "--from", "csv", "--map", MAP, "--json"]).json()),
        [0, 0, 2, 0]
    );
    let memories = home.ok(&["list", "--tag", "sport", "--json"]).json();
    let memory = &memories["memories"][0];
    assert_eq!(
        (&memory["content"], &memory["source"]["tool"]),
        (&json!("Rowed to the island and back"), &json!("diary"))
    );
    assert_eq!(
        (&memory["created_at"], &memory["metadata"]),
        (&json!("2026-05-01T00:00:00.000Z"), &json!({"mood": "good"}))
    );

    home.write("map.json", r#"{"content": ["what", "mood"], "created_at": "when"}"#);
    let report = home.ok(&["import", "diary.csv", "--map", "map.json", "--dry-run", "--json"]).json();
    assert_eq!(figures(&report), [2, 0, 0, 0], "another text is another memory");
    let converted = home.ok(&["convert", "diary.csv", "diary.omi.json", "--map", MAP, "--json"]).json();
    assert_eq!(converted["imported"], 2);
    assert!(fs::read_to_string(home.path("diary.omi.json")).unwrap().contains("The keel has a crack"));
}

#[test]
fn without_a_map_columns_are_guessed_and_that_is_said() {
    let home = Home::new();
    home.write("notes.csv", "id,note,created\n1,Likes tea,2026-05-01\n2,\"Not closed\n");
    let run = home.omp(&["import", "notes.csv", "--json"]);
    let report = run.json();
    assert_eq!((run.code, &report["format"], figures(&report)[0]), (1, &json!("csv"), 1));
    let guess = report["changed"][0]["message"].as_str().unwrap();
    assert!(guess.contains("content is `note`, id is `id`, created_at is `created`"), "{guess}");
    assert_eq!(
        (&report["errors"][0]["line"], &report["errors"][0]["place"]),
        (&json!(3), &json!("line 3 [1]"))
    );
}

#[test]
fn a_map_that_cannot_be_followed_is_refused_before_anything_is_stored() {
    let home = Home::new();
    home.write("diary.csv", DIARY);
    home.write("rules.md", "- a\n");
    for (arguments, expected) in [
        (vec!["diary.csv", "--map", "created_at=when"], "content=COLUMN"),
        (vec!["diary.csv", "--map", "content=text"], "`when`, `what`, `mood`, `about`"),
        (vec!["diary.csv", "--map", "text=what"], "the field `text`"),
        (vec!["diary.csv", "--map", "nowhere.txt"], "cannot be read as a file"),
        (vec!["rules.md", "--from", "rules", "--map", "content=a"], "is for tables"),
    ] {
        let run = home.omp(&[vec!["import"], arguments].concat());
        assert!(run.code != 0 && run.err.contains(expected), "{expected}: {}", run.err);
    }
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0);
}

#[test]
fn a_server_takes_a_map() {
    let home = Home::new();
    let server = home.serve(None);
    home.write("diary.csv", DIARY);
    let report = home.ok(&["--server", &server.url, "import", "diary.csv", "--map", MAP, "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("generic"), [2, 0, 0, 0]));
    let wrong = home.omp(&["--server", &server.url, "import", "diary.csv", "--map", "content=text"]);
    assert!(wrong.code != 0 && wrong.err.contains("`about`"), "{}", wrong.err);
}

#[test]
fn what_has_ended_is_not_imported_and_what_ends_later_ends_here() {
    let home = Home::new();
    let dump = |invalid: Value| {
        let fact = |id: &str, text: &str, invalid: &Value| {
            json!({"uuid": id, "name": "LIVES_IN", "fact": text, "created_at": "2024-01-01T00:00:00Z", "valid_at": "2024-01-01T00:00:00Z",
                   "invalid_at": invalid, "expired_at": invalid})
        };
        json!({"edges": [fact("f1", "Ana lives in Lviv", &json!("2024-02-01T00:00:00Z")), fact("f2", "Ana lives in Kyiv", &invalid)]})
            .to_string()
    };
    home.write("dump.json", &dump(Value::Null));
    let report = home.ok(&["import", "dump.json", "--json"]).json();
    assert_eq!((figures(&report)[0], &report["counts"]["passed"]["fact that has ended"]), (1, &json!(1)));
    let listed = || home.ok(&["list", "--json"]).json()["memories"].as_array().unwrap().len();
    assert_eq!(listed(), 1);
    home.write("dump.json", &dump(json!("2024-06-01T00:00:00Z")));
    let report = home.ok(&["import", "dump.json", "--json"]).json();
    assert_eq!(report["counts"]["changed"]["fact that has ended"], 1, "{report}");
    assert_eq!(listed(), 0);
    // Nothing is lost on the way to a file that can say it.
    let converted = home.ok(&["convert", "dump.json", "dump.omi.json", "--json"]).json();
    assert_eq!(converted["imported"], 2);
    let text = fs::read_to_string(home.path("dump.omi.json")).unwrap();
    let records = serde_json::from_str::<Value>(&text).unwrap();
    assert_eq!(records["memories"][1]["valid_to"], "2024-06-01");
}

#[test]
fn memories_go_to_every_store_and_come_back_as_they_were() {
    let home = Home::new();
    home.ok(&[
        "remember",
        "The keel is oak.",
        "--type",
        "procedural",
        "--tag",
        "boat",
        "--namespace",
        "home:boat",
    ]);
    home.ok(&["remember", "Tea, please.\n\n  And milk."]);
    let all = home.ok(&["export", "--to", "omp"]).json()["memories"].clone();
    for (format, file) in [
        ("langgraph", "m.langgraph.json"),
        ("mcp-memory-service", "m.json"),
        ("mif", "m.mif.json"),
        ("mif-md", "notes.zip"),
        ("mem-bundle", "m.zip"),
        ("pam", "m.pam.json"),
    ] {
        home.ok(&["export", file, "--to", format]);
        let again = home.ok(&["import", file, "--json"]).json();
        assert_eq!((&again["format"], figures(&again)), (&json!(format), [0, 0, 2, 0]), "{again}");
        let elsewhere = Home::new();
        let path = home.path(file).display().to_string();
        assert_eq!(figures(&elsewhere.ok(&["import", &path, "--json"]).json()), [2, 0, 0, 0]);
        assert_eq!(elsewhere.ok(&["export", "--to", "omp"]).json()["memories"], all, "{format}");
    }
}
