//! What came of the clauses: one outcome each, and the sums.

use std::fmt;

use serde::Serialize;

use super::clause::{Clause, Force};

/// How one clause fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Status {
    /// The server does what the clause asks.
    Pass,
    /// The server does something else.
    Fail {
        /// What the clause asks for.
        expected: String,
        /// What the server answered.
        got: String,
    },
    /// Could not be judged.
    Skip {
        /// Why not.
        reason: String,
    },
}

/// One clause and how it fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The demand.
    #[serde(flatten)]
    pub clause: Clause,
    /// What came of it.
    #[serde(flatten)]
    pub status: Status,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Clause { id, force, source, text } = self.clause;
        match &self.status {
            Status::Pass => write!(f, "pass  {force:<6}  {id}  {text}"),
            Status::Skip { reason } => write!(f, "skip  {force:<6}  {id}  {text} ({reason})"),
            Status::Fail { expected, got } => {
                write!(
                    f,
                    "FAIL  {force:<6}  {id}  {text} [{source}]\n      expected: {expected}\n      got:      {got}"
                )
            }
        }
    }
}

/// All outcomes of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The server that was asked.
    pub url: String,
    /// Clauses that hold.
    pub passed: usize,
    /// Clauses of force `must` that do not hold.
    pub failed_must: usize,
    /// Clauses of force `should` that do not hold.
    pub failed_should: usize,
    /// Things left to the server that are there in another form.
    pub failed_may: usize,
    /// Clauses that could not be judged.
    pub skipped: usize,
    /// Requests that were sent, the clearing up included.
    pub requests: usize,
    /// Ids of what the suite made and could not delete again.
    pub left_behind: Vec<String>,
    /// Every clause with its outcome, in the order of asking.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Whether no clause of force `must` is broken.
    pub fn conforms(&self) -> bool {
        self.failed_must == 0
    }

    /// Adds one outcome to the list and to the sums.
    pub(super) fn add(&mut self, outcome: Outcome) {
        match (&outcome.status, outcome.clause.force) {
            (Status::Pass, _) => self.passed += 1,
            (Status::Skip { .. }, _) => self.skipped += 1,
            (Status::Fail { .. }, Force::Must) => self.failed_must += 1,
            (Status::Fail { .. }, Force::Should) => self.failed_should += 1,
            (Status::Fail { .. }, Force::May) => self.failed_may += 1,
        }
        self.outcomes.push(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUSE: Clause =
        Clause { id: "omp.x", force: Force::Must, source: "omp.md §1", text: "It is so." };

    #[test]
    fn sums_follow_the_outcomes() {
        let mut report = Report::default();
        report.add(Outcome { clause: CLAUSE, status: Status::Pass });
        report.add(Outcome { clause: CLAUSE, status: Status::Skip { reason: "no key".into() } });
        assert!(report.conforms());
        let fail = Status::Fail { expected: "201".into(), got: "500".into() };
        report.add(Outcome { clause: CLAUSE, status: fail.clone() });
        report.add(Outcome { clause: Clause { force: Force::Should, ..CLAUSE }, status: fail });
        assert_eq!((report.passed, report.skipped, report.failed_must, report.failed_should), (1, 1, 1, 1));
        assert!(!report.conforms());
    }

    #[test]
    fn an_outcome_serialises_flat() {
        let outcome = Outcome { clause: CLAUSE, status: Status::Skip { reason: "no key".into() } };
        let json = serde_json::to_value(outcome).unwrap();
        assert_eq!(json["id"], "omp.x");
        assert_eq!(json["force"], "must");
        assert_eq!(json["status"], "skip");
        assert_eq!(json["reason"], "no key");
    }
}
