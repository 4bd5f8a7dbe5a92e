//! Interchange files through a store: whatever comes in, what goes out is a file that any reader takes.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use omi::{Level, Report};
use omp_model::transfer::{Conflict, ExportOptions, Format, ImportOptions, ImportReport};
use omp_model::{Content, Error, ErrorCode, MemoryPatch, MemoryType, NewMemory, Principal, Result};
use omp_store::{SqliteOptions, SqliteStore};
use serde_json::Value;

use crate::{ImportSource, Service};

const HEADER: &str = r#"{"format":"open-memory-interchange","version":"0.1""#;

struct World {
    service: Service,
    _folder: tempfile::TempDir,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.db");
        let store =
            SqliteStore::open(&SqliteOptions::plain(path, omp_model::Timestamp::from_millis(1))).unwrap();
        Self { service: Service::new(Arc::new(store), folder.path().to_owned()), _folder: folder }
    }

    async fn try_import(&self, text: &str, options: ImportOptions) -> Result<ImportReport> {
        let source = ImportSource::Stream(Box::new(Cursor::new(text.to_owned())));
        self.service.import(Principal::OWNER, source, options, None).await
    }

    async fn import(&self, text: &str) -> ImportReport {
        self.try_import(text, ImportOptions::default()).await.unwrap()
    }

    async fn refused(&self, text: &str, options: ImportOptions) -> Error {
        let error = self.try_import(text, options).await.unwrap_err();
        assert!(self.export(Format::OMI).await.1.is_empty(), "nothing is stored of {text}");
        error
    }

    async fn remember(&self, content: &str) {
        let tool = omp_model::ToolName::new("t").unwrap();
        let new = NewMemory::new(Content::new(content).unwrap(), MemoryType::Semantic, tool);
        self.service.create_memory(Principal::OWNER, new).await.unwrap();
    }

    /// The envelope, the records and the verdict.
    async fn export(&self, format: Format) -> (Value, Vec<Value>, Report) {
        let text = self.exported(format).await;
        let report = omi::validate(text.as_bytes(), None).unwrap();
        if format == Format::OMI_JSONL {
            let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            return (lines.next().unwrap(), lines.collect(), report);
        }
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let records = document["memories"].take().as_array().unwrap().clone();
        (document, records, report)
    }

    async fn exported(&self, format: Format) -> String {
        let out = Shared::default();
        let options = ExportOptions { format, ..ExportOptions::default() };
        self.service.export(Principal::OWNER, options, Box::new(out.clone()), None).await.unwrap();
        let bytes = out.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Imports the export elsewhere, and exports there again.
    async fn restored(&self) -> (ImportReport, Vec<Value>) {
        let other = Self::new();
        let report = other.import(&self.exported(Format::OMI_JSONL).await).await;
        (report, other.export(Format::OMI_JSONL).await.1)
    }
}

fn named(format: Format) -> ImportOptions {
    ImportOptions { format: Some(format), ..ImportOptions::default() }
}

