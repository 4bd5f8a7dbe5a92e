//! What is in a file, without importing it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Seek};

use omi::{Item, ReadOptions, Reader};
use omp_formats::omp::{self, Entry};
use omp_model::transfer::Format;
use omp_model::{Error, Result};
use serde_json::{Map, Value, json};

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
    bad: u64,
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
pub fn inspect(mut file: File) -> Result<Value> {
    let bytes = file.metadata().map_err(|e| unreadable(&e))?.len();
    let opened = Opened::new(ImportSource::File(file.try_clone().map_err(|e| unreadable(&e))?))?;
    let sniffed = opened.sniffed.ok_or_else(|| {
        Error::invalid(
            "file",
            "is no format that this program reads: an OMP export, OMI JSON or OMI JSON Lines",
        )
    })?;
    file.rewind().map_err(|e| unreadable(&e))?;
    let (contents, envelope) = match sniffed.format {
        Format::Omp => (of_export(file)?, Value::Null),
        Format::Omi | Format::OmiJsonl => of_records(file)?,
    };
    Ok(json!({
        "format": sniffed.format.as_str(),
        "because": sniffed.reason,
        "bytes": bytes,
        "envelope": envelope,
        "memories": contents.memories,
        "conversations": contents.conversations,
        "unreadable": contents.bad,
        "oldest": contents.oldest,
        "newest": contents.newest,
        "types": contents.types.json(),
        "tools": contents.tools.json(),
        "tags": contents.tags.json(),
    }))
}

fn of_export(file: File) -> Result<Contents> {
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

fn of_records(file: File) -> Result<(Contents, Value)> {
    let mut contents = Contents::default();
    let mut envelope = Value::Null;
    for item in Reader::two_pass(file, ReadOptions::default()).map_err(|e| unreadable(&e))? {
        match item {
            Item::Envelope(found) => envelope = serde_json::to_value(found.members()).unwrap_or_default(),
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
