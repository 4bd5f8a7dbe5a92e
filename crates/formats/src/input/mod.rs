//! What is read: a file, a folder or an archive, seen as a list of files.
//!
//! Nothing is unpacked to disk. Names inside an archive are only compared with others, never used as paths; those that
//! try to leave the archive are passed over and told. Files packed with gzip are unpacked as they are read.

mod folder;
mod guard;
mod limits;
mod wide;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omp_model::Timestamp;
use zip::ZipArchive;

use self::guard::Guarded;
pub use self::limits::Limits;
use crate::{Place, Stop};

/// Something that can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// One file of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path from the top with `/`. A file alone has the name that it was given, or none.
    pub path: Arc<str>,
    /// Its bytes, as far as known before reading.
    pub size: u64,
    /// When it was changed last, where the file system tells.
    pub modified: Option<Timestamp>,
    /// Whether it is the input itself, so that a place in it needs no name.
    alone: bool,
    number: usize,
}

impl Member {
    /// The last part of the path, without `.gz`.
    pub fn name(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".gz").unwrap_or(name)
    }

    /// The folder that it lies in, without a final `/`; empty at the top.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its path within the folder or archive; of a file alone the name, because where that lies says nothing of it.
    pub fn inner_path(&self) -> &str {
        if self.alone { self.name() } else { &self.path }
    }

    /// Whether the name ends so, capitals or not; `ending` in small letters.
    pub fn ends_with(&self, ending: &str) -> bool {
        let name = self.name();
        name.len() >= ending.len()
            && name.is_char_boundary(name.len() - ending.len())
            && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
    }

    /// The place of the file as a whole.
    pub fn place(&self) -> Place {
        if self.alone { Place::default() } else { Place::file(&self.path) }
    }
}

enum Kind {
    Single(Box<dyn ReadSeek>),
    Folder(Vec<PathBuf>),
    Zip(Box<ZipArchive<Box<dyn ReadSeek>>>),
}

/// What is read.
pub struct Input {
    kind: Kind,
    members: Arc<[Member]>,
    limits: Limits,
    /// Names that were passed over, and why.
    ignored: Vec<(String, &'static str)>,
    /// Bytes unpacked so far.
    expanded: u64,
    /// What the folder is called.
    label: String,
    /// Why the beginning of a file could not be looked at, the first time.
    unseen: Option<Stop>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("members", &self.members.len()).finish_non_exhaustive()
    }
}

impl Input {
    /// A file, which may be a ZIP archive. `name` is what it is called, if that is known: some formats are told by it.
    pub fn file(read: impl ReadSeek + 'static, name: Option<&str>, limits: Limits) -> Result<Self, Stop> {
        Self::seekable(Box::new(read), name, limits)
    }

