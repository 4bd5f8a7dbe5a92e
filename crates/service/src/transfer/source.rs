//! Where an import comes from, and reading it twice where that is needed.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use omi::Serialization;
use omp_formats::Input;
use omp_formats::input::ReadSeek;
use omp_formats::sniff::{PREFIX, Sniffed, form, sniff};
use omp_formats::write::ZipFiles;
use omp_model::transfer::Format;
use omp_model::{Error, ErrorCode, Result, Timestamp};

use super::detect::{Detected, Known, detect, limits, stopped};

/// Bodies up to this size are kept in memory while they are read twice, larger ones in a file.
const SPOOLED_IN_MEMORY: usize = 4 << 20;

/// Where an import comes from.
pub enum ImportSource {
    /// A file, which can be read from the beginning again.
    File(File),
    /// A folder with all that is in it.
    Folder(PathBuf),
    /// Something that can be read once, such as the body of a request.
    Stream(Box<dyn Read + Send>),
}

/// A source whose beginning has been looked at.
pub(super) struct Opened {
    source: ImportSource,
    /// What it is called.
    name: Option<String>,
    /// When the file was changed last; nobody knows that of a stream.
    changed: Option<Timestamp>,
    /// What has been read of a stream already, and is looked at of a file.
    prefix: Vec<u8>,
    pub(super) sniffed: Option<Sniffed>,
}

/// Something that can be read from the beginning as often as needed.
pub(super) trait Rereadable: ReadSeek {}
impl<T: ReadSeek> Rereadable for T {}

impl Opened {
    pub(super) fn new(mut source: ImportSource, name: Option<&str>) -> Result<Self> {
        let (mut prefix, mut changed) = (Vec::new(), None);
        let most = PREFIX as u64;
        match &mut source {
            ImportSource::File(file) => {
                changed = changed_at(file);
                file.take(most).read_to_end(&mut prefix).map_err(|e| unreadable(&e))?;
                file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(&e))?;
            }
            ImportSource::Folder(_) => {}
            ImportSource::Stream(stream) => {
                stream.take(most).read_to_end(&mut prefix).map_err(|e| unreadable(&e))?;
            }
        }
        let sniffed = sniff(&prefix);
        Ok(Self { source, name: name.map(str::to_owned), changed, prefix, sniffed })
    }

    /// Finds out the format. What does not look like anything is, in a stream, for the protocol's own reader to refuse:
    /// its body has a form of its own.
    pub(super) fn detect(&mut self) -> Result<Detected> {
        if self.is_archive() {
            // An archive's list of files stands at its end.
            let mut input = self.input(&std::env::temp_dir())?;
            return detect(&mut input, None);
        }
        let mut beginning = match &self.source {
            ImportSource::Folder(path) => Input::folder(path, limits()).map_err(stopped)?,
            _ => Input::file(Cursor::new(self.prefix.clone()), self.name.as_deref(), limits())
                .map_err(stopped)?,
        };
        let detected = detect(&mut beginning, self.form_by_name());
        let says_nothing = match &detected {
            // A file may be an export of nothing; a body is what its sender has made of nothing.
            Ok(_) => self.prefix.trim_ascii() == b"[]",
            Err(error) => error.details.len() == 1 && error.details.contains_key("format"),
        };
        if says_nothing && matches!(self.source, ImportSource::Stream(_)) {
            return Ok(Detected {
                known: Known::Native(Format::OMP),
                because: "nothing says otherwise".into(),
            });
        }
        detected
    }

    /// The form of an interchange file; `None` when it looks like a
    /// document. The content decides, then what it is called.
    pub(super) fn form(&self, called: Format) -> Option<Serialization> {
        let called = match called {
            Format::OMI => Some(Serialization::Json),
            Format::OMI_JSONL => Some(Serialization::JsonLines),
            _ => None,
        };
        form(&self.prefix, self.form_by_name().or(called))
    }

    fn form_by_name(&self) -> Option<Serialization> {
        self.name.as_deref().and_then(Serialization::from_file_name)
    }

    /// Whether it begins like a ZIP archive.
    fn is_archive(&self) -> bool {
        self.prefix.starts_with(b"PK\x03\x04") || self.prefix.starts_with(b"PK\x05\x06")
    }

    /// For one reading.
    pub(super) fn once(self) -> Result<Box<dyn Read + Send>> {
        match self.source {
            ImportSource::File(file) => Ok(Box::new(io::BufReader::with_capacity(1 << 18, file))),
            ImportSource::Folder(_) => Err(a_folder()),
            ImportSource::Stream(stream) => Ok(Box::new(Cursor::new(self.prefix).chain(stream))),
        }
    }

    /// As files for the reader of another tool's format. A stream is copied first, and then is a file.
    pub(super) fn input(&mut self, folder: &Path) -> Result<Input> {
        if let ImportSource::Folder(path) = &self.source {
            return Input::folder(path, limits()).map_err(stopped);
        }
        if let ImportSource::Stream(stream) = &mut self.source {
            let mut spool = tempfile::tempfile_in(folder).map_err(|e| unreadable(&e))?;
            io::copy(&mut Cursor::new(&self.prefix).chain(stream), &mut spool).map_err(|e| unreadable(&e))?;
            spool.rewind().map_err(|e| unreadable(&e))?;
            self.source = ImportSource::File(spool);
        }
        let ImportSource::File(file) = &self.source else { return Err(a_folder()) };
        let mut file = file.try_clone().map_err(|e| unreadable(&e))?;
        file.rewind().map_err(|e| unreadable(&e))?;
        let input = Input::file(file, self.name.as_deref(), limits()).map_err(stopped)?;
        Ok(input.changed_at(self.changed))
    }

    /// For several readings; a stream is copied to a nameless file in `folder` when it is large.
    pub(super) fn rereadable(self, folder: &Path) -> Result<Box<dyn Rereadable>> {
        let mut stream = match self.source {
            ImportSource::File(file) => return Ok(Box::new(file)),
            ImportSource::Folder(_) => return Err(a_folder()),
            ImportSource::Stream(stream) => Cursor::new(self.prefix).chain(stream),
        };
        let mut spool = tempfile::SpooledTempFile::new_in(SPOOLED_IN_MEMORY, folder);
        io::copy(&mut stream, &mut spool).map_err(|e| unreadable(&e))?;
        spool.rewind().map_err(|e| unreadable(&e))?;
        Ok(Box::new(spool))
    }
}

/// When a file was changed last.
fn changed_at(file: &File) -> Option<Timestamp> {
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

fn a_folder() -> Error {
    Error::invalid("file", "is a folder; this format is one file")
}

/// A folder as an archive in a nameless file, to be sent to a server. Holds what an import of the folder would read.
pub fn pack_folder(folder: &Path) -> Result<File> {
    let mut input = Input::folder(folder, limits()).map_err(stopped)?;
    let mut files = ZipFiles::new(tempfile::tempfile().map_err(|e| unreadable(&e))?);
    for member in input.members().iter() {
        let mut read = input.open(member).map_err(stopped)?;
        files.copy(&member.path, &mut read).map_err(|e| unreadable(&e))?;
    }
    let mut file = files.into_inner().map_err(|e| unreadable(&e))?;
    file.rewind().map_err(|e| unreadable(&e))?;
    Ok(file)
}

/// The source broke off: nothing of it that was not stored already will be.
pub(super) fn unreadable(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return Error::new(ErrorCode::StorageFull, "There is no room to keep the import while it is read.");
    }
    Error::new(ErrorCode::Unavailable, format!("The import could not be read to its end: {error}."))
}
