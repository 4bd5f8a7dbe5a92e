//! Judges files (omi.md (f), (g)).
//!
//! The checks are plain code in one pass: `fields`, `record` and `envelope` look at values, `judge` collects what
//! they find, `place` turns it into paths and positions, and [`walk`] goes through the file.

mod envelope;
mod fields;
mod finding;
mod ids;
mod judge;
mod place;
mod record;
mod report;
mod walk;

use std::collections::HashMap;
use std::io::{self, Read};

pub use self::finding::{Code, Finding, Level, Severity};
pub use self::report::Report;
use self::walk::Walk;
use crate::Serialization;
use crate::frames::Limits;

/// How a file is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidateOptions {
    /// The form of the file; by default its content decides (omi.md JL13).
    pub serialization: Option<Serialization>,
    /// How much is taken at once. What is over a limit is reported as an error and not judged.
    pub limits: Limits,
    /// How many findings of each kind are kept; all are counted.
    pub per_code: usize,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self { serialization: None, limits: Limits::default(), per_code: 100 }
    }
}

/// Judges a file: the highest level it reaches, and why it does not reach more.
///
/// It reads in one pass in constant memory, some 20 bytes for each id aside. `serialization` says the form of the
/// file, or its content decides. Errors only when the source cannot be read; whatever is wrong with the file is a
/// finding.
///
/// ```
/// let text = r#"{"format":"open-memory-interchange","version":"0.1","subject":{"id":"u-7"},
///   "memories":[{"id":"m-1","content":"Uses metric units.","type":"semantic","created":"last Tuesday"}]}"#;
/// let report = omi::validate(text.as_bytes(), None)?;
/// assert_eq!(report.level, Some(omi::Level::L0));
/// assert_eq!(report.findings[0].code.as_str(), "invalid_date_time");
/// assert_eq!(report.findings[0].path, "$.memories[0].created");
/// assert_eq!((report.findings[0].line, report.findings[0].column), (2, 86));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn validate(read: impl Read, serialization: Option<Serialization>) -> io::Result<Report> {
    let options = ValidateOptions { serialization, ..ValidateOptions::default() };
    let mut kept: HashMap<Code, usize> = HashMap::new();
    let mut findings = Vec::new();
    let mut report = validate_with(read, &options, |finding| {
        let kept = kept.entry(finding.code).or_default();
        if *kept < options.per_code {
            *kept += 1;
            findings.push(finding);
        }
    })?;
    findings.sort_by_key(|finding| (finding.line, finding.column));
    report.findings = findings;
    Ok(report)
}

/// Judges a file as [`validate`] does, but hands every finding to `sink` when it is made; the report it gives
/// holds none.
///
/// Findings on the envelope of a document come last, since its members may stand anywhere. For the same reason
/// `missing_subject` findings of a document without a subject come at the end, and only the first
/// [`per_code`](ValidateOptions::per_code) of them; all are counted.
pub fn validate_with(
    read: impl Read,
    options: &ValidateOptions,
    mut sink: impl FnMut(Finding),
) -> io::Result<Report> {
    Walk::new(options, &mut sink).run(read)
}
