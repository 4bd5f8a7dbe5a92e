//! The query side: which tokens to ask for.

use std::collections::HashSet;

use crate::analyze::{Analyzer, Origin};
use crate::stop_words;

/// The most terms one query asks for. The first ones count: what people ask stands at the front of a text that
/// they pasted.
pub const MAX_TERMS: usize = 64;

/// No more tokens than this are looked at before stop words are removed.
const MAX_READ: usize = 16 * MAX_TERMS;

/// One token to look for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keyword {
    /// The token, as [`analyze`](crate::analyze()) produces it.
    pub token: String,
    /// Match every token that starts with it. Set for a single character of a script without spaces: the index holds
    /// 東京 and 京都 and 都, so 京 is found as the start of a bigram, and 都 as the end of a run.
    pub prefix: bool,
}

impl Keyword {
    /// Whether a token is what it looks for.
    pub fn matches(&self, token: &str) -> bool {
        if self.prefix { token.starts_with(&self.token) } else { token == self.token }
    }
}

/// The tokens of a query, each once, in the order they were written.
///
/// A [`Shard`](crate::Shard) finds more with them than FTS5 does: also memories with
/// [variants](crate::shard#variants) of the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    terms: Vec<Keyword>,
}

/// Reads a query.
///
/// The tokens are those of [`analyze`](crate::analyze()), deduplicated, without the stop words of the language the
/// query seems to be in (unless it has nothing else), and the first [`MAX_TERMS`] of them.
pub fn keywords(query: &str) -> Keywords {
    let mut found: Vec<Candidate> = Vec::new();
    let mut seen = HashSet::new();
    Analyzer::new().visit(query, &mut |token| {
        // These are there to be found, not to be asked for.
        if matches!(token.origin, Origin::Last | Origin::Cut) || found.len() == MAX_READ {
            return;
        }
        let keyword = Keyword { token: token.text.to_owned(), prefix: token.origin == Origin::Lone };
        let surface = token.surface;
        // Two spellings of a token may differ in being stop words ("IT", "it"): the telling one wins.
        let candidate = Candidate { keyword, surface: surface.to_owned(), shouted: token.shouted };
        if seen.insert((candidate.keyword.clone(), candidate.surface.clone(), candidate.shouted)) {
            found.push(candidate);
        }
    });
    Keywords { terms: choose(&found) }
}

struct Candidate {
    keyword: Keyword,
    surface: String,
    shouted: bool,
}

impl Candidate {
    /// `IT` is a department, but `OR` and `AND` are what people type who know other search boxes.
    fn is_acronym(&self) -> bool {
        self.shouted && !matches!(self.surface.as_str(), "and" | "or")
    }
}

fn choose(found: &[Candidate]) -> Vec<Keyword> {
    let language = stop_words::guess(found.iter().map(|candidate| candidate.surface.as_str()));
    // In a query all in capitals, capitals say nothing.
    let some_small =
        found.iter().any(|candidate| !candidate.shouted && stop_words::is_word(&candidate.surface));
    let telling = |candidate: &&Candidate| {
        (some_small && candidate.is_acronym()) || !stop_words::contains(language, &candidate.surface)
    };
    let terms = first_distinct(found.iter().filter(telling));
    if terms.is_empty() { first_distinct(found.iter()) } else { terms }
}

fn first_distinct<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Vec<Keyword> {
    let mut seen = HashSet::new();
    candidates
        .map(|candidate| &candidate.keyword)
        .filter(|keyword| seen.insert(*keyword))
        .take(MAX_TERMS)
        .cloned()
        .collect()
}

impl Keywords {
    /// The terms, in query order.
    pub fn terms(&self) -> &[Keyword] {
        &self.terms
    }

    /// Whether there is nothing to look for; the answer is then an empty result, not an error.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The number of terms.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// The terms as a `MATCH` expression for FTS5, any of them sufficing; `None` when there is nothing to look for.
    ///
    /// No character of the query reaches the expression except as part of a token, and no token contains a quote or
    /// a control character, so the expression is always valid.
    pub fn to_fts5(&self) -> Option<String> {
        let mut expression = String::new();
        for Keyword { token, prefix } in &self.terms {
            if !expression.is_empty() {
                expression.push_str(" OR ");
            }
            expression.push('"');
            expression.push_str(token);
            expression.push_str(if *prefix { "\" *" } else { "\"" });
        }
        (!expression.is_empty()).then_some(expression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(query: &str) -> String {
        let terms: Vec<_> = keywords(query)
            .terms
            .into_iter()
            .map(|k| if k.prefix { k.token + "*" } else { k.token })
            .collect();
        terms.join(" ")
    }

    #[test]
    fn english_questions_lose_their_stop_words_and_repetitions() {
        assert_eq!(terms("What is the database that we have decided on, the database?"), "databas decid");
        assert_eq!(terms("Where did Caroline move from 4 years ago?"), "carolin move 4 year ago");
    }

    #[test]
    fn negations_stay() {
        assert_eq!(terms("why does it not work"), "not work");
    }

    #[test]
    fn a_query_of_stop_words_keeps_them() {
        assert_eq!(terms("to be or not to be"), "not");
        assert_eq!(terms("who is it"), "who is it");
    }

    #[test]
    fn capitals_tell_an_acronym_from_a_stop_word() {
        assert_eq!(terms("who works in IT"), "work it");
        assert_eq!(terms("WHO WORKS IN IT"), "work");
    }

    #[test]
    fn the_language_is_the_one_with_the_most_stop_words() {
        assert_eq!(terms("Was ist die Datenbank von dem Projekt?"), "datenbank projekt");
        assert_eq!(terms("did he die in the war"), "die war");
        assert_eq!(terms("die hard"), "die hard");
        assert_eq!(terms("quelle est la base de données de l'équipe"), "base donne lequip equip");
        assert_eq!(terms("какая у нас база данных"), "баз дан");
    }

    #[test]
    fn a_word_with_digits_is_asked_for_whole() {
        assert_eq!(terms("order66"), "order66");
        assert_eq!(terms("3f2a9c1b"), "3f2a9c1b");
        assert_eq!(terms("utf8mb4"), "utf8mb4");
        assert_eq!(terms("getUser2"), "getuser2 get");
        assert_eq!(terms("GPT-4 from 2026-11-21"), "gpt4 gpt 4 2026.11.21 2026 11 21");
    }

    #[test]
    fn a_lone_character_asks_for_the_bigrams_that_start_with_it() {
        assert_eq!(terms("京"), "京*");
        assert_eq!(terms("東京都"), "東京 京都");
        let lone = keywords("京");
        assert_eq!(lone.to_fts5().as_deref(), Some("\"京\" *"));
        assert_eq!(["京都", "東京", "京"].map(|token| lone.terms()[0].matches(token)), [true, false, true]);
        assert_eq!(["京都", "京都府"].map(|token| keywords("京都").terms()[0].matches(token)), [true, false]);
    }

    #[test]
    fn a_pasted_text_is_cut_to_its_first_terms() {
        let text = (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let keywords = keywords(&text);
        assert_eq!(keywords.len(), MAX_TERMS);
        assert_eq!(keywords.terms()[63].token, "63");
    }

    #[test]
    fn nothing_to_look_for_is_no_expression() {
        for query in ["", " ", "\"", "\0", "***", "\u{301}", "\u{fe0f}"] {
            assert_eq!(keywords(query).to_fts5(), None, "{query:?}");
        }
        assert_eq!(keywords("a\"b OR NEAR(").to_fts5().as_deref(), Some(r#""b" OR "near""#));
    }
}
