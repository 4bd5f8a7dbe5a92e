//! Text within limits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Text of `MIN` to `MAX` characters (Unicode scalar values, reading 21) and without NUL (reading 44).
///
/// `Debug` tells the length only: memory text belongs in no log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// What a memory says: 1 to 10,000 characters.
pub type Content = Text<1, 10_000>;
/// Which AI tool wrote a memory: 1 to 100 characters.
pub type ToolName = Text<1, 100>;
/// A tool's own session or user reference: at most 255 characters.
pub type SessionRef = Text<0, 255>;
/// An AI model's name: 1 to 100 characters.
pub type ModelName = Text<1, 100>;
/// A conversation's topic: at most 200 characters.
pub type Topic = Text<0, 200>;
/// Where a conversation took place: at most 500 characters.
pub type SourceUrl = Text<0, 500>;
/// A conversation as text, at most `MAX` characters.
pub type Transcript<const MAX: usize> = Text<1, MAX>;

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The most characters that fit.
    pub const MAX: usize = MAX;

    /// Takes the text, or says in one sentence what is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        // Bytes bound characters from above, so most texts need no counting.
        let length = if text.len() <= MAX { text.len() } else { text.chars().count() };
        if text.is_empty() && MIN > 0 {
            return Err("must not be empty".into());
        }
        if length > MAX {
            return Err(format!("must have at most {MAX} characters; this has {length}"));
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character (U+0000)".into());
        }
        Ok(Self(text))
    }

    /// The first `MAX` characters of `text`, without NUL.
    pub fn cut(text: &str) -> Option<Self> {
        let cut: String = text.chars().filter(|c| *c != '\0').take(MAX).collect();
        Self::new(cut).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A text in the form in which two texts are compared that say the same: NFKC, lower case, single spaces between the
/// words and none around them.
pub fn normal_form(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let mut normal = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_and_white_space_make_no_other_text() {
        assert_eq!(normal_form("  Ｌｉｋｅｓ\tGreen\n\nTea "), normal_form("likes green tea"));
        assert_eq!(normal_form("CAFE\u{301}"), "café");
        assert_ne!(normal_form("tea."), normal_form("tea"));
        assert_eq!(normal_form(" \u{a0} "), "");
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(Content::new("🦀".repeat(10_000)).is_ok());
        let error = Content::new("🦀".repeat(10_001)).unwrap_err();
        assert_eq!(error, "must have at most 10000 characters; this has 10001");
    }

    #[test]
    fn empty_text_and_nul_are_refused() {
        assert!(Content::new("").is_err());
        assert!(Topic::new("").is_ok());
        assert!(Content::new("a\0b").is_err());
    }

    #[test]
    fn debug_does_not_show_the_text() {
        assert_eq!(format!("{:?}", Content::new("secret").unwrap()), "<6 bytes>");
    }
}
