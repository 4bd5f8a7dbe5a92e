//! The checks on one record (omi.md (c)).

use super::finding::Code;
use super::ids::Ids;
use super::judge::Judge;
use super::place::Place;
use crate::json::members::Borrowed;
use crate::json::{Kind, strings};
use crate::language;

impl Judge<'_> {
    /// Judges a record; says whether it has a subject of its own.
    pub(super) fn record(
        &mut self,
        place: &Place<'_>,
        record: &Borrowed<'_>,
        ids: &mut Ids,
        index: u64,
    ) -> bool {
        self.id(place, record, ids, index);
        self.content(place, record);
        match record.get("created") {
            Some(raw) => self.date_time(&place.member("created"), raw),
            None => self.missing(place, "created", "when it was made, as in 2026-03-04T05:06:07Z"),
        }
        self.kind(place, record);
        self.optional(place, record);
        self.validity(place, record);
        match record.get("subject") {
            Some(raw) => self.subject(&place.member("subject"), raw),
            None => return false,
        }
        true
    }

    fn id(&mut self, place: &Place<'_>, record: &Borrowed<'_>, ids: &mut Ids, index: u64) {
        let Some(raw) = record.get("id") else {
            self.missing(place, "id", "a string that stays the same in every export");
            return;
        };
        let place = place.member("id");
        if self.some_text(&place, raw).is_none() {
            return;
        }
        if let Some(first) = ids.note(&strings::decode_apart(raw), index) {
            let message = format!(
                "This id was used before, by `$.memories[{first}]`; ids must be unique within a file. Give one of \
                 the two another id, or leave out the copy."
            );
            self.find_at(Code::DuplicateId, &place, message);
        }
    }

    fn content(&mut self, place: &Place<'_>, record: &Borrowed<'_>) {
        let Some(raw) = record.get("content") else {
            self.missing(place, "content", "the memory itself, in words that suffice alone");
            return;
        };
        let place = place.member("content");
        let Some(content) = self.some_text(&place, raw) else { return };
        if content.trim().is_empty() {
            self.find_at(Code::BlankContent, &place, "`content` is white space only, so it tells nothing.");
        }
    }

    fn kind(&mut self, place: &Place<'_>, record: &Borrowed<'_>) {
        let place = place.member("type");
        let Some(raw) = record.get("type") else {
            let message =
                "At L1 a record needs a `type`, a hint such as \"semantic\", \"episodic\" or \"procedural\".";
            self.find_at(Code::MissingType, &place, message);
            return;
        };
        if self.string(&place, raw).is_some_and(|kind| kind.is_empty()) {
            self.find_at(Code::EmptyType, &place, "`type` is empty, so it hints at nothing.");
        }
    }

    fn optional(&mut self, place: &Place<'_>, record: &Borrowed<'_>) {
        if let Some(raw) = record.get("confidence") {
            self.confidence(&place.member("confidence"), raw);
        }
        if let Some(raw) = record.get("lang") {
            let place = place.member("lang");
            if self.string(&place, raw).is_some_and(|tag| !language::is_well_formed(&tag)) {
                let message = "`lang` is not a well-formed BCP 47 language tag such as \"en\" or \"pt-BR\".";
                self.find_at(Code::InvalidLanguageTag, &place, message);
            }
        }
        if let Some(raw) = record.get("tags") {
            self.list(&place.member("tags"), raw, &[Kind::String], "a string");
        }
        if let Some(raw) = record.get("source") {
            self.source(&place.member("source"), raw);
        }
        if let Some(raw) = record.get("entities") {
            self.list(&place.member("entities"), raw, &[Kind::Object, Kind::String], "an object or a string");
        }
        if let Some(raw) = record.get("relations") {
            self.list(&place.member("relations"), raw, &[Kind::Object], "an object");
        }
        if let Some(raw) = record.get("ext") {
            self.ext(&place.member("ext"), raw);
        }
    }

    fn confidence(&mut self, place: &Place<'_>, raw: &str) {
        if Kind::of(raw) != Kind::Number {
            self.wrong_type(place, raw, "a number from 0 to 1");
        } else if !raw.parse::<f64>().is_ok_and(|value| (0.0..=1.0).contains(&value)) {
            self.find_at(Code::OutOfRange, place, "`confidence` must be a number from 0 to 1.");
        }
    }

    fn validity(&mut self, place: &Place<'_>, record: &Borrowed<'_>) {
        let mut bound = |name| record.get(name).and_then(|raw| self.date(&place.member(name), raw));
        let (from, to) = (bound("valid_from"), bound("valid_to"));
        // Full dates compare as text.
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            let message = "`valid_to` is before `valid_from`, so the fact would never have held.";
            self.find_at(Code::InvertedValidity, &place.member("valid_to"), message);
        }
    }

    fn missing(&mut self, place: &Place<'_>, name: &str, what: &str) {
        let message = format!("A record needs `{name}`: {what}.");
        self.find_at(Code::MissingMember, &place.member(name), message);
    }
}
