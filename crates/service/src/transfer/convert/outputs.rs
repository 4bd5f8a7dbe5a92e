//! The forms that a conversion writes.

use std::io::{self, BufWriter, Read, Seek, Write};

use omi::{Envelope, Record, Subject, Writer};
use omp_formats::format::{Write as Form, WriteOptions};
use omp_formats::interchange::{Context, OWNER, PROFILE, from_record, native};
use omp_formats::write::{Files, Outgoing, RecordWriter, ZipFiles};
use omp_formats::{Fate, Note, Place, draft, omp, origin};
use omp_model::transfer::{Format, ImportNote, ImportReport};
use omp_model::{Conversation, Error, Memory, Result, Timestamp};

use super::super::detect::Known;
use super::super::foreign::{Telling, tell};
use super::super::unique_ids::UniqueIds;
use super::{ConvertTarget, serialization, unwritable};

/// A form that is written.
pub(super) trait Output {
    /// The date of what has none, from now on.
    fn dated(&mut self, at: Timestamp);

    /// Writes a record: how many items that made, or what is wrong with it.
    fn record(
        &mut self,
        record: Record,
        subject: Option<&str>,
        index: u64,
        place: &Place,
        report: &mut ImportReport,
    ) -> io::Result<std::result::Result<u64, String>>;

    /// Writes a memory of an OMP export.
    fn memory(&mut self, memory: &Memory, index: u64, report: &mut ImportReport) -> io::Result<()> {
        self.record(native(memory), None, index, &Place::default(), report).map(drop)
    }

    /// Writes a conversation; most forms cannot.
    fn conversation(
        &mut self,
        _: &Conversation,
        index: u64,
        place: &Place,
        report: &mut ImportReport,
    ) -> io::Result<()> {
        let what = "has no place in the output";
        tell(report, index, Note { kind: "conversations", what, place, fate: Fate::Lost });
        Ok(())
    }

    /// Ends the output.
    fn finish(self: Box<Self>, report: &mut ImportReport) -> io::Result<()>;
}

/// Begins the output of this format.
pub(super) fn begin<'a>(
    to: Known,
    target: ConvertTarget<'a>,
    now: Timestamp,
) -> Result<Box<dyn Output + 'a>> {
    let options = WriteOptions { now };
    let begun: io::Result<Box<dyn Output + 'a>> = match (to, target) {
        (Known::Native(Format::OMP), ConvertTarget::File(out)) => OmpExport::begin(out, now),
        (Known::Native(form), ConvertTarget::File(out)) => Interchange::begin(out, form, now),
        (Known::Native(_), ConvertTarget::Folder(_)) => {
            return Err(Error::invalid("output", "is a folder; this format is one file"));
        }
        (Known::Foreign(format), target) => {
            let writer = match (format.write(), target) {
                (None, _) => {
                    let what = format!("cannot be `{}`, which is only read", format.name());
                    return Err(Error::invalid("to", what));
                }
                (Some(Form::File { begin, .. }), ConvertTarget::File(out)) => begin(out, options),
                (Some(Form::File { .. }), ConvertTarget::Folder(_)) => {
                    return Err(Error::invalid("output", "is a folder; this format is one file"));
                }
                (Some(Form::Folder { begin }), ConvertTarget::Folder(files)) => begin(files, options),
                (Some(Form::Folder { begin }), ConvertTarget::File(out)) => {
                    let files: Box<dyn Files + 'a> = Box::new(ZipFiles::new(BufWriter::new(out)));
                    begin(files, options)
                }
            };
            writer.map(|writer| Box::new(Foreign { writer, fallback: now }) as Box<dyn Output + 'a>)
        }
    };
    begun.map_err(|e| unwritable(&e))
}

/// An interchange file.
struct Interchange<W: Write> {
    writer: Writer<W>,
    now: Timestamp,
    ids: UniqueIds,
}

impl<'a> Interchange<BufWriter<Box<dyn Write + 'a>>> {
    fn begin(out: Box<dyn Write + 'a>, form: Format, now: Timestamp) -> io::Result<Box<dyn Output + 'a>> {
        let mut envelope = Envelope::new();
        envelope.set_subject(&Subject::new(OWNER).with_kind("person"));
        envelope.set_generated_at(&now.to_string());
        envelope.set_generator(concat!("open-memory/", env!("CARGO_PKG_VERSION")));
        let writer = Writer::new(BufWriter::new(out), &envelope, serialization(form))?;
        Ok(Box::new(Self { writer, now, ids: UniqueIds::default() }))
    }
}

impl<W: Write> Output for Interchange<W> {
    fn dated(&mut self, at: Timestamp) {
        self.now = at;
    }

