//! Watches how much comes out of what is packed.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::Limits;
use crate::{Place, Stop};

/// Counts what is unpacked and ends where a limit is.
pub(super) struct Guarded<'a> {
    inner: Box<dyn Read + 'a>,
    /// Bytes that the file has when packed.
    packed: u64,
    read: u64,
    limits: Limits,
    /// Of all files together.
    expanded: &'a mut u64,
    /// Where the file is, if it is packed.
    packed_at: Option<Place>,
}

impl<'a> Guarded<'a> {
    /// Opens a file; what is packed with gzip is unpacked. `in_archive` is its place, if an archive unpacks it already.
    pub(super) fn open(
        inner: Box<dyn Read + 'a>,
        packed: u64,
        limits: Limits,
        expanded: &'a mut u64,
        place: &Place,
        in_archive: bool,
    ) -> Result<Box<dyn Read + 'a>, Stop> {
        let mut inner = BufReader::with_capacity(16, inner);
        let packed_at = |packed: bool| packed.then(|| place.clone());
        let begins = inner.fill_buf().map_err(|error| damaged(packed_at(in_archive).as_ref(), error))?;
        let is_gzip = begins.starts_with(&[0x1F, 0x8B]);
        let inner: Box<dyn Read + 'a> = if is_gzip {
            Box::new(BufReader::with_capacity(super::BUFFER, MultiGzDecoder::new(inner)))
        } else {
            Box::new(inner)
        };
        let packed_at = packed_at(in_archive || is_gzip);
        Ok(Box::new(Self { inner, packed, read: 0, limits, expanded, packed_at }))
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into).map_err(|error| damaged(self.packed_at.as_ref(), error))?;
        self.read += count as u64;
        *self.expanded += count as u64;
        let swollen =
            self.read > self.limits.ratio_from && self.read / self.packed.max(1) > self.limits.ratio;
        if swollen || *self.expanded > self.limits.expanded {
            return Err(io::Error::other(bomb(self.read, self.packed)));
        }
        Ok(count)
    }
}

/// An error of the unpacker, which is one of the file and not of the machine.
fn damaged(packed_at: Option<&Place>, error: io::Error) -> io::Error {
    match packed_at {
        Some(place) if error.raw_os_error().is_none() && error.kind() != io::ErrorKind::Interrupted => {
            let what = format!("the file cannot be unpacked; it is damaged or cut off ({error})");
            io::Error::new(error.kind(), Stop::broken(place, what))
        }
        _ => error,
    }
}

/// What is said of packed data that is made to fill memories.
pub(super) fn bomb(expanded: u64, packed: u64) -> Stop {
    Stop::Limit(format!(
        "{packed} packed bytes unfold to {expanded} or more; an export of memories does not do that, so it is not \
         read. If it is one, unpack it and import what comes out"
    ))
}
