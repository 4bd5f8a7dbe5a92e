//! The reader.

use std::io::Cursor;

use omi::{Item, Layout, ReadOptions, Reader, Serialization};

const ENVELOPE: &str = r#""format":"open-memory-interchange","version":"0.1""#;

/// What the reader says, one line each.
fn told_as(text: &str, serialization: Option<Serialization>) -> (Vec<String>, Option<Layout>) {
    let mut reader = Reader::new(text.as_bytes(), ReadOptions { serialization, ..ReadOptions::default() });
    let told = reader.by_ref().map(|item| show(&item)).collect();
    (told, reader.layout())
}

fn show(item: &Item) -> String {
    match item {
        Item::Envelope(envelope) => format!("envelope {:?}", envelope.names().collect::<Vec<_>>()),
        Item::Record { index, position, record } => {
            format!("{}:{} [{index}] {}", position.line, position.column, record.id().unwrap_or("-".into()))
        }
        Item::Bad { index, position, error } => {
            let index = index.map_or(String::new(), |index| format!("[{index}] "));
            format!("{}:{} {index}! {error}", position.line, position.column)
        }
        Item::Warning { warning, position } => format!("{}:{} ? {warning:?}", position.line, position.column),
    }
}

fn told(text: &str) -> Vec<String> {
    told_as(text, None).0
}

