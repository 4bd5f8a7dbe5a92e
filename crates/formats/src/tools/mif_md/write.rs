//! Writes notes.

use std::collections::HashSet;
use std::io;

use serde_json::{Map, Value, json};

use super::NAME;
use crate::Sink;
use crate::draft::slug;
use crate::own::{self, Part, beside, is_uuid, tell_lost, uuid};
use crate::tools::values::{first, text};
use crate::write::{Files, Outgoing, RecordWriter};

/// Writes a file as soon as its memory comes.
pub(super) struct Writer<'a> {
    files: Box<dyn Files + 'a>,
    /// Paths that are taken, in small letters: some disks know no others.
    taken: HashSet<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(files: Box<dyn Files + 'a>) -> Self {
        Self { files, taken: HashSet::new() }
    }
}

/// What a note has no place for.
const BESIDE: [Part; 6] =
    [Part::Observed, Part::Expires, Part::Tool, Part::Session, Part::User, Part::Metadata];

impl RecordWriter for Writer<'_> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let origin = outgoing.from(NAME);
        let path = origin.and_then(|origin| origin.text("path")).filter(|path| is_usable(path));
        let free = path.filter(|path| self.taken.insert(path.to_lowercase()));
        let raw = origin.filter(|_| outgoing.untouched).and_then(crate::origin::Origin::raw_text);
        if let (Some(path), Some(raw)) = (&free, raw) {
            return self.files.write(path, raw.as_bytes());
        }
        tell_lost(outgoing, &["entities", "relations", "valid_from", "valid_to"], report);
        if outgoing.content.contains('\r') {
            report.changed("content", "has its line ends changed", &outgoing.place);
        }
        let path = free.unwrap_or_else(|| path_of(outgoing));
        self.taken.insert(path.to_lowercase());
        let front = crate::tools::front_matter::write(&front_matter(outgoing))?;
        self.files.write(&path, format!("{front}\n{}\n", outgoing.content).as_bytes())
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        self.files.finish()
    }
}

/// Whether a path of an original may be written to.
pub(super) fn is_usable(path: &str) -> bool {
    let odd = |part: &str| part.is_empty() || part.starts_with('.') || part.contains([':', '\\', '\0']);
    !path.split('/').any(odd) && path.len() <= 200
}

/// The kind as a folder, the first words, and enough of the id to tell it from others.
fn path_of(outgoing: &Outgoing) -> String {
    let line = outgoing.content.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let words: String = slug(line).chars().filter(char::is_ascii).take(40).collect();
    let words = words.trim_matches(['-', ':', '_']).replace(':', "-");
    let gap = if words.is_empty() { "" } else { "-" };
    format!("{}/{words}{gap}{}.md", outgoing.kind.as_str(), outgoing.memory.id.body())
}

fn front_matter(outgoing: &Outgoing) -> Value {
    let memory = &outgoing.memory;
    let known = outgoing.from(NAME).and_then(crate::origin::Origin::id).filter(|id| is_uuid(id));
    let mut front = Map::new();
    let mut set = |name: &str, value: Value| front.insert(name.to_owned(), value);
    set("id", known.unwrap_or_else(|| uuid(&["mif", &memory.id.to_string()])).into());
    set("type", outgoing.kind.as_str().into());
    set("created", memory.created_at.to_string().into());
    set("modified", memory.updated_at.to_string().into());
    let mut parts = BESIDE.to_vec();
    if let Some(namespace) = outgoing.namespace() {
        // An empty level would be none when it is read.
        if namespace.split(':').any(str::is_empty) {
            parts.push(Part::Namespace);
        }
        set("namespace", namespace.replace(':', "/").into());
    }
    let tags = outgoing.tags.iter().filter(|tag| !tag.trim().is_empty()).collect::<Vec<_>>();
    if !tags.is_empty() {
        set("tags", json!(tags));
    }
    let members = outgoing.record.members();
    let day = |name: &str| members.get_str(name).map(std::borrow::Cow::into_owned);
    let (from, to) = (day("valid_from"), day("valid_to"));
    if from.is_some() || to.is_some() {
        set("temporal", json!({"@type": "TemporalMetadata", "validFrom": from, "validUntil": to}));
    }
    let list = |name: &str| members.get_as::<Vec<Value>>(name).ok().flatten().unwrap_or_default();
    let relations: Vec<Value> = list("relations")
        .iter()
        .filter_map(|relation| {
            Some(json!({"type": text(relation, "type")?, "target": text(relation, "target")?}))
        })
        .collect();
    if !relations.is_empty() {
        set("relationships", relations.into());
    }
    let entities: Vec<Value> = list("entities")
        .iter()
        .filter_map(|entity| {
            let name = first(entity, &["label", "id"])?;
            let kind = text(entity, "type").unwrap_or("Concept");
            let id = format!("urn:mif:entity:{}:{}", slug(kind), slug(name));
            Some(json!({"@type": "EntityReference", "entity": {"@id": id}, "entityType": kind, "name": name}))
        })
        .collect();
    if !entities.is_empty() {
        set("entities", entities.into());
    }
    let own: Value = serde_json::from_str(beside(outgoing, &parts).get()).unwrap_or_default();
    set("extensions", json!({ own::KEY: own }));
    Value::Object(front)
}
