//! Versions of a schema, and which programs can work beside which.
//!
//! While servers are replaced one after the other, a new one brings the schema up to date and those of the
//! version before go on; and somebody's older `omp` opens the file of a newer server. So each step says from
//! which version on programs can work with what it leaves behind, and the database keeps that: a program that
//! finds a newer schema than it knows looks there.

use crate::{Result, StoreError};

/// Brings a schema from one version to the next. A released step never changes.
pub(crate) struct Step {
    /// Statements.
    pub(crate) sql: &'static str,
    /// Programs that know this version can go on beside it: all that their statements need is still there, and what
    /// they leave undone does no harm.
    pub(crate) serves_since: u32,
}

impl Step {
    /// A step that only adds.
    pub(crate) const fn adds(sql: &'static str, serves_since: u32) -> Self {
        Self { sql, serves_since }
    }
}

/// The version after all steps.
pub(crate) fn newest(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).expect("few steps")
}

/// The oldest programs that can work with what all steps leave behind.
pub(crate) fn serves_since(steps: &[Step]) -> u32 {
    steps.iter().map(|step| step.serves_since).max().unwrap_or_default()
}

/// The name of the setting that says so of a version. Each version has its own:
/// what was said of one means nothing for the next.
pub(crate) fn setting(version: u32) -> String {
    format!("serves_since_{version}")
}

/// Refuses a schema that this program does not know and that does not say that it may work with it.
pub(crate) fn check(place: &str, found: u32, known: u32, serves_since: Option<i64>) -> Result<()> {
    if found <= known || serves_since.is_some_and(|since| since <= i64::from(known)) {
        return Ok(());
    }
    Err(StoreError::Newer { path: place.into(), found, known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_patient_step_decides() {
        let steps = [Step::adds("", 1), Step::adds("", 2), Step::adds("", 1)];
        assert_eq!((newest(&steps), serves_since(&steps)), (3, 2));
    }

    #[test]
    fn what_is_newer_is_taken_only_if_it_says_so() {
        assert!(check("x", 4, 4, None).is_ok() && check("x", 3, 4, None).is_ok());
        assert!(check("x", 5, 4, Some(4)).is_ok() && check("x", 9, 4, Some(1)).is_ok());
        assert!(check("x", 5, 4, None).is_err() && check("x", 5, 4, Some(5)).is_err());
    }
}
