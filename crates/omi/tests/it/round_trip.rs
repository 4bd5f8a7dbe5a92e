//! Nothing is lost between reading and writing.

use std::io::Cursor;

use omi::{
    Envelope, Item, Members, ReadOptions, Reader, Record, Serialization, Writer, convert, convert_with,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// JSON text without white space between tokens, with numbers that no float holds.
fn json() -> impl Strategy<Value = String> {
    let number = select(vec![
        "0",
        "-0",
        "1.0",
        "1e400",
        "-1E+2",
        "12345678901234567890123",
        "0.1000",
        "3.14159265358979323846",
        "1e-999",
    ]);
    let leaf = prop_oneof![
        number.prop_map(str::to_owned),
        select(vec!["null", "true", "false", r#""\ud800""#, r#""\u0041\/\b""#, r#"" , : [ ] { } ""#])
            .prop_map(str::to_owned),
        string(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            members(string(), inner).prop_map(|members| object(&members)),
        ]
    })
}

/// A string literal of any text.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-c]{0,2}", "[\\\\\"\n]{0,3}"]
        .prop_map(|text| serde_json::to_string(&text).unwrap())
}

fn members(
    name: impl Strategy<Value = String>,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = Vec<(String, String)>> {
    vec((name, value), 0..5)
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Names that matter and names that do not, some of them twice.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["id", "content", "created", "type", "subject", "ext", "tags", "x", "généré"])
            .prop_map(|name| format!("\"{name}\"")),
        string(),
    ]
}

/// The same JSON with white space between its tokens.
fn spread(text: &str, space: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
    for char in text.chars() {
        if !in_string && "{}[],:".contains(char) {
            out.extend([space, &char.to_string(), space]);
            continue;
        }
        out.push(char);
        match char {
            '"' if !escaped => in_string = !in_string,
            '\\' if in_string && !escaped => {
                escaped = true;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    out
}

fn read(text: &str, form: Option<Serialization>) -> (Envelope, Vec<Record>) {
    let reader = Reader::two_pass(
        Cursor::new(text.as_bytes()),
        ReadOptions { serialization: form, ..ReadOptions::default() },
    );
    let (mut envelope, mut records) = (None, Vec::new());
    for item in reader.unwrap() {
        match item {
            Item::Envelope(found) => envelope = Some(found),
            Item::Record { record, .. } => records.push(record),
            other => panic!("{other:?} in {text}"),
        }
    }
    (envelope.unwrap(), records)
}

fn lines(envelope: &Envelope, records: &[Record]) -> String {
    let mut writer = Writer::lines(Vec::new(), envelope).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn converted(text: &str, to: Serialization) -> String {
    let mut out = Vec::new();
    let report = convert(Cursor::new(text), &mut out, to).unwrap();
    assert!(report.is_lossless());
    String::from_utf8(out).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_member_survives_in_both_forms(
        extra in members(name(), json()),
        records in vec(members(name(), json()), 0..4),
        space in select(vec!["", " ", "\n  ", "\r\n\t"]),
        middle in any::<bool>(),
    ) {
        let header = r#""format":"open-memory-interchange","version":"0.1","serialization":"jsonl""#;
        // A header has no content, and records are no headers.
        let extra: Vec<_> =
            extra.into_iter().filter(|(name, _)| !matches!(&**name, r#""content""# | r#""memories""#)).collect();
        let records: Vec<_> = records.iter().map(|record| object(record)).collect();
        let rest = extra.iter().map(|(name, value)| format!(",{name}:{value}")).collect::<Vec<_>>().concat();

        let plain = records.iter().map(|record| format!("{record}\n")).collect::<Vec<_>>().concat();
        let expected = format!("{{{header}{rest}}}\n{plain}");

        let (envelope, read_records) = read(&expected, Some(Serialization::JsonLines));
        prop_assert_eq!(lines(&envelope, &read_records), expected.as_str());
        for (record, text) in read_records.iter().zip(&records) {
            prop_assert_eq!(record.members(), &Members::parse(text).unwrap());
        }

        let list = records.join(",");
        let document = if middle {
            format!("{{{header},\"memories\":[{list}]{rest}}}")
        } else {
            format!("{{{header}{rest},\"memories\":[{list}]}}")
        };
        let document = spread(&document, space);
        prop_assert_eq!(converted(&document, Serialization::JsonLines), expected.as_str());

        let pretty = converted(&expected, Serialization::Json);
        prop_assert_eq!(converted(&pretty, Serialization::JsonLines), expected.as_str());
        prop_assert_eq!(converted(&pretty, Serialization::Json), pretty.clone());
        let mut compact = Vec::new();
        let options = omi::ConvertOptions { pretty: false, ..omi::ConvertOptions::default() };
        convert_with(Cursor::new(&pretty), &mut compact, Serialization::Json, &options).unwrap();
        let compact = String::from_utf8(compact).unwrap();
        prop_assert_eq!(converted(&compact, Serialization::JsonLines), expected.as_str());
        prop_assert_eq!(converted(&compact, Serialization::Json), pretty);
    }
}

#[test]
fn a_record_built_here_reads_back_as_it_was_built() {
    let mut record =
        Record::new("m-1", "line\nbreak \u{2028} \"quote\" 日本 \u{1F600}", "2026-03-04T05:06:07Z");
    record.set_kind("semantic");
    record.set_tags(&["a", "b"]);
    record.set("confidence", 0.75).unwrap();
    let (_, records) = read(&lines(&Envelope::new(), std::slice::from_ref(&record)), None);
    assert_eq!(records, [record]);
}

#[test]
fn our_own_output_is_valid_in_both_forms() {
    let mut envelope = Envelope::new();
    envelope.set_subject(&omi::Subject::new("u-7").with_kind("person"));
    let mut record = Record::new("m-1", "x", "2026-03-04T05:06:07Z");
    record.set_kind("semantic");
    let text = lines(&envelope, &[record]);
    for text in [converted(&text, Serialization::Json), text] {
        let report = omi::validate(text.as_bytes(), None).unwrap();
        assert_eq!((report.level, report.total(), report.records), (Some(omi::Level::L1), 0, 1));
    }
}
