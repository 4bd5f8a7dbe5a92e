use omp_model::MemoryType;
use proptest::prelude::*;

use super::entries::date;
use crate::testing::{collect, decided, file, write};
use crate::{Draft, Fate};

const TEXT: &str = "Here you are:

```
[2025-11-03] - Prefers short answers.
[Jan 2026] \u{2013} Learns Rust; likes it.
[date unknown] - Lives in Київ.
- Uses a [special] keyboard.
2. Has a dog.
2026-02-02 - Began to row.

## Work habits
Tone: direct.
  Also in chats.
[sometimes] - drinks tea

INSTRUCTIONS
[2026-03-01] - Show the command first.
[2025-11-03] - Prefers short answers.
```

That is the complete set, nothing else is stored.
";

#[test]
fn every_form_of_entry_is_read() {
    assert_eq!(decided(&mut file("answer.txt", TEXT.as_bytes())), Some("memory-text"));
    let found = collect("memory-text", "answer.txt", TEXT.as_bytes());
    assert_eq!(
        found.texts(),
        [
            "Prefers short answers.",
            "Learns Rust; likes it.",
            "Lives in Київ.",
            "Uses a [special] keyboard.",
            "Has a dog.",
            "Began to row.",
            "Tone: direct.\nAlso in chats.",
            "[sometimes] - drinks tea",
            "Show the command first.",
        ]
    );
    let memories = found.memories();
    assert_eq!(memories[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["instructions"]);
    assert_eq!(memories[1].created_at.to_string(), "2026-01-01T00:00:00.000Z");
    assert_eq!(memories[5].created_at.to_string(), "2026-02-02T00:00:00.000Z");
    assert_eq!(memories[6].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["work-habits"]);
    assert_eq!((memories[8].kind, memories[5].kind), (MemoryType::Procedural, MemoryType::Semantic));
    assert_eq!(found.count(Fate::Passed, "repeated memory"), 1);
}

#[test]
fn without_a_fence_remarks_are_told_from_memories() {
    let text = "Sure! Here is what I know.\n\n**Identity**\n* [2026-01-02] - Ana.\n* [unknown] - Has a cat.\n\nThat's everything.\n";
    assert_eq!(collect("memory-text", "", text.as_bytes()).texts(), ["Ana.", "Has a cat."]);
    let table = "| Date | Memory |\n|---|---|\n| 2026-01-02 | Likes tea |\n| unknown | Rows |\n";
    assert_eq!(collect("memory-text", "", table.as_bytes()).texts(), ["Likes tea", "Rows"]);
    let plain = "Likes tea.\nAnd rows.\n\nHas a dog.";
    assert_eq!(collect("memory-text", "", plain.as_bytes()).texts(), ["Likes tea.\nAnd rows.", "Has a dog."]);
}

#[test]
fn dates_are_read_as_models_write_them() {
    for (text, expected) in [
        ("2026", "2026-01-01"),
        ("2026-05", "2026-05-01"),
        ("2026/05/04", "2026-05-04"),
        ("May 2026", "2026-05-01"),
        ("4 May 2026", "2026-05-04"),
        ("May 4, 2026", "2026-05-04"),
        ("Sept 4th, 2026", "2026-09-04"),
        ("2026-05-04T10:00:00Z", "2026-05-04"),
    ] {
        assert_eq!(date(text).map(crate::moment::day).as_deref(), Some(expected), "{text}");
    }
    for text in ["", "soon", "May", "13 Foo 2026", "2026-13-01", "é2026", "20265"] {
        assert_eq!(date(text), None, "{text}");
    }
}

fn record(text: &str, tags: &[&str], kind: MemoryType, day: i64) -> omi::Record {
    let mut draft = Draft::new("t", "t", text);
    draft.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    draft.kind = kind;
    draft.created = (day > 0).then(|| omp_model::Timestamp::from_millis(day * 86_400_000));
    draft.into_record(crate::testing::NOW, &mut crate::testing::Found::default())
}

#[test]
fn what_is_written_is_the_shape_that_vendors_take() {
    let records = [
        record("Newer", &["career"], MemoryType::Semantic, 20_002),
        record("Older", &["career"], MemoryType::Semantic, 20_001),
        record("Be\nbrief", &["x"], MemoryType::Procedural, 0),
        record("Free", &[], MemoryType::Semantic, 20_000),
    ];
    let (text, report) = write("memory-text", &records);
    let expected = "```\n[2024-10-04] - Free\n\n## Instructions\n[unknown] - Be brief\n\n## Career\n\
                    [2024-10-05] - Older\n[2024-10-06] - Newer\n```\n";
    assert_eq!(text, expected);
    let told: Vec<_> = report.notes.iter().map(|(fate, kind, ..)| (*fate, kind.as_str())).collect();
    assert_eq!(told, [(Fate::Lost, "tags"), (Fate::Changed, "content")]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_or_the_report_says_why(
        texts in proptest::collection::vec("[ -~\n\u{e9}\u{4e00}`]{1,60}", 1..8),
        instructions in any::<bool>(),
    ) {
        let texts: std::collections::BTreeSet<String> =
            texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
        let (kind, tags): (_, &[&str]) =
            if instructions { (MemoryType::Procedural, &["instructions"]) } else { (MemoryType::Semantic, &[]) };
        let records: Vec<_> = texts.iter().map(|text| record(text, tags, kind, 20_000)).collect();
        let (written, report) = write("memory-text", &records);
        let again = collect("memory-text", "", written.as_bytes());
        if report.notes.is_empty() {
            let mut read = again.texts();
            read.sort();
            prop_assert_eq!(read, texts.into_iter().collect::<Vec<_>>());
            prop_assert!(again.memories().iter().all(|memory| memory.kind == kind));
            prop_assert!(again.memories().iter().all(|memory| memory.created_at.as_millis() == 20_000 * 86_400_000));
        } else {
            prop_assert!(again.records.len() <= records.len());
        }
    }
}
