//! The validator's ways, beyond what the fixtures say.

use omi::frames::Limits;
use omi::{Code, Layout, Level, Serialization, ValidateOptions, validate, validate_with};

const ENVELOPE: &str = r#""format":"open-memory-interchange","version":"0.1""#;

#[test]
fn the_form_is_told_by_the_content() {
    let record =
        r#"{"id":"a","content":"x","created":"2026-03-04T05:06:07Z","type":"t","subject":{"id":"u"}}"#;
    for (text, layout) in [
        (format!("{{{ENVELOPE},\"memories\":[{record}]}}"), Layout::Document),
        (format!("{{{ENVELOPE},\n\"memories\":[\n{record}\n]}}"), Layout::Document),
        (format!("{{{ENVELOPE}}}\n{record}\n"), Layout::Headed),
        (format!("{{{ENVELOPE}}}"), Layout::Headed),
        (format!("{record}\n"), Layout::Bare),
    ] {
        let report = validate(text.as_bytes(), None).unwrap();
        assert_eq!((report.level, report.layout), (Some(Level::L1), Some(layout)), "{text}");
        assert_eq!(report.serialization, Some(layout.serialization()));
    }
}

#[test]
fn documents_on_single_lines_one_after_the_other_are_no_file() {
    let text = format!("{{{ENVELOPE},\"memories\":[{{}}]}}\n{{{ENVELOPE},\"memories\":[]}}\n");
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!((report.level, report.layout, report.records), (None, Some(Layout::Headed), 1));
    assert!(report.counts.contains_key(&Code::RecordsInHeader));
    assert!(report.counts.contains_key(&Code::LateHeader));
}

#[test]
fn of_each_kind_the_first_findings_are_kept_and_all_are_counted() {
    let record = "{\"id\":\"a\",\"content\":\"x\",\"created\":\"2026-03-04T05:06:07Z\"}";
    let text = format!("{{\"version\":\"2\",\"memories\":[{}]}}", vec![record; 500].join(","));
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!(report.level, None);
    assert_eq!(report.counts[&Code::MissingType], 500);
    assert_eq!(report.counts[&Code::MissingSubject], 500);
    assert_eq!(report.counts[&Code::DuplicateId], 499);
    assert_eq!(report.errors, 1501);
    assert_eq!(report.findings.len(), 302);
    assert_eq!(report.findings[0].code, Code::MissingMember);
    assert_eq!(report.findings[1].code, Code::UnknownVersion);
}

#[test]
fn a_sink_gets_every_finding() {
    let text = format!("{{{ENVELOPE}}}\n{}", "{\"id\":\"a\"}\n".repeat(300));
    let mut count = 0;
    let report = validate_with(text.as_bytes(), &ValidateOptions::default(), |_| count += 1).unwrap();
    assert_eq!((count, report.total()), (300 * 4 + 299, 300 * 4 + 299));
    assert!(report.findings.is_empty());
}

#[test]
fn bytes_that_are_not_utf_8_are_an_error_in_their_place() {
    let mut text = format!("{{{ENVELOPE}}}\n{{\"id\":\"").into_bytes();
    text.extend(b"\xFF\"}\n{}\n");
    let report = validate(&text[..], None).unwrap();
    let finding = &report.findings[0];
    assert_eq!(
        (finding.code, &*finding.path, finding.line, finding.column),
        (Code::InvalidUtf8, "$.memories[0]", 2, 8)
    );
    assert_eq!(report.records, 2);
}

#[test]
fn a_value_over_the_limit_is_an_error_and_the_rest_is_judged() {
    let options =
        ValidateOptions { limits: Limits { frame_bytes: 60, depth: 9 }, ..ValidateOptions::default() };
    let text = format!("{{{ENVELOPE},\"memories\":[{{\"x\":\"{}\"}},{{}}]}}", "y".repeat(99));
    let mut codes = Vec::new();
    let report =
        validate_with(text.as_bytes(), &options, |finding| codes.push((finding.code, finding.path))).unwrap();
    assert_eq!(report.records, 2);
    assert_eq!(codes[0], (Code::TooLarge, "$.memories[0]".to_owned()));
    assert_eq!(codes[1], (Code::MissingMember, "$.memories[1].id".to_owned()));
}

