//! Modeled Information Format, the Markdown one (zircote/MIF), and other notes of Google's Open Knowledge Format.
//! Another format with the same initials is JSON: `mif`.
//!
//! **Recognised** by front matter with `id` and a `type` that is semantic, episodic or procedural.
//!
//! **Read.** A file is a memory: the text below the front matter. `namespace` keeps its levels, `temporal` gives the time
//! of validity and, from its `ttl`, the end of the memory, `provenance` the agent. `index.md` is a table of contents and
//! no memory. With `--from mif-md` every note with a `type` is taken.
//!
//! **Written** as a file a memory, in the folder of its kind. What the format has no place for is in
//! `extensions.open_memory`. A file that came in and was not changed goes out byte for byte, where it was.
//!
//! **Cannot carry** line ends of Windows, and confidence beside an agent's.

mod write;

use serde_json::Value;

use crate::format::{BeginFolder, Write};
use crate::kinds::{is_ours, kind_of};
use crate::own::{self, Own};
use crate::tools::front_matter::split;
use crate::tools::values::{at, day, first, objects, text, time, words};
use crate::{Draft, Format, Input, Member, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct MifMd;

const NAME: &str = "mif-md";

impl Format for MifMd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Modeled Information Format: Markdown files with `id` and `type` in front (a file or a folder)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let mut notes = probe.members().iter().filter(|member| is_note(member) || probe.single().is_some());
        notes.find(|member| {
            let head = probe.head(member);
            let front = split(head.text()).0.and_then(parse);
            front.is_some_and(|front| {
                text(&front, "id").is_some()
                    && text(&front, "type").is_some_and(|kind| is_ours(&kind.to_lowercase()))
            })
        })?;
        Some(Recognised::certain(
            "its front matter has `id` and a `type` of semantic, episodic or procedural",
        ))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if input.is_single() || is_note(member) {
                let whole = input.text(member)?;
                note(&whole, member, sink)?;
            } else if member.name() != "index.md" {
                sink.passed("file", "is no note", &member.place());
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFolder = |files, _| Ok(Box::new(write::Writer::new(files)));
        Some(Write::Folder { begin: BEGIN })
    }
}

fn is_note(member: &Member) -> bool {
    member.ends_with(".md") && !matches!(member.name(), "index.md" | "log.md")
}

fn parse(front: &str) -> Option<Value> {
    yaml_serde::from_str::<Value>(front).ok().filter(Value::is_object)
}

fn note(whole: &str, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let place = member.place();
    let (Some(front), body) = split(whole) else {
        sink.passed("file", "has no front matter", &place);
        return Ok(());
    };
    let Some(front) = parse(front) else {
        sink.failed("note", "has front matter that is no valid YAML", &place);
        return Ok(());
    };
    let Some(word) = text(&front, "type") else {
        sink.passed("file", "has no `type` in its front matter", &place);
        return Ok(());
    };
    let own = at(&front, &format!("extensions.{}", own::KEY)).map(Value::to_string);
    let own = own.as_deref().and_then(Own::parse);
    let content = if own.is_some() {
        // As it was written: a blank line before, a line end after.
        let body = body.strip_prefix('\n').unwrap_or(body);
        body.strip_suffix('\n').unwrap_or(body)
    } else {
        body.trim()
    };
    let content =
        if content.is_empty() { first(&front, &["summary", "description", "title"]) } else { Some(content) };
    let Some(content) = content else {
        sink.failed("note", "says nothing", &place);
        return Ok(());
    };
    let mut draft = Draft::new(NAME, text(&front, "provenance.agent").unwrap_or(NAME), content);
    draft.id = Some(text(&front, "id").unwrap_or(member.inner_path()).to_owned());
    draft.kind = kind_of(&word.to_lowercase());
    draft.tags = words(&front, "tags");
    if own.is_none() && !is_ours(&word.to_lowercase()) {
        draft.tags.push(word.to_owned());
    }
    draft.namespace = text(&front, "namespace").map(|name| name.replace(':', "-").replace('/', ":"));
    draft.created = time(&front, "created").or_else(|| time(&front, "timestamp"));
    draft.updated = time(&front, "modified");
    if draft.created.is_none() {
        draft.created = member.modified;
        draft.date_assumed = true;
    }
    draft.reference = text(&front, "provenance.sourceRef").map(str::to_owned);
    draft.confidence = at(&front, "provenance.confidence").and_then(Value::as_f64);
    draft.valid_from = day(&front, "temporal.validFrom");
    draft.valid_to = day(&front, "temporal.validUntil");
    if let Some(ttl) = text(&front, "temporal.ttl") {
        let begun = time(&front, "temporal.recordedAt").or(draft.created);
        draft.expires = begun.zip(milliseconds(ttl)).map(|(begun, length)| begun.plus_millis(length));
        if draft.expires.is_none() {
            let what = "is no length of weeks, days, hours, minutes and seconds; it stays in the original";
            sink.changed("ttl", what, &place);
        }
    }
    for relation in objects(&front, "relationships") {
        if let (Some(kind), Some(target)) = (text(relation, "type"), text(relation, "target")) {
            draft.relation(kind, target);
        }
    }
    for entity in objects(&front, "entities") {
        if let Some(name) = first(entity, &["name", "entity.@id"]) {
            draft.entity(name, first(entity, &["entityType", "type"]));
        }
    }
    if at(&front, "embedding").is_some() {
        sink.passed("embedding", "is not kept; it is made anew", &place);
    }
    if let Some(own) = own {
        own.lay(&mut draft);
    }
    if text(&front, "provenance.sourceType") == Some("user_explicit") {
        draft.method = Some("stated");
    }
    draft.extra("path", member.inner_path());
    draft.raw_text(whole);
    draft.place = place;
    sink.memory(draft)
}

/// The length of an ISO 8601 duration whose parts are always the same.
fn milliseconds(ttl: &str) -> Option<i64> {
    let (mut rest, mut in_time, mut sum) = (ttl.strip_prefix('P')?, false, 0_i64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (rest, in_time) = (after, true);
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match (rest[digits..].chars().next()?, in_time) {
            ('W', false) => 604_800,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        let count: i64 = rest[..digits].parse().ok()?;
        sum = sum.checked_add(count.checked_mul(unit * 1_000)?)?;
        rest = &rest[digits + 1..];
    }
    // A thousand years and more are no end.
    (sum > 0 && sum < 31_536_000_000_000).then_some(sum)
}

#[cfg(test)]
mod tests;
