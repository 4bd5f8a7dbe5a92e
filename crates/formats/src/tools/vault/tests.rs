use omp_model::{Content, MemoryPatch, MemoryType, Metadata, Timestamp};
use proptest::prelude::*;

use crate::testing::{Found, NOW, Written, archive, collect, collect_files, decided, file, write_files};
use crate::{Draft, Fate};

const BOAT: &str = "---\ntitle: Oak Boat\ntype: Thing\ntags: [boats, '#wood']\npermalink: things/oak-boat\ncreated: 2026-05-01\n---\n\n# Oak Boat\n\nBuilt by hand.\n\n## Observations\n- [material] White oak #keel (2020)\n- [decision] The oak boat gets a mast\n- [material] White oak #keel (2020)\n- [ ] paint it\n\n## Relations\n- owned_by [[Ana]]\n";

fn change(found: &Found, n: usize, text: &str) -> omi::Record {
    let mut memory = found.memories().remove(n);
    let patch = MemoryPatch { content: Content::new(text).ok(), ..MemoryPatch::default() };
    patch.apply(&mut memory, NOW);
    crate::interchange::overlay(found.records[n].clone(), &memory, None)
}

#[test]
fn an_observation_is_a_memory_about_the_note() {
    assert_eq!(decided(&mut file("things/boat.md", BOAT.as_bytes())), Some("basic-memory"));
    let alone = collect("basic-memory", "home/ana/things/boat.md", BOAT.as_bytes());
    assert!(alone.memories()[0].namespace.is_none(), "where it lies on a machine is no project");
    let found = collect_files("basic-memory", &[("things/boat.md", BOAT)]);
    assert_eq!(alone.memories()[0].id, found.memories()[0].id);
    assert_eq!(
        found.texts(),
        ["Oak Boat: White oak (2020)", "The oak boat gets a mast", "Oak Boat: White oak (2020)"]
    );
    let memories = found.memories();
    let tags = |n: usize| memories[n].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>();
    assert_eq!(tags(0), ["category:material", "keel", "boats", "wood"]);
    assert_eq!((memories[0].kind, memories[1].kind), (MemoryType::Semantic, MemoryType::Episodic));
    assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "notes:things");
    assert_eq!(memories[0].created_at.to_string(), "2026-05-01T00:00:00.000Z");
    assert_ne!(memories[0].id, memories[2].id, "what stands there twice is two");
    let members = |name: &str| found.records[0].members().get(name).map(|raw| raw.get().to_owned());
    assert_eq!(members("entities").unwrap(), r#"[{"label":"Oak Boat","type":"Thing"}]"#);
    assert_eq!(members("relations").unwrap(), r#"[{"type":"owned_by","target":"Ana"}]"#);
    assert_eq!(found.count(Fate::Passed, "text beside observations"), 2);
}

const NOTE: &str =
    "Rows on Sundays with [[Ben]].\n\n## Tea\n\n- Green #drink\n- [x] bought\n\n```\n# no heading\n```\n";

#[test]
fn without_observations_each_section_is_a_memory() {
    let files = [("Ana.md", NOTE), ("sub/Empty.md", "---\ntags: [a]\n---\n"), ("sub/picture.png", "x")];
    assert_eq!(decided(&mut archive(&files)), Some("obsidian"));
    let found = collect_files("obsidian", &files);
    assert_eq!(
        found.texts(),
        [
            "Ana: Rows on Sundays with [[Ben]].",
            "Ana / Tea: - Green #drink\n- [x] bought\n\n```\n# no heading\n```"
        ]
    );
    assert_eq!(found.records[0].relations().unwrap().get(), r#"[{"type":"links_to","target":"Ben"}]"#);
    assert_eq!(found.count(Fate::Passed, "empty note"), 1);
    assert_eq!(found.count(Fate::Passed, "file"), 1);
    // A section is known by its heading, so another text is an update of it.
    let newer = collect("obsidian", "Ana.md", NOTE.replace("Green", "Black").as_bytes());
    assert_eq!(newer.memories()[1].id, found.memories()[1].id);
}

#[test]
fn formats_of_markdown_are_told_apart() {
    for (name, text, expected) in [
        ("a.md", "# A\n\nText.", Some("obsidian")),
        ("a.md", "See [[B]].", Some("obsidian")),
        ("a.md", "---\ntype: x\n---\n- [tech] uses oak\n", Some("basic-memory")),
        ("AGENTS.md", "See [[B]].", Some("rules")),
        ("a.txt", "See [[B]].", None),
    ] {
        assert_eq!(decided(&mut file(name, text.as_bytes())), expected, "{text}");
    }
    let program = [("README.md", "# P"), ("src/main.rs", "x"), ("Cargo.toml", "x")];
    assert_eq!(decided(&mut archive(&program)), None);
}

#[test]
fn notes_go_back_byte_for_byte() {
    let files = [("boat.md", BOAT), ("sub/Ana.md", NOTE)];
    for format in ["basic-memory", "obsidian"] {
        let found = collect_files(format, &files);
        let mut written = Written::default();
        let report = write_files(format, &found.records, &mut written);
        let expected = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!((written.0, report.notes), (expected.into(), Vec::new()), "{format}");
    }
}

#[test]
fn a_change_changes_its_lines_and_nothing_else() {
    let found = collect("basic-memory", "boat.md", BOAT.as_bytes());
    let records = [change(&found, 0, "Oak Boat: Red oak\nnow"), found.records[1].clone()];
    let mut written = Written::default();
    let report = write_files("basic-memory", &records, &mut written);
    let twice = "- [material] White oak #keel (2020)\n";
    let expected = BOAT.replacen(twice, "- [material] Red oak now #keel\n", 1).replacen(twice, "", 1);
    assert_eq!(written.0["boat.md"], expected, "the third was deleted here");
    assert_eq!(report.count(Fate::Changed, "content"), 1);
    // In a note that stands, what is no memory here stays.
    let mut standing = Written::default();
    standing.0.insert("boat.md".into(), BOAT.to_owned());
    let report = write_files("basic-memory", &records, &mut standing);
    assert_eq!(standing.0["boat.md"], BOAT.replacen(twice, "- [material] Red oak now #keel\n", 1));
    assert_eq!(report.count(Fate::Passed, "part of a note"), 1);

    let found = collect("obsidian", "Ana.md", NOTE.as_bytes());
    let records = [change(&found, 0, "Ana: Rows no more."), found.records[1].clone()];
    let mut written = Written::default();
    write_files("obsidian", &records, &mut written);
    assert_eq!(written.0["Ana.md"], NOTE.replace("Rows on Sundays with [[Ben]].", "Rows no more."));
}

#[test]
fn a_changed_line_keeps_its_mark_and_the_spelling_of_its_tags() {
    let note = "# T\n\n- One thing #only\n  * [Idea] Two #us/army #Mixed_Case #\u{43a}\u{438}\u{457}\u{432}\n- Three #a #b\n- Four with #oak in it #keel\n";
    let found = collect("basic-memory", "Zoo.md", note.as_bytes());
    let tags = |n: usize, tags: &[&str]| {
        let mut memory = found.memories().remove(n);
        let patch = MemoryPatch {
            tags: Some(omp_model::Tags::normalize(tags.iter().copied())),
            ..MemoryPatch::default()
        };
        patch.apply(&mut memory, NOW);
        crate::interchange::overlay(found.records[n].clone(), &memory, None)
    };
    let records = [
        change(&found, 0, "Zoo: One other thing"),
        change(&found, 1, "Zoo: Two more"),
        tags(2, &["b", "c"]),
        change(&found, 3, "Zoo: Four with #oak only"),
    ];
    let mut written = Written::default();
    let report = write_files("basic-memory", &records, &mut written);
    let expected = note
        .replace("One thing", "One other thing")
        .replace("Two ", "Two more ")
        .replace("Three #a #b", "Three #b #c")
        .replace("#oak in it", "#oak only");
    assert_eq!((written.0["Zoo.md"].as_str(), report.notes), (&*expected, Vec::new()));
    // Without its last tag a point would be an observation no more.
    let mut written = Written::default();
    write_files("basic-memory", &[tags(0, &[])], &mut written);
    assert!(written.0["Zoo.md"].contains("- [note] One thing\n"), "{}", written.0["Zoo.md"]);
}

#[test]
fn notes_with_returns_or_a_mark_are_written_and_keep_them() {
    for format in ["basic-memory", "obsidian"] {
        for raw in [BOAT.replace('\n', "\r\n"), format!("\u{feff}{BOAT}")] {
            let found = collect(format, "boat.md", raw.as_bytes());
            let mut written = Written::default();
            written.0.insert("boat.md".into(), raw.clone());
            let mut records = found.records.clone();
            let n = found.texts().iter().position(|text| text.ends_with("gets a mast")).unwrap();
            records[n] = change(&found, n, "The oak boat gets a sail");
            let report = write_files(format, &records, &mut written);
            assert_eq!(report.count(Fate::Lost, "note"), 0, "{:?}", report.notes);
            let expected = raw.replace("gets a mast", "gets a sail");
            assert_eq!(written.0["boat.md"], expected, "{format}");
        }
    }
    let found = collect("basic-memory", "boat.md", BOAT.as_bytes());
    let mut written = Written::default();
    written.0.insert("boat.md".into(), crate::testing::NO_TEXT.into());
    let report = write_files("basic-memory", &found.records, &mut written);
    assert_eq!(report.count(Fate::Lost, "note"), 1, "and the export goes on");
}

#[test]
fn tags_in_the_text_of_a_section_and_categories_of_any_script_are_read() {
    let found = collect(
        "obsidian",
        "Trip.md",
        "Went to #travel/ua, and (#Sea).\n\n```\n#code\n```\nIssue #12.\n".as_bytes(),
    );
    let tags = |found: &Found| {
        found.memories()[0].tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tags(&found), ["travel-ua", "sea"]);
    let found = collect("basic-memory", "a.md", "- [\u{456}\u{434}\u{435}\u{44f}] Rows #tea\n".as_bytes());
    assert_eq!(tags(&found), ["tea"]);
}

#[test]
fn what_was_changed_there_since_is_left_as_it_is() {
    let found = collect("obsidian", "Ana.md", NOTE.as_bytes());
    let mut written = Written::default();
    written.0.insert("Ana.md".into(), "newer".into());
    let report = write_files("obsidian", &found.records, &mut written);
    assert_eq!((written.0["Ana.md"].as_str(), report.count(Fate::Lost, "note")), ("newer", 1));
}

#[test]
fn a_memory_from_elsewhere_is_a_note_in_its_namespace() {
    let mut draft = Draft::new("test", "cursor", "Uses tabs: always?");
    draft.own_id = Some(omp_model::MemoryId::derive(&["x"]));
    draft.kind = MemoryType::Procedural;
    draft.namespace = Some("project:my-boat".into());
    draft.tags = vec!["style".into()];
    draft.created = Timestamp::parse("2026-05-01T10:00:00Z");
    let record = draft.into_record(NOW, &mut Found::default());
    let mut written = Written::default();
    let report = write_files("basic-memory", std::slice::from_ref(&record), &mut written);
    let path = "project/my-boat/Uses tabs always.md";
    let text = &written.0[path];
    for part in [
        "title: 'Uses tabs: always?'\n",
        "permalink: project/my-boat/uses-tabs-always\n",
        "\n\n- [procedure] Uses tabs: always?\n",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(report.notes.is_empty());
    // The next export finds its own note; a stranger's is left alone.
    write_files("basic-memory", std::slice::from_ref(&record), &mut written);
    assert_eq!(written.0.len(), 1);
    written.0.insert(path.into(), "mine".into());
    write_files("basic-memory", std::slice::from_ref(&record), &mut written);
    assert_eq!(written.0.keys().collect::<Vec<_>>(), ["project/my-boat/Uses tabs always 2.md", path]);
    assert_eq!(written.0[path], "mine");
}

#[test]
fn an_origin_with_a_path_that_leads_out_is_not_followed() {
    let mut draft = Draft::new("obsidian", "t", "x");
    draft.raw_text("x");
    draft.extra("path", "../evil.md");
    draft.extra("file", "x");
    let mut written = Written::default();
    write_files("obsidian", &[draft.into_record(NOW, &mut Found::default())], &mut written);
    assert_eq!(written.0.keys().collect::<Vec<_>>(), ["x.md"]);
}

proptest! {
    #[test]
    fn memories_come_back_the_same_or_the_report_says_so(
        drafts in proptest::collection::vec(("[ -~é\n\r#`]{0,60}", 0..3_usize, "[a-z]{0,6}", 1_000_i64..2_000_000), 1..5),
        is_basic in any::<bool>(),
    ) {
        let format = if is_basic { "basic-memory" } else { "obsidian" };
        let kinds = [MemoryType::Semantic, MemoryType::Procedural, MemoryType::Episodic];
        let drafts = drafts.into_iter().enumerate().map(|(number, (text, kind, tag, time))| {
            let mut draft = Draft::new("test", "cursor", format!("{text}x"));
            draft.own_id = Some(omp_model::MemoryId::derive(&[&number.to_string()]));
            draft.kind = kinds[kind];
            draft.tags = Some(tag.clone()).filter(|tag| !tag.is_empty()).into_iter().collect();
            draft.namespace = Some(tag.clone()).filter(|tag| tag.len() > 3);
            draft.reference = Some(tag.clone()).filter(|tag| tag.len() > 4);
            draft.account = Some(tag).filter(|tag| tag.len() > 2);
            draft.created = Some(Timestamp::from_millis(time));
            draft.updated = Some(Timestamp::from_millis(time + 5));
            draft.observed = Some(Timestamp::from_millis(time + 7));
            draft.expires = (time % 2 == 0).then(|| Timestamp::from_millis(time * 2));
            draft.metadata = Metadata::parse(if time % 3 == 0 { r#"{"a":1.50,"b":"x: y"}"# } else { "{}" }).unwrap();
            draft.into_record(NOW, &mut Found::default())
        });
        let mut before = Found::default();
        before.records = drafts.collect();
        let mut written = Written::default();
        let report = write_files(format, &before.records, &mut written);
        let listed: Vec<_> = written.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let again = collect_files(format, &listed);
        let sorted = |found: &Found| {
            let mut memories = found.memories();
            memories.sort_by_key(|memory| memory.id);
            memories
        };
        if report.notes.is_empty() {
            prop_assert_eq!(sorted(&again), sorted(&before));
        } else {
            prop_assert!(report.notes.iter().all(|note| note.1 == "content"), "{:?}", report.notes);
            prop_assert_eq!(again.records.len(), before.records.len());
        }
        let mut second = written.clone();
        write_files(format, &again.records, &mut second);
        prop_assert_eq!(second.0, written.0, "and is written the same");
    }
}