#[test]
fn an_error_of_the_source_is_no_finding() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    for form in [None, Some(Serialization::Json), Some(Serialization::JsonLines)] {
        assert_eq!(validate(Broken, form).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_report_serializes_with_stable_words() {
    let text = format!(
        "{{{ENVELOPE},\"memories\":[{{\"id\":\"a\",\"content\":\"x\",\"created\":\"soon\",\"type\":\"t\",\"subject\":{{\"id\":\"u\"}},\"lang\":\"\"}}]}}"
    );
    let report = serde_json::to_value(validate(text.as_bytes(), None).unwrap()).unwrap();
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&report),
        ["level", "serialization", "layout", "records", "errors", "warnings", "notes", "counts", "findings"]
    );
    assert_eq!((&report["level"], &report["layout"]), (&"L0".into(), &"document".into()));
    assert_eq!(report["counts"]["invalid_date_time"], 1);
    let finding = &report["findings"][0];
    assert_eq!(names(finding), ["level", "severity", "code", "path", "line", "column", "message"]);
    assert_eq!((&finding["level"], &finding["severity"]), (&"L1".into(), &"error".into()));
    assert!(report["findings"][1]["level"].is_null());
}

#[test]
fn no_message_quotes_content() {
    let text = format!(
        "{{{ENVELOPE},\"memories\":[{{\"id\":\"SECRET\",\"content\":\"SECRET\",\"created\":\"SECRET\",\"lang\":\"SECRET SECRET\",\"tags\":\"SECRET\"}},{{\"id\":\"SECRET\",\"content\":\"SECRET\" SECRET}}]}}"
    );
    let report = validate(text.as_bytes(), None).unwrap();
    assert!(report.total() > 5);
    assert!(!format!("{report:?}").contains("SECRET"));
}

#[test]
fn the_right_label_of_lines_whose_header_holds_records_is_no_mismatch() {
    let record = r#"{"id":"b","content":"x","created":"2026-03-04T05:06:07Z"}"#;
    let text = format!("{{{ENVELOPE},\"serialization\":\"jsonl\",\"memories\":[]}}\n{record}\n");
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!(report.layout, Some(Layout::Headed));
    assert!(!report.counts.contains_key(&Code::SerializationMismatch), "{:?}", report.findings);
}

#[test]
fn of_memories_that_occur_twice_the_last_one_counts() {
    let text = format!("{{{ENVELOPE},\"memories\":5,\"memories\":[]}}");
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!((report.level, report.errors), (Some(Level::L1), 0), "{:?}", report.findings);
    let text = format!("{{{ENVELOPE},\"memories\":[],\"memories\":5}}");
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!((report.level, report.counts.get(&Code::WrongType)), (None, Some(&1)));
}

#[test]
fn ids_of_different_unpaired_surrogates_are_different() {
    let record = |id: &str| {
        format!("{{\"id\":\"{id}\",\"content\":\"x\",\"created\":\"2026-03-04T05:06:07Z\",\"type\":\"t\"}}")
    };
    for (other, twice) in [("\\ud801", false), ("\\uD800", true), ("\\ufffd", false)] {
        let text = format!("{{{ENVELOPE}}}\n{}\n{}\n", record("\\ud800"), record(other));
        let report = validate(text.as_bytes(), None).unwrap();
        assert_eq!(report.counts.contains_key(&Code::DuplicateId), twice, "{other}");
    }
}

#[test]
fn an_unknown_name_with_half_of_a_surrogate_pair_does_not_spoil_the_document() {
    let text = format!("{{{ENVELOPE},\"x\\ud800\":1,\"memories\":[]}}");
    let report = validate(text.as_bytes(), None).unwrap();
    assert_eq!((report.level, report.errors), (Some(Level::L1), 0), "{:?}", report.findings);
}
