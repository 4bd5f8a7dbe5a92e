//! What is in a file, without importing it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};

use omi::{Envelope, Item, Members, ReadOptions, Reader, Serialization};
use omp_formats::omp::{self, Entry};
use omp_formats::{Draft, Fate, Note, Sink, Stop, Talk};
use omp_model::transfer::Format;
use omp_model::{Error, Result, Timestamp};
use serde_json::{Map, Value, json};

use super::detect::{Detected, Known, by_name, stopped};
use super::source::{ImportSource, Opened, unreadable};

/// Most different words of a kind that are counted by name.
const MOST_NAMED: usize = 50;

/// Counts by name, with what does not fit counted together.
#[derive(Default)]
struct Tally(BTreeMap<String, u64>);

impl Tally {
    fn add(&mut self, name: &str) {
        if self.0.len() < MOST_NAMED || self.0.contains_key(name) {
            *self.0.entry(name.to_owned()).or_default() += 1;
        } else {
            *self.0.entry("(others)".into()).or_default() += 1;
        }
    }

    fn json(self) -> Value {
        self.0.into_iter().map(|(name, n)| (name, Value::from(n))).collect::<Map<_, _>>().into()
    }
}

#[derive(Default)]
struct Contents {
    memories: u64,
    conversations: u64,
    messages: u64,
    bad: u64,
    now: Timestamp,
    passed: Tally,
    lost: Tally,
    types: Tally,
    tools: Tally,
    tags: Tally,
    oldest: Option<String>,
    newest: Option<String>,
}

impl Contents {
    fn date(&mut self, date: &str) {
        if self.oldest.as_deref().is_none_or(|oldest| date < oldest) {
            self.oldest = Some(date.to_owned());
        }
        if self.newest.as_deref().is_none_or(|newest| date > newest) {
            self.newest = Some(date.to_owned());
        }
    }
}

/// Names the format and why, the envelope, and counts what is inside; streams.
pub fn inspect(
    source: ImportSource,
    name: Option<&str>,
    from: Option<Format>,
    now: Timestamp,
) -> Result<Members> {
    let bytes = match &source {
        ImportSource::File(file) => Some(file.metadata().map_err(|e| unreadable(&e))?.len()),
        _ => None,
    };
    let mut opened = Opened::new(source, name)?;
    let Detected { known, because } = match from {
        Some(name) => Detected { known: by_name(name)?, because: "it was named".into() },
        None => opened.detect()?,
    };
    let folder = std::env::temp_dir();
    let (contents, envelope) = match known {
        Known::Native(Format::OMP) => (of_export(opened.once()?)?, None),
        Known::Native(format) => {
            let form = opened.form(format);
            of_records(opened.rereadable(&folder)?, form)?
        }
        Known::Foreign(format) => {
            let mut contents = Contents { now, ..Contents::default() };
            let mut input = opened.input(&folder)?;
            format.read(&mut input, &omp_formats::ReadOptions::new(now), &mut contents).map_err(stopped)?;
            (contents, None)
        }
    };
    let mut inspected = Members::new();
    let said = json!({
        "format": known.name().as_str(),
        "because": because,
        "bytes": bytes,
        "envelope": null,
        "memories": contents.memories,
        "conversations": contents.conversations,
        "messages": contents.messages,
        "unreadable": contents.bad,
        "oldest": contents.oldest,
        "newest": contents.newest,
        "types": contents.types.json(),
        "tools": contents.tools.json(),
        "tags": contents.tags.json(),
        "passed": contents.passed.json(),
        "lost": contents.lost.json(),
    });
    for (name, value) in said.as_object().into_iter().flatten() {
        inspected.set(name, value).map_err(|_| Error::internal())?;
    }
    // As it is written: a number may be one that no type of ours holds.
    if let Some(envelope) = envelope {
        inspected.set("envelope", envelope.members()).map_err(|_| Error::internal())?;
    }
    Ok(inspected)
}

impl Sink for Contents {
    fn memory(&mut self, draft: Draft) -> std::result::Result<(), Stop> {
        self.memories += 1;
        self.types.add(draft.kind.as_str());
        self.tools.add(&draft.platform);
        draft.tags.iter().for_each(|tag| self.tags.add(tag));
        if let Some(created) = draft.created {
            self.date(&created.to_string());
        }
        Ok(())
    }

    fn conversation(&mut self, talk: Talk) -> std::result::Result<(), Stop> {
        let now = self.now;
        for conversation in talk.into_conversations(now, self) {
            self.conversations += 1;
            self.messages += conversation.messages.len() as u64;
            self.date(&conversation.created_at.to_string());
        }
        Ok(())
    }

    fn note(&mut self, note: Note<'_>) {
        match note.fate {
            Fate::Failed => self.bad += 1,
            Fate::Passed => self.passed.add(note.kind),
            Fate::Lost => self.lost.add(note.kind),
            Fate::Changed => {}
        }
    }
}

fn of_export(file: impl Read) -> Result<Contents> {
    let mut contents = Contents::default();
    for entry in omp::Reader::new(BufReader::new(file)) {
        match entry {
            Entry::Memory { memory, .. } => {
                contents.memories += 1;
                contents.types.add(memory.kind.as_str());
                contents.tools.add(memory.source.tool.as_str());
                memory.tags.iter().for_each(|tag| contents.tags.add(tag.as_str()));
                contents.date(&memory.created_at.to_string());
            }
            Entry::Conversation(_) => contents.conversations += 1,
            Entry::Bad { .. } => contents.bad += 1,
            Entry::Broken { error, .. } => return Err(error),
        }
    }
    Ok(contents)
}

fn of_records(file: impl Read + Seek, form: Option<Serialization>) -> Result<(Contents, Option<Envelope>)> {
    let mut contents = Contents::default();
    let mut envelope = None;
    let options = ReadOptions { serialization: form, ..ReadOptions::default() };
    for item in Reader::two_pass(file, options).map_err(|e| unreadable(&e))? {
        match item {
            Item::Envelope(found) => envelope = Some(found),
            Item::Record { record, .. } => {
                contents.memories += 1;
                contents.types.add(record.kind().as_deref().unwrap_or("(none)"));
                let source = record.source().unwrap_or_default();
                contents.tools.add(source.platform.as_deref().unwrap_or("(none)"));
                record.tags().iter().for_each(|tag| contents.tags.add(tag));
                if let Some(created) = record.created() {
                    contents.date(&created);
                }
            }
            Item::Bad { .. } => contents.bad += 1,
            _ => {}
        }
    }
    Ok((contents, envelope))
}
