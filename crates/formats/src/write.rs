//! Writing records in the formats of other tools.

use std::io;
use std::path::{Path, PathBuf};

use omi::Record;
use omp_model::{Memory, MemoryType, Timestamp};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::interchange::{Context, Profile, from_record};
use crate::origin::Origin;
use crate::{Place, Sink};

/// Writes records, one at a time.
pub trait RecordWriter {
    /// Writes one. What the format cannot carry is told to `report` as lost, what it brings into form as changed.
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()>;

    /// Ends the output. A writer that sorts or groups writes here.
    fn finish(self: Box<Self>, report: &mut dyn Sink) -> io::Result<()>;
}

/// A folder that is written to; perhaps one in an archive.
pub trait Files {
    /// The text of a file that is there already. A writer that keeps what others have written in a file asks for it.
    /// What is no UTF-8 is an error of the kind [`InvalidData`](io::ErrorKind::InvalidData).
    fn existing(&mut self, path: &str) -> io::Result<Option<String>>;

    /// Writes a file whole. `path` has `/` between its parts and stays inside the folder.
    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// What the folder is called; nothing for an archive.
    fn label(&self) -> String {
        String::new()
    }

    /// Says that all is written.
    fn finish(&mut self) -> io::Result<()>;
}

/// A folder on disk. Each file appears under its name when it is complete.
#[derive(Debug)]
pub struct DiskFiles {
    root: PathBuf,
}

impl DiskFiles {
    /// The folder `root`, which is made if it is not there.
    pub fn new(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, path: &str) -> io::Result<PathBuf> {
        let inside = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside || path.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path that leads out of the folder"));
        }
        Ok(self.root.join(path))
    }

    fn replace(&self, target: PathBuf, bytes: &[u8]) -> io::Result<()> {
        let folder = target.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)?;
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = folder.join(name);
        std::fs::write(&part, bytes)?;
        // A link is written through, not replaced: rule files are often links to one another.
        let real = std::fs::canonicalize(&target).unwrap_or(target);
        std::fs::rename(&part, real)
    }
}

/// The error with the file that it is about.
fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

impl Files for DiskFiles {
    fn existing(&mut self, path: &str) -> io::Result<Option<String>> {
        use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
        match std::fs::read_to_string(self.path(path)?) {
            Ok(text) => Ok(Some(text)),
            // Where a folder is expected there may be a file, or the other way round.
            Err(error) if matches!(error.kind(), NotFound | NotADirectory | IsADirectory) => Ok(None),
            Err(error) => Err(named(path, &error)),
        }
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let target = self.path(path)?;
        self.replace(target, bytes).map_err(|error| named(path, &error))
    }

    fn label(&self) -> String {
        let whole = std::fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A folder as a ZIP archive, written as it goes.
pub struct ZipFiles<W: io::Write> {
    writer: Option<ZipWriter<StreamWriter<W>>>,
}

impl<W: io::Write> std::fmt::Debug for ZipFiles<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZipFiles").finish_non_exhaustive()
    }
}

impl<W: io::Write> ZipFiles<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { writer: Some(ZipWriter::new_stream(out)) }
    }

    /// Copies a file of any length.
    pub fn copy(&mut self, path: &str, read: &mut dyn io::Read) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Err(io::ErrorKind::BrokenPipe.into()) };
        writer.start_file(path, SimpleFileOptions::default().large_file(true))?;
        io::copy(read, writer).map(drop)
    }

    /// Ends the archive and gives the output back.
    pub fn into_inner(mut self) -> io::Result<W> {
        let writer = self.writer.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut out = writer.finish()?.into_inner();
        out.flush()?;
        Ok(out)
    }
}

impl<W: io::Write> Files for ZipFiles<W> {
    fn existing(&mut self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Err(io::ErrorKind::BrokenPipe.into()) };
        writer.start_file(path, SimpleFileOptions::default())?;
        io::Write::write_all(writer, bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        io::Write::flush(&mut writer.finish()?.into_inner())
    }
}

/// A record on its way out, read once.
#[derive(Debug)]
pub struct Outgoing {
    /// The record: content of any length, all that a memory has no place for.
    pub record: Record,
    /// Its text.
    pub content: String,
    /// What it is.
    pub kind: MemoryType,
    /// Its tags as they were written.
    pub tags: Vec<String>,
    /// The tool that wrote it.
    pub platform: String,
    /// The conversation or file that it comes from.
    pub reference: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// The profile, if it has one: namespace, end, metadata, our own id.
    pub profile: Option<Profile>,
    /// What it was in another tool's file.
    pub origin: Option<Origin>,
    /// Whether it still says what it said there.
    pub untouched: bool,
    /// Its memory: ids and fields in the form that they have here, the text cut where it is too long for one.
    pub memory: Memory,
    /// Which item of the output it is, as the report tells.
    pub place: Place,
}

impl Outgoing {
    /// Reads a record. The error says what is wrong with it.
    pub fn new(
        record: Record,
        subject: Option<&str>,
        fallback: Timestamp,
        place: Place,
    ) -> Result<Self, String> {
        let mapped = from_record(&record, Context { subject, fallback })?;
        let memory = mapped.parts.into_iter().next().ok_or("has no text")?;
        let origin = Origin::of(&record);
        let untouched = origin.as_ref().is_some_and(|origin| origin.is_untouched(&record));
        Ok(Self {
            content: record.content().unwrap_or_default().into_owned(),
            kind: memory.kind,
            tags: record.tags().iter().map(|tag| tag.clone().into_owned()).collect(),
            platform: memory.source.tool.as_str().to_owned(),
            reference: record.source().and_then(|source| source.reference),
            created: memory.created_at,
            updated: memory.updated_at,
            profile: Profile::read(&record),
            origin,
            untouched,
            memory,
            record,
            place,
        })
    }

    /// The original item, if it came from this format and still says the same.
    pub fn same_again(&self, format: &str) -> Option<&serde_json::value::RawValue> {
        self.from(format).filter(|_| self.untouched).and_then(Origin::raw)
    }

    /// The origin, if it came from this format: then a changed item is the original with the changes laid over it.
    pub fn from(&self, format: &str) -> Option<&Origin> {
        self.origin.as_ref().filter(|origin| origin.format() == format)
    }

    /// Whether the date is one that is known.
    pub fn is_dated(&self) -> bool {
        self.record.members().contains("created")
            && self.origin.as_ref().and_then(Origin::dated) != Some(crate::origin::Dated::Assumed)
    }

    /// Its project or area.
    pub fn namespace(&self) -> Option<&str> {
        self.memory.namespace.as_ref().map(omp_model::Namespace::as_str)
    }
}
