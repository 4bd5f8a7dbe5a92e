//! A sink for the first of two readings: the second one tells what is wrong.

use crate::{Draft, Note, Sink, Stop, Talk};

/// Takes everything and keeps nothing.
pub(in crate::tools) struct Silent;

impl Sink for Silent {
    fn memory(&mut self, _: Draft) -> Result<(), Stop> {
        Ok(())
    }

    fn conversation(&mut self, _: Talk) -> Result<(), Stop> {
        Ok(())
    }

    fn note(&mut self, _: Note<'_>) {}
}
