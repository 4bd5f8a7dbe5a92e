use omp_model::{MemoryType, Timestamp};
use proptest::prelude::*;

use crate::testing::{Found, NOW, Written, archive, collect, collect_files, decided, file, write_files};
use crate::{Draft, Fate};

const AGENTS: &str = "# Agents

Boats only.

## Style

- Use tabs.
  Not spaces.
- Short names:
  - no abbreviations

### Tests

Run them:

```sh
- make test
```

<!-- a remark
over two lines -->
@docs/more.md
1. Commit often.
";

#[test]
fn every_point_and_paragraph_is_a_memory_with_its_headings() {
    assert_eq!(decided(&mut file("boat/AGENTS.md", AGENTS.as_bytes())), Some("rules"));
    let found = collect("rules", "boat/AGENTS.md", AGENTS.as_bytes());
    assert_eq!(
        found.texts(),
        [
            "Boats only.",
            "Style: Use tabs.\nNot spaces.",
            "Style: Short names:\n- no abbreviations",
            "Style / Tests: Run them:\n\n```sh\n- make test\n```",
            "Style / Tests: Commit often.",
        ]
    );
    let memory = &found.memories()[1];
    assert_eq!(memory.kind, MemoryType::Procedural);
    assert_eq!(memory.namespace.as_ref().unwrap().as_str(), "project:boat");
    assert_eq!(memory.source.tool.as_str(), "agents-md");
    assert_eq!(memory.source.session_id.as_ref().unwrap().as_str(), "AGENTS.md");
    assert_eq!(found.count(Fate::Passed, "comment"), 1);
    assert_eq!(found.count(Fate::Passed, "import of a file"), 1);
}

#[test]
fn a_rule_file_in_small_letters_is_one_when_it_stands_alone_or_beside_others() {
    assert_eq!(decided(&mut file("boat/claude.md", b"- One")), Some("rules"));
    assert_eq!(decided(&mut archive(&[("claude.md", "- A poet"), ("b.md", "- B")])), Some("obsidian"));
    let files = [("boat/CLAUDE.md", "- One"), ("boat/agents.md", "- Two")];
    assert_eq!(collect_files("rules", &files).texts(), ["One", "Two"]);
}

#[test]
fn a_projects_folder_gives_the_rules_of_every_tool() {
    let files = [
        ("boat/CLAUDE.md", "- One"),
        ("boat/.cursor/rules/a.mdc", "---\nglobs: *\nalwaysApply: true\n---\n- Two"),
        ("boat/.github/copilot-instructions.md", "- Three"),
        ("boat/src/main.rs", "fn main() {}"),
        ("boat/README.md", "# Boat"),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("rules"));
    let found = collect_files("rules", &files);
    assert_eq!(found.texts(), ["One", "Two", "Three"]);
    assert_eq!(found.count(Fate::Passed, "Markdown file"), 1, "{:?}", found.notes);
    assert_eq!(collect_files("cursor-rules", &files).texts(), ["Two"]);
}

fn record(text: &str, kind: MemoryType) -> omi::Record {
    let draft = Draft { kind, created: Some(Timestamp::from_millis(1)), ..Draft::new("t", "t", text) };
    draft.into_record(NOW, &mut Found::default())
}

#[test]
fn what_others_wrote_is_kept_byte_for_byte_and_the_block_is_replaced() {
    let theirs = "# Mine  \r\n\tkeep this\r\n";
    let mut files = Written::default();
    files.0.insert("AGENTS.md".into(), theirs.to_owned());
    files.0.insert("GEMINI.md".into(), "# G".to_owned());
    write_files("rules", &[record("Use tabs.", MemoryType::Procedural)], &mut files);
    let text = files.0["AGENTS.md"].clone();
    assert!(text.starts_with(theirs), "{text}");
    assert!(text.contains("## Instructions\r\n\r\n- Use tabs. <!-- mem_"), "{text}");
    assert!(files.0["GEMINI.md"].starts_with("# G\n\n<!-- open-memory: begin"));
    assert!(!files.0.contains_key("CLAUDE.md"), "only what the project has");
    files.0.insert("AGENTS.md".into(), format!("{text}after\n"));
    write_files("rules", &[record("Use spaces.", MemoryType::Semantic)], &mut files);
    let text = &files.0["AGENTS.md"];
    assert!(text.starts_with(theirs) && text.ends_with("-->\r\nafter\n"), "{text}");
    assert!(!text.contains("Use tabs.") && text.contains("## Facts\r\n\r\n- Use spaces."));
    write_files("rules", &[], &mut files);
    assert!(!files.0["AGENTS.md"].contains("open-memory"));
}

