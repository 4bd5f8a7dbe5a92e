//! What the word index holds of a text: a `tsvector`, in the engine's binary form. As a text the
//! engine would have to take it apart and sort it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use omp_model::{Memory, OwnerId};
use omp_search::Analyzer;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::stored;

/// Most bytes of a `tsvector` that we make; the engine takes a little more. No text that fits the limits comes near.
const MOST_BYTES: usize = 1_000_000;

/// Most positions of one word; the engine keeps no more.
const MOST_POSITIONS: u16 = 255;

/// A word as the index knows it: with its owner in front.
fn lexeme(owner: OwnerId, token: &str) -> String {
    format!("{}:{token}", owner.0)
}

/// A word as a part of a `tsquery`. No token contains a quote, a backslash or white space.
pub(super) fn quoted(owner: OwnerId, token: &str) -> String {
    format!("'{}'", lexeme(owner, token))
}

fn tokens(words: &str) -> impl Iterator<Item = &str> {
    words.split(' ').filter(|token| !token.is_empty())
}

/// What the word index holds of a memory. Cheap to clone.
#[derive(Clone)]
pub(super) struct Words {
    /// How many there are.
    pub(super) count: i32,
    pub(super) vector: TsVector,
}

impl Words {
    /// The words of a memory of this owner.
    pub(super) fn of(owner: OwnerId, memory: &Memory, analyzer: &mut Analyzer) -> Self {
        Self::new(owner, &stored::words(memory, analyzer))
    }

    fn new(owner: OwnerId, words: &str) -> Self {
        let mut occurrences: BTreeMap<&str, u16> = BTreeMap::new();
        let mut count = 0;
        for token in tokens(words) {
            let n = occurrences.entry(token).or_insert(0);
            *n = MOST_POSITIONS.min(*n + 1);
            count += 1;
        }
        Self { count, vector: TsVector::new(owner, &occurrences) }
    }
}

/// Words, each once, with as many positions as it occurs.
#[derive(Clone)]
pub(super) struct TsVector(Bytes);

impl TsVector {
    /// The words of a token stream without their positions.
    pub(super) fn without_positions(owner: OwnerId, words: &str) -> Self {
        Self::new(owner, &tokens(words).map(|token| (token, 0)).collect())
    }

    fn new(owner: OwnerId, occurrences: &BTreeMap<&str, u16>) -> Self {
        let mut bytes = BytesMut::new();
        let mut words = 0_u32;
        bytes.put_u32(words);
        for (token, n) in occurrences {
            if bytes.len() + token.len() + 16 + 2 * usize::from(*n) > MOST_BYTES {
                break;
            }
            bytes.put_slice(lexeme(owner, token).as_bytes());
            bytes.put_u8(0);
            bytes.put_u16(*n);
            (1..=*n).for_each(|position| bytes.put_u16(position));
            words += 1;
        }
        bytes[..4].copy_from_slice(&words.to_be_bytes());
        Self(bytes.freeze())
    }
}

/// Without the words, which are what people remember.
impl fmt::Debug for TsVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TsVector({} bytes)", self.0.len())
    }
}

impl ToSql for TsVector {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(TS_VECTOR);
    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_a_position_for_each_time_that_it_occurs() {
        let words = Words::new(OwnerId(3), "tea tea c++");
        assert_eq!(words.count, 3);
        assert_eq!(&words.vector.0[..], b"\0\0\0\x023:c++\0\0\x01\0\x013:tea\0\0\x02\0\x01\0\x02");
        let vector = TsVector::without_positions(OwnerId(3), "tea  tea");
        assert_eq!(&vector.0[..], b"\0\0\0\x013:tea\0\0\0");
    }

    #[test]
    fn a_text_of_one_word_stays_within_what_the_engine_takes() {
        let words = Words::new(OwnerId(3), &"tea ".repeat(10_000));
        assert_eq!(words.count, 10_000);
        assert_eq!(&words.vector.0[words.vector.0.len() - 2..], 255_u16.to_be_bytes());
    }

    #[test]
    fn no_words_of_a_person_stand_in_a_debug_line() {
        assert_eq!(format!("{:?}", Words::new(OwnerId(1), "secret").vector), "TsVector(17 bytes)");
    }
}
