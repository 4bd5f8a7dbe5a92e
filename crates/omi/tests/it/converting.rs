//! Converting.

use std::io::Cursor;

use omi::{ConvertError, ConvertReport, Layout, Serialization, convert};

const ENVELOPE: &str = r#""format":"open-memory-interchange","version":"0.1""#;

fn converted(text: &str, to: Serialization) -> (String, Result<ConvertReport, ConvertError>) {
    let mut out = Vec::new();
    let report = convert(Cursor::new(text), &mut out, to);
    (String::from_utf8(out).unwrap(), report)
}

#[test]
fn records_without_a_header_get_the_implied_envelope() {
    let (text, report) = converted("{\"id\":\"a\",\"content\":\"x\"}\n", Serialization::Json);
    let report = report.unwrap();
    assert_eq!((report.from, report.records, report.skipped), (Layout::Bare, 1, 0));
    let expected = r#"{
  "format": "open-memory-interchange",
  "version": "0.1",
  "serialization": "json",
  "memories": [
    {
      "id": "a",
      "content": "x"
    }
  ]
}
"#;
    assert_eq!(text, expected);
}

#[test]
fn members_after_the_records_reach_the_header() {
    let text = format!("{{\"memories\":[{{\"id\":\"a\"}}],{ENVELOPE},\"subject\":{{\"id\":\"u\"}}}}");
    let (text, _) = converted(&text, Serialization::JsonLines);
    assert_eq!(
        text,
        format!(
            "{{{ENVELOPE},\"serialization\":\"jsonl\",\"subject\":{{\"id\":\"u\"}}}}\n{{\"id\":\"a\"}}\n"
        )
    );
}

#[test]
fn what_cannot_be_read_is_left_out_and_told() {
    let text = format!("{{{ENVELOPE},\"memories\":[{{\"id\":\"a\"}},{{\"id\":}},7,{{\"id\":\"d\"}},");
    let (text, report) = converted(&text, Serialization::JsonLines);
    let report = report.unwrap();
    assert_eq!((report.records, report.skipped, report.is_lossless()), (2, 3, false));
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["{\"id\":\"a\"}", "{\"id\":\"d\"}"]);
    let places: Vec<_> =
        report.problems.iter().map(|problem| (problem.index, problem.position.column)).collect();
    assert_eq!(places, [(Some(1), 82), (Some(2), 84), (None, 97)]);
}

#[test]
fn what_is_no_omi_file_is_not_converted() {
    for text in ["", "[]", "<html>", "{\"memories\""] {
        let (out, report) = converted(text, Serialization::JsonLines);
        assert!(matches!(report, Err(ConvertError::Unreadable { .. })), "{text}: {report:?}");
        assert_eq!(out, "");
    }
}

#[test]
fn joined_exports_are_not_converted_as_one() {
    let text = format!("{{{ENVELOPE}}}\n{{\"id\":\"a\"}}\n{{{ENVELOPE}}}\n{{\"id\":\"b\"}}\n");
    let (_, report) = converted(&text, Serialization::Json);
    let Err(ConvertError::SeveralEnvelopes { position }) = report else { panic!("{report:?}") };
    assert_eq!(position.line, 3);
}

#[test]
fn a_wrong_label_is_put_right_and_nothing_else() {
    let text = format!("{{{ENVELOPE},\"serialization\":\"yaml\",\"x\":[1.0,  2]}}\n");
    let (text, _) = converted(&text, Serialization::JsonLines);
    assert_eq!(text, format!("{{{ENVELOPE},\"serialization\":\"jsonl\",\"x\":[1.0,2]}}\n"));
}

#[test]
fn an_envelope_that_would_be_a_record_as_a_line_is_not_converted_to_lines() {
    let text = format!("{{{ENVELOPE},\"content\":\"x\",\"memories\":[{{\"id\":\"a\"}}]}}");
    let (out, report) = converted(&text, Serialization::JsonLines);
    assert!(matches!(report, Err(ConvertError::NoHeader)), "{report:?}");
    assert_eq!(out, "");
    assert!(converted(&text, Serialization::Json).1.is_ok());
}

#[test]
fn an_envelope_without_a_format_is_still_a_header_as_a_line() {
    let (text, report) = converted("{\"x\":1,\"memories\":[{\"id\":\"a\"}]}", Serialization::JsonLines);
    assert_eq!(report.unwrap().records, 1);
    let header = r#"{"format":"open-memory-interchange","x":1,"serialization":"jsonl"}"#;
    assert_eq!(text, format!("{header}\n{{\"id\":\"a\"}}\n"));
}