    /// Everything in a folder. Links are not followed.
    pub fn folder(path: &Path, limits: Limits) -> Result<Self, Stop> {
        let found = folder::walk(path, &limits)?;
        let kind = Kind::Folder(found.paths);
        let label = std::fs::canonicalize(path)?.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            kind,
            members: found.members.into(),
            limits,
            ignored: found.ignored,
            expanded: 0,
            label: label.unwrap_or_default(),
            unseen: None,
        })
    }

    fn seekable(mut read: Box<dyn ReadSeek>, name: Option<&str>, limits: Limits) -> Result<Self, Stop> {
        let mut magic = [0; 4];
        let is_zip =
            read_up_to(&mut read, &mut magic)? == 4 && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06");
        let size = read.seek(SeekFrom::End(0))?;
        read.rewind()?;
        if is_zip {
            return Self::zip(read, size, limits);
        }
        // A path tells more than a name: rule files are known by their folder.
        let name = name.unwrap_or_default().replace('\\', "/");
        let path = name.trim_start_matches("./").trim_start_matches('/').into();
        let member = Member { path, size, modified: None, alone: true, number: 0 };
        Ok(Self {
            kind: Kind::Single(read),
            members: vec![member].into(),
            limits,
            ignored: Vec::new(),
            expanded: 0,
            label: String::new(),
            unseen: None,
        })
    }

    /// Says when a file that is the input itself was changed last.
    #[must_use]
    pub fn changed_at(mut self, modified: Option<Timestamp>) -> Self {
        if self.is_single() {
            let dated = self.members.iter().map(|member| Member { modified, ..member.clone() });
            self.members = dated.collect();
        }
        self
    }

    fn zip(read: Box<dyn ReadSeek>, size: u64, limits: Limits) -> Result<Self, Stop> {
        let unusable = |error: zip::result::ZipError| {
            Stop::broken(&Place::default(), format!("this ZIP archive cannot be read: {error}"))
        };
        let mut archive = ZipArchive::new(read).map_err(unusable)?;
        if archive.len() > limits.files {
            return Err(Stop::Limit(format!(
                "the archive has {} files; more than {} are not read",
                archive.len(),
                limits.files
            )));
        }
        let (mut members, mut ignored, mut declared) = (Vec::new(), Vec::new(), 0_u64);
        for number in 0..archive.len() {
            let file = archive.by_index_raw(number).map_err(unusable)?;
            declared = declared.saturating_add(file.size());
            let name = file.name().map_or_else(|_| String::from("\0"), |name| name.replace('\\', "/"));
            match unusable_name(&name) {
                _ if file.is_dir() => {}
                Some(why) => ignored.push((name, why)),
                None if file.is_symlink() => ignored.push((name, "is a link")),
                None if is_litter(&name) => {}
                None => members.push(Member {
                    path: name.trim_start_matches("./").into(),
                    size: file.size(),
                    modified: None,
                    alone: false,
                    number,
                }),
            }
        }
        if declared > limits.expanded
            || (declared > limits.ratio_from && declared / size.max(1) > limits.ratio)
        {
            return Err(guard::bomb(declared, size));
        }
        let kind = Kind::Zip(Box::new(archive));
        let label = String::new();
        Ok(Self { kind, members: members.into(), limits, ignored, expanded: 0, label, unseen: None })
    }

    /// The files, in the order of the archive; of a folder, by path.
    pub fn members(&self) -> Arc<[Member]> {
        Arc::clone(&self.members)
    }

    /// What the folder is called; nothing for a file or an archive.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether it is one file, and neither folder nor archive.
    pub fn is_single(&self) -> bool {
        matches!(self.kind, Kind::Single(_))
    }

    /// The limits of this reading.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Files that were passed over because of their names or kinds, and why.
    pub fn ignored(&self) -> &[(String, &'static str)] {
        &self.ignored
    }

    /// Why the beginning of a file could not be looked at, if there was such a file.
    pub fn unseen(&mut self) -> Option<Stop> {
        self.unseen.take()
    }

    /// Opens a file; from its beginning, however often. UTF-16 with its mark reads as UTF-8.
    pub fn open(&mut self, member: &Member) -> Result<Box<dyn Read + '_>, Stop> {
        let Self { kind, limits, expanded, .. } = self;
        let in_archive = matches!(kind, Kind::Zip(_));
        let (inner, packed): (Box<dyn Read + '_>, u64) = match kind {
            Kind::Single(read) => {
                read.rewind()?;
                (Box::new(io::BufReader::with_capacity(BUFFER, read)), member.size)
            }
            Kind::Folder(paths) => {
                let file = std::fs::File::open(&paths[member.number])?;
                (Box::new(io::BufReader::with_capacity(BUFFER, file)), member.size)
            }
            Kind::Zip(archive) => {
                if archive.by_index_raw(member.number).is_ok_and(|file| file.encrypted()) {
                    let what = "this file of the archive is encrypted; unpack it and import what comes out";
                    return Err(Stop::broken(&member.place(), what));
                }
                let file = archive.by_index(member.number).map_err(|error| {
                    Stop::broken(&member.place(), format!("this file of the archive cannot be read: {error}"))
                })?;
                let packed = file.compressed_size();
                (Box::new(io::BufReader::with_capacity(BUFFER, file)), packed)
            }
        };
        let guarded = Guarded::open(inner, packed, *limits, expanded, &member.place(), in_archive)?;
        Ok(wide::narrowed(guarded)?)
    }

    /// The first bytes of a file.
    pub(crate) fn head(&mut self, member: &Member, most: usize) -> Result<Vec<u8>, Stop> {
        let before = self.expanded;
        let mut head = Vec::new();
        let read = self.open(member).map(|read| read.take(most as u64).read_to_end(&mut head));
        self.expanded = before;
        // What is packed may end early, when the input itself is only a beginning; what came before counts.
        if let Err(error) = read?
            && !(self.is_single() && error.kind() == io::ErrorKind::UnexpectedEof)
        {
            self.unseen.get_or_insert(error.into());
        }
        Ok(head)
    }

    /// The same for whoever only looks; of a file that cannot be opened there is nothing to see.
    pub(crate) fn glance(&mut self, member: &Member, most: usize) -> Vec<u8> {
        self.head(member, most).unwrap_or_else(|stop| {
            self.unseen.get_or_insert(stop);
            Vec::new()
        })
    }

    /// A whole file as text. Errors when it is longer than [`Limits::text_bytes`].
    pub fn text(&mut self, member: &Member) -> Result<String, Stop> {
        let most = self.limits.text_bytes;
        let mut bytes = Vec::new();
        self.open(member)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            let what = format!("the file is longer than {most} bytes; text is not read beyond that");
            return Err(Stop::broken(&member.place(), what));
        }
        Ok(decode(bytes))
    }
}

const BUFFER: usize = 1 << 17;

fn read_up_to(read: &mut dyn ReadSeek, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match read.read(&mut into[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// UTF-8 with or without its mark; line ends become `\n`.
pub(crate) fn decode(bytes: Vec<u8>) -> String {
    let text = match &bytes[..] {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()),
    };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// Why a name of an archive is not to be trusted.
fn unusable_name(name: &str) -> Option<&'static str> {
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.split('/').any(|part| part == "..") {
        return Some("has a path that leads out of the archive");
    }
    name.contains('\0').then_some("has a name that is none")
}

#[cfg(test)]
mod tests;

/// What archivers and file managers leave behind.
pub(crate) fn is_litter(path: &str) -> bool {
    path.split('/').any(|part| part == "__MACOSX" || part == ".DS_Store" || part.starts_with("._"))
}
