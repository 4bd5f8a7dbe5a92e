//! Text analysis and ranking: one token stream for every engine.
//!
//! Whatever searches memories by keyword, SQLite's FTS5 or an index in memory, sees the tokens made here, so the
//! engines find the same things, and Chinese is found as well as English.
//!
//! That index in memory is [`Shard`]; the rest of this page is about the tokens.
//!
//! # The contract
//!
//! * A token is 1 to [`MAX_TOKEN_CHARS`] characters: lower-case ASCII letters, digits, [`TOKEN_PUNCTUATION`], and
//!   characters beyond ASCII that are neither white space nor control characters. Longer runs are cut.
//! * The same text gives the same tokens, whoever asks, for one [`TOKENIZER_VERSION`].
//! * Time is linear in the text.
//! * [`keywords`] asks for tokens that [`analyze()`] makes of the same words; its expression never fails to parse.
//!
//! | Text | Tokens |
//! |---|---|
//! | Words, by script: English, Russian, Greek and Arabic stems; others as they are | `Memories` → `memori` |
//! | Diacritics, compatibility forms and spelling variants are folded | `Café`, `ｃａｆｅ` → `cafe` |
//! | Scripts without spaces: overlapping pairs, and the last character | `東京都` → `東京 京都 都` |
//! | Identifiers: whole without the joints, then the parts | `node.js`, `nodeJS` → `nodej node js` |
//! | Numbers keep one joint between digits | `2026-11-21` → `2026.11.21 2026 11 21` |
//! | Names with signs | `C++` → `c++ c`; `.NET` → `.net net` |
//! | Emoji without variation and skin tone; joined ones also by component | `👩🏽‍💻` → `👩‍💻 👩 💻` |
//!
//! ```
//! use omp_search::{keywords, token_stream};
//!
//! let stream = |text: &str| {
//!     let mut out = String::new();
//!     token_stream(text, &mut out);
//!     out
//! };
//! assert_eq!(stream("Memories of the Café"), "memori of the cafe");
//! assert_eq!(stream("東京都"), "東京 京都 都");
//! assert_eq!(stream("TypeScriptを使う"), "typescript type script を使 使う う");
//! assert_eq!(stream("node.js"), stream("nodeJs"));
//! assert_eq!(stream("2026-11-21"), "2026.11.21 2026 11 21");
//! assert_eq!(stream("C++ and .NET"), "c++ c and .net net");
//! assert_eq!(stream("👩🏽‍💻"), "👩‍💻 👩 💻");
//!
//! assert_eq!(keywords("Where is the database?").to_fts5().as_deref(), Some(r#""databas""#));
//! assert_eq!(keywords("京").to_fts5().as_deref(), Some(r#""京" *"#));
//! assert_eq!(keywords("?!").to_fts5(), None);
//! ```
//!
//! The FTS5 table is declared with [`FTS5_TOKENIZE`] and fed with [`token_stream`]:
//!
//! ```sql
//! CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, tokenize="ascii tokenchars '+#.'");
//! ```

pub mod analyze;
mod emoji;
mod fold;
mod fusion;
mod identifier;
pub mod query;
mod script;
pub mod shard;
mod stem;
mod stop_words;

pub use analyze::{Analyzer, MAX_TOKEN_CHARS};
pub use fusion::fused;
pub use query::{Keyword, Keywords, MAX_TERMS, keywords};
pub use shard::{Entry, Filter, Shard};

/// Rises whenever the same text would give other tokens. An index that was built with another version is rebuilt.
pub const TOKENIZER_VERSION: u32 = 1;

/// The ASCII punctuation that a token may contain: `c++`, `c#`, `.net`, `1.2.3`.
pub const TOKEN_PUNCTUATION: &str = "+#.";

/// The value of FTS5's `tokenize` option that takes a [`token_stream`] apart at its spaces and nowhere else.
pub const FTS5_TOKENIZE: &str = "ascii tokenchars '+#.'";

/// Calls `sink` with every token of `text`, in text order, repetitions included. For many texts, keep an [`Analyzer`].
pub fn analyze(text: &str, sink: &mut dyn FnMut(&str)) {
    Analyzer::new().analyze(text, sink);
}

/// Appends the tokens of `text` to `out`, separated by spaces (also from what `out` holds
/// already). For many texts, keep an [`Analyzer`].
pub fn token_stream(text: &str, out: &mut String) {
    Analyzer::new().token_stream(text, out);
}
