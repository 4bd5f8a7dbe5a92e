//! The verdict on a file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{Code, Finding, Level, Severity};
use crate::{Layout, Serialization};

/// What [`validate`](crate::validate()) says of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The highest level reached, if any.
    pub level: Option<Level>,
    /// The form that the file was read as.
    pub serialization: Option<Serialization>,
    /// The layout, if there was enough of the file to tell.
    pub layout: Option<Layout>,
    /// How many records were met, bad ones included.
    pub records: u64,
    /// How many findings are errors.
    pub errors: u64,
    /// How many are warnings.
    pub warnings: u64,
    /// How many are notes.
    pub notes: u64,
    /// How many there are of each kind.
    pub counts: BTreeMap<Code, u64>,
    /// The findings in the order of the file; of each kind only the first
    /// [`per_code`](super::ValidateOptions::per_code).
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether the file reaches `level`.
    pub fn reaches(&self, level: Level) -> bool {
        self.level >= Some(level)
    }

    /// How many findings there are in all; `findings` may hold fewer.
    pub fn total(&self) -> u64 {
        self.errors + self.warnings + self.notes
    }

    /// Counts `count` findings of one kind.
    pub(super) fn count(&mut self, code: Code, count: u64) {
        *self.counts.entry(code).or_default() += count;
        *match code.severity() {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Note => &mut self.notes,
        } += count;
    }

    /// The level that follows from the kinds of finding met.
    pub(super) fn settle(&mut self) {
        let prevents = |level| self.counts.keys().any(|code| code.level() == Some(level));
        self.level = if prevents(Level::L0) {
            None
        } else if prevents(Level::L1) {
            Some(Level::L0)
        } else {
            Some(Level::L1)
        };
    }
}
