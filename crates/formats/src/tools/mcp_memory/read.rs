//! Reads the graph twice: once for what joins its entities, once for what is said of them.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::line::{Entity, Line, observation};
use super::{CONTAINER, NAME, is_document};
use crate::draft::slug;
use crate::items::{Item, Items, each_item, each_line};
use crate::tools::silent::Silent;
use crate::{Draft, Input, Member, Outline, Place, Sink, Stop};

/// Reads all files of the input.
pub(super) fn read(input: &mut Input, sink: &mut dyn Sink) -> Result<(), Stop> {
    let single = input.is_single();
    for member in input.members().iter() {
        if single || [".json", ".jsonl"].iter().any(|ending| member.ends_with(ending)) {
            file(input, member, sink)?;
        } else {
            sink.passed("file", "holds no graph of memories", &member.place());
        }
    }
    Ok(())
}

fn file(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let head = input.head(member, crate::probe::HEAD)?;
    let is_document = is_document(&Outline::of(&head));
    let each = |input: &mut Input, sink: &mut dyn Sink, f: &mut Each<'_>| {
        if is_document {
            each_item(input, member, Items { arrays: &["entities", "relations"], itself: false }, sink, f)
        } else {
            each_line(input, member, sink, f)
        }
    };
    let mut joins = Joins::default();
    each(input, &mut Silent, &mut |_, item| {
        joins.collect(&item);
        Ok(())
    })?;
    joins.distribute();
    let mut reading = Reading { joins: &mut joins, entities: HashMap::new(), met: HashSet::new() };
    each(input, sink, &mut |sink, item| match Line::read(item.raw) {
        Ok(Line::Entity(entity)) => reading.entity(&entity, member, &item.place, sink),
        Ok(Line::Relation(_)) => Ok(()),
        Err(what) => {
            sink.failed("line", what, &item.place);
            Ok(())
        }
    })?;
    for (what, place) in &joins.lost {
        sink.lost(what, "joins nothing of which something is said, and is not kept", place);
    }
    Ok(())
}

type Each<'a> = dyn FnMut(&mut dyn Sink, Item<'_>) -> Result<(), Stop> + 'a;

/// Relations and entities of which nothing is said, and with whose memories each goes.
#[derive(Default)]
struct Joins {
    /// Entities of which something is said.
    said: HashSet<String>,
    relations: Vec<Join>,
    bare: Vec<(String, Box<RawValue>, Place)>,
    /// What goes with the first memory of an entity.
    carried: HashMap<String, Carried>,
    lost: Vec<(&'static str, Place)>,
}

struct Join {
    from: String,
    to: String,
    kind: String,
    raw: Box<RawValue>,
    place: Place,
}

#[derive(Default)]
struct Carried {
    /// Kind and target of the relations that begin at the entity.
    relations: Vec<(String, String)>,
    /// Lines that stand beside the entity's, with their numbers among such lines.
    lines: Vec<(u32, Box<RawValue>)>,
}

impl Joins {
    fn collect(&mut self, item: &Item<'_>) {
        let Ok(raw) = RawValue::from_string(item.raw.to_owned()) else { return };
        match Line::read(item.raw) {
            Ok(Line::Relation(relation)) => self.relations.push(Join {
                from: relation.from,
                to: relation.to,
                kind: relation.kind,
                raw,
                place: item.place.clone(),
            }),
            Ok(Line::Entity(entity)) if is_said(&entity) => drop(self.said.insert(entity.name)),
            Ok(Line::Entity(entity)) => self.bare.push((entity.name, raw, item.place.clone())),
            Err(_) => {}
        }
    }

