//! What a validator says.

use std::fmt;

use serde::{Serialize, Serializer};

/// A conformance level. `L1` implies `L0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Level {
    /// Core: a valid envelope whose records have `id`, `content` and `created` (omi.md R1, R2).
    L0,
    /// Interchange: types, unique ids, valid times and an effective subject as well (omi.md R4 to R8).
    L1,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
        })
    }
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It keeps the file from a level.
    Error,
    /// It does not, but somebody should look.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing that a validator found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The level that it prevents: `L0` means neither, `L1` means only L1, nothing means that it prevents none.
    pub level: Option<Level>,
    /// How serious it is.
    pub severity: Severity,
    /// What it is, in a word that stays the same.
    pub code: Code,
    /// Where it is in the logical document, as a JSONPath; the same in both forms.
    pub path: String,
    /// The line of the value in question, from 1. Of a missing member, the line of what it is missing in.
    pub line: u64,
    /// Its column in characters, from 1.
    pub column: u64,
    /// What was found, what is expected and what to do, in a sentence or two. It never quotes content.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} ({}) {}", self.line, self.column, self.path, self.code, self.message)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $severity:ident, $level:expr;)+) => {
        /// The kinds of finding. The text of each is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// How serious it is.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }

            /// The level that it prevents.
            pub fn level(self) -> Option<Level> {
                match self {
                    $(Self::$variant => $level,)+
                }
            }
        }
    };
}

const NEITHER: Option<Level> = Some(Level::L0);
const NOT_L1: Option<Level> = Some(Level::L1);

codes! {
    /// There is nothing in the file (omi.md JL14).
    EmptyFile = "empty_file", Error, NEITHER;
    /// The top level of a document is no object.
    NotAnObject = "not_an_object", Error, NEITHER;
    /// The text is not JSON, or JSON Lines have more or less than one object on a line (JL9).
    InvalidJson = "invalid_json", Error, NEITHER;
    /// The bytes are not UTF-8 (JL6).
    InvalidUtf8 = "invalid_utf8", Error, NEITHER;
    /// The file ends inside a value.
    Truncated = "truncated", Error, NEITHER;
    /// Something follows the document.
    TrailingData = "trailing_data", Error, NEITHER;
    /// A value is longer than the limit of this validator, so it was not judged.
    TooLarge = "too_large", Error, NEITHER;
    /// A value is nested deeper than the limit of this validator, so it was not judged.
    TooDeep = "too_deep", Error, NEITHER;
    /// A required member is not there (R1, R2).
    MissingMember = "missing_member", Error, NEITHER;
    /// A value has a type that it cannot have.
    WrongType = "wrong_type", Error, NEITHER;
    /// A text that must say something is empty.
    EmptyValue = "empty_value", Error, NEITHER;
    /// `format` is another one.
    WrongFormat = "wrong_format", Error, NEITHER;
    /// `version` is one that this crate does not know (R19).
    UnknownVersion = "unknown_version", Error, NEITHER;
    /// `serialization` is neither `json` nor `jsonl`.
    UnknownSerialization = "unknown_serialization", Error, NEITHER;
    /// A number is outside of its range.
    OutOfRange = "out_of_range", Error, NEITHER;
    /// A header that is not the first line (JL3, JL11).
    LateHeader = "late_header", Error, NEITHER;
    /// A header that holds records itself (JL4).
    RecordsInHeader = "records_in_header", Error, NEITHER;
    /// A record has no `type` (R4).
    MissingType = "missing_type", Error, NOT_L1;
    /// A record has no subject of its own and the envelope has none (R8).
    MissingSubject = "missing_subject", Error, NOT_L1;
    /// An id that an earlier record has (R5).
    DuplicateId = "duplicate_id", Error, NOT_L1;
    /// A timestamp that is no RFC 3339 date-time (R6).
    InvalidDateTime = "invalid_date_time", Error, NOT_L1;
    /// A validity bound that is no calendar date (R7).
    InvalidDate = "invalid_date", Error, NOT_L1;
    /// A member name that occurs twice in one object (R22).
    DuplicateMember = "duplicate_member", Warning, None;
    /// The file begins with a byte order mark (JL6).
    ByteOrderMark = "byte_order_mark", Warning, None;
    /// JSON Lines without a header (JL5).
    MissingHeader = "missing_header", Warning, None;
    /// `serialization` says something else than the file is (JL13).
    SerializationMismatch = "serialization_mismatch", Warning, None;
    /// `lang` is no well-formed language tag.
    InvalidLanguageTag = "invalid_language_tag", Warning, None;
    /// `valid_to` is before `valid_from`.
    InvertedValidity = "inverted_validity", Warning, None;
    /// `content` is white space only.
    BlankContent = "blank_content", Warning, None;
    /// `type` is empty.
    EmptyType = "empty_type", Warning, None;
    /// A text has half of a surrogate pair, which is no character.
    UnpairedSurrogate = "unpaired_surrogate", Warning, None;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
