//! Digests of rows: a number for each, and their sum, which does not depend on the order in which they are read.

use sha2::{Digest as _, Sha256};

use super::row::{Cell, Row};
use super::tables::Table;

/// The sum of the digests of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum(u128);

impl Sum {
    pub(super) fn add(&mut self, digest: u128) {
        self.0 = self.0.wrapping_add(digest);
    }

    /// A part of it that fits a setting.
    pub(super) fn short(self) -> i64 {
        i64::from_le_bytes(self.0.to_le_bytes()[..8].try_into().expect("eight bytes"))
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The digest of a row: SHA-256, of which half is kept. Each value goes in with its sort and
/// its length, so that no two rows look the same.
pub(super) fn digest(table: Table, row: &Row) -> u128 {
    let mut hash = Sha256::new();
    let mut put = |sort: u8, bytes: &[u8]| {
        hash.update([sort]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    put(0, table.name().as_bytes());
    for cell in &row.0 {
        match cell {
            Cell::Null => put(1, &[]),
            Cell::Int(value) => put(2, &value.to_le_bytes()),
            Cell::Text(value) => put(3, value.as_bytes()),
            Cell::Bytes(value) => put(4, value),
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    u128::from_le_bytes(digest[..16].try_into().expect("sixteen bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[Cell]) -> u128 {
        digest(Table::Keys, &Row(cells.to_vec()))
    }

    #[test]
    fn rows_that_differ_have_other_digests() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let rows = [
            row(&[text("ab"), text("c")]),
            row(&[text("a"), text("bc")]),
            row(&[text("abc")]),
            row(&[text("abc"), Cell::Null]),
            row(&[Cell::Bytes(b"abc".to_vec())]),
            row(&[Cell::Int(7)]),
            digest(Table::Shares, &Row(vec![Cell::Int(7)])),
        ];
        let all: std::collections::BTreeSet<u128> = rows.into_iter().collect();
        assert_eq!(all.len(), rows.len());
    }

    #[test]
    fn a_sum_is_the_same_in_every_order() {
        let (mut one, mut other) = (Sum::default(), Sum::default());
        for n in [1, u128::MAX, 3] {
            one.add(n);
        }
        for n in [3, 1, u128::MAX] {
            other.add(n);
        }
        assert_eq!(one, other);
    }
}
