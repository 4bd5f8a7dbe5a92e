//! One file's form into another's, without a store.

mod outputs;

use std::io::{BufReader, Write};

use omi::{Item, ReadOptions, Reader, Record, Serialization};
use omp_formats::interchange;
use omp_formats::omp::{self, Entry};
use omp_formats::write::Files;
use omp_formats::{Choosing, Draft, Fate, Note, Place, Sink, Stop, Talk};
use omp_model::transfer::{Choice, Format, ImportIssue, ImportNote, ImportReport};
use omp_model::{Error, ErrorCode, Result, Timestamp};

use self::outputs::Output;
use super::detect::{Detected, Known, by_name, chosen, read_options, stopped};
use super::foreign::tell;
use super::source::{ImportSource, Opened, unreadable};

/// What to convert.
#[derive(Debug, Clone, Default)]
pub struct ConvertOptions {
    /// The input's format; absent means found out.
    pub from: Option<Format>,
    /// The output's format.
    pub to: Format,
    /// What the input is called.
    pub name: Option<String>,
    /// Which items of another tool's file are taken.
    pub choice: Choice,
}

/// Where a conversion goes.
pub enum ConvertTarget<'a> {
    /// A file; a format of several files becomes a ZIP archive.
    File(Box<dyn Write + 'a>),
    /// A folder; only for formats of several files.
    Folder(Box<dyn Files + 'a>),
}

/// Converts `input`. Between the two forms of the interchange format nothing changes but `serialization`; otherwise the
/// report tells what did: `imported` is what was written.
pub fn convert(
    input: ImportSource,
    options: &ConvertOptions,
    target: ConvertTarget<'_>,
    now: Timestamp,
) -> Result<ImportReport> {
    let mut opened = Opened::new(input, options.name.as_deref())?;
    let Detected { known, because } = chosen(options.from, None, &options.choice, &mut opened)?;
    let because = Some(because).filter(|because| !because.is_empty());
    let mut report = ImportReport { format: known.name(), because, ..ImportReport::default() };
    let output = match (known, by_name(options.to)?, target) {
        (Known::Native(from), Known::Native(to), ConvertTarget::File(out))
            if from != Format::OMP && to != Format::OMP =>
        {
            let form = opened.form(from);
            between_interchange(opened.rereadable(&std::env::temp_dir())?, form, to, out, &mut report)?;
            return Ok(report);
        }
        (_, to, target) => outputs::begin(to, target, now)?,
    };
    let mut work = Work { report, now, output, subject: None, failed: None };
    match known {
        Known::Native(Format::OMP) => work.export(opened.rereadable(&std::env::temp_dir())?)?,
        Known::Native(form) => work.interchange(opened, form)?,
        Known::Foreign(format) => {
            let mut input = opened.input(&std::env::temp_dir())?;
            let reading = read_options(&options.choice, now)?;
            let read = {
                let mut choosing = Choosing::new(&mut work, &options.choice);
                format.read(&mut input, &reading, &mut choosing)
            };
            if let Some(error) = work.failed.take() {
                return Err(error);
            }
            read.map_err(stopped)?;
        }
    }
    let Work { mut report, output, .. } = work;
    output.finish(&mut report).map_err(|e| unwritable(&e))?;
    Ok(report)
}

fn serialization(format: Format) -> Serialization {
    if format == Format::OMI_JSONL { Serialization::JsonLines } else { Serialization::Json }
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Unavailable, format!("The output could not be written: {error}."))
}

/// Nothing but `serialization` changes: the format's own library does it.
fn between_interchange(
    input: Box<dyn super::source::Rereadable>,
    from: Option<Serialization>,
    to: Format,
    out: Box<dyn Write + '_>,
    report: &mut ImportReport,
) -> Result<()> {
    let options = omi::ConvertOptions { from, ..omi::ConvertOptions::default() };
    let done = omi::convert_with(input, out, serialization(to), &options).map_err(|error| match error {
        omi::ConvertError::Io(error) => unwritable(&error),
        error => Error::invalid("input", format!("cannot be converted: {error}")),
    })?;
    report.read = done.records + done.skipped;
    report.unchanged = done.records;
    for problem in done.problems {
        let (line, column) = (problem.position.line, problem.position.column);
        let message = format!("Line {line}, column {column}: {}.", problem.message);
        report.fail(issue(problem.index.unwrap_or_default(), line, message));
    }
    // Only the first problems are told by name, but all of them count.
    report.error_count = done.skipped;
    Ok(())
}

