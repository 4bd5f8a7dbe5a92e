use omp_model::MemoryType;
use proptest::prelude::*;
use serde_json::json;

use crate::testing::{Found, collect, decided, file, read_mapped};
use crate::{Fate, Input, Stop};

fn mapped(format: &str, name: &str, text: &[u8], map: &str) -> (Found, Result<(), Stop>) {
    read_mapped(format, &mut file(name, text), map)
}

const TABLE: &str = "\u{FEFF}Id;Note;Created;Labels;Colour\n\
                     1;Likes tea;2026-05-01;drinks|hot;green\n\
                     2;\"Two\nlines; one \"\"quote\"\"\";2026-05-02T10:00:00Z;;\n\
                     3;;;;\n\
                     4;Short\n\
                     5;Wrong date;last May;;red\n";

#[test]
fn a_table_is_read_by_the_usual_names_of_its_columns() {
    assert_eq!(decided(&mut file("notes.csv", TABLE.as_bytes())), Some("csv"));
    let found = collect("csv", "home/notes.csv", TABLE.as_bytes());
    assert_eq!(found.texts(), ["Likes tea", "Two\nlines; one \"quote\"", "Wrong date"]);
    let memories = found.memories();
    assert_eq!(memories[0].created_at.to_string(), "2026-05-01T00:00:00.000Z");
    assert_eq!(memories[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["drinks", "hot"]);
    let origin = crate::origin::Origin::of(&found.records[0]).unwrap();
    assert_eq!((origin.id().as_deref(), origin.scope().as_str()), (Some("1"), "notes.csv"));
    assert!(origin.raw().unwrap().get().contains(r#""Colour":"green""#));
    let told: Vec<_> = found.notes.iter().map(|(fate, kind, _, place)| (*fate, &**kind, &**place)).collect();
    assert_eq!(
        told,
        [
            (Fate::Changed, "columns", ""),
            (Fate::Passed, "empty item", "line 5 [2]"),
            (Fate::Failed, "row", "line 6 [3]"),
            (Fate::Changed, "created_at", "line 7 [4] column `Created`"),
        ]
    );
    assert!(
        found.notes[0].2.contains("content is `Note`, id is `Id`, created_at is `Created`"),
        "{}",
        found.notes[0].2
    );
    assert!(found.notes[2].2.contains("2 fields and the header 5"), "{}", found.notes[2].2);
}

#[test]
fn a_map_says_what_columns_mean() {
    let text = "what,when,how,where\nRow,1777630830,howto,boat\nSwim,1777630830500,event,lake\n";
    let map = "content=what,content=where,created_at=2,type=how,tool='diary',tags='sport',metadata=where";
    let (found, result) = mapped("csv", "", text.as_bytes(), map);
    result.unwrap();
    assert_eq!(found.texts(), ["Row\nboat", "Swim\nlake"]);
    let memories = found.memories();
    assert_eq!((memories[0].kind, memories[1].kind), (MemoryType::Procedural, MemoryType::Episodic));
    assert_eq!(memories[0].created_at.to_string(), "2026-05-01T10:20:30.000Z");
    assert_eq!(
        (memories[0].source.tool.as_str(), memories[0].metadata.to_json()),
        ("diary", r#"{"where":"boat"}"#.into())
    );
    assert_eq!(found.notes, [], "nothing was guessed");
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let (_, result) = mapped("csv", "", b"a,b\n1,2\n", "content=text");
    let error = result.unwrap_err().to_string();
    assert!(error.contains("`text`, which is not there") && error.contains("`a`, `b`"), "{error}");
    let (_, unknown) = crate::testing::read("csv", &mut file("t.csv", b"a,b\n1,2\n"));
    let error = unknown.unwrap_err().to_string();
    assert!(error.contains("no column is known to hold the text") && error.contains("`a`, `b`"), "{error}");
}

#[test]
fn text_that_is_not_utf_8_is_told_with_row_and_column_unless_the_file_says_what_it_is() {
    let found = collect("csv", "t.csv", b"text,tags\ncaf\xE9,x\ntea,x\n");
    assert_eq!(found.texts(), ["tea"]);
    let failed = found.notes.iter().find(|note| note.0 == Fate::Failed).unwrap();
    assert_eq!(failed.3, "line 2 [0] column `text`");
    let wide: Vec<u8> = "\u{FEFF}text\ttags\ncafé\tx\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(collect("csv", "t.tsv", &wide).texts(), ["café"]);
}

#[test]
fn a_quote_that_is_not_closed_ends_with_its_line_and_not_with_the_memory_full() {
    let text = format!("text\na\n\"{}\n", "x".repeat(1 << 18));
    let limits = crate::Limits { item_bytes: 1 << 16, ..crate::Limits::default() };
    let mut input = Input::file(std::io::Cursor::new(text.into_bytes()), Some("t.csv"), limits).unwrap();
    let (found, result) = crate::testing::read("csv", &mut input);
    assert_eq!(found.texts(), ["a"]);
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with("line 3: the row that begins here is longer"), "{error}");
}

#[test]
fn objects_are_read_from_arrays_members_and_lines() {
    let one =
        json!({"note": "Likes tea", "tags": ["hot", "drinks"], "created": {"$date": "2026-05-01T00:00:00Z"}});
    for text in
        [format!("[{one}]"), format!("{{\"total\":1,\"results\":[{one}]}}"), format!("{one}\n{one}\n")]
    {
        assert_eq!(decided(&mut file("export.json", text.as_bytes())), Some("json"), "{text}");
        let found = collect("json", "export.json", text.as_bytes());
        let memory = &found.memories()[0];
        assert_eq!((memory.content.as_str(), memory.tags.iter().count()), ("Likes tea", 2));
        assert_eq!(memory.created_at.to_string(), "2026-05-01T00:00:00.000Z");
        assert_eq!(found.count(Fate::Changed, "columns"), 1);
    }
    assert_eq!(collect("json", "", br#"["Likes tea", "Rows"]"#).texts(), ["Likes tea", "Rows"]);
    let nested = br#"{"export":[{"m":{"text":"a"}},{"m":{}},{"m":{"text":{}}},7,{"m":{"text":nope}}]}"#;
    let (found, result) = mapped("generic", "x", nested, "content=m.text,items=export");
    result.unwrap();
    assert_eq!(found.texts(), ["a"]);
    assert_eq!(found.notes.iter().filter(|note| note.0 == Fate::Failed).count(), 4, "{:?}", found.notes);
}

#[test]
fn either_form_is_found_out() {
    assert_eq!(collect("generic", "a", b"text\nx\n").texts(), ["x"]);
    assert_eq!(collect("generic", "a", br#"[{"text":"x"}]"#).texts(), ["x"]);
    for (name, text) in
        [("a.txt", "# Rules\n\n- a\n"), ("a.json", r#"{"memories":[]}"#), ("a.json", r#"[{"x":1}]"#)]
    {
        let tables = ["csv", "json"];
        assert!(
            decided(&mut file(name, text.as_bytes())).is_none_or(|name| !tables.contains(&name)),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn every_text_in_quotes_is_read_as_it_stands(
        rows in proptest::collection::vec(("[ -~\n\u{e9}\u{4e00}]{1,40}", "[a-z]{0,8}"), 1..8),
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let lines: Vec<String> =
            rows.iter().map(|(text, tag)| format!("{},{}", quoted(text), quoted(tag))).collect();
        let found = collect("csv", "t.csv", format!("text,tags\n{}\n", lines.join("\n")).as_bytes());
        let expected: Vec<String> =
            rows.iter().map(|(text, _)| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
        prop_assert_eq!(found.texts(), expected);
    }
}