#[test]
fn a_document_gives_its_envelope_and_records() {
    let text = format!("{{{ENVELOPE},\n\"memories\":[{{\"id\":\"a\"}},\n{{\"id\":\"b\"}}]}}");
    let (told, layout) = told_as(&text, None);
    assert_eq!(told, [r#"envelope ["format", "version"]"#, "2:13 [0] a", "3:1 [1] b"]);
    assert_eq!(layout, Some(Layout::Document));
}

#[test]
fn lines_under_a_header_give_the_same() {
    let text = format!("{{{ENVELOPE}}}\n{{\"id\":\"a\"}}\n\n{{\"id\":\"b\"}}");
    let (told, layout) = told_as(&text, None);
    assert_eq!(told, [r#"envelope ["format", "version"]"#, "2:1 [0] a", "4:1 [1] b"]);
    assert_eq!(layout, Some(Layout::Headed));
}

#[test]
fn lines_without_a_header_imply_an_envelope() {
    let (told, layout) = told_as("{\"id\":\"a\",\"content\":\"x\"}\n", None);
    assert_eq!(
        told,
        ["1:1 ? MissingHeader", r#"envelope ["format", "version", "serialization"]"#, "1:1 [0] a"]
    );
    assert_eq!(layout, Some(Layout::Bare));
}

#[test]
fn bad_records_do_not_hide_good_ones() {
    let text = format!(
        "{{{ENVELOPE},\"memories\":[{{\"id\":\"a\",}},null,\"x\",nul,{{\"id\":\"b\"}} {{\"id\":\"c\"}},{{\"id\":\"d\""
    );
    let told = told(&text);
    assert_eq!(
        told[1..],
        [
            "1:75 [0] ! this is not JSON: there is a comma too many before this brace",
            "1:77 [1] ! a record is an object, but this is null",
            "1:82 [2] ! a record is an object, but this is a string",
            "1:86 [3] ! this is not JSON: a value is expected here",
            "1:90 [4] b",
            "1:101 ! a comma is missing between two values",
            "1:101 [5] c",
            "1:121 [6] ! the file ends too early: what begins at line 1, column 112 is not closed",
        ]
    );
    let text = format!("{{{ENVELOPE}}}\n{{\"id\":\n[1]\n{{\"id\":\"c\"}}{{}}\n{{\"id\":\"d\"}}\n");
    assert_eq!(
        self::told(&text)[1..],
        [
            "2:7 [0] ! this is not JSON: the text ends too early",
            "3:1 [1] ! a record is an object, but this is an array",
            "4:11 [2] ! this is not JSON: something follows after the end of the value",
            "5:1 [3] d",
        ]
    );
}

#[test]
fn a_later_header_begins_another_envelope() {
    let text =
        format!("{{{ENVELOPE},\"subject\":{{}}}}\n{{\"id\":\"a\"}}\n{{{ENVELOPE}}}\n{{\"id\":\"b\"}}\n");
    assert_eq!(
        told(&text),
        [
            r#"envelope ["format", "version", "subject"]"#,
            "2:1 [0] a",
            "3:1 ? LaterHeader",
            r#"envelope ["format", "version"]"#,
            "4:1 [1] b",
        ]
    );
}

#[test]
fn documents_on_single_lines_one_after_the_other_are_all_read() {
    let text = format!(
        "{{{ENVELOPE},\"memories\":[{{\"id\":\"a\"}}]}}\n{{{ENVELOPE},\"memories\":[{{\"id\":\"b\"}}]}}\n{{\"id\":\"c\"}}\n"
    );
    let (told, layout) = told_as(&text, None);
    assert_eq!(
        told,
        [
            r#"envelope ["format", "version"]"#,
            "1:65 [0] a",
            "1:1 ? RecordsInHeader",
            "2:1 ? LaterHeader",
            r#"envelope ["format", "version"]"#,
            "2:1 ? RecordsInHeader",
            "2:65 [1] b",
            "3:1 [2] c",
        ]
    );
    assert_eq!(layout, Some(Layout::Headed));
    let (told, _) = told_as(&text, Some(Serialization::Json));
    assert_eq!(told[2], "2:1 ! something follows after the end of the top-level value");
}

#[test]
fn members_after_the_records_are_in_the_final_envelope() {
    let text = format!("{{\"memories\":[{{\"id\":\"a\"}}],\"subject\":{{\"id\":\"u\"}},{ENVELOPE}}}");
    let mut reader = Reader::new(text.as_bytes(), ReadOptions::default());
    let first = reader.next().map(|item| show(&item));
    assert_eq!(first.as_deref(), Some("envelope []"));
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.envelope().subject().unwrap().id, "u");

    let mut reader = Reader::two_pass(Cursor::new(text.as_bytes()), ReadOptions::default()).unwrap();
    let Some(Item::Envelope(envelope)) = reader.next() else { panic!("an envelope is expected") };
    assert_eq!(envelope.subject().unwrap().id, "u");
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(*reader.envelope(), envelope);
}

#[test]
fn a_scanned_envelope_leaves_the_source_where_it_was() {
    for text in [
        format!("{{\"memories\":[],{ENVELOPE}}}"),
        format!("{{{ENVELOPE}}}\n{{\"id\":\"a\"}}\n"),
        format!("{{{ENVELOPE},\"memories\":[]}}\n{{\"id\":\"a\"}}\n"),
    ] {
        let mut source = Cursor::new(format!("###{text}"));
        source.set_position(3);
        let envelope = Reader::scan_envelope(&mut source, &ReadOptions::default()).unwrap();
        assert_eq!(envelope.version().as_deref(), Some("0.1"), "{text}");
        assert_eq!(source.position(), 3);
    }
}

#[test]
fn what_is_no_omi_file_says_so() {
    assert_eq!(told(""), ["1:1 ! the file is empty"]);
    assert_eq!(told("[\n]"), ["1:1 ! the top level is an array, but an object is expected"]);
    assert_eq!(
        told_as("// hi\n{}", Some(Serialization::Json)).0,
        ["1:1 ! unexpected character: JSON text is expected"]
    );
    assert_eq!(
        told("{\"memories\":{}}"),
        ["1:13 ! `memories` is an array of records, but this is an object", "envelope []"]
    );
}

#[test]
fn a_byte_order_mark_is_told_first() {
    let text = format!("\u{feff}{{{ENVELOPE}}}\n");
    assert_eq!(told(&text), ["1:1 ? ByteOrderMark", r#"envelope ["format", "version"]"#]);
}

#[test]
fn a_record_cut_off_in_a_second_list_counts_after_those_of_the_first() {
    let text = "{\"memories\":[{\"id\":\"a\"}],\"memories\":[{\"id\"";
    assert_eq!(
        told(text),
        [
            "envelope []",
            "1:14 [0] a",
            "1:37 ? RepeatedMemories",
            "1:43 [1] ! the file ends too early: what begins at line 1, column 38 is not closed",
        ]
    );
}
