//! What a file says about itself.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use crate::record::subject_of;
use crate::{FORMAT, Members, Serialization, Subject, VERSION};

/// The envelope without its records: the top-level members of a file, kept as they were written (omi.md (b)).
///
/// `memories` is never among them; records are read and written one by one. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Envelope {
    members: Members,
}

impl Envelope {
    /// An envelope with `format` and `version`.
    pub fn new() -> Self {
        let mut members = Members::new();
        members.set_text("format", FORMAT);
        members.set_text("version", VERSION);
        Self { members }
    }

    /// The members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Takes the members out.
    pub fn into_members(self) -> Members {
        self.members
    }

    /// What the file says its format is.
    pub fn format(&self) -> Option<Cow<'_, str>> {
        self.get_str("format")
    }

    /// What the file says its version is.
    pub fn version(&self) -> Option<Cow<'_, str>> {
        self.get_str("version")
    }

    /// What the file says its form is. The content decides (omi.md JL13).
    pub fn serialization(&self) -> Option<Serialization> {
        Serialization::from_label(&self.get_str("serialization")?)
    }

    /// The subject of every record that has none of its own.
    pub fn subject(&self) -> Option<Subject> {
        subject_of(self)
    }

    /// When the file was made.
    pub fn generated_at(&self) -> Option<Cow<'_, str>> {
        self.get_str("generated_at")
    }

    /// What made the file, commonly `name/version`.
    pub fn generator(&self) -> Option<Cow<'_, str>> {
        self.get_str("generator")
    }

    /// Everything above the floor, by profile name.
    pub fn ext(&self) -> Option<Members> {
        self.get_as("ext").ok()?
    }

    /// Sets the subject.
    pub fn set_subject(&mut self, subject: &Subject) {
        self.set_text("subject", subject);
    }

    /// Sets when the file was made.
    pub fn set_generated_at(&mut self, generated_at: &str) {
        self.set_text("generated_at", generated_at);
    }

    /// Sets what made the file.
    pub fn set_generator(&mut self, generator: &str) {
        self.set_text("generator", generator);
    }

    /// Sets the label of the form, after `version` if it is new.
    pub fn set_serialization(&mut self, serialization: Serialization) {
        if !self.contains("serialization") {
            let after = self.names().position(|name| name == "version").map_or(self.len(), |at| at + 1);
            let raw = to_raw_value(serialization.as_str()).expect("text always has a JSON form");
            self.insert_raw(after, "serialization", raw);
        } else if self.get_str("serialization").as_deref() != Some(serialization.as_str())
            || self.names().filter(|name| *name == "serialization").count() > 1
        {
            self.set_text("serialization", serialization.as_str());
        }
    }
}

impl From<Members> for Envelope {
    /// Members named `memories` are left out.
    fn from(mut members: Members) -> Self {
        members.remove("memories");
        Self { members }
    }
}

impl Deref for Envelope {
    type Target = Members;

    fn deref(&self) -> &Members {
        &self.members
    }
}

impl DerefMut for Envelope {
    fn deref_mut(&mut self) -> &mut Members {
        &mut self.members
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("members", &self.members).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Envelope;
    use crate::{Members, Serialization};

    #[test]
    fn the_label_comes_after_the_version_and_replaces_a_wrong_one() {
        let mut envelope = Envelope::new();
        envelope.set_generator("demo/1.0");
        envelope.set_serialization(Serialization::JsonLines);
        let names: Vec<_> = envelope.names().collect();
        assert_eq!(names, ["format", "version", "serialization", "generator"]);
        envelope.set_serialization(Serialization::Json);
        assert_eq!(envelope.serialization(), Some(Serialization::Json));
        assert_eq!(envelope.len(), 4);
    }

    #[test]
    fn records_are_no_part_of_it() {
        let members = Members::parse(r#"{"a":1,"memories":[],"b":2}"#).unwrap();
        assert_eq!(serde_json::to_string(&Envelope::from(members)).unwrap(), r#"{"a":1,"b":2}"#);
    }
}