#[test]
fn a_tools_own_file_says_when_to_read_it() {
    let mut files = Written::default();
    write_files("cursor-rules", &[record("Use tabs.", MemoryType::Procedural)], &mut files);
    let text = &files.0[".cursor/rules/open-memory.mdc"];
    assert!(text.starts_with("---\ndescription: ") && text.contains("alwaysApply: true"), "{text}");
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let records: Vec<_> =
        (0..30).map(|n| record(&format!("{n} {}", "x".repeat(1_000)), MemoryType::Semantic)).collect();
    let mut files = Written::default();
    let report = write_files("windsurf-rules", &records, &mut files);
    let text = &files.0[".windsurf/rules/open-memory.md"];
    assert!(text.len() <= 12_000, "{}", text.len());
    let written = text.matches("\n- ").count();
    assert_eq!(written + report.count(Fate::Lost, "memory"), 30);
}

#[test]
fn rules_go_back_where_they_came_from() {
    let front = "---\nglobs: *\nalwaysApply: true\n---\n\n";
    let rule =
        format!("{front}Boats only.\n\n## Style\n\n- Use tabs.\n- Short names.\n\n### Tests\n\nRun them.\n");
    let found = collect("rules", ".cursor/rules/a.mdc", rule.as_bytes());
    let mut files = Written::default();
    write_files("rules", &found.records, &mut files);
    assert_eq!(files.0[".cursor/rules/a.mdc"], rule);
    assert_eq!(files.0.len(), 1, "and nowhere else");
    // Where the file still stands, nothing is written a second time.
    write_files("rules", &found.records, &mut files);
    assert_eq!((files.0.len(), &files.0[".cursor/rules/a.mdc"]), (1, &rule));
    // A point that was taken out there goes into the block.
    files.0.insert(".cursor/rules/a.mdc".into(), rule.replace("- Use tabs.\n", ""));
    write_files("rules", &found.records, &mut files);
    assert!(files.0["AGENTS.md"].contains("- Style: Use tabs."));
}

#[test]
fn rules_of_different_projects_are_not_mixed() {
    let files = [
        ("A/AGENTS.md", "# A\n\n## Style\n\n- a one\n- a two\n"),
        ("B/AGENTS.md", "# B\n\n- b one\n- b two\n"),
    ];
    let found = collect_files("rules", &files);
    let mut written = Written::default();
    write_files("rules", &found.records, &mut written);
    let text = &written.0["AGENTS.md"];
    assert!(text.starts_with("<!-- open-memory: begin"), "a file of nobody's is all block: {text}");
    for point in ["- Style: a one <", "- Style: a two <", "- b one <", "- b two <"] {
        assert_eq!(text.matches(point).count(), 1, "{text}");
    }
    // In the folder of one of them, its own is made again and the other's goes into the block.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("A");
    let Some(crate::format::Write::Folder { begin }) = crate::format::find("rules").unwrap().write() else {
        panic!("a folder")
    };
    let disk = Box::new(crate::write::DiskFiles::new(&root).unwrap());
    let mut writer = begin(disk, crate::format::WriteOptions { now: NOW }).unwrap();
    let mut report = Found::default();
    for record in &found.records {
        let outgoing =
            crate::write::Outgoing::new(record.clone(), None, NOW, crate::Place::default()).unwrap();
        writer.write(&outgoing, &mut report).unwrap();
    }
    writer.finish(&mut report).unwrap();
    let text = std::fs::read_to_string(root.join("AGENTS.md")).unwrap();
    let (own, block) = text.split_once("<!-- open-memory: begin").unwrap();
    assert_eq!(own, "## Style\n\n- a one\n- a two\n\n");
    assert!(block.contains("- b one <") && !block.contains("a one"), "{text}");
}

