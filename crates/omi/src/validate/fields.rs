//! The checks that the envelope and the records share.

use super::finding::Code;
use super::judge::Judge;
use super::place::Place;
use crate::json::{Kind, members};
use crate::{is_date_time, is_full_date};

impl Judge<'_> {
    /// `format`-like text that must say something; gives it if it does.
    pub(super) fn some_text<'a>(
        &mut self,
        place: &Place<'_>,
        raw: &'a str,
    ) -> Option<std::borrow::Cow<'a, str>> {
        let text = self.string(place, raw)?;
        if text.is_empty() {
            self.find_at(Code::EmptyValue, place, format!("`{}` must not be empty.", place.name()));
            return None;
        }
        Some(text)
    }

    /// A timestamp (omi.md R6).
    pub(super) fn date_time(&mut self, place: &Place<'_>, raw: &str) {
        let Some(text) = self.string(place, raw) else { return };
        if !is_date_time(&text) {
            let message = format!(
                "`{}` must be an RFC 3339 date-time such as 2026-03-04T05:06:07Z{}.",
                place.name(),
                date_time_hint(&text)
            );
            self.find_at(Code::InvalidDateTime, place, message);
        }
    }

    /// A validity bound (omi.md R7); gives it if it is a date.
    pub(super) fn date<'a>(&mut self, place: &Place<'_>, raw: &'a str) -> Option<std::borrow::Cow<'a, str>> {
        match Kind::of(raw) {
            Kind::Null => None,
            Kind::String => {
                let text = self.string(place, raw)?;
                if is_full_date(&text) {
                    return Some(text);
                }
                let hint = if is_date_time(&text) { "; leave the time of day out" } else { "" };
                let message = format!(
                    "`{}` must be a calendar date such as 2026-03-04, or null for an open end{hint}.",
                    place.name()
                );
                self.find_at(Code::InvalidDate, place, message);
                None
            }
            _ => {
                self.wrong_type(place, raw, "a calendar date in a string, or null");
                None
            }
        }
    }

    /// A subject (omi.md (d)).
    pub(super) fn subject(&mut self, place: &Place<'_>, raw: &str) {
        let Some(subject) = self.object(place, raw) else { return };
        let id = place.member("id");
        match subject.get("id") {
            Some(raw) => {
                self.some_text(&id, raw);
            }
            None => self.find_at(
                Code::MissingMember,
                &id,
                "A subject needs an `id`, a string by which it can be recognised; a label is not enough.",
            ),
        }
        self.strings(place, &subject, &["type", "label"]);
    }

    /// An origin hint (omi.md (d)).
    pub(super) fn source(&mut self, place: &Place<'_>, raw: &str) {
        if let Some(source) = self.object(place, raw) {
            self.strings(place, &source, &["platform", "ref", "method"]);
        }
    }

    /// `ext` (omi.md (h)): an object; nothing in it is ever wrong.
    pub(super) fn ext(&mut self, place: &Place<'_>, raw: &str) {
        if Kind::of(raw) != Kind::Object {
            self.wrong_type(place, raw, "an object that maps profile names to values");
        }
    }

    /// A list whose items are of some types.
    pub(super) fn list(&mut self, place: &Place<'_>, raw: &str, kinds: &[Kind], expected: &str) {
        for (index, item) in self.array(place, raw).into_iter().enumerate() {
            let place = place.element(index);
            if !kinds.contains(&Kind::of(item)) {
                self.wrong_type(&place, item, expected);
            } else if Kind::of(item) == Kind::String {
                self.string(&place, item);
            }
        }
    }

    /// Optional members that must be strings.
    fn strings(&mut self, place: &Place<'_>, object: &members::Borrowed<'_>, names: &[&str]) {
        for name in names {
            if let Some(raw) = object.get(name) {
                self.string(&place.member(name), raw);
            }
        }
    }
}

/// What is likely the matter with a text that is no date-time.
fn date_time_hint(text: &str) -> &'static str {
    if is_full_date(text) {
        return "; this is only a date, so add a time of day and an offset";
    }
    if is_date_time(&format!("{text}Z")) {
        return "; this has no offset from UTC, so add `Z` or one like `+01:00`";
    }
    if is_date_time(&text.replacen(' ', "T", 1)) {
        return "; put `T` between date and time, not a space";
    }
    if text.get(..10).is_some_and(is_full_date) {
        return "; the date is good, but what follows it is not";
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::date_time_hint;

    #[test]
    fn a_hint_names_the_likely_mistake() {
        assert!(date_time_hint("2026-03-04").contains("only a date"));
        assert!(date_time_hint("2026-03-04T05:06:07").contains("no offset"));
        assert!(date_time_hint("2026-03-04 05:06:07Z").contains("put `T`"));
        assert!(date_time_hint("2026-03-04T05:06:61Z").contains("what follows"));
        assert_eq!(date_time_hint("日本語日本語"), "");
    }
}
