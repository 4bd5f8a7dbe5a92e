//! What is asked of a server: one sentence each, with its name, its weight and where it comes from.

use std::fmt;

use serde::Serialize;

/// How much a clause weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Force {
    /// A server that breaks it does not conform.
    Must,
    /// The texts were silent or at odds and a reading was taken; a server does well to follow it.
    Should,
    /// Left to the server, but if it is there it has this form.
    May,
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        })
    }
}

/// One demand of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// A stable dotted name, such as `omp.memories.create.201`.
    pub id: &'static str,
    /// How much it weighs.
    pub force: Force,
    /// Where it is written.
    pub source: &'static str,
    /// The demand, in one sentence.
    pub text: &'static str,
}