#[test]
fn clines_old_file_takes_the_block_and_a_file_of_no_text_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::write(root.join(".clinerules"), "Mine.\n").unwrap();
    std::fs::write(root.join("CLAUDE.md"), b"caf\xe9\n").unwrap();
    let rule = record("Use tabs.", MemoryType::Procedural);
    let outgoing = crate::write::Outgoing::new(rule, None, NOW, crate::Place::default()).unwrap();
    for format in ["rules", "cline-rules"] {
        let Some(crate::format::Write::Folder { begin }) = crate::format::find(format).unwrap().write()
        else {
            panic!("a folder")
        };
        let disk = Box::new(crate::write::DiskFiles::new(root).unwrap());
        let mut writer = begin(disk, crate::format::WriteOptions { now: NOW }).unwrap();
        let mut report = Found::default();
        writer.write(&outgoing, &mut report).unwrap();
        writer.finish(&mut report).unwrap();
        assert_eq!(report.count(Fate::Lost, "rule file"), usize::from(format == "rules"));
        let text = std::fs::read_to_string(root.join(".clinerules")).unwrap();
        assert!(
            text.starts_with("Mine.\n\n<!-- open-memory: begin") && text.contains("- Use tabs. <"),
            "{text}"
        );
        assert_eq!(std::fs::read(root.join("CLAUDE.md")).unwrap(), b"caf\xe9\n");
    }
    assert!(std::fs::read_to_string(root.join("AGENTS.md")).unwrap().contains("- Use tabs. <"));
}

#[test]
fn a_rule_of_several_lines_that_stands_in_a_file_with_returns_is_not_written_again() {
    let text = "- Use tabs.\r\n  Not spaces.\r\n";
    let found = collect("rules", "AGENTS.md", text.as_bytes());
    let mut files = Written::default();
    files.0.insert("AGENTS.md".into(), text.into());
    write_files("rules", &found.records, &mut files);
    assert_eq!(files.0["AGENTS.md"], text);
}

#[test]
fn the_block_is_read_with_the_ids_of_its_memories() {
    let records = [record("One\n\n  two", MemoryType::Episodic), record("Be brief.", MemoryType::Procedural)];
    let mut files = Written::default();
    write_files("claude-md", &records, &mut files);
    let again = collect("rules", "CLAUDE.md", files.0["CLAUDE.md"].as_bytes()).memories();
    let before: Vec<_> = records
        .iter()
        .map(|r| crate::write::Outgoing::new(r.clone(), None, NOW, crate::Place::default()).unwrap().memory)
        .collect();
    let said = |m: &omp_model::Memory| (m.id, m.kind, m.content.as_str().to_owned());
    assert_eq!(again.iter().map(said).collect::<Vec<_>>(), [said(&before[1]), said(&before[0])]);
}

proptest! {
    #[test]
    fn a_block_gives_back_what_went_in_or_the_report_says_so(
        texts in proptest::collection::vec("[ -~\n\u{e9}`#*-]{1,50}", 1..6),
    ) {
        let texts: std::collections::BTreeSet<String> =
            texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
        prop_assume!(!texts.is_empty());
        let records: Vec<_> = texts.iter().map(|text| record(text, MemoryType::Semantic)).collect();
        let mut files = Written::default();
        let report = write_files("claude-md", &records, &mut files);
        let again = collect("rules", "CLAUDE.md", files.0["CLAUDE.md"].as_bytes());
        if report.count(Fate::Changed, "content") == 0 {
            let mut read = again.texts();
            read.sort();
            prop_assert_eq!(read, texts.into_iter().collect::<Vec<_>>());
        }
    }
}
