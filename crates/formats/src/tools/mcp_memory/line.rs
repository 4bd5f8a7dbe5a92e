//! What a line says.

use std::borrow::Cow;

use omi::Members;
use omp_model::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::moment;

/// A line of the file, or an element of one of its arrays.
pub(super) enum Line {
    Entity(Entity),
    Relation(Relation),
}

/// A thing of which something is said.
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    /// The line without its observations, whose place stays.
    pub(super) header: Members,
    pub(super) observations: Vec<Box<RawValue>>,
    pub(super) created: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
}

/// What joins two of them.
pub(super) struct Relation {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: String,
}

impl Line {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn read(raw: &str) -> Result<Self, &'static str> {
        let members = Members::parse(raw).map_err(|_| "is no object")?;
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| members.get_str(name).filter(|text| !text.is_empty()));
            found.map(Cow::into_owned)
        };
        let kind = text(&["relationType", "relation_type"]);
        if let Some(kind) = kind {
            let ends = (text(&["from", "from_id"]), text(&["to", "to_id"]));
            let (Some(from), Some(to)) = ends else { return Err("is a relation without `from` or `to`") };
            return Ok(Self::Relation(Relation { from, to, kind }));
        }
        if !members.contains("observations") && !members.contains("entityType") {
            return Err("is neither an entity nor a relation");
        }
        let Some(name) = text(&["name", "entityName"]) else { return Err("is an entity without `name`") };
        let observations = match members.get_as::<Vec<Box<RawValue>>>("observations") {
            Ok(observations) => observations.unwrap_or_default(),
            Err(_) => return Err("has `observations` that are no array"),
        };
        let time = |names: &[&str]| names.iter().find_map(|name| time(members.get(name)?));
        let created = time(&["createdAt", "created_at", "_savedAt"]);
        let updated = time(&["updatedAt", "updated_at", "lastUpdated"]);
        let kind = text(&["entityType", "entity_type"]);
        let mut header = members;
        header.set_raw("observations", crate::draft::json(&[(); 0]));
        Ok(Self::Entity(Entity { name, kind, header, observations, created, updated }))
    }
}

/// Where forks that keep observations as objects have the text.
pub(super) const TEXTS: [&str; 4] = ["text", "content", "observation", "fact"];

/// The text of an observation, and when it was made.
pub(super) fn observation(raw: &RawValue) -> Option<(String, Option<Timestamp>)> {
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(text) => Some((text, None)),
        Value::Object(members) => {
            let text = TEXTS.iter().find_map(|name| members.get(*name)?.as_str())?;
            let times = ["timestamp", "createdAt", "created_at"];
            let at = times.iter().find_map(|name| moment::from_json(members.get(*name)?));
            Some((text.to_owned(), at))
        }
        _ => None,
    }
}

fn time(raw: &RawValue) -> Option<Timestamp> {
    moment::from_json(&serde_json::from_str(raw.get()).ok()?)
}
