//! Where an import comes from, and reading it twice where that is needed.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use omp_formats::sniff::{PREFIX, Sniffed, sniff};
use omp_model::{Error, ErrorCode, Result};

/// Bodies up to this size are kept in memory while they are read twice, larger ones in a file.
const SPOOLED_IN_MEMORY: usize = 4 << 20;

/// Where an import comes from.
pub enum ImportSource {
    /// A file, which can be read from the beginning again.
    File(File),
    /// Something that can be read once, such as the body of a request.
    Stream(Box<dyn Read + Send>),
}

/// A source whose beginning has been looked at.
pub(super) struct Opened {
    source: ImportSource,
    /// What has been read of a stream already.
    prefix: Vec<u8>,
    pub(super) sniffed: Option<Sniffed>,
}

/// Something that can be read from the beginning as often as needed.
pub(super) trait Rereadable: Read + Seek + Send {}
impl<T: Read + Seek + Send> Rereadable for T {}

impl Opened {
    pub(super) fn new(mut source: ImportSource) -> Result<Self> {
        let mut prefix = Vec::new();
        let most = PREFIX as u64;
        match &mut source {
            ImportSource::File(file) => {
                file.take(most).read_to_end(&mut prefix).map_err(|e| unreadable(&e))?;
                file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(&e))?;
            }
            ImportSource::Stream(stream) => {
                stream.take(most).read_to_end(&mut prefix).map_err(|e| unreadable(&e))?;
            }
        }
        let sniffed = sniff(&prefix);
        Ok(Self { source, prefix, sniffed })
    }

    /// For one reading.
    pub(super) fn once(self) -> Box<dyn Read + Send> {
        match self.source {
            ImportSource::File(file) => Box::new(io::BufReader::with_capacity(1 << 18, file)),
            ImportSource::Stream(stream) => Box::new(Cursor::new(self.prefix).chain(stream)),
        }
    }

    /// For several readings; a stream is copied to a nameless file in `folder` when it is large.
    pub(super) fn rereadable(self, folder: &Path) -> Result<Box<dyn Rereadable>> {
        let mut stream = match self.source {
            ImportSource::File(file) => return Ok(Box::new(file)),
            ImportSource::Stream(stream) => Cursor::new(self.prefix).chain(stream),
        };
        let mut spool = tempfile::SpooledTempFile::new_in(SPOOLED_IN_MEMORY, folder);
        io::copy(&mut stream, &mut spool).map_err(|e| unreadable(&e))?;
        spool.rewind().map_err(|e| unreadable(&e))?;
        Ok(Box::new(spool))
    }
}

/// The source broke off: nothing of it that was not stored already will be.
pub(super) fn unreadable(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return Error::new(ErrorCode::StorageFull, "There is no room to keep the import while it is read.");
    }
    Error::new(ErrorCode::Unavailable, format!("The import could not be read to its end: {error}."))
}
