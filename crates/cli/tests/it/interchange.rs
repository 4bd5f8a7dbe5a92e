//! Files in and out.

use serde_json::{Value, json};

use crate::program::Home;

const OMI: &str = r#"{"format":"open-memory-interchange","version":"0.1","license":"CC0","subject":{"id":"u-7","type":"person"},"memories":[
  {"id":"m-1","content":"Uses metric units.","type":"semantic","created":"2026-03-04T05:06:07Z","confidence":0.960,"tags":["Units & Measures","b"],"zeta":{"big":12345678901234567890123},"valid_to":null},
  {"id":"m-2","content":"Wrote a book.","type":"insight","created":"2026-03-04T05:06:07.5+02:00","subject":{"id":"u-8"},"source":{"platform":"chat","ref":"s","method":"stated","x":1},"entities":["Bo"]},
  {"id":"m-3","content":"Untyped.","created":"last Tuesday"}
]}"#;

fn records(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).unwrap()["memories"].as_array().unwrap().clone()
}

#[test]
fn interchange_through_the_store_gives_every_untouched_record_back() {
    let home = Home::new();
    home.write("in.omi.json", OMI);
    let report = home.ok(&["import", "in.omi.json", "--json"]).json();
    assert_eq!(
        (&report["format"], &report["read"], &report["imported"], &report["lost"]),
        (&json!("omi"), &json!(3), &json!(3), &json!([]))
    );
    let again = home.ok(&["import", "in.omi.json", "--json"]).json();
    assert_eq!((&again["imported"], &again["unchanged"]), (&json!(0), &json!(3)));

    let exported = home.ok(&["export", "--to", "omi"]).out;
    assert_eq!(records(&exported), records(OMI));
    assert!(
        exported.contains("12345678901234567890123") && exported.contains("0.960"),
        "number text survives"
    );
    let envelope: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!((&envelope["license"], &envelope["subject"]["id"]), (&json!("CC0"), &json!("u-7")));

    let id =
        home.ok(&["recall", "metric", "--json"]).json()["memories"][0]["id"].as_str().unwrap().to_owned();
    home.ok(&["edit", &id, "--content", "Uses imperial units."]);
    let changed = records(&home.ok(&["export", "--to", "omi"]).out);
    assert_eq!(
        (&changed[0]["content"], &changed[0]["zeta"], &changed[1]),
        (&json!("Uses imperial units."), &records(OMI)[0]["zeta"], &records(OMI)[1])
    );
}

#[test]
fn another_server_is_taken_over_with_everything() {
    let (old, new) = (Home::new(), Home::new());
    let server = old.serve(Some("the-key-of-the-old-server-0123456789"));
    let key = [
        ("authorization", "Bearer the-key-of-the-old-server-0123456789"),
        ("content-type", "application/json"),
    ];
    let memory =
        r#"{"content": "Likes tea", "type": "semantic", "source": {"tool": "t"}, "namespace": "home"}"#;
    assert_eq!(server.call("POST", "/v1/memories", &key, memory.as_bytes()).unwrap().0, 201);
    let talk = r#"{"model": "m", "topic": "tea", "messages": [{"role": "user", "content": "hi"}]}"#;
    assert_eq!(server.call("POST", "/v1/conversations", &key, talk.as_bytes()).unwrap().0, 201);

    let refused = new.omp(&["import", &server.url]);
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("gave no export") && refused.err.contains("API key"), "{}", refused.err);
    let import = ["import", &server.url, "--from-key", "the-key-of-the-old-server-0123456789", "--json"];
    let report = new.ok(&import).json();
    assert_eq!(
        (&report["format"], &report["imported"], &report["conversations"]),
        (&json!("omp"), &json!(1), &json!(1))
    );
    let again = new.ok(&import).json();
    assert_eq!((&again["imported"], &again["conversations"]), (&json!(0), &json!(0)));
    assert_eq!(new.ok(&["list", "--json"]).json()["memories"][0]["namespace"], "home");
}

