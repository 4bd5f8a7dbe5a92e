//! What a format of another tool can do, and the list of them.

use omp_model::Timestamp;

use crate::write::{Files, RecordWriter};
use crate::{FieldMap, Input, Probe, Sink, Stop};

/// A format of another tool. One file (or folder) each, registered in [`FORMATS`](crate::FORMATS).
pub trait Format: Sync {
    /// Its name in `--from` and `--to`: small letters, digits and `-`.
    fn name(&self) -> &'static str;

    /// What it is, for people.
    fn title(&self) -> &'static str;

    /// Whether the input is of this format.
    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised>;

    /// Reads all of it. An item that cannot be read is told to the sink and the next one is read; an error is for
    /// what ends the reading.
    fn read(&self, input: &mut Input, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop>;

    /// Whether it is a table whose columns a [`FieldMap`] can name.
    fn takes_map(&self) -> bool {
        false
    }

    /// How it is written, if it is.
    fn write(&self) -> Option<Write> {
        None
    }
}

/// How sure one is. Of several candidates the surest one counts, if it is the only one that is so sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It could be: Markdown, plain text.
    Possible,
    /// It has what the format has, and others may have it, too.
    Likely,
    /// It says so, or has what only this format has.
    Certain,
    /// It names a public standard in the place that the standard gives for that. Whatever else it holds is an addition.
    Declared,
}

/// Why an input is held to be of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, as a clause that follows "because": "its items have `mapping`".
    pub reason: String,
}

impl Recognised {
    /// It says so, or has what only this format has.
    pub fn certain(reason: impl Into<String>) -> Self {
        Self { confidence: Confidence::Certain, reason: reason.into() }
    }

    /// It names the standard where the standard says it is named.
    pub fn declared(reason: impl Into<String>) -> Self {
        Self { confidence: Confidence::Declared, reason: reason.into() }
    }

    /// It has what the format has.
    pub fn likely(reason: impl Into<String>) -> Self {
        Self { confidence: Confidence::Likely, reason: reason.into() }
    }

    /// It could be.
    pub fn possible(reason: impl Into<String>) -> Self {
        Self { confidence: Confidence::Possible, reason: reason.into() }
    }
}

/// What a reader is told.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// When the reading takes place: dates after it are none.
    pub now: Timestamp,
    /// Which columns mean what, for formats that [take a map](Format::takes_map). Without it they are guessed.
    pub map: Option<FieldMap>,
}

impl ReadOptions {
    /// Reading at this time, without a map.
    pub fn new(now: Timestamp) -> Self {
        Self { now, map: None }
    }
}

/// Begins to write a format that is one file.
pub type BeginFile =
    for<'a> fn(Box<dyn std::io::Write + 'a>, WriteOptions) -> std::io::Result<Box<dyn RecordWriter + 'a>>;

/// Begins to write a format that is several files.
pub type BeginFolder =
    for<'a> fn(Box<dyn Files + 'a>, WriteOptions) -> std::io::Result<Box<dyn RecordWriter + 'a>>;

/// How a format is written.
pub enum Write {
    /// As one file.
    File {
        /// What its name ends with, without the dot.
        extension: &'static str,
        /// Its media type.
        media_type: &'static str,
        /// Begins to write.
        begin: BeginFile,
    },
    /// As files in a folder.
    Folder {
        /// Begins to write.
        begin: BeginFolder,
    },
}

/// What a writer is told.
#[derive(Debug, Clone, Copy)]
pub struct WriteOptions {
    /// When the writing takes place.
    pub now: Timestamp,
}

/// A format that may be the one.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The format's name.
    pub name: &'static str,
    /// Why.
    pub recognised: Recognised,
}

/// The formats that an input may be of, the surest first.
pub fn candidates(input: &mut Input) -> Vec<Candidate> {
    let probe = Probe::new(input);
    let recognise = |format: &&dyn Format| {
        format.recognise(&probe).map(|recognised| Candidate { name: format.name(), recognised })
    };
    let mut found: Vec<_> = crate::FORMATS.iter().filter_map(recognise).collect();
    if let Some(member) = probe.single() {
        found.extend(crate::sniff::candidate(probe.head(member).bytes()));
    }
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.recognised.confidence));
    found
}

/// The one of several candidates that counts: the surest, if no other is as sure.
pub fn decide(candidates: &[Candidate]) -> Option<&Candidate> {
    match candidates {
        [] => None,
        [only] => Some(only),
        [first, second, ..] => (first.recognised.confidence > second.recognised.confidence).then_some(first),
    }
}

/// The registered format of this name.
pub fn find(name: &str) -> Option<&'static dyn Format> {
    crate::FORMATS.iter().copied().find(|format| format.name() == name)
}