fn issue(index: u64, line: u64, message: String) -> ImportIssue {
    ImportIssue { index, line: Some(line), id: None, place: None, error: ErrorCode::ValidationError, message }
}

struct Work<'a> {
    report: ImportReport,
    now: Timestamp,
    output: Box<dyn Output + 'a>,
    /// The subject of the records that are read.
    subject: Option<String>,
    failed: Option<Error>,
}

impl Work<'_> {
    fn interchange(&mut self, opened: Opened, form: Format) -> Result<()> {
        let options = ReadOptions { serialization: opened.form(form), ..ReadOptions::default() };
        let source = opened.rereadable(&std::env::temp_dir())?;
        for item in Reader::two_pass(source, options).map_err(|e| unreadable(&e))? {
            match item {
                Item::Envelope(envelope) => {
                    self.subject = interchange::subject(envelope.members()).map(|subject| subject.id);
                    let made = envelope.generated_at().and_then(|at| Timestamp::parse(&at));
                    self.output.dated(made.unwrap_or(self.now));
                }
                Item::Record { index, position, record } => {
                    self.report.read += 1;
                    let id = record.id().map(std::borrow::Cow::into_owned);
                    let place = Place::default().at(position);
                    if let Err(message) = self.record(record, index, &place)? {
                        self.report.fail(ImportIssue { id, ..issue(index, position.line, message) });
                    }
                }
                Item::Bad { index, position, error } => {
                    self.report.read += 1;
                    let (line, column) = (position.line, position.column);
                    let message = format!("Line {line}, column {column}: {error}.");
                    self.report.fail(issue(index.unwrap_or(self.report.read - 1), line, message));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a record; or says what is wrong with it.
    fn record(
        &mut self,
        record: Record,
        index: u64,
        place: &Place,
    ) -> Result<std::result::Result<(), String>> {
        let subject = self.subject.as_deref();
        let written = self.output.record(record, subject, index, place, &mut self.report);
        Ok(written.map_err(|e| unwritable(&e))?.map(|parts| self.report.imported += parts))
    }

    fn export(&mut self, input: Box<dyn super::source::Rereadable>) -> Result<()> {
        for (place, entry) in (0..).zip(omp::Reader::new(BufReader::new(input))) {
            self.report.read += 1;
            match entry {
                Entry::Memory { index, memory, unknown, .. } => {
                    for field in unknown {
                        let message = "is no member of a memory and was left out".to_owned();
                        self.report.lose(ImportNote { index, place: None, field, message });
                    }
                    self.report.imported += 1;
                    self.output.memory(&memory, index, &mut self.report).map_err(|e| unwritable(&e))?;
                }
                Entry::Conversation(conversation) => {
                    let output = &mut self.output;
                    output
                        .conversation(&conversation, place, &Place::default(), &mut self.report)
                        .map_err(|e| unwritable(&e))?;
                }
                Entry::Bad { index, position, id, error } => {
                    self.report.fail(ImportIssue { id, ..issue(index, position.line, error.message) });
                }
                Entry::Broken { error, .. } => return Err(error),
            }
        }
        Ok(())
    }
}

impl Sink for Work<'_> {
    fn memory(&mut self, draft: Draft) -> std::result::Result<(), Stop> {
        self.report.read += 1;
        let (place, index) = (draft.place.clone(), self.report.read - 1);
        let now = self.now;
        let record = draft.into_record(now, self);
        match self.record(record, index, &place) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(what)) => {
                tell(
                    &mut self.report,
                    index,
                    Note { kind: "memory", what: &what, place: &place, fate: Fate::Failed },
                );
                Ok(())
            }
            Err(error) => {
                self.failed = Some(error);
                Err(Stop::Refused)
            }
        }
    }

    fn conversation(&mut self, talk: Talk) -> std::result::Result<(), Stop> {
        self.report.read += 1;
        let (place, index, now) = (talk.place.clone(), self.report.read - 1, self.now);
        for conversation in talk.into_conversations(now, self) {
            self.output.conversation(&conversation, index, &place, &mut self.report)?;
        }
        Ok(())
    }

    fn note(&mut self, note: Note<'_>) {
        if note.fate == Fate::Failed {
            self.report.read += 1;
        }
        let index = self.report.read.saturating_sub(1);
        tell(&mut self.report, index, note);
    }
}
