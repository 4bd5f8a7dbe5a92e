//! The checks on the envelope (omi.md (b)).

use super::finding::Code;
use super::judge::Judge;
use super::place::Place;
use crate::{FORMAT, Serialization, VERSION};

/// The members that are checked, `memories` aside.
pub(super) const KNOWN: [&str; 7] =
    ["format", "version", "serialization", "subject", "generated_at", "generator", "ext"];

impl Judge<'_> {
    /// Judges one known member of the envelope of a file that is of the form `actual`.
    pub(super) fn envelope_member(
        &mut self,
        place: &Place<'_>,
        name: &str,
        raw: &str,
        actual: Serialization,
    ) {
        match name {
            "format" => self.constant(place, raw, FORMAT, Code::WrongFormat, "this is another kind of file"),
            "version" => {
                let else_what = "whether the file conforms to another version cannot be said here, though its \
                                 records may well be readable";
                self.constant(place, raw, VERSION, Code::UnknownVersion, else_what);
            }
            "serialization" => self.serialization(place, raw, actual),
            "subject" => self.subject(place, raw),
            "generated_at" => self.date_time(place, raw),
            "generator" => {
                self.string(place, raw);
            }
            "ext" => self.ext(place, raw),
            _ => {}
        }
    }

    fn constant(&mut self, place: &Place<'_>, raw: &str, expected: &str, code: Code, else_what: &str) {
        if self.string(place, raw).is_some_and(|text| text != expected) {
            self.find_at(code, place, format!("`{}` must be \"{expected}\"; {else_what}.", place.name()));
        }
    }

    fn serialization(&mut self, place: &Place<'_>, raw: &str, actual: Serialization) {
        let Some(label) = self.string(place, raw) else { return };
        match Serialization::from_label(&label) {
            Some(label) if label == actual => {}
            Some(_) => {
                let message = format!(
                    "`serialization` contradicts the file, which is \"{actual}\"; the content decides. Correct the \
                     label or leave it out."
                );
                self.find_at(Code::SerializationMismatch, place, message);
            }
            None => {
                let message = "`serialization` must be \"json\" or \"jsonl\", or be left out.";
                self.find_at(Code::UnknownSerialization, place, message);
            }
        }
    }

    /// Reports a required member of the envelope that is not there.
    pub(super) fn missing_in_envelope(&mut self, root: &Place<'_>, name: &str) {
        let what = match name {
            "format" => format!("`format`: \"{FORMAT}\""),
            "version" => format!("`version`: \"{VERSION}\""),
            _ => format!("`{name}`: the list of its records, which may be empty"),
        };
        let place = root.member(name);
        self.find_at(Code::MissingMember, &place, format!("The envelope needs {what}."));
    }
}
