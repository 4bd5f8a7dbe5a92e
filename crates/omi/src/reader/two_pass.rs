//! Looking ahead for an envelope whose members stand after the records.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Item, ReadOptions, Reader};
use crate::frames::{Frame, FrameErrorKind};
use crate::{Envelope, Layout, Serialization, detect};

impl<R: Read + Seek> Reader<R> {
    /// Reads from `read` after a quick pass over a document's top level, so that the envelope it yields is complete
    /// even where members stand after the records. JSON Lines need no such pass and get none.
    ///
    /// Errors when the source cannot be read or cannot seek back to where it stood.
    pub fn two_pass(mut read: R, options: ReadOptions) -> io::Result<Self> {
        let envelope = Self::scan_envelope(&mut read, &options)?;
        let mut reader = Self::new(read, options);
        if reader.layout == Some(Layout::Document) {
            reader.envelope = envelope;
            reader.complete = true;
        }
        Ok(reader)
    }

    /// Reads the envelope of a file and goes back to where the source stood.
    ///
    /// Of a document, all top-level members but the records, as far as they can be read; of JSON Lines, the header,
    /// or the implied envelope. Faults in the text are for the reading itself to tell. Errors when the source cannot
    /// be read or cannot seek.
    pub fn scan_envelope(read: &mut R, options: &ReadOptions) -> io::Result<Envelope> {
        let start = read.stream_position()?;
        let envelope = scan(&mut *read, options)?;
        read.seek(SeekFrom::Start(start))?;
        Ok(envelope)
    }
}

fn scan<R: Read>(mut read: R, options: &ReadOptions) -> io::Result<Envelope> {
    let (mut frames, form) = detect::open(&mut read, options.serialization, options.limits);
    match form {
        Err(error) => return error.kind.into_io().map_or(Ok(Envelope::default()), Err),
        Ok(Serialization::JsonLines) => {
            // The scanner that has decided now yields lines; the first good one tells.
            let mut reader = Reader::from_frames(frames, None);
            return match reader.by_ref().find(|item| matches!(item, Item::Envelope(_)) || item.is_io()) {
                Some(Item::Envelope(envelope)) => Ok(envelope),
                Some(Item::Bad { error: super::ReadError::Frame(FrameErrorKind::Io(error)), .. }) => {
                    Err(error)
                }
                _ => Ok(Envelope::default()),
            };
        }
        Ok(Serialization::Json) => {}
    }
    let mut envelope = Envelope::default();
    while let Some(frame) = frames.next() {
        match frame {
            Ok(Frame::Member { name, raw, .. }) if name != "memories" => {
                if let Ok(value) = serde_json::from_str(raw) {
                    envelope.push_raw(name, value);
                }
            }
            Ok(Frame::Line { .. }) => break,
            Ok(_) => {}
            Err(error) => {
                if let Some(error) = error.kind.into_io() {
                    return Err(error);
                }
            }
        }
    }
    Ok(envelope)
}