#[test]
fn a_broken_line_is_named_and_the_others_land() {
    let home = Home::new();
    let lines = [
        r#"{"format":"open-memory-interchange","version":"0.1","subject":{"id":"u"}}"#,
        r#"{"id":"a","content":"first","type":"semantic","created":"2026-01-01T00:00:00Z"}"#,
        r#"{"id":"b","content":"#,
        "",
        r#"{"id":"c","content":"third","type":"semantic","created":"2026-01-01T00:00:00Z"}"#,
        r#"{"id":"d","content":"","type":"semantic","created":"2026-01-01T00:00:00Z"}"#,
    ];
    home.write("in.omi.jsonl", &lines.join("\n"));
    let run = home.omp(&["import", "in.omi.jsonl", "--json"]);
    let report = run.json();
    assert_eq!((run.code, &report["imported"], &report["error_count"]), (1, &json!(2), &json!(2)));
    let places: Vec<_> =
        report["errors"].as_array().unwrap().iter().map(|e| (e["line"].as_u64(), e["id"].as_str())).collect();
    assert_eq!(places, [(Some(3), None), (Some(6), Some("d"))]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 2);
}

#[test]
fn an_export_moves_everything_to_another_home() {
    let (old, new) = (Home::new(), Home::new());
    old.ok(&["remember", "one", "--tag", "a", "--namespace", "n", "--expires-at", "2099-01-01"]);
    old.ok(&["remember", "two", "--metadata", r#"{"x":{"y":[1,null]}}"#]);
    for format in ["omp", "omi", "omi-jsonl"] {
        let name = format!("all.{format}");
        let file = old.path(&name);
        old.ok(&["export", file.to_str().unwrap(), "--to", format]);
        let report = new.ok(&["import", file.to_str().unwrap(), "--conflict", "overwrite", "--json"]).json();
        assert_eq!(report["format"], format);
        let list = |home: &Home| home.ok(&["list", "--json", "--sort", "created_at_asc"]).json();
        assert_eq!(list(&old), list(&new), "{format}");
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let home = Home::new();
    home.write("in.json", OMI);
    let report = home.ok(&["import", "in.json", "--dry-run", "--json"]).json();
    assert_eq!((&report["imported"], &report["dry_run"]), (&json!(3), &json!(true)));
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0);
}

#[test]
fn a_long_text_is_stored_in_parts_and_comes_out_whole() {
    let home = Home::new();
    let text = "A sentence that is repeated until it is too long for one memory. ".repeat(400);
    let record =
        json!({"id": "long", "content": text, "type": "semantic", "created": "2026-01-01T00:00:00Z"});
    let file = json!({"format": "open-memory-interchange", "version": "0.1", "subject": {"id": "u"}, "memories": [record]});
    home.write("in.omi.json", &file.to_string());
    assert_eq!(home.ok(&["import", "in.omi.json", "--json"]).json()["imported"], 3);
    assert_eq!(records(&home.ok(&["export", "--to", "omi"]).out), [record]);
    let part = home.ok(&["list", "--json"]).json()["memories"][0]["id"].as_str().unwrap().to_owned();
    home.ok(&["forget", &part]);
    assert_eq!(records(&home.ok(&["export", "--to", "omi"]).out).len(), 2, "what is left is still exported");
}

#[test]
fn validate_prints_the_findings_and_tells_by_its_status() {
    let home = Home::new();
    home.write("file.omi.json", OMI);
    let run = home.omp(&["validate", "file.omi.json", "--json"]);
    let report = run.json();
    assert_eq!((run.code, report["level"].as_str()), (0, Some("L0")));
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|f| f["path"] == "$.memories[2].created" && f["line"] == 4), "{findings:?}");
    assert_eq!(home.omp(&["validate", "file.omi.json", "--level", "L1"]).code, 1);
    home.write("broken.omi.json", "{\"format\":");
    let run = home.omp(&["validate", "broken.omi.json", "--json"]);
    assert_eq!((run.code, &run.json()["level"]), (1, &Value::Null));
}

