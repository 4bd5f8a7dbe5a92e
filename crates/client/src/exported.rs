//! Whether what a server answers is the export that was asked for: a login page comes with status 200, too.

use omp_model::transfer::Format;
use omp_model::{Error, ErrorCode, Result};

/// Bytes that are kept of a piece, in case that the mark lies on the border to the next one.
const BORDER: usize = 64;

/// An export as it arrives. Nothing of an answer that is none is passed
/// on, and none without its end is taken for whole.
pub(crate) struct Exported {
    /// What every document of the format holds; `None` where only the media type tells.
    mark: Option<&'static [u8]>,
    found: bool,
    border: Vec<u8>,
    first: Option<u8>,
    last: u8,
}

impl Exported {
    /// Judges the head of an answer.
    pub(crate) fn begin(format: Format, content_type: Option<&str>) -> Result<Self> {
        let given = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let given = given.trim().to_ascii_lowercase();
        let json = given == "application/json" || given.ends_with("+json");
        let lines = json || matches!(&*given, "application/x-ndjson" | "application/jsonl");
        let (mark, fits): (Option<&'static [u8]>, bool) = match format {
            Format::OMP => (Some(b"\"omp_version\""), json),
            Format::OMI => (Some(b"\"open-memory-interchange\""), json),
            Format::OMI_JSONL => {
                (Some(b"\"open-memory-interchange\""), lines || given == "application/vnd.omi+jsonl")
            }
            other => (None, given == omp_service::file_form(other).1),
        };
        if !fits {
            let what = if given.is_empty() { "something of no stated type".to_owned() } else { given };
            return Err(no_export(&format!("it answered with {what}")));
        }
        Ok(Self { mark, found: mark.is_none(), border: Vec::new(), first: None, last: 0 })
    }

    /// Judges a piece before it is passed on.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> Result<()> {
        let Some(mark) = self.mark else { return Ok(()) };
        let mut visible = piece.iter().filter(|byte| !byte.is_ascii_whitespace());
        if self.first.is_none() {
            self.first = visible.next().copied();
            if self.first.is_some_and(|first| first != b'{') {
                return Err(no_export("its answer does not begin like one"));
            }
        }
        if let Some(last) = piece.iter().rfind(|byte| !byte.is_ascii_whitespace()) {
            self.last = *last;
        }
        if !self.found {
            self.border.extend_from_slice(piece);
            self.found = self.border.windows(mark.len()).any(|part| part == mark);
            let passed = self.border.len().saturating_sub(BORDER);
            self.border.drain(..passed);
        }
        Ok(())
    }

    /// Judges the whole.
    pub(crate) fn end(&self) -> Result<()> {
        if !self.found {
            return Err(no_export("its answer is another document"));
        }
        if self.mark.is_some() && self.last != b'}' {
            return Err(Error::new(ErrorCode::Unavailable, "The server broke the export off."));
        }
        Ok(())
    }
}

fn no_export(why: &str) -> Error {
    let message = format!(
        "The server gave no export: {why}. Is the address that of a memory server, or does a login page or a proxy answer there?"
    );
    Error::new(ErrorCode::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, content_type: &str, pieces: &[&str]) -> Result<()> {
        let mut exported = Exported::begin(format, Some(content_type))?;
        pieces.iter().try_for_each(|piece| exported.piece(piece.as_bytes()))?;
        exported.end()
    }

    #[test]
    fn a_login_page_is_no_export() {
        assert!(read(Format::OMI, "text/html; charset=utf-8", &["<html>"]).is_err());
        assert!(read(Format::OMI, "application/json", &["<html>"]).is_err());
        assert!(read(Format::OMP, "application/json", &["{\"login\": true}"]).is_err());
        assert!(read(Format::OMP, "application/json", &[]).is_err());
        assert!(Exported::begin(Format::OMP, None).is_err());
    }

    #[test]
    fn what_is_cut_off_or_of_another_format_is_no_export() {
        let whole = ["{\"omp_ver", "sion\": \"0.1\", \"memories\": [", "]}\n"];
        read(Format::OMP, "Application/JSON", &whole).unwrap();
        assert!(read(Format::OMP, "application/json", &whole[..2]).is_err());
        assert!(read(Format::OMI, "application/json", &whole).is_err());
    }

    #[test]
    fn exports_of_our_own_server_are_taken() {
        let omi = "{\"format\":\"open-memory-interchange\"}\n";
        for format in [Format::OMI, Format::OMI_JSONL] {
            read(format, omp_service::file_form(format).1, &[omi]).unwrap();
        }
        let zip = Format::named("obsidian");
        read(zip, omp_service::file_form(zip).1, &["PK"]).unwrap();
    }
}