    fn distribute(&mut self) {
        let mut with: HashMap<String, String> = HashMap::new();
        for (number, Join { from, to, kind, raw, place }) in (0..).zip(std::mem::take(&mut self.relations)) {
            let Some(carrier) = [&from, &to].into_iter().find(|name| self.said.contains(*name)) else {
                self.lost.push(("relation", place));
                continue;
            };
            for name in [&from, &to] {
                with.entry(name.clone()).or_insert_with(|| carrier.clone());
            }
            let carried = self.carried.entry(carrier.clone()).or_default();
            if from == *carrier {
                carried.relations.push((kind, to));
            }
            carried.lines.push((number, raw));
        }
        for (number, (name, raw, place)) in (0..).zip(std::mem::take(&mut self.bare)) {
            let carrier = if self.said.contains(&name) { Some(&name) } else { with.get(&name) };
            match carrier {
                // A further line of an entity that has others says nothing more.
                Some(carrier) if *carrier == name => {}
                Some(carrier) => self.carried.entry(carrier.clone()).or_default().lines.push((number, raw)),
                None => self.lost.push(("entity", place)),
            }
        }
    }
}

/// Whether an observation of it will be a memory.
fn is_said(entity: &Entity) -> bool {
    let says = |raw: &RawValue| observation(raw).is_some_and(|(text, _)| !text.trim().is_empty());
    entity.observations.iter().any(|raw| says(raw))
}

struct Reading<'a> {
    joins: &'a mut Joins,
    /// The number of each entity, and how many observations it has so far.
    entities: HashMap<String, (u32, u32)>,
    met: HashSet<(u32, [u8; 16])>,
}

impl Reading<'_> {
    fn entity(
        &mut self,
        entity: &Entity,
        member: &Member,
        place: &Place,
        sink: &mut dyn Sink,
    ) -> Result<(), Stop> {
        let next = u32::try_from(self.entities.len()).unwrap_or(u32::MAX);
        let (number, count) = self.entities.entry(entity.name.clone()).or_insert((next, 0));
        for (index, raw) in (0..).zip(&entity.observations) {
            let place = place.inside(format!("observations[{index}]"));
            let Some((text, at)) = observation(raw) else {
                sink.failed("observation", "is neither a text nor an object with one", &place);
                continue;
            };
            if text.trim().is_empty() {
                sink.passed("empty memory", "says nothing", &place);
                continue;
            }
            let hash = Sha256::digest(text.as_bytes());
            let short: [u8; 16] = std::array::from_fn(|at| hash[at]);
            if !self.met.insert((*number, short)) {
                sink.passed("repeated memory", "stands with its entity twice and is one memory", &place);
                continue;
            }
            let contains = || text.to_lowercase().contains(&entity.name.to_lowercase());
            let prefixed = entity.kind.as_deref() != Some(CONTAINER) && !contains();
            let content = if prefixed { format!("{}: {text}", entity.name) } else { text };
            let mut draft = Draft::new(NAME, NAME, content);
            draft.scope.clone_from(&entity.name);
            // The text to the letter: two that differ in a capital are two lines of the file.
            draft.id = Some(format!("text-{}", crate::origin::hex(&short[..10])));
            for tag in entity.kind.iter().chain([&entity.name]).map(|word| slug(word).into_owned()) {
                if !tag.is_empty() && !draft.tags.contains(&tag) {
                    draft.tags.push(tag);
                }
            }
            draft.entity(&entity.name, entity.kind.as_deref());
            draft.created = at.or(entity.created).or(member.modified);
            draft.date_assumed = at.is_none();
            draft.updated = entity.updated.filter(|_| at.is_none());
            draft.raw = Some(raw.clone());
            draft.extra("entity", &entity.header);
            draft.extra("order", [*number, *count]);
            if prefixed {
                draft.extra("prefixed", true);
            }
            *count += 1;
            if let Some(carried) = self.joins.carried.remove(&entity.name) {
                for (kind, target) in &carried.relations {
                    draft.relation(kind, target);
                }
                draft.extra("beside", &carried.lines);
            }
            draft.place = place;
            sink.memory(draft)?;
        }
        Ok(())
    }
}
