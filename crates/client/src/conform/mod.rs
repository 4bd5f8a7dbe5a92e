//! The conformance suite: asks any server of the Open Memory Protocol, from outside, whether it keeps each clause.
//!
//! The suite is a black box. It shares no code with the server of this project, knows only URLs and JSON, works in
//! a random namespace of its own beside whatever the server holds, and deletes what it made.

mod checks;
mod clause;
mod fixture;
mod ledger;
mod probe;
mod report;
mod sample;
mod shape;
mod time;

use std::time::Duration;

pub use self::clause::{Clause, Force};
use self::fixture::Fixture;
use self::probe::{Call, Finding, Verdict};
pub use self::report::{Outcome, Report, Status};

/// Which server to ask, and how.
#[derive(Clone)]
pub struct Options {
    /// Where the server is: `http://localhost:3456`, without `/v1`.
    pub url: String,
    /// A key of the server; without one, the clauses on keys are skipped.
    pub api_key: Option<String>,
    /// How long to wait for any one answer.
    pub timeout: Duration,
    /// Whether the server may be made to call an outside AI provider (with a key that is not valid).
    pub providers: bool,
}

impl Options {
    /// Options for a server without a key.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), api_key: None, timeout: Duration::from_secs(30), providers: false }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.url)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .field("timeout", &self.timeout)
            .field("providers", &self.providers)
            .finish()
    }
}

/// Why no report could be made at all.
#[derive(Debug, thiserror::Error)]
pub enum ConformError {
    /// The URL is not one.
    #[error("not a URL: {0}")]
    Url(String),
    /// No client could be made on this machine.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// Nothing answers at the URL.
    #[error("no server answers at {url}: {cause}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        cause: String,
    },
    /// The server wants a key and none was given.
    #[error("the server asks for a key and none was given")]
    KeyNeeded,
    /// The server does not know the key.
    #[error("the server refuses the key that was given")]
    KeyRefused,
}

/// Every clause that the suite asks about, in the order of asking.
pub fn clauses() -> impl Iterator<Item = &'static Clause> {
    checks::all().map(|check| &check.clause)
}

/// Asks a server about every clause, tells each outcome as it comes, and clears up.
///
/// If the future is dropped before it ends, what was made so far stays on the server, in namespaces that start with
/// `conform:`.
pub async fn run(options: &Options, on_result: &mut dyn FnMut(&Outcome)) -> Result<Report, ConformError> {
    let fixture = Fixture::new(options)?;
    knock(&fixture, options).await?;
    let mut report = Report { url: options.url.clone(), ..Report::default() };
    for check in checks::all() {
        let status = status((check.run)(&fixture).await, options.api_key.as_deref());
        let outcome = Outcome { clause: check.clause, status };
        on_result(&outcome);
        report.add(outcome);
    }
    report.left_behind = fixture.clear().await;
    report.requests = fixture.requests();
    Ok(report)
}

/// Makes sure that there is a server that lets us in.
async fn knock(fixture: &Fixture, options: &Options) -> Result<(), ConformError> {
    let answer = fixture.send(Call::get("/v1/memories?limit=1")).await.map_err(|finding| {
        let cause = match finding {
            Finding::Fail { got, .. } => got,
            Finding::Skip(reason) => reason,
        };
        ConformError::Unreachable { url: options.url.clone(), cause }
    })?;
    match (answer.status, &options.api_key) {
        (401 | 403, None) => Err(ConformError::KeyNeeded),
        (401 | 403, Some(_)) => Err(ConformError::KeyRefused),
        _ => Ok(()),
    }
}

/// The verdict as it is told; a key that a server put into an answer is not told on.
fn status(verdict: Verdict, key: Option<&str>) -> Status {
    let hush = |text: String| match key {
        Some(key) if !key.is_empty() => text.replace(key, "…"),
        _ => text,
    };
    match verdict {
        Ok(()) => Status::Pass,
        Err(Finding::Fail { expected, got }) => Status::Fail { expected: hush(expected), got: hush(got) },
        Err(Finding::Skip(reason)) => Status::Skip { reason: hush(reason) },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn clause_ids_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for clause in clauses() {
            assert!(seen.insert(clause.id), "{} is there twice", clause.id);
            assert!(clause.id.starts_with("omp.") && !clause.id.contains(' '), "{}", clause.id);
        }
    }

    #[test]
    fn every_clause_is_a_sentence_with_a_source() {
        for Clause { id, source, text, .. } in clauses() {
            assert!(text.ends_with('.'), "{id}: {text}");
            assert!(source.contains("omp.md §") || source.contains("reading"), "{id}: {source}");
        }
    }

    #[test]
    fn the_suite_is_thorough() {
        assert!(clauses().count() >= 150);
    }

    #[test]
    fn a_key_in_an_answer_is_not_told_on() {
        let told = status(Err(probe::fail("401", "wrong key s3cret")), Some("s3cret"));
        assert_eq!(told, Status::Fail { expected: "401".into(), got: "wrong key …".into() });
        let mut options = Options::new("http://localhost");
        options.api_key = Some("s3cret".into());
        assert!(!format!("{options:?}").contains("s3cret"));
    }
}
