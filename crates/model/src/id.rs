//! Identifiers of memories, conversations, keys and jobs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::random::RandomSource;
use crate::time::Timestamp;

/// Characters of an id after its prefix (omp.md section 1).
const LENGTH: usize = 16;
/// How many of them are the creation time; nine base-36 digits of milliseconds last until the year 5188.
const TIME_DIGITS: usize = 9;
/// As many numbers as the other seven digits can write.
const NUMBERS: u64 = 36_u64.pow(7);
/// How far apart, at most, ids of one millisecond are: far enough not to be guessed from one another, near enough that
/// tens of thousands fit.
const STRIDE: u64 = 1 << 20;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Sixteen characters `a-z0-9`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Body([u8; LENGTH]);

impl Body {
    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()).then_some(Self(bytes))
    }

    /// Time first, so that ids made later sort later and neighbours in time are neighbours in an index; then
    /// randomness, which only grows within a millisecond of this process.
    fn generate(now: Timestamp, random: &dyn RandomSource) -> Self {
        let mut bytes = [b'0'; LENGTH];
        write_base36(u128::try_from(now.as_millis().max(0)).unwrap_or(0), &mut bytes[..TIME_DIGITS]);
        let mut noise = [0_u8; 8];
        random.fill(&mut noise);
        let number = NUMBERS_GIVEN.next(now, u64::from_le_bytes(noise));
        write_base36(u128::from(number), &mut bytes[TIME_DIGITS..]);
        Self(bytes)
    }

    fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut number = [0_u8; 16];
        number.copy_from_slice(&digest[..16]);
        let mut bytes = [b'0'; LENGTH];
        write_base36(u128::from_le_bytes(number), &mut bytes);
        Self(bytes)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is ASCII")
    }
}

/// Milliseconds whose last number is remembered: requests that began in different ones make their ids in turns.
const REMEMBERED: usize = 8;

/// The last numbers that the latest milliseconds were given.
struct Numbers(Mutex<VecDeque<(Timestamp, u64)>>);

/// Those of this process.
static NUMBERS_GIVEN: Numbers = Numbers(Mutex::new(VecDeque::new()));

impl Numbers {
    /// The number of the next id of this millisecond: after the one before, and else in the lower half of what there is.
    fn next(&self, now: Timestamp, noise: u64) -> u64 {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, last)) = recent.iter_mut().find(|(at, _)| *at == now) {
            let next = *last + 1 + noise % STRIDE;
            *last = if next < NUMBERS { next } else { noise % (NUMBERS / 2) };
            return *last;
        }
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        let number = noise % (NUMBERS / 2);
        recent.push_back((now, number));
        number
    }
}

/// Writes the lowest digits of `number`, most significant first, over the whole of `out`.
pub(crate) fn write_base36(mut number: u128, out: &mut [u8]) {
    for byte in out.iter_mut().rev() {
        *byte = DIGITS[usize::try_from(number % 36).expect("a digit")];
        number /= 36;
    }
}

macro_rules! id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Body);

        impl $name {
            /// What every such id starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id: sortable by time, not guessable.
            pub fn generate(now: Timestamp, random: &dyn RandomSource) -> Self {
                Self(Body::generate(now, random))
            }

            /// The id that always belongs to these parts, so that importing the same thing twice finds it again.
            pub fn derive(parts: &[&str]) -> Self {
                Self(Body::derive(parts))
            }

            /// Reads an id; `None` when it has not the form that the protocol gives it.
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix($prefix).and_then(Body::parse).map(Self)
            }

            /// Reads the sixteen characters that follow the prefix.
            pub fn from_body(text: &str) -> Option<Self> {
                Body::parse(text).map(Self)
            }

            /// The sixteen characters after the prefix.
            pub fn body(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(self.0.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // A page has dozens of ids in it, so they are put together without a formatter.
                let mut text = [0; $prefix.len() + LENGTH];
                let (prefix, body) = text.split_at_mut($prefix.len());
                prefix.copy_from_slice($prefix.as_bytes());
                body.copy_from_slice(self.0.as_str().as_bytes());
                match std::str::from_utf8(&text) {
                    Ok(text) => serializer.serialize_str(text),
                    Err(_) => serializer.collect_str(self),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(concat!("must be `", $prefix, "` and 16 of a-z 0-9"))
                })
            }
        }
    };
}

id!(MemoryId, "mem_", "Names one memory: `mem_` and sixteen of `a-z0-9`; never changes.");
id!(ConversationId, "conv_", "Names one saved conversation: `conv_` and sixteen of `a-z0-9`.");
id!(KeyId, "key_", "Names one key, without being it: `key_` and sixteen of `a-z0-9`.");
id!(JobId, "job_", "Names one job in the background: `job_` and sixteen of `a-z0-9`.");

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl RandomSource for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn generated_ids_have_the_published_form_and_sort_by_time() {
        let earlier = MemoryId::generate(Timestamp::from_millis(1_000), &Fixed(255));
        let later = MemoryId::generate(Timestamp::from_millis(1_001), &Fixed(0));
        assert_eq!(MemoryId::parse(&earlier.to_string()), Some(earlier));
        assert!(earlier < later);
    }

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made_whatever_is_made_between_them() {
        // Not those of the process, which the other tests take from.
        let numbers = Numbers(Mutex::default());
        let made: Vec<[u64; 2]> = (0..10_000)
            .map(|n: u64| {
                let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                [5_000, 5_001].map(|at| numbers.next(Timestamp::from_millis(at), noise))
            })
            .collect();
        assert!(made.is_sorted_by(|a, b| a[0] < b[0] && a[1] < b[1]));
    }

    #[test]
    fn only_the_published_form_is_an_id() {
        assert!(MemoryId::parse("mem_01j9xk2p3q4r5s6t").is_some());
        for bad in [
            "mem_01j9xk2p3q4r5s6",
            "mem_01J9XK2P3Q4R5S6T",
            "01j9xk2p3q4r5s6t",
            "mem_01j9xk2p3q4r5s6tt",
            "mem_é1j9xk2p3q4r5s6",
        ] {
            assert_eq!(MemoryId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn derived_ids_depend_on_where_the_parts_end() {
        assert_eq!(MemoryId::derive(&["a", "b"]), MemoryId::derive(&["a", "b"]));
        assert_ne!(MemoryId::derive(&["ab", "c"]), MemoryId::derive(&["a", "bc"]));
    }
}
