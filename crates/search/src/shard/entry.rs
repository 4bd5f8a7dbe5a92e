//! What a shard is told about a memory.

/// One memory as a shard takes it. Times are milliseconds since 1970; strings are only looked at.
///
/// Its `Debug` tells the key and nothing else.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The store's number of the memory. Of two that match equally well, the higher one comes first.
    pub key: i64,
    /// The type, as any number.
    pub kind: u8,
    /// The tool it came from.
    pub tool: &'a str,
    /// Its namespace, if it has one.
    pub namespace: Option<&'a str>,
    /// Its tags.
    pub tags: &'a [&'a str],
    /// When it was stored.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
    /// From this time on it is as good as deleted.
    pub expires_at: Option<i64>,
    /// From this time on another memory holds instead.
    pub superseded_at: Option<i64>,
    /// Since when it holds, if not since it was stored.
    pub valid_from: Option<i64>,
    /// The session it belongs to. Without one, what was observed within minutes stands beside it.
    pub session: Option<&'a str>,
    /// Its place in the session; where two are equal, the key decides.
    pub observed_at: i64,
    /// The words it is found by: the [`token_stream`](crate::token_stream()) of its content and tags, the same that
    /// FTS5 is fed with.
    pub words: &'a str,
    /// The [`text_hash`] of its content.
    pub text_hash: u64,
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A number that equal texts share: upper or lower case and the amount of white space make no difference. Two
/// different texts share it by accident only; compare the texts when that matters. It may change between versions
/// of this crate, so it is not for keeping.
pub fn text_hash(text: &str) -> u64 {
    // FNV-1a, then the mixer of MurmurHash3, because tables look at single bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut take = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (at, word) in text.split_whitespace().enumerate() {
        if at > 0 {
            take(b' ');
        }
        if word.is_ascii() {
            word.bytes().for_each(|byte| take(byte.to_ascii_lowercase()));
        } else {
            for c in word.chars().flat_map(char::to_lowercase) {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(&mut take);
            }
        }
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_white_space_make_no_other_text() {
        let hash = text_hash("We drink Tea.\nÉté");
        assert_eq!(hash, text_hash("  we  DRINK tea. éTÉ "));
        for other in ["we drink tea été", "wedrink tea. été", "", "we drink tea. été été"] {
            assert_ne!(hash, text_hash(other), "{other}");
        }
    }
}
