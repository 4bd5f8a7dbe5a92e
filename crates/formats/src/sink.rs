//! Where what is read goes to.

use std::io;

use crate::{Draft, Place, Talk};

/// Takes what a reader finds, one thing at a time. Memory and conversation may be refused by what is behind; the
/// reports may not.
pub trait Sink {
    /// A memory.
    fn memory(&mut self, draft: Draft) -> Result<(), Stop>;

    /// A conversation.
    fn conversation(&mut self, talk: Talk) -> Result<(), Stop>;

    /// Something happened that the report is to tell.
    fn note(&mut self, note: Note<'_>);
}

/// An entry of the report.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// What it is about: a member's name, a kind of item. Few different ones, because they are counted.
    pub kind: &'a str,
    /// What happened, as a clause without its subject. No text of a memory.
    pub what: &'a str,
    /// Where.
    pub place: &'a Place,
    /// What it means.
    pub fate: Fate,
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Brought into form; the original is kept.
    Changed,
    /// Passed over on purpose: hidden, deleted, a tool's own business, a secret.
    Passed,
    /// Could not be kept.
    Lost,
    /// An item that should have been one and cannot be read.
    Failed,
}

impl dyn Sink + '_ {
    /// Something was brought into form.
    pub fn changed(&mut self, kind: &str, what: &str, place: &Place) {
        self.note(Note { kind, what, place, fate: Fate::Changed });
    }

    /// Something was passed over on purpose.
    pub fn passed(&mut self, kind: &str, what: &str, place: &Place) {
        self.note(Note { kind, what, place, fate: Fate::Passed });
    }

    /// Something could not be kept.
    pub fn lost(&mut self, kind: &str, what: &str, place: &Place) {
        self.note(Note { kind, what, place, fate: Fate::Lost });
    }

    /// An item cannot be read. It counts as read, and the next one is read.
    pub fn failed(&mut self, kind: &str, what: &str, place: &Place) {
        self.note(Note { kind, what, place, fate: Fate::Failed });
    }
}

/// Why reading or writing ends early.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The structure is broken at a place from which nothing can be read on.
    #[error("{place}: {what}")]
    Broken {
        /// Where.
        place: Place,
        /// What is wrong.
        what: String,
    },
    /// A limit against hostile files is exceeded.
    #[error("{0}")]
    Limit(String),
    /// The bytes could not be read or written.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// What is behind the sink has failed and knows why.
    #[error("what was read could not be taken")]
    Refused,
}

impl From<io::Error> for Stop {
    /// What reading found out about the bytes comes as an error of reading; any other is one of the machine.
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

impl Stop {
    /// A broken structure.
    pub fn broken(place: &Place, what: impl Into<String>) -> Self {
        Self::Broken { place: place.clone(), what: what.into() }
    }
}
