//! One file's form into another's, without a store.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};

use omi::{Item, ReadOptions, Reader, Serialization, Writer};
use omp_formats::interchange::{Context, OWNER, from_record, native};
use omp_formats::omp::{self, Entry};
use omp_formats::sniff::Sniffed;
use omp_model::transfer::{Format, ImportIssue, ImportNote, ImportReport};
use omp_model::{Error, ErrorCode, Result, Timestamp};

use super::source::{ImportSource, Opened, unreadable};

/// Converts `input` to the form `to`. Between the two forms of the interchange format nothing changes but
/// `serialization`; to and from an OMP export the report tells what did.
pub fn convert(
    input: File,
    from: Option<Format>,
    to: Format,
    out: impl Write,
    now: Timestamp,
) -> Result<ImportReport> {
    let opened = Opened::new(ImportSource::File(input.try_clone().map_err(|e| unreadable(&e))?))?;
    let from = from.or(opened.sniffed.map(|Sniffed { format, .. }| format)).ok_or_else(|| {
        Error::invalid(
            "input",
            "is no format that this program reads: an OMP export, OMI JSON or OMI JSON Lines",
        )
    })?;
    let mut input = input;
    input.rewind().map_err(|e| unreadable(&e))?;
    let mut work = Work { report: ImportReport { format: from, ..ImportReport::default() }, now };
    let out = BufWriter::new(out);
    match (from, to) {
        (Format::Omp, Format::Omp) => work.omp_to_omp(input, out)?,
        (Format::Omp, _) => work.omp_to_interchange(input, out, serialization(to))?,
        (_, Format::Omp) => work.interchange_to_omp(input, from, out)?,
        (_, _) => work.interchange_to_interchange(input, from, out, serialization(to))?,
    }
    Ok(work.report)
}

fn serialization(format: Format) -> Serialization {
    if format == Format::OmiJsonl { Serialization::JsonLines } else { Serialization::Json }
}

fn options(from: Format) -> ReadOptions {
    ReadOptions { serialization: Some(serialization(from)), ..ReadOptions::default() }
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Unavailable, format!("The output could not be written: {error}."))
}

struct Work {
    report: ImportReport,
    now: Timestamp,
}

impl Work {
    /// Nothing but `serialization` changes: the format's own library does it.
    fn interchange_to_interchange(
        &mut self,
        input: File,
        from: Format,
        out: impl Write,
        to: Serialization,
    ) -> Result<()> {
        let options =
            omi::ConvertOptions { from: Some(serialization(from)), ..omi::ConvertOptions::default() };
        let done = omi::convert_with(input, out, to, &options).map_err(|error| match error {
            omi::ConvertError::Io(error) => unwritable(&error),
            error => Error::invalid("input", format!("cannot be converted: {error}")),
        })?;
        self.report.read = done.records + done.skipped;
        self.report.unchanged = done.records;
        for problem in done.problems {
            let message = format!(
                "Line {}, column {}: {}.",
                problem.position.line, problem.position.column, problem.message
            );
            let (index, line) = (problem.index.unwrap_or_default(), Some(problem.position.line));
            self.report.fail(ImportIssue {
                index,
                line,
                id: None,
                error: ErrorCode::ValidationError,
                message,
            });
        }
        // Only the first problems are told by name, but all of them count.
        self.report.error_count = done.skipped;
        Ok(())
    }

