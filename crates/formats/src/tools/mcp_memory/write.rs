//! Puts memories back to their entities.

use std::collections::{HashMap, HashSet};
use std::io;

use omi::Members;
use serde_json::Value;
use serde_json::value::RawValue;

use super::line::TEXTS;
use super::{CONTAINER, NAME};
use crate::draft::json;
use crate::tools::losses::{Field, tell};
use crate::write::{Outgoing, RecordWriter};
use crate::{Place, Sink};

/// Collects the graph, which is written whole at the end, as the server does it.
pub(super) struct Writer<W> {
    out: W,
    /// By name and type: one name may be two things.
    entities: HashMap<(String, String), Group>,
    /// Memories from elsewhere by what they are about, and the type of that where they say it.
    foreign: Vec<(String, Option<String>, Box<RawValue>, Place)>,
    /// Relations, and entities of which nothing is said, with their numbers.
    beside: Vec<(u32, Box<RawValue>)>,
    /// Relations that the records name and no line of theirs.
    relations: Vec<(String, String, String)>,
}

struct Group {
    header: Members,
    /// Where it stood, or when it came.
    order: (u32, u32, usize),
    observations: Vec<(u32, Box<RawValue>, Place)>,
}

impl<W: io::Write> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, entities: HashMap::new(), foreign: Vec::new(), beside: Vec::new(), relations: Vec::new() }
    }

    fn group(&mut self, name: &str, [number, place]: [u32; 2], header: Members) -> &mut Group {
        let order = (number, place, self.entities.len());
        let kind = ["entityType", "entity_type"].iter().find_map(|name| header.get_str(name));
        let key = (name.to_owned(), kind.unwrap_or_default().into_owned());
        let group =
            self.entities.entry(key).or_insert_with(|| Group { header, order, observations: Vec::new() });
        group.order = group.order.min(order);
        group
    }
}

/// What has no place in any case.
const MISSING: &[Field] = &[
    Field::Confidence,
    Field::Expires,
    Field::Kind,
    Field::Language,
    Field::Metadata,
    Field::Observed,
    Field::Session,
    Field::User,
    Field::Validity,
];

/// What has no place when it does not come from such a file.
const FOREIGN: &[Field] =
    &[Field::Created, Field::Namespace, Field::Original, Field::Tags, Field::Tool, Field::Updated];

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let origin = outgoing.from(NAME).filter(|origin| !origin.scope().is_empty());
        let Some(origin) = origin else {
            self.foreign(outgoing, report);
            return Ok(());
        };
        let (name, [number, place]) =
            (origin.scope(), origin.get::<[u32; 2]>("order").unwrap_or([u32::MAX; 2]));
        let prefix = format!("{name}: ");
        let prefixed = origin.get::<bool>("prefixed").unwrap_or_default();
        let observation = if let Some(raw) = origin.raw().filter(|_| outgoing.untouched) {
            raw.to_owned()
        } else {
            tell(outgoing, MISSING, report);
            let text = outgoing.content.as_str();
            let text = text.strip_prefix(&prefix).filter(|_| prefixed).unwrap_or(text);
            changed(origin.raw(), text)
        };
        self.beside.extend(origin.get::<Vec<(u32, Box<RawValue>)>>("beside").unwrap_or_default());
        let header = origin.get::<Members>("entity").unwrap_or_else(|| header(&name, CONTAINER));
        let group = self.group(&name, [number, place], header);
        group.observations.push((place, observation, outgoing.place.clone()));
        Ok(())
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        // What says no type goes to a thing of that name, if there is one.
        self.foreign.sort_by_key(|(_, kind, ..)| kind.is_none());
        for (name, kind, observation, place) in std::mem::take(&mut self.foreign) {
            let known = self.entities.iter().filter(|((known, _), _)| *known == name && kind.is_none());
            let header = known.min_by_key(|(_, group)| group.order).map(|(_, group)| group.header.clone());
            let header = header.unwrap_or_else(|| self::header(&name, kind.as_deref().unwrap_or("thing")));
            self.group(&name, [u32::MAX; 2], header).observations.push((u32::MAX, observation, place));
        }
        let mut groups: Vec<Group> = std::mem::take(&mut self.entities).into_values().collect();
        groups.sort_by_key(|group| group.order);
        let mut lines = Lines { out: self.out, begun: false };
        for mut group in groups {
            group.observations.sort_by_key(|(order, ..)| *order);
            let mut met = HashSet::new();
            let mut observations = Vec::with_capacity(group.observations.len());
            for (_, raw, place) in group.observations {
                if met.insert(raw.get().to_owned()) {
                    observations.push(raw);
                } else {
                    report.changed(
                        "repeated memory",
                        "says what another one says and is written once",
                        &place,
                    );
                }
            }
            group.header.set_raw("observations", json(&observations));
            lines.write(&group.header)?;
        }
        // As the server writes them: all entities, then all relations.
        let is_relation = |raw: &RawValue| !raw.get().contains("\"observations\"");
        self.beside.sort_by_key(|(number, raw)| (is_relation(raw), *number));
        let named = self.relations.iter().map(|(from, to, kind)| json(&relation(from, to, kind)));
        let mut written = HashSet::new();
        for raw in self.beside.into_iter().map(|(_, raw)| raw).chain(named) {
            if written.insert(raw.get().to_owned()) {
                lines.write(&raw)?;
            }
        }
        lines.out.flush()
    }
}

