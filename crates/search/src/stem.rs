//! Stemming by script, with a small memo: prose repeats its words, and a look-up is ten times cheaper than a stem.

use snowball_stemmers_rs::{Algorithm, Stemmer};

use crate::script::Writing;

/// A word and its stem must each fit here to be remembered.
const LONGEST: usize = 23;
const SLOTS: usize = 2048;

#[derive(Clone, Copy)]
struct Slot {
    word_len: u8,
    stem_len: u8,
    word: [u8; LONGEST],
    stem: [u8; LONGEST],
}

const EMPTY: Slot = Slot { word_len: 0, stem_len: 0, word: [0; LONGEST], stem: [0; LONGEST] };

/// The stemmers, and the stems of the words seen last. A slot holds one word; a newer word with the same hash
/// takes it over, so memory is bounded and nothing needs to be evicted.
pub(crate) struct Stems {
    english: Stemmer,
    russian: Stemmer,
    greek: Stemmer,
    arabic: Stemmer,
    slots: Vec<Slot>,
}

impl Stems {
    pub(crate) fn new() -> Self {
        Self {
            english: Stemmer::create(Algorithm::English),
            russian: Stemmer::create(Algorithm::Russian),
            greek: Stemmer::create(Algorithm::Greek),
            arabic: Stemmer::create(Algorithm::Arabic),
            slots: Vec::new(), // filled on first use: an analyzer that sees no word costs nothing
        }
    }

    /// Hands the stem of a lower-case word to `then`.
    pub(crate) fn stem<R>(&mut self, word: &str, writing: Writing, then: impl FnOnce(&str) -> R) -> R {
        let stemmer = match writing {
            Writing::Latin => &self.english,
            Writing::Cyrillic => &self.russian,
            Writing::Greek => &self.greek,
            Writing::Arabic => &self.arabic,
            Writing::Other => return then(word),
        };
        let bytes = word.as_bytes();
        if bytes.len() > LONGEST {
            return then(&stemmer.stem(word));
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, EMPTY);
        }
        let slot = &mut self.slots[hash(bytes) % SLOTS];
        if slot.word[..usize::from(slot.word_len)] == *bytes
            && let Ok(stem) = str::from_utf8(&slot.stem[..usize::from(slot.stem_len)])
        {
            return then(stem);
        }
        let stem = stemmer.stem(word);
        if let (Ok(word_len), Ok(stem_len)) = (u8::try_from(bytes.len()), u8::try_from(stem.len()))
            && stem.len() <= LONGEST
        {
            slot.word[..bytes.len()].copy_from_slice(bytes);
            slot.stem[..stem.len()].copy_from_slice(stem.as_bytes());
            slot.word_len = word_len;
            slot.stem_len = stem_len;
        }
        then(&stem)
    }
}

/// FNV-1a with the high half mixed in, since only the low bits choose the slot.
fn hash(bytes: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    for &byte in bytes {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    (hash ^ (hash >> 15)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(stems: &mut Stems, word: &str, writing: Writing) -> String {
        stems.stem(word, writing, ToOwned::to_owned)
    }

    #[test]
    fn remembered_stems_equal_fresh_ones() {
        let mut memo = Stems::new();
        for round in 0..2 {
            for n in 0..20_000_u32 {
                let letters = n.to_le_bytes().map(|byte| char::from(b'a' + byte % 26));
                let word = letters.into_iter().chain("ings".chars()).collect::<String>();
                let fresh = memo.english.stem(&word).into_owned();
                assert_eq!(stem(&mut memo, &word, Writing::Latin), fresh, "round {round}");
            }
        }
    }

    #[test]
    fn each_script_has_its_stemmer() {
        let mut stems = Stems::new();
        assert_eq!(stem(&mut stems, "memories", Writing::Latin), "memori");
        assert_eq!(
            stem(&mut stems, "книгами", Writing::Cyrillic),
            stem(&mut stems, "книга", Writing::Cyrillic)
        );
        assert_eq!(stem(&mut stems, "הבית", Writing::Other), "הבית");
    }

    #[test]
    fn greek_words_that_broke_an_older_stemmer_do_not_panic() {
        let mut stems = Stems::new();
        for word in ["αντιθετα", "αντιθετο", "ισα", "ισαδα", "αντιθετικοσ", "ισαισα"]
        {
            stem(&mut stems, word, Writing::Greek);
        }
    }
}