    fn interchange_to_omp(&mut self, input: File, from: Format, out: impl Write) -> Result<()> {
        let mut writer = omp::Writer::new(out, self.now).map_err(|e| unwritable(&e))?;
        let (mut subject, mut fallback) = (None, self.now);
        for item in Reader::two_pass(input, options(from)).map_err(|e| unreadable(&e))? {
            match item {
                Item::Envelope(envelope) => {
                    subject = envelope.subject().map(|subject| subject.id);
                    fallback =
                        envelope.generated_at().and_then(|at| Timestamp::parse(&at)).unwrap_or(self.now);
                }
                Item::Record { index, position, record } => {
                    self.report.read += 1;
                    match from_record(&record, Context { subject: subject.as_deref(), fallback }) {
                        Ok(mapped) => {
                            self.losses(index, &record);
                            for note in mapped.notes {
                                let field = note.field.to_owned();
                                self.report.change(ImportNote { index, field, message: note.message });
                            }
                            self.report.imported += mapped.parts.len() as u64;
                            mapped
                                .parts
                                .iter()
                                .try_for_each(|memory| writer.memory(memory))
                                .map_err(|e| unwritable(&e))?;
                        }
                        Err(message) => {
                            let id = record.id().map(std::borrow::Cow::into_owned);
                            let error = ErrorCode::ValidationError;
                            self.report.fail(ImportIssue {
                                index,
                                line: Some(position.line),
                                id,
                                error,
                                message,
                            });
                        }
                    }
                }
                item => self.bad(item),
            }
        }
        writer.finish().map(drop).map_err(|e| unwritable(&e))
    }

    /// What a memory has no place for and a file, unlike the server, has none beside it.
    fn losses(&mut self, index: u64, record: &omi::Record) {
        const KEPT: [&str; 6] = ["id", "content", "created", "type", "tags", "source"];
        for field in record.members().names().filter(|name| !KEPT.contains(name)) {
            let ours = field == "ext"
                && record
                    .ext()
                    .is_some_and(|ext| ext.names().all(|n| n == omp_formats::interchange::PROFILE));
            if !ours {
                let message = "has no place in an OMP export".to_owned();
                self.report.lose(ImportNote { index, field: field.to_owned(), message });
            }
        }
    }

    fn omp_to_interchange(&mut self, input: File, out: impl Write, to: Serialization) -> Result<()> {
        let mut envelope = omi::Envelope::new();
        envelope.set_subject(&omi::Subject::new(OWNER).with_kind("person"));
        envelope.set_generated_at(&self.now.to_string());
        envelope.set_generator(concat!("open-memory/", env!("CARGO_PKG_VERSION")));
        let mut writer = Writer::new(out, &envelope, to).map_err(|e| unwritable(&e))?;
        self.entries(input, |memory| writer.write(&native(memory)))?;
        writer.finish().map(drop).map_err(|e| unwritable(&e))
    }

    fn omp_to_omp(&mut self, input: File, out: impl Write) -> Result<()> {
        let mut writer = omp::Writer::new(out, self.now).map_err(|e| unwritable(&e))?;
        self.entries(input, |memory| writer.memory(memory))?;
        writer.finish().map(drop).map_err(|e| unwritable(&e))
    }

    fn entries(
        &mut self,
        input: File,
        mut write: impl FnMut(&omp_model::Memory) -> std::io::Result<()>,
    ) -> Result<()> {
        for (place, entry) in (0..).zip(omp::Reader::new(BufReader::new(input))) {
            self.report.read += 1;
            match entry {
                Entry::Memory { index, memory, unknown, .. } => {
                    for field in unknown {
                        let message = "is no member of a memory and was left out".to_owned();
                        self.report.lose(ImportNote { index, field, message });
                    }
                    self.report.imported += 1;
                    write(&memory).map_err(|e| unwritable(&e))?;
                }
                Entry::Conversation(_) => {
                    let message = "has no place in the output".to_owned();
                    self.report.lose(ImportNote { index: place, field: "conversations".into(), message });
                }
                Entry::Bad { index, position, id, error } => {
                    let line = Some(position.line);
                    self.report.fail(ImportIssue {
                        index,
                        line,
                        id,
                        error: error.code,
                        message: error.message,
                    });
                }
                Entry::Broken { error, .. } => return Err(error),
            }
        }
        Ok(())
    }

    fn bad(&mut self, item: Item) {
        if let Item::Bad { index, position, error } = item {
            self.report.read += 1;
            let message = format!("Line {}, column {}: {error}.", position.line, position.column);
            let (index, line) = (index.unwrap_or(self.report.read - 1), Some(position.line));
            self.report.fail(ImportIssue {
                index,
                line,
                id: None,
                error: ErrorCode::ValidationError,
                message,
            });
        }
    }
}
