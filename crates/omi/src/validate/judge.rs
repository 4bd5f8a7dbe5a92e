//! Collects findings on behalf of the checks.

use std::borrow::Cow;

use super::finding::{Code, Finding};
use super::place::{Place, push_name};
use super::report::Report;
use crate::Position;
use crate::json::members::{self, Borrowed};
use crate::json::{Kind, locate, strings};

/// Where findings go, and what they amount to.
pub(super) struct Judge<'s> {
    pub(super) report: Report,
    sink: &'s mut dyn FnMut(Finding),
}

impl<'s> Judge<'s> {
    pub(super) fn new(sink: &'s mut dyn FnMut(Finding)) -> Self {
        Self { report: Report::default(), sink }
    }

    /// Reports something at a path and position.
    pub(super) fn find(&mut self, code: Code, path: String, position: Position, message: impl Into<String>) {
        self.report.count(code, 1);
        (self.sink)(Finding {
            level: code.level(),
            severity: code.severity(),
            code,
            path,
            line: position.line,
            column: position.column,
            message: message.into(),
        });
    }

    /// Reports something about a value.
    pub(super) fn find_at(&mut self, code: Code, place: &Place<'_>, message: impl Into<String>) {
        self.find(code, place.path(), place.position(), message);
    }

    /// Reports that a value is not of the type it must be of.
    pub(super) fn wrong_type(&mut self, place: &Place<'_>, raw: &str, expected: &str) {
        let what = if place.is_element() { "each item of " } else { "" };
        let (name, found) = (place.name(), Kind::of(raw));
        let advice = match found {
            Kind::Null if place.is_element() => " Leave the item out.",
            Kind::Null if REQUIRED.contains(&name) => " It is required.",
            Kind::Null => " Leave the member out instead.",
            _ => "",
        };
        let message = format!("{what}`{name}` must be {expected}, but this is {}.{advice}", found.noun());
        self.find_at(Code::WrongType, place, capital(message));
    }

    /// The text of a value that must be a string.
    pub(super) fn string<'a>(&mut self, place: &Place<'_>, raw: &'a str) -> Option<Cow<'a, str>> {
        if Kind::of(raw) != Kind::String {
            self.wrong_type(place, raw, "a string");
            return None;
        }
        let text = strings::decode(raw);
        // Only text with escapes can hide one, and such text is owned.
        if matches!(text, Cow::Owned(_))
            && let Some(offset) = strings::unpaired_surrogate(raw)
        {
            let message = format!(
                "The text of `{}` has one half of a surrogate pair, which is no character; readers may refuse or \
                 replace it. Write whole characters.",
                place.name()
            );
            self.find(Code::UnpairedSurrogate, place.path(), place.position_of(offset), message);
        }
        Some(text)
    }

    /// The members of a value that must be an object. A name that occurs twice is reported.
    pub(super) fn object<'a>(&mut self, place: &Place<'_>, raw: &'a str) -> Option<Borrowed<'a>> {
        if Kind::of(raw) != Kind::Object {
            self.wrong_type(place, raw, "an object");
            return None;
        }
        match members::split(raw) {
            Ok(members) => {
                self.repeated_names(place, raw, &members);
                Some(members)
            }
            Err(mistake) => {
                let message = format!("This is not JSON: {}.", mistake.message);
                self.find(Code::InvalidJson, place.path(), place.position_of(mistake.offset), message);
                None
            }
        }
    }

    /// The elements of a value that must be an array.
    pub(super) fn array<'a>(&mut self, place: &Place<'_>, raw: &'a str) -> Vec<&'a str> {
        if Kind::of(raw) == Kind::Array {
            return members::elements(raw);
        }
        self.wrong_type(place, raw, "an array");
        Vec::new()
    }

    pub(super) fn repeated_names(&mut self, place: &Place<'_>, raw: &str, members: &Borrowed<'_>) {
        for nth in members.repeated() {
            let name = &members.0[nth].0.0;
            let mut path = place.path();
            push_name(&mut path, name);
            let position = place.position_of(locate::locate_name(raw, nth).unwrap_or(0));
            self.find(Code::DuplicateMember, path, position, DUPLICATE_MEMBER);
        }
    }
}

/// Names of members that cannot be left out, wherever they are checked.
const REQUIRED: [&str; 6] = ["format", "version", "memories", "id", "content", "created"];

/// The message for a repeated name.
pub(super) const DUPLICATE_MEMBER: &str = "This member name occurs more than once in its object; readers commonly keep only the last value. Keep one.";

/// A sentence begins with a capital letter, unless it begins with a name.
fn capital(mut message: String) -> String {
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    message
}
