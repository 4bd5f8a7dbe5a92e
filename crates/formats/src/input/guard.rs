//! Watches how much comes out of what is packed.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::Limits;
use crate::Stop;

/// Counts what is unpacked and ends where a limit is.
pub(super) struct Guarded<'a> {
    inner: Box<dyn Read + 'a>,
    /// Bytes that the file has when packed.
    packed: u64,
    read: u64,
    limits: Limits,
    /// Of all files together.
    expanded: &'a mut u64,
}

impl<'a> Guarded<'a> {
    /// Opens a file; what is packed with gzip is unpacked.
    pub(super) fn open(
        inner: Box<dyn Read + 'a>,
        packed: u64,
        limits: Limits,
        expanded: &'a mut u64,
    ) -> Result<Box<dyn Read + 'a>, Stop> {
        let mut inner = BufReader::with_capacity(16, inner);
        let is_gzip = inner.fill_buf()?.starts_with(&[0x1F, 0x8B]);
        let inner: Box<dyn Read + 'a> = if is_gzip {
            Box::new(BufReader::with_capacity(super::BUFFER, MultiGzDecoder::new(inner)))
        } else {
            Box::new(inner)
        };
        Ok(Box::new(Self { inner, packed, read: 0, limits, expanded }))
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read += count as u64;
        *self.expanded += count as u64;
        let swollen =
            self.read > self.limits.ratio_from && self.read / self.packed.max(1) > self.limits.ratio;
        if swollen || *self.expanded > self.limits.expanded {
            return Err(io::Error::other(bomb(self.read, self.packed).to_string()));
        }
        Ok(count)
    }
}

/// What is said of an archive that is made to fill memories.
pub(super) fn bomb(expanded: u64, packed: u64) -> Stop {
    Stop::Limit(format!(
        "{packed} packed bytes unfold to {expanded} or more; an export of memories does not do that, so the archive \
         is not read. If it is one, unpack it and import the folder"
    ))
}
