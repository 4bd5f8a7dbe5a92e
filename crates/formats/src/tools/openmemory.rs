//! OpenMemory: the ZIP that mem0's own server for one person exported until it was given up in 2026.
//!
//! **Recognised** by `memories.json` with `apps` and memories that have `state`, or by the packed lines of the same beside
//! it when they are alone.
//!
//! **Read.** `memories.json`; the same memories stand again in `memories.jsonl.gz`, which is read only without it.
//! Deleted ones are passed over; those that are paused or archived are marked by a tag. The app that wrote a memory is
//! its tool, categories are tags, the user's name there is the account. Who may read what there and the history of
//! states are not memories.
//!
//! **Not written**: there is nothing left to write for. `mem0` is.
//!
//! **Cannot carry**: access rights, history of states.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::items::{Item, Items, each_item, each_line, each_member, why_bad};
use crate::loose::{List, Object, Word};
use crate::moment::Moment;
use crate::tools::mem0::first_ten;
use crate::tools::silent::Silent;
use crate::{Draft, Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct OpenMemory;

const NAME: &str = "openmemory";

impl Format for OpenMemory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "OpenMemory export (ZIP or its memories.json)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let found = probe.json(is_document).is_some() || probe.json(are_lines).is_some();
        found.then(|| Recognised::certain("it has `apps`, and memories with `state`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let (mut documents, mut lines) = (Vec::new(), Vec::new());
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let outline = Outline::of(&head);
            if is_document(&outline) {
                documents.push(member.clone());
            } else if are_lines(&outline) {
                lines.push(member.clone());
            } else {
                sink.passed("file", "holds no memories of OpenMemory", &member.place());
            }
        }
        if documents.is_empty() && lines.is_empty() {
            let what = "there is no memories.json of OpenMemory in it";
            return Err(Stop::broken(&crate::Place::default(), what));
        }
        for member in &documents {
            document(input, member, sink)?;
        }
        for member in &lines {
            if documents.is_empty() {
                let names = Names::default();
                each_line(input, member, sink, |sink, item| memory(&item, &names, sink))?;
            } else {
                sink.passed("file", "holds the same memories again", &member.place());
            }
        }
        Ok(())
    }
}

fn is_document(outline: &Outline) -> bool {
    outline.has_all(&[".apps", ".memories"])
        && (outline.has(".memories[].state")
            || outline.has(".memory_categories")
            || outline.has(".export_meta"))
}

fn are_lines(outline: &Outline) -> bool {
    outline.has_all(&[".id", ".content", ".state", ".app", ".created_at"])
}

/// What ids stand for, and whose the file is.
#[derive(Debug, Default)]
struct Names {
    apps: HashMap<String, String>,
    categories: HashMap<String, String>,
    account: Option<String>,
}

