//! mem0: what `get_all` of the library gives, pages of the platform, and the coding plugin's Markdown.
//!
//! **Recognised** by items with `memory` beside `hash`, `user_id`, `agent_id`, `run_id` or `categories`: in a top-level
//! array, under `results`, or under `memories`. The plugin's file by its name, `mem0-export-….md`, or by several blocks of
//! front matter with `id` and `branch`, also in a folder.
//!
//! **Read.** The text is under `memory`, in older releases under `text`, `data` or `content`. The user is the account
//! of the file, `agent_id` or `app_id` the tool, `run_id` or `session_id` the session, an app the namespace
//! `mem0:<app>`; categories are tags. A bare `expiration_date` is the end of that day. A memory with `replaced_by` was
//! superseded there and is passed over. `get_all` gives twenty memories unless it is asked for more, and none that are
//! over: a short file is a short question.
//!
//! **Written** as `{"results": […]}`, as `get_all` gives it. What came from mem0 and was not changed goes out as it was;
//! a changed item is the old one with the changes laid over it. Other memories get the members that mem0 would have
//! made; what it has no member for (our id, kind, namespace) goes into `metadata` under names that begin with `omp_`.
//! `add(…, infer=False)` keeps the texts and makes ids and times anew.
//!
//! **Cannot carry** validity dates, confidence, entities, relations and languages; originals of other tools.

mod plugin;
mod read;
mod wire;
mod write;

pub(in crate::tools) use self::read::first_ten;

use crate::format::{BeginFile, Write};
use crate::items::{Items, each_item};
use crate::{Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct Mem0;

const NAME: &str = "mem0";

impl Format for Mem0 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "mem0: what get_all gives, pages of the platform, the coding plugin's Markdown"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if probe.json(is_store).is_some() {
            return Some(Recognised::certain("its items have `memory` and what mem0 puts beside it"));
        }
        if probe.json(may_be_store).is_some() {
            return Some(Recognised::likely("its items have `memory` and a date"));
        }
        if probe.json(is_empty_store).is_some() {
            return Some(Recognised::possible("it has `results` with nothing in it"));
        }
        let texts =
            probe.members().iter().filter(|member| probe.single().is_some() || member.ends_with(".md"));
        let count = |member: &Member| plugin::blocks(probe.head(member).text()).take(2).count();
        let blocks = |member: &Member| match count(member) {
            0 => false,
            1 => member.name().starts_with("mem0-export-"),
            _ => true,
        };
        texts.take(MOST_LOOKED_AT).any(blocks).then(|| {
            Recognised::certain(
                "it has blocks of front matter with `id` and `branch`, as the coding plugin's export",
            )
        })
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        const ITEMS: Items<'_> =
            Items { arrays: &["results", "memories", "items", "relations"], itself: true };
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let is_export = || plugin::blocks(&String::from_utf8_lossy(&head)).next().is_some();
            if head.starts_with(b"---") && (input.is_single() || is_export()) {
                let text = input.text(member)?;
                plugin::read(&text, member, sink)?;
            } else if input.is_single() || member.ends_with(".json") {
                each_item(input, member, ITEMS, sink, |sink, item| read::item(&item, sink))?;
            } else {
                sink.passed("file", "holds no memories of mem0", &member.place());
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |out, _| Ok(Box::new(write::Writer::new(out)?));
        Some(Write::File { extension: "mem0.json", media_type: "application/json", begin: BEGIN })
    }
}

/// How many Markdown files of a folder are looked at.
const MOST_LOOKED_AT: usize = 50;

/// Where items lie.
const PLACES: [&str; 3] = ["[]", ".results[]", ".memories[]"];

fn is_store(outline: &Outline) -> bool {
    const BESIDE: [&str; 5] = ["hash", "user_id", "agent_id", "run_id", "categories"];
    PLACES.iter().any(|place| {
        let has = |name: &str| outline.has(&format!("{place}.{name}"));
        has("memory") && BESIDE.iter().any(|name| has(name)) || has("hash") && (has("text") || has("data"))
    })
}

/// What `get_all` gives for somebody of whom nothing is known.
fn is_empty_store(outline: &Outline) -> bool {
    outline.has(".results") && !outline.has(".results[]")
}

fn may_be_store(outline: &Outline) -> bool {
    PLACES.iter().any(|place| {
        let has = |name: &str| outline.has(&format!("{place}.{name}"));
        has("memory") && (has("created_at") || has("score") || has("metadata"))
    })
}

#[cfg(test)]
mod tests;