impl<W: io::Write> Writer<W> {
    /// A memory that did not come from such a file.
    fn foreign(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) {
        tell(outgoing, MISSING, report);
        tell(outgoing, FOREIGN, report);
        let entities: Vec<Value> = member(outgoing, "entities");
        let label =
            |entity: &Value| entity["label"].as_str().filter(|label| !label.is_empty()).map(str::to_owned);
        let about = entities.iter().find_map(|entity| Some((label(entity)?, entity["type"].as_str())));
        if entities.len() > 1 {
            report.lost("entities", "but for the first have no place in this format", &outgoing.place);
        }
        let (name, kind) = match about {
            Some((label, kind)) => (label, kind.map(str::to_owned)),
            None => (outgoing.namespace().unwrap_or("memory").to_owned(), Some(CONTAINER.to_owned())),
        };
        for of in member(outgoing, "relations") {
            let ends = (of["target"].as_str(), of["type"].as_str());
            match ends {
                (Some(to), Some(kind)) if !to.is_empty() && !kind.is_empty() => {
                    self.relations.push((name.clone(), to.to_owned(), kind.to_owned()));
                }
                _ => {
                    report.lost(
                        "relations",
                        "without a target that is a name have no place",
                        &outgoing.place,
                    );
                }
            }
        }
        let reads_the_same = kind.as_deref() == Some(CONTAINER)
            || outgoing.content.to_lowercase().contains(&name.to_lowercase());
        if !reads_the_same {
            let what = "will be read with the name of its entity before it";
            report.changed("content", what, &outgoing.place);
        }
        self.foreign.push((name, kind, json(&outgoing.content), outgoing.place.clone()));
    }
}

fn member(outgoing: &Outgoing, name: &str) -> Vec<Value> {
    outgoing.record.members().get_as(name).ok().flatten().unwrap_or_default()
}

fn header(name: &str, kind: &str) -> Members {
    let mut members = Members::new();
    members.push_raw("type", json("entity"));
    members.push_raw("name", json(name));
    members.push_raw("entityType", json(kind));
    members.push_raw("observations", json(&[(); 0]));
    members
}

fn relation(from: &str, to: &str, kind: &str) -> Members {
    let mut members = Members::new();
    members.push_raw("type", json("relation"));
    members.push_raw("from", json(from));
    members.push_raw("to", json(to));
    members.push_raw("relationType", json(kind));
    members
}

/// An observation that says something else now; one that is an object keeps its other members.
fn changed(raw: Option<&RawValue>, text: &str) -> Box<RawValue> {
    let object = raw.and_then(|raw| Members::parse(raw.get()).ok());
    let Some(mut object) = object else { return json(text) };
    let name = TEXTS.into_iter().find(|name| object.get_str(name).is_some()).unwrap_or(TEXTS[0]);
    object.set_raw(name, json(text));
    json(&object)
}

/// Lines with breaks between them and none at the end.
struct Lines<W> {
    out: W,
    begun: bool,
}

impl<W: io::Write> Lines<W> {
    fn write(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        if self.begun {
            self.out.write_all(b"\n")?;
        }
        self.begun = true;
        Ok(serde_json::to_writer(&mut self.out, line)?)
    }
}