fn document(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    const ALL: [&str; 6] =
        ["apps", "categories", "memories", "memory_categories", "status_history", "access_controls"];
    let mut names = Names::default();
    each_member(input, member, &ALL, |name, raw| {
        if name == "user" {
            let user = serde_json::from_str::<Object<Named<'_>>>(raw).ok().and_then(|user| user.0);
            names.account = user.and_then(|user| user.user_id.owned().or_else(|| user.id.owned()));
        }
    })?;
    let listed = Items { arrays: &["apps", "categories"], itself: false };
    each_item(input, member, listed, &mut Silent, |_, item| {
        let named = serde_json::from_str::<Object<Named<'_>>>(item.raw).ok().and_then(|named| named.0);
        if let Some((id, name)) = named.and_then(|named| Some((named.id.owned()?, named.name.owned()?))) {
            let list = if item.array == "apps" { &mut names.apps } else { &mut names.categories };
            list.insert(id, name);
        }
        Ok(())
    })?;
    let memories = Items { arrays: &["memories", "access_controls", "status_history"], itself: false };
    each_item(input, member, memories, sink, |sink, item| {
        if item.array == "memories" {
            return memory(&item, &names, sink);
        }
        let what = "belongs to the server there and is not kept";
        sink.passed("access rights and history of states", what, &item.place);
        Ok(())
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    user_id: Word<'a>,
    #[serde(borrow)]
    name: Word<'a>,
}

/// A memory of the document or of a line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    content: Word<'a>,
    #[serde(borrow)]
    app_id: Word<'a>,
    #[serde(borrow)]
    app: Word<'a>,
    #[serde(borrow)]
    state: Word<'a>,
    #[serde(borrow, rename = "metadata", alias = "metadata_")]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    category_ids: List<Word<'a>>,
    #[serde(borrow)]
    categories: List<Word<'a>>,
    created_at: Moment,
    updated_at: Moment,
}

fn memory(item: &Item<'_>, names: &Names, sink: &mut dyn Sink) -> Result<(), Stop> {
    let wire = match serde_json::from_str::<Object<Wire<'_>>>(item.raw) {
        Ok(Object(Some(wire))) if wire.content.get().is_some() => wire,
        Ok(_) => {
            sink.failed("memory", "has no `content`", &item.place);
            return Ok(());
        }
        Err(error) => {
            sink.failed("memory", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    let state = wire.state.get().unwrap_or("active");
    if state == "deleted" {
        sink.passed("deleted memory", "was deleted there", &item.place);
        return Ok(());
    }
    let named = |names: &HashMap<String, String>, id: &Word<'_>| names.get(id.get()?).cloned();
    let tool = named(&names.apps, &wire.app_id).or_else(|| wire.app.owned());
    let mut draft = Draft::new(NAME, tool.as_deref().unwrap_or(NAME), wire.content.get().unwrap_or_default());
    draft.id = wire.id.owned();
    draft.account.clone_from(&names.account);
    draft.tags = wire.category_ids.0.iter().filter_map(|id| named(&names.categories, id)).collect();
    let written = wire.categories.0.iter().filter_map(Word::owned);
    draft.tags.extend(written.filter(|tag| !draft.tags.contains(tag)).collect::<Vec<_>>());
    if state != "active" {
        draft.tags.push(state.to_owned());
    }
    draft.method = Some("extracted");
    (draft.created, draft.updated) = (wire.created_at.0, wire.updated_at.0);
    draft.metadata = wire
        .metadata
        .and_then(|raw| omi::Members::parse(raw.get()).ok())
        .map(|m| first_ten(&m))
        .unwrap_or_default();
    draft.raw_json(item.raw);
    draft.place = item.place.clone();
    sink.memory(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Fate;
    use crate::testing::{archive, collect, collect_files, decided, file};

    fn document() -> Value {
        let memory = |id: &str, text: &str, state: &str| {
            json!({"id": id, "user_id": "u", "app_id": "a-1", "content": text, "metadata": {"k": 1}, "state": state,
                   "created_at": "2026-05-01T10:00:00", "updated_at": "2026-05-02T10:00:00", "category_ids": ["c-1", "c-9"]})
        };
        json!({"user": {"id": "u", "user_id": "ana", "email": "a@b.example"},
               "apps": [{"id": "a-1", "name": "cursor"}], "categories": [{"id": "c-1", "name": "Boat Building"}],
               "memories": [memory("1", "Uses oak", "active"), memory("2", "Used pine", "archived"),
                            memory("3", "Gone", "deleted"), {"id": "4"}],
               "memory_categories": [{"memory_id": "1", "category_id": "c-1"}],
               "status_history": [{}], "access_controls": [{}], "export_meta": {"version": "1"}})
    }

    #[test]
    fn the_document_counts_and_the_lines_only_alone() {
        let text = document().to_string();
        let lines = "{\"id\":\"1\",\"content\":\"Uses oak\",\"metadata\":{},\"created_at\":\"2026-05-01T10:00:00\",\"state\":\"active\",\"app\":\"cursor\",\"categories\":[\"work\"]}\n";
        let files = [("memories.json", text.as_str()), ("memories.jsonl.gz", lines)];
        assert_eq!(decided(&mut archive(&files)), Some("openmemory"));
        let found = collect_files("openmemory", &files);
        assert_eq!(found.texts(), ["Uses oak", "Used pine"]);
        let memories = found.memories();
        let tags = |n: usize| memories[n].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>();
        assert_eq!((tags(0), tags(1)), (vec!["boat-building"], vec!["boat-building", "archived"]));
        assert_eq!(memories[0].source.tool.as_str(), "cursor");
        assert_eq!(memories[0].source.user_id.as_ref().unwrap().as_str(), "ana");
        assert_eq!(memories[0].updated_at.to_string(), "2026-05-02T10:00:00.000Z");
        assert_eq!(memories[0].metadata.get("k"), Some("1"));
        assert_eq!(found.count(Fate::Passed, "deleted memory"), 1);
        assert_eq!(found.count(Fate::Passed, "access rights and history of states"), 2);
        assert_eq!(found.count(Fate::Passed, "file"), 1);
        assert_eq!(found.count(Fate::Failed, "memory"), 1);
        assert_eq!(decided(&mut file("memories.jsonl", lines.as_bytes())), Some("openmemory"));
        let alone = collect("openmemory", "memories.jsonl", lines.as_bytes());
        assert_eq!(alone.memories()[0].id, memories[0].id, "one memory, whichever file it came from");
    }
}
