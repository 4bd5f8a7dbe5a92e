use omp_model::{Content, MemoryPatch, MemoryType, Timestamp};
use proptest::prelude::*;

use crate::testing::{Found, NOW, Written, archive, collect, collect_files, decided, file, write_files};
use crate::{Draft, Fate};

const INDEX: &str = "# Memory\n\n- [Brevity](feedback_brief.md) — Answer in one line\n- [Gone](gone.md) — was deleted\n\n## Build\n\n- Run make.\n\nUse the old compiler.\n";
const BRIEF: &str = "---\nname: Brevity\ndescription: Answer in one line\ntype: feedback\noriginSessionId: s-1\n---\n\nAnswer in one line.\n\n**Why:** Ana reads on a telephone.\n";
const BOAT: &str = "---\nname: Boat\ndescription: About the: boat\nmetadata:\n  node_type: memory\n  type: user\n  modified: 2026-05-01T10:20:30Z\n---\nAna builds boats.\n";

fn folder() -> [(&'static str, &'static str); 4] {
    [
        ("-home-ana-boat/memory/MEMORY.md", INDEX),
        ("-home-ana-boat/memory/feedback_brief.md", BRIEF),
        ("-home-ana-boat/memory/user_boat.md", BOAT),
        ("-home-ana-boat/notes.txt", "x"),
    ]
}

#[test]
fn each_file_is_a_memory_and_notes_of_the_index_are_some() {
    assert_eq!(decided(&mut archive(&folder())), Some("claude-code-memory"));
    assert_eq!(decided(&mut file("x.md", BRIEF.as_bytes())), Some("claude-code-memory"));
    let found = collect_files("claude-code-memory", &folder());
    assert_eq!(
        found.texts(),
        [
            "Answer in one line.\n\n**Why:** Ana reads on a telephone.",
            "Ana builds boats.",
            "Build: Run make.",
            "Build: Use the old compiler.",
        ]
    );
    let memories = found.memories();
    assert_eq!((memories[0].kind, memories[1].kind), (MemoryType::Procedural, MemoryType::Semantic));
    assert_eq!(memories[0].source.session_id.as_ref().unwrap().as_str(), "s-1");
    assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "project:home-ana-boat");
    assert_eq!(memories[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["feedback"]);
    assert_eq!(found.count(Fate::Lost, "line of the index"), 1);
    assert_eq!(found.count(Fate::Passed, "file"), 1);
    assert_eq!(found.count(Fate::Changed, "front matter"), 1, "a second colon is no YAML");
}

#[test]
fn what_came_from_there_goes_back_as_it_was() {
    let found = collect_files("claude-code-memory", &folder());
    let mut files = Written::default();
    let report = write_files("claude-code-memory", &found.records, &mut files);
    let expected: Written =
        Written(folder()[..3].iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect());
    assert_eq!((files.0, report.notes), (expected.0, Vec::new()));
}

#[test]
fn changes_go_into_the_file_and_what_was_changed_there_stays() {
    let found = collect_files("claude-code-memory", &folder());
    let change = |n: usize, text: &str| {
        let mut memory = found.memories().remove(n);
        let patch = MemoryPatch { content: Content::new(text).ok(), ..MemoryPatch::default() };
        patch.apply(&mut memory, NOW);
        crate::interchange::overlay(found.records[n].clone(), &memory, None)
    };
    let records = [change(0, "Two lines."), found.records[1].clone(), change(2, "Build: Run just.")];
    let mut files = Written::default();
    files.0.insert("-home-ana-boat/memory/user_boat.md".into(), "edited there".into());
    let report = write_files("claude-code-memory", &records, &mut files);
    let brief = &files.0["-home-ana-boat/memory/feedback_brief.md"];
    assert!(brief.starts_with("---\nname: Brevity\n") && brief.ends_with("---\n\nTwo lines.\n"), "{brief}");
    assert_eq!(files.0["-home-ana-boat/memory/user_boat.md"], "edited there");
    assert_eq!(report.count(Fate::Lost, "file"), 1);
    let index = &files.0["-home-ana-boat/memory/MEMORY.md"];
    let expected = INDEX.replace("- Run make.", "- Run just.").replace("Use the old compiler.\n", "");
    assert_eq!(*index, expected, "the note that is gone here is gone there");
    let again = collect("claude-code-memory", "feedback_brief.md", brief.as_bytes());
    assert_eq!(again.memories()[0].id, found.memories()[0].id);
}