#[test]
fn converting_there_and_back_changes_nothing() {
    let home = Home::new();
    home.write("a.omi.json", OMI);
    home.ok(&["convert", "a.omi.json", "b.omi.jsonl"]);
    home.ok(&["convert", "b.omi.jsonl", "c.omi.json"]);
    let read = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    assert_eq!(read("b.omi.jsonl").lines().count(), 4);
    assert_eq!(records(&read("c.omi.json")), records(OMI));
    let run = home.omp(&["convert", "a.omi.json", "d.omp.json", "--to", "omp"]);
    assert!(run.err.contains("lost: item 0: `confidence` has no place in an OMP export"), "{}", run.err);
    assert_eq!(
        home.omp(&["convert", "a.omi.json", "c.omi.json"]).code,
        1,
        "an existing file is not replaced"
    );
}

#[test]
fn inspect_tells_what_is_inside() {
    let home = Home::new();
    home.write("a.json", OMI);
    let contents = home.ok(&["inspect", "a.json", "--json"]).json();
    assert_eq!(
        (&contents["format"], &contents["memories"], &contents["types"]["insight"]),
        (&json!("omi"), &json!(3), &json!(1))
    );
    home.write("b.txt", "hello");
    assert_eq!(home.omp(&["inspect", "b.txt"]).code, 1);
}

#[test]
fn a_document_without_memories_is_not_valid_because_it_could_be_a_header() {
    let home = Home::new();
    let header = r#"{"format":"open-memory-interchange","version":"0.1","subject":{"id":"u"}}"#;
    home.write("a.omi.json", header);
    home.write("a.omi.jsonl", header);
    let record =
        r#"{"id":"a","content":"x","type":"t","created":"2026-01-01T00:00:00Z","subject":{"id":"u"}}"#;
    home.write("r.omi.json", record);
    home.write("r.omi.jsonl", &format!("{record}\n"));
    for (name, code) in [("a.omi.json", 1), ("r.omi.json", 1), ("a.omi.jsonl", 0), ("r.omi.jsonl", 0)] {
        assert_eq!(home.omp(&["validate", name]).code, code, "{name}");
    }
    assert_eq!(home.omp(&["validate", "a.omi.json", "--serialization", "jsonl"]).code, 0);
    assert_eq!(home.omp(&["validate", "a.omi.jsonl", "--serialization", "json"]).code, 1);
    let told = home.omp(&["validate", "a.omi.json", "--json"]).json();
    assert_eq!((&told["errors"], &told["counts"]["missing_member"]), (&json!(1), &json!(1)));
    assert_ne!(home.omp(&["import", "a.omi.json"]).code, 0);
}

#[test]
fn lines_under_a_header_with_memories_are_all_converted() {
    let home = Home::new();
    let lines = r#"{"format":"open-memory-interchange","version":"0.1","memories":[]}
{"id":"a","content":"one","type":"t","created":"2026-01-01T00:00:00Z"}
{"id":"b","content":"two","type":"t","created":"2026-01-01T00:00:00Z"}
"#;
    home.write("in.omi.jsonl", lines);
    home.ok(&["convert", "in.omi.jsonl", "out.omi.json"]);
    let text = std::fs::read_to_string(home.path("out.omi.json")).unwrap();
    assert_eq!(records(&text).len(), 2);
    home.ok(&["convert", "in.omi.jsonl", "out.omp.json", "--to", "omp"]);
    let text = std::fs::read_to_string(home.path("out.omp.json")).unwrap();
    assert_eq!(records(&text).len(), 2);
}

#[test]
fn inspect_shows_numbers_of_the_envelope_as_they_are_written() {
    let home = Home::new();
    let text = r#"{"format":"open-memory-interchange","version":"0.1","x":1e400,"y":12345678901234567890123,"memories":[]}"#;
    home.write("in.omi.json", text);
    let shown = home.ok(&["inspect", "in.omi.json", "--json"]).out;
    assert!(shown.contains("1e400") && shown.contains("12345678901234567890123"), "{shown}");
    assert!(home.ok(&["inspect", "in.omi.json"]).out.contains("1e400"));
}