    fn record(
        &mut self,
        mut record: Record,
        _: Option<&str>,
        index: u64,
        place: &Place,
        report: &mut ImportReport,
    ) -> io::Result<std::result::Result<u64, String>> {
        if record.content().is_none_or(|content| content.is_empty()) {
            return Ok(Err("`content` is missing or empty; a record without it says nothing".into()));
        }
        if !record.members().contains("created") {
            let what = "is unknown; the record is dated like the conversion";
            tell(report, index, Note { kind: "created", what, place, fate: Fate::Changed });
            draft::date(&mut record, self.now);
        }
        let id = record.id().unwrap_or_default().into_owned();
        let name = self.ids.take(&id);
        if name != id {
            let what = "is used twice in the file; the later one was numbered";
            tell(report, index, Note { kind: "id", what, place, fate: Fate::Changed });
            record.set("id", &name)?;
        }
        self.writer.write(&record)?;
        Ok(Ok(1))
    }

    fn finish(self: Box<Self>, _: &mut ImportReport) -> io::Result<()> {
        self.writer.finish()?.flush()
    }
}

/// An export document of the protocol.
struct OmpExport<W: Write> {
    writer: omp::Writer<W>,
    fallback: Timestamp,
    /// Conversations stand after the memories, and come among them.
    conversations: tempfile::SpooledTempFile,
    any: bool,
}

/// Conversations up to this size wait in memory, more in a file.
const SPOOLED: usize = 4 << 20;

impl<'a> OmpExport<BufWriter<Box<dyn Write + 'a>>> {
    fn begin(out: Box<dyn Write + 'a>, now: Timestamp) -> io::Result<Box<dyn Output + 'a>> {
        let writer = omp::Writer::new(BufWriter::new(out), now)?;
        let conversations = tempfile::SpooledTempFile::new(SPOOLED);
        Ok(Box::new(Self { writer, fallback: now, conversations, any: false }))
    }
}

impl<W: Write> Output for OmpExport<W> {
    fn dated(&mut self, at: Timestamp) {
        self.fallback = at;
    }

    fn record(
        &mut self,
        record: Record,
        subject: Option<&str>,
        index: u64,
        place: &Place,
        report: &mut ImportReport,
    ) -> io::Result<std::result::Result<u64, String>> {
        let mapped = match from_record(&record, Context { subject, fallback: self.fallback }) {
            Ok(mapped) => mapped,
            Err(what) => return Ok(Err(what)),
        };
        losses(&record, index, report);
        for note in mapped.notes {
            let (kind, what, fate) = (note.field, note.message.as_str(), Fate::Changed);
            tell(report, index, Note { kind, what, place, fate });
        }
        mapped.parts.iter().try_for_each(|memory| self.writer.memory(memory))?;
        Ok(Ok(mapped.parts.len() as u64))
    }

    fn memory(&mut self, memory: &Memory, _: u64, _: &mut ImportReport) -> io::Result<()> {
        self.writer.memory(memory)
    }

    fn conversation(
        &mut self,
        conversation: &Conversation,
        _: u64,
        _: &Place,
        report: &mut ImportReport,
    ) -> io::Result<()> {
        if self.any {
            self.conversations.write_all(b",")?;
        }
        self.any = true;
        report.conversations += 1;
        self.conversations.write_all(b"\n")?;
        Ok(serde_json::to_writer(&mut self.conversations, conversation)?)
    }

    fn finish(mut self: Box<Self>, _: &mut ImportReport) -> io::Result<()> {
        if self.any {
            self.writer.begin_conversations()?;
            self.conversations.rewind()?;
            let mut piece = vec![0; 1 << 16];
            loop {
                match self.conversations.read(&mut piece)? {
                    0 => break,
                    count => self.writer.raw(&piece[..count])?,
                }
            }
        }
        self.writer.finish()?.flush()
    }
}

/// What a memory has no place for and a file, unlike the server, has none beside it.
fn losses(record: &Record, index: u64, report: &mut ImportReport) {
    const KEPT: [&str; 6] = ["id", "content", "created", "type", "tags", "source"];
    for field in record.members().names().filter(|name| !KEPT.contains(name)) {
        let ours = |name: &str| name == PROFILE || name == origin::NAME;
        if field == "ext" && record.ext().is_some_and(|ext| ext.names().all(ours)) {
            continue;
        }
        let message = "has no place in an OMP export".to_owned();
        report.lose(ImportNote { index, place: None, field: field.to_owned(), message });
    }
}

/// Another tool's format.
struct Foreign<'a> {
    writer: Box<dyn RecordWriter + 'a>,
    fallback: Timestamp,
}

impl Output for Foreign<'_> {
    fn dated(&mut self, at: Timestamp) {
        self.fallback = at;
    }

    fn record(
        &mut self,
        record: Record,
        subject: Option<&str>,
        index: u64,
        place: &Place,
        report: &mut ImportReport,
    ) -> io::Result<std::result::Result<u64, String>> {
        match Outgoing::new(record, subject, self.fallback, place.clone()) {
            Ok(outgoing) => {
                self.writer.write(&outgoing, &mut Telling { report, index })?;
                Ok(Ok(1))
            }
            Err(what) => Ok(Err(what)),
        }
    }

    fn finish(self: Box<Self>, report: &mut ImportReport) -> io::Result<()> {
        let index = report.read;
        self.writer.finish(&mut Telling { report, index })
    }
}