fn record(id: &str, content: &str) -> String {
    format!(r#"{{"id":"{id}","content":"{content}","type":"semantic","created":"2026-01-01T00:00:00Z"}}"#)
}

fn ids(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn lines_under_a_header_with_memories_are_all_imported() {
    for (memories, expected) in [(String::new(), 2), (record("h", "in the header"), 3)] {
        let text =
            format!("{HEADER},\"memories\":[{memories}]}}\n{}\n{}\n", record("a", "one"), record("b", "two"));
        for options in [ImportOptions::default(), named(Format::OMI), named(Format::OMI_JSONL)] {
            let world = World::new();
            let report = world.try_import(&text, options).await.unwrap();
            assert_eq!((report.imported, report.error_count), (expected, 0));
        }
    }
}

#[tokio::test]
async fn members_of_other_tools_do_not_keep_a_valid_file_out() {
    let extra = [
        r#""memory":"m","user_id":"u","hash":"h""#,
        r#""namespace":["n"],"key":"k","value":{}"#,
        r#""entityType":"e","observations":["o"]"#,
        r#""mif_version":"1""#,
        r#""schema":"portable-ai-memory""#,
        r#""chat_messages":[]"#,
        r#""exported_at":"x","omp_version":"0.1""#,
    ];
    for extra in extra {
        let item = record("a", "x").replacen('{', &format!("{{{extra},"), 1);
        for text in [
            format!("{HEADER},\"memories\":[{item}]}}"),
            format!("{HEADER},{extra},\"memories\":[{}]}}", record("a", "x")),
            format!("{{{extra},{},\"memories\":[{item}]}}", &HEADER[1..]),
            format!(
                "{{\"memories\":[{}],{}}}",
                record("a", "x").replacen('{', "{\"created_at\":\"x\",", 1),
                &HEADER[1..]
            ),
            format!("{HEADER}}}\n{item}\n"),
        ] {
            let report = World::new().import(&text).await;
            assert_eq!((report.imported, report.format.as_str().starts_with("omi")), (1, true), "{text}");
        }
    }
}

#[tokio::test]
async fn memories_of_another_tool_stay_their_owners_beside_an_import_about_somebody_else() {
    let world = World::new();
    world
        .import(&format!("{HEADER},\"subject\":{{\"id\":\"ana\"}}}}\n{}\n", record("a", "Ana likes tea")))
        .await;
    let foreign = r#"[{"id":"f81d4fae","memory":"Likes coffee","user_id":"u","hash":"h","created_at":"2026-01-01T00:00:00Z"}]"#;
    assert_eq!(world.try_import(foreign, named(Format::named("mem0"))).await.unwrap().imported, 1);
    world.remember("Native").await;
    let (envelope, records, report) = world.export(Format::OMI_JSONL).await;
    assert_eq!(report.level, Some(Level::L1), "{:?}", report.findings);
    assert_eq!(envelope["subject"]["id"], "ana");
    let subjects: Vec<_> = records.iter().map(|record| record["subject"]["id"].as_str()).collect();
    assert_eq!(subjects, [None, Some("owner"), Some("owner")]);
}

#[tokio::test]
async fn one_bad_import_does_not_spoil_later_exports() {
    let good = record("a", "good");
    for text in [
        format!("{{\"memories\":[{good}]}}"),
        format!(
            r#"{{"format":"open-memory-interchange","version":"9","ext":"x","content":"c","subject":{{"type":5}},"memories":[{good}]}}"#
        ),
        format!(
            r#"{HEADER}}}
{{"content":"nothing else","type":"t"}}
{{"id":"b","content":"x","created":"2026-01-01T00:00:00Z","type":"t","tags":null,"lang":null,"confidence":7,"subject":"bob"}}
{{"id":"c","content":"y","created":5,"type":"t","subject":{{"label":"Bob"}}}}"#
        ),
    ] {
        let world = World::new();
        let imported = world.try_import(&text, named(Format::OMI)).await.unwrap();
        assert!(imported.error_count == 0 && imported.imported > 0, "{imported:?}");
        world.remember("Native").await;
        for format in [Format::OMI, Format::OMI_JSONL] {
            let (envelope, records, report) = world.export(format).await;
            assert_eq!(report.level, Some(Level::L1), "{text}: {:?}", report.findings);
            assert_eq!(envelope["version"], "0.1");
            assert_eq!(records.len() as u64, imported.imported + 1);
        }
        let (again, records) = world.restored().await;
        assert_eq!(again.imported, imported.imported + 1);
        assert_eq!(records, world.export(Format::OMI_JSONL).await.1, "an export comes back as it was");
    }
}

#[tokio::test]
async fn memories_that_share_a_record_id_are_exported_apart_and_restored_all() {
    let world = World::new();
    let text = format!("{HEADER},\"subject\":{{\"id\":\"ana\"}}}}\n{}\n", record("a", "tea"));
    world.import(&text).await;
    let twice = ImportOptions { conflict: Some(Conflict::Duplicate), ..ImportOptions::default() };
    assert_eq!(world.try_import(&text, twice).await.unwrap().imported, 1);
    world.import(&text.replace("ana", "bob")).await;
    let (_, records, report) = world.export(Format::OMI_JSONL).await;
    assert_eq!(
        (report.level, ids(&records)),
        (Some(Level::L1), vec!["a", "a#2", "a#3"]),
        "{:?}",
        report.findings
    );
    let (restored, again) = world.restored().await;
    assert_eq!((restored.imported, restored.unchanged), (3, 0));
    assert_eq!(again, records);
    let here = world.import(&world.exported(Format::OMI_JSONL).await).await;
    assert_eq!((here.imported, here.unchanged), (0, 3), "each is found as itself");
}

#[tokio::test]
async fn a_file_that_comes_again_with_more_keeps_its_envelope() {
    let world = World::new();
    let file = |day: u8, more: &str| {
        format!(
            r#"{HEADER},"generated_at":"2026-01-0{day}T00:00:00Z","license":"CC0","ext":{{"com.example":{{"v":1}}}},"subject":{{"id":"ana","type":"agent","label":"Ana","locale":"pt"}}}}
{}
{more}"#,
            record("a", "tea")
        )
    };
    world.import(&file(1, "")).await;
    world.import(&file(2, &record("b", "coffee"))).await;
    let (envelope, records, _) = world.export(Format::OMI_JSONL).await;
    assert_eq!((&envelope["license"], &envelope["ext"]["com.example"]["v"]), (&"CC0".into(), &1.into()));
    assert_eq!(envelope["subject"]["locale"], "pt");
    assert!(records.iter().all(|record| record.get("subject").is_none()), "{records:?}");

    world
        .import(&format!(
            "{HEADER},\"license\":\"MIT\",\"subject\":{{\"id\":\"bob\"}}}}\n{}\n",
            record("c", "milk")
        ))
        .await;
    let (envelope, records, report) = world.export(Format::OMI_JSONL).await;
    assert_eq!(report.level, Some(Level::L1), "{:?}", report.findings);
    assert_eq!(records[0]["subject"]["locale"], "pt", "the subject goes with its records, whole");
    assert_eq!(records[2]["subject"]["id"], "bob");
    let apart = envelope["ext"]["org.open-memory.envelopes"]["envelopes"].to_string();
    assert!(apart.contains("CC0") && apart.contains("MIT") && apart.contains("com.example"), "{apart}");
}

fn long() -> (String, String) {
    let text = "A sentence that is repeated until it is too long for one memory. ".repeat(400);
    let record = format!(
        r#"{{"id":"long","content":"{text}","type":"insight","created":"2026-01-01T00:00:00Z","subject":{{"id":"bob"}},"confidence":0.5}}"#
    );
    (text, format!("{HEADER},\"subject\":{{\"id\":\"ana\"}}}}\n{record}\n"))
}

#[tokio::test]
async fn a_cut_record_whose_first_part_came_again_goes_out_once() {
    let (text, file) = long();
    let world = World::new();
    world.import(&file).await;
    let first = world.parts().await[0].clone();
    world.service.delete_memory(Principal::OWNER, &first).await.unwrap();
    world.import(&file).await;
    let (_, records, _) = world.export(Format::OMI_JSONL).await;
    assert_eq!((records.len(), records[0]["content"].as_str()), (1, Some(text.as_str())));
}

#[tokio::test]
async fn the_parts_of_a_cut_record_keep_what_it_says() {
    let (text, file) = long();
    let world = World::new();
    world.import(&file).await;
    let second = world.parts().await[1].clone();
    let patch = MemoryPatch { kind: Some(MemoryType::Procedural), ..MemoryPatch::default() };
    world.service.update_memory(Principal::OWNER, &second, patch).await.unwrap();
    let (_, records, report) = world.export(Format::OMI_JSONL).await;
    assert_eq!(
        (report.level, ids(&records)),
        (Some(Level::L1), vec!["long", "long#2", "long#3"]),
        "{:?}",
        report.findings
    );
    for (record, kind) in records.iter().zip(["insight", "procedural", "insight"]) {
        assert_eq!(
            (&record["subject"]["id"], &record["confidence"], &record["type"]),
            (&"bob".into(), &0.5.into(), &kind.into())
        );
    }
    let whole: String = records.iter().map(|record| record["content"].as_str().unwrap()).collect();
    assert_eq!(whole, text);
    assert_eq!(world.restored().await.1, records);
}

impl World {
    /// The ids of all memories, in the order of the export.
    async fn parts(&self) -> Vec<String> {
        let document: Value = serde_json::from_str(&self.exported(Format::OMP).await).unwrap();
        document["memories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn what_was_repaired_is_told() {
    let world = World::new();
    let text = format!(
        "\u{feff}{}\n{}\n{}\n{}\n",
        r#"{"format":"open-memory-interchange","version":"9"}"#,
        record("a", "one"),
        record("a", "two"),
        record("b", "x").replace("\"semantic\"", "3")
    );
    let report = world.import(&text).await;
    let fields: Vec<_> = report.changed.iter().map(|note| (note.index, note.field.as_str())).collect();
    assert_eq!(fields, [(0, "file"), (0, "version"), (1, "id"), (2, "type")]);
    let bare = World::new().import(&format!("{}\n", record("a", "one"))).await;
    assert!(bare.changed[0].message.contains("no header"), "{:?}", bare.changed);

    let other = world.import(&format!("{HEADER}}}\n{}\n", record("a", "another tool's"))).await;
    assert_eq!((other.skipped, other.passed.len()), (1, 1), "what stays out is told");
}

#[tokio::test]
async fn a_document_is_one_whatever_its_media_type_says() {
    let omi = format!("{HEADER},\n\"memories\":[\n{}\n]}}", record("a", "x"));
    let omp = r#"{"omp_version":"0.1","memories":[{"id":"mem_01j9xk2p3q4r5s6t","content":"a","type":"semantic",
        "source":{"tool":"t"},"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}]}"#;
    assert_eq!(World::new().try_import(&omi, named(Format::OMI_JSONL)).await.unwrap().imported, 1);
    for text in [&omi, omp] {
        let options = ImportOptions { media: Some(Format::OMI_JSONL), ..ImportOptions::default() };
        let report = World::new().try_import(text, options).await.unwrap();
        assert_eq!((report.imported, report.error_count), (1, 0), "{text}");
    }
}

#[tokio::test]
async fn a_broken_first_line_does_not_hide_the_file_that_its_name_says_it_is() {
    for first in [r#"{"format":"open-memory-int"#, "{", "garbage", r#"{"format":"x" "version":"0.1"}"#] {
        let world = World::new();
        let options = ImportOptions { name: Some("a.omi.jsonl".into()), ..ImportOptions::default() };
        let report = world.try_import(&format!("{first}\n{}\n", record("a", "x")), options).await.unwrap();
        assert_eq!((report.imported, report.error_count), (1, 1), "{first}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_document_is_refused_and_stores_nothing() {
    let good = record("a", "x");
    for (text, code) in [
        ("{bad".to_owned(), ErrorCode::InvalidJson),
        (String::new(), ErrorCode::InvalidJson),
        ("[]".into(), ErrorCode::ValidationError),
        ("5".into(), ErrorCode::ValidationError),
        (format!("{HEADER},\"memories\":5}}"), ErrorCode::ValidationError),
        (format!("{HEADER}}}"), ErrorCode::ValidationError),
        (format!("{HEADER},\"memories\":[{good},\n  {{bad}}]}}"), ErrorCode::InvalidJson),
        (format!("{HEADER},\"memories\":[{good},{good}"), ErrorCode::InvalidJson),
    ] {
        let error = World::new().refused(&text, named(Format::OMI)).await;
        assert_eq!(error.code, code, "{text}");
    }
    let text = format!("{HEADER},\"memories\":[{good},\n  {{bad}}]}}");
    let error = World::new().refused(&text, ImportOptions::default()).await;
    assert_eq!((&error.details["line"], &error.details["column"]), (&2.into(), &4.into()));
    let tolerant = World::new().import(&format!("{HEADER},\"memories\":[{good},7]}}")).await;
    assert_eq!((tolerant.imported, tolerant.error_count), (1, 1), "what is JSON is judged one by one");
}
