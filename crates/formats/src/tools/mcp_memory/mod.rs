//! The file of the official MCP memory server: a graph, a line of JSON for each entity and relation.
//!
//! **Recognised** by objects with `entityType` and `observations`, or `from`, `to` and `relationType`: a line each, or in
//! the arrays `entities` and `relations` that `read_graph` gives.
//!
//! **Read.** Each observation is a memory about its entity; where the text does not name the entity, its name is put
//! before it. Lines of the same entity are one entity, as several clients write such files. Forks leave out `type`,
//! keep observations as objects or add times and authors: all of that stays in the original. Relations are kept with the
//! first memory of the entity that they begin (or else end) at, and so are entities of which nothing is said but a
//! relation. The file has no dates: the memories are dated like it.
//!
//! **Written** as the server writes it: entities, then relations, a line each, none after the last. What came from such
//! a file goes back to its entity, in its order; repeated lines of one entity come back as one. A memory from elsewhere
//! goes to the entity that it is about, if it names one, else to one that is called like its namespace, of type
//! `memories`.
//!
//! **Cannot carry** ids, kinds, tags, dates, ends, metadata, sources. An entity that nothing is said of and that no
//! relation joins to one is lost, and so is a relation between two such.

mod line;
mod read;
mod write;

use crate::format::{BeginFile, Write};
use crate::{Format, Input, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct McpMemory;

const NAME: &str = "mcp-memory";

/// The type of entities that only hold memories together.
const CONTAINER: &str = "memories";

impl Format for McpMemory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "The official MCP memory server's memory.jsonl"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if probe.json(is_document).is_some() {
            return Some(Recognised::certain("it has `entities` with `observations`"));
        }
        probe
            .json(are_lines)
            .map(|_| Recognised::certain("its lines have `entityType` and `observations`, or `relationType`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        read::read(input, sink)
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |out, _| Ok(Box::new(write::Writer::new(out)));
        Some(Write::File { extension: "memory.jsonl", media_type: "application/x-ndjson", begin: BEGIN })
    }
}

fn is_document(outline: &Outline) -> bool {
    outline.has_all(&[".entities[].entityType", ".entities[].observations"])
}

fn are_lines(outline: &Outline) -> bool {
    let entity = outline.has(".observations") && (outline.has(".entityType") || outline.has(".entityName"));
    entity || outline.has_all(&[".from", ".to", ".relationType"])
}

#[cfg(test)]
mod tests;