#[test]
fn an_index_of_others_is_kept_and_a_strangers_file_is_not_overwritten() {
    let mut files = Written::default();
    files.0.insert("MEMORY.md".into(), "# Mine\n\n- [A](a.md) — b".into());
    files.0.insert("user_likes_tea.md".into(), "mine".into());
    let record = Draft::new("test", "t", "Likes tea").into_record(NOW, &mut Found::default());
    for _ in 0..2 {
        write_files("claude-code-memory", std::slice::from_ref(&record), &mut files);
        assert_eq!(files.0["user_likes_tea.md"], "mine");
        let index = "# Mine\n\n- [A](a.md) — b\n- [Likes tea](user_likes_tea_2.md) — Likes tea\n";
        assert_eq!(files.0["MEMORY.md"], index);
        assert_eq!(files.0.len(), 3, "the second time changes nothing");
    }
}

#[test]
fn a_file_with_returns_is_written_and_keeps_them() {
    let file = "---\nname: tea\ndescription: d\ntype: user\n---\n\nLikes tea\n".replace('\n', "\r\n");
    let index = "# Memory\r\n\r\n- [tea](tea.md) \u{2014} d\r\n";
    let listed = [("MEMORY.md", index), ("tea.md", file.as_str())];
    let found = collect_files("claude-code-memory", &listed);
    let mut memory = found.memories().remove(0);
    let patch = omp_model::MemoryPatch {
        content: omp_model::Content::new("Likes coffee").ok(),
        ..Default::default()
    };
    patch.apply(&mut memory, NOW);
    let record = crate::interchange::overlay(found.records[0].clone(), &memory, None);
    let mut files = Written::default();
    files.0.extend(listed.map(|(path, text)| (path.to_owned(), text.to_owned())));
    let report = write_files("claude-code-memory", &[record], &mut files);
    assert_eq!(report.count(Fate::Lost, "file"), 0, "{:?}", report.notes);
    let text = &files.0["tea.md"];
    assert!(
        text.contains("Likes coffee\r\n") && text.matches('\n').count() == text.matches("\r\n").count(),
        "{text:?}"
    );
    assert_eq!(files.0["MEMORY.md"], index);
}

#[test]
fn an_origin_with_a_path_that_leads_out_is_not_followed() {
    let mut draft = Draft::new("claude-code-memory", "t", "x");
    draft.raw_text("x");
    draft.extra("path", "../../evil.md");
    let mut files = Written::default();
    write_files("claude-code-memory", &[draft.into_record(NOW, &mut Found::default())], &mut files);
    assert_eq!(files.0.keys().collect::<Vec<_>>(), ["MEMORY.md", "user_x.md"]);
}

proptest! {
    #[test]
    fn memories_come_back_the_same(
        drafts in proptest::collection::vec(("[ -~é\n#`]{0,60}[a-z]", 0..3_usize, "[a-z]{0,6}", 1_000_i64..2_000_000), 1..5),
    ) {
        let kinds = [MemoryType::Semantic, MemoryType::Procedural, MemoryType::Episodic];
        let drafts = drafts.into_iter().enumerate().map(|(number, (text, kind, tag, time))| {
            let mut draft = Draft::new("test", "claude-code", text);
            draft.own_id = Some(omp_model::MemoryId::derive(&[&number.to_string()]));
            draft.kind = kinds[kind];
            draft.tags = Some(tag.clone()).filter(|tag| !tag.is_empty()).into_iter().collect();
            draft.namespace = Some(tag.clone()).filter(|tag| tag.len() > 3);
            draft.reference = Some(tag).filter(|tag| tag.len() > 4);
            draft.created = Some(Timestamp::from_millis(time));
            draft.updated = Some(Timestamp::from_millis(time + 5));
            draft.expires = (time % 2 == 0).then(|| Timestamp::from_millis(time * 2));
            draft.into_record(NOW, &mut Found::default())
        });
        let mut before = Found::default();
        before.records = drafts.collect();
        let mut files = Written::default();
        let report = write_files("claude-code-memory", &before.records, &mut files);
        prop_assert!(report.notes.iter().all(|note| note.1 == "source.tool"), "{:?}", report.notes);
        let listed: Vec<_> = files.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let again = collect_files("claude-code-memory", &listed);
        let sorted = |found: &Found| {
            let mut memories = found.memories();
            memories.sort_by_key(|memory| memory.id);
            memories
        };
        prop_assert_eq!(sorted(&again), sorted(&before));
    }
}
