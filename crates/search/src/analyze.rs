//! From text to tokens.

use unicode_script::Script;

use crate::emoji;
use crate::fold::fold_into;
use crate::identifier::{Compound, Part};
use crate::script::{Class, Writing, class_of};
use crate::stem::Stems;

/// The longest token, in characters. The rest of a longer run is dropped, when it is indexed and when it is asked for.
pub const MAX_TOKEN_CHARS: usize = 64;

/// Where a token comes from; the query side treats some differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A word, a part of an identifier, a number or a symbol.
    Plain,
    /// A part that was cut off between a letter and a digit, as `python` and `3` of `python3`: found by itself, but who
    /// asks for `order66` does not ask for every 66.
    Cut,
    /// Two neighbours in an unspaced run.
    Bigram,
    /// The only character of an unspaced run.
    Lone,
    /// The last character of a longer run, repeated so that it is found where no bigram starts with it.
    Last,
}

pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// What a stop-word list would call it: folded and lower-cased, but not stemmed.
    pub(crate) surface: &'a str,
    pub(crate) origin: Origin,
    pub(crate) shouted: bool,
}

/// Turns text into tokens. Cheap to make; one that is kept also keeps its buffers and the stems of the words it saw
/// last, so bulk work should reuse one. What it saw never changes what it says.
pub struct Analyzer {
    folded: String,
    scanner: Scanner,
}

struct Scanner {
    compound: Compound,
    token: String,
    stems: Stems,
}

impl Analyzer {
    /// A new analyzer; allocates nothing until it is used.
    pub fn new() -> Self {
        let scanner = Scanner { compound: Compound::default(), token: String::new(), stems: Stems::new() };
        Self { folded: String::new(), scanner }
    }

    /// Calls `sink` with every token of `text`, in text order, repetitions included.
    pub fn analyze(&mut self, text: &str, sink: &mut dyn FnMut(&str)) {
        self.visit(text, &mut |token: Token<'_>| sink(token.text));
    }

    /// Appends the tokens of `text` to `out`, separated by spaces, also from what `out` holds already.
    pub fn token_stream(&mut self, text: &str, out: &mut String) {
        self.visit(text, &mut |token: Token<'_>| {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(token.text);
        });
    }

    /// ASCII is scanned as it is; only the chunks (between ASCII spaces) that hold something else are folded first.
    pub(crate) fn visit(&mut self, text: &str, emit: &mut impl FnMut(Token<'_>)) {
        let mut rest = text;
        while let Some(foreign) = rest.bytes().position(|byte| !byte.is_ascii()) {
            let is_space = |byte: u8| byte.is_ascii_whitespace();
            let start =
                rest.as_bytes()[..foreign].iter().rposition(|&byte| is_space(byte)).map_or(0, |at| at + 1);
            let end = rest[foreign..].bytes().position(is_space).map_or(rest.len(), |at| foreign + at);
            self.scanner.scan(&rest[..start], emit);
            self.folded.clear();
            fold_into(&rest[start..end], &mut self.folded);
            self.scanner.scan(&self.folded, emit);
            rest = &rest[end..];
        }
        self.scanner.scan(rest, emit);
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Analyzer {
    /// Says nothing of what was analyzed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").finish_non_exhaustive()
    }
}

impl Scanner {
    fn scan(&mut self, text: &str, emit: &mut impl FnMut(Token<'_>)) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() {
                at = match simple_word_end(bytes, at) {
                    Some(end) => {
                        self.simple_word(&text[at..end], emit);
                        end
                    }
                    None => self.compound(text, at, emit),
                };
            } else if byte == b'.' && starts_dotted_name(bytes, at) {
                at = self.compound(text, at + 1, emit);
            } else if byte.is_ascii() {
                at += 1;
            } else {
                at = self.foreign(text, at, emit);
            }
        }
    }

    fn foreign(&mut self, text: &str, at: usize, emit: &mut impl FnMut(Token<'_>)) -> usize {
        let rest = &text[at..];
        let Some(c) = rest.chars().next() else { return text.len() };
        match class_of(c) {
            Class::Letter(_) | Class::Digit => self.compound(text, at, emit),
            Class::Unspaced(script) => at + self.unspaced(rest, script, emit),
            Class::Symbol => {
                at + emoji::symbol(rest, &mut self.token, &mut |symbol| {
                    emit_as(symbol, symbol, Origin::Plain, false, emit);
                })
            }
            Class::Mark | Class::Ignorable | Class::Gap => at + c.len_utf8(),
        }
    }

    /// A word of ASCII letters or of ASCII digits with nothing joined to it: nearly all of English prose.
    fn simple_word(&mut self, word: &str, emit: &mut impl FnMut(Token<'_>)) {
        self.token.clear();
        self.token.push_str(word);
        self.token.make_ascii_lowercase();
        let part = Part {
            start: 0,
            end: word.len(),
            writing: Writing::Latin,
            letters: !word.as_bytes()[0].is_ascii_digit(),
            shouted: word.len() > 1 && word.as_bytes()[1].is_ascii_uppercase(),
            cut: false,
        };
        emit_word(&mut self.stems, &self.token, part, emit);
    }

    fn compound(&mut self, text: &str, at: usize, emit: &mut impl FnMut(Token<'_>)) -> usize {
        let end = self.compound.read(text, at);
        let Compound { whole, parts, suffix, .. } = &self.compound;
        if at > 0 && text.as_bytes()[at - 1] == b'.' && starts_dotted_name(text.as_bytes(), at - 1) {
            self.token.clear();
            self.token.push('.');
            self.token.push_str(whole);
            emit_as(&self.token, &self.token, Origin::Plain, false, emit);
        }
        if let [first, .., _] = parts.as_slice() {
            let letters = parts.iter().all(|part| part.letters && part.writing == first.writing);
            let all = Part { start: 0, end: whole.len(), letters, shouted: false, cut: false, ..*first };
            emit_word(&mut self.stems, whole, all, emit);
        }
        if let (Some(last), false) = (parts.last(), suffix.is_empty()) {
            self.token.clear();
            self.token.push_str(&whole[last.start..last.end]);
            self.token.push_str(suffix);
            emit_as(&self.token, &self.token, Origin::Plain, false, emit);
        }
        for &part in parts {
            emit_word(&mut self.stems, &whole[part.start..part.end], part, emit);
        }
        end
    }

    /// Overlapping pairs of characters, and the last character by itself. Vowel signs and tone marks count as
    /// characters.
    fn unspaced(&mut self, text: &str, script: Script, emit: &mut impl FnMut(Token<'_>)) -> usize {
        let mut end = 0;
        let mut count = 0;
        self.token.clear(); // holds the previous character
        for c in text.chars() {
            match class_of(c) {
                Class::Unspaced(other) if other == script => {
                    let second = self.token.len();
                    self.token.push(c);
                    if count > 0 {
                        emit_as(&self.token, &self.token, Origin::Bigram, false, emit);
                        self.token.drain(..second);
                    }
                    count += 1;
                }
                Class::Ignorable | Class::Mark => {}
                _ => break,
            }
            end += c.len_utf8();
        }
        let origin = if count == 1 { Origin::Lone } else { Origin::Last };
        emit_as(&self.token, &self.token, origin, false, emit);
        end
    }
}

/// The end of a run of letters of one case (a first capital may stand out) or of digits, unless a joint, a sign or
/// a character beyond ASCII may make it more than that.
fn simple_word_end(bytes: &[u8], start: usize) -> Option<usize> {
    let run = &bytes[start..];
    let length = if run[0].is_ascii_digit() {
        run.iter().position(|byte| !byte.is_ascii_digit())
    } else if run.len() > 1 && run[0].is_ascii_uppercase() && run[1].is_ascii_uppercase() {
        run.iter().position(|byte| !byte.is_ascii_uppercase())
    } else {
        run[1..].iter().position(|byte| !byte.is_ascii_lowercase()).map(|at| at + 1)
    }
    .unwrap_or(run.len());
    let Some(&after) = run.get(length) else { return Some(start + length) };
    let joined = || run.get(length + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let simple = match after {
        b' ' | b'\n' => true,
        b'.' | b',' | b'-' | b'_' | b'/' | b'\\' | b'@' | b'&' | b'\'' => !joined(),
        b':' => !joined() && !matches!(run.get(length + 1), Some(b':' | b'/')),
        b'+' | b'#' => false,
        _ => after.is_ascii() && !after.is_ascii_alphanumeric(),
    };
    simple.then_some(start + length)
}

/// `.NET`, `.env`: a full stop that begins a name rather than ending a sentence.
fn starts_dotted_name(bytes: &[u8], dot: usize) -> bool {
    let opens = dot == 0
        || matches!(bytes[dot - 1], b' ' | b'\t'..=b'\r' | b'(' | b'[' | b'{' | b'"' | b'\'' | b'`' | b'=');
    opens && bytes.get(dot + 1).is_some_and(u8::is_ascii_alphabetic)
}

fn emit_word(stems: &mut Stems, spelling: &str, part: Part, emit: &mut impl FnMut(Token<'_>)) {
    let origin = if part.cut { Origin::Cut } else { Origin::Plain };
    if part.letters {
        stems.stem(spelling, part.writing, |stem| emit_as(stem, spelling, origin, part.shouted, emit));
    } else {
        emit_as(spelling, spelling, origin, part.shouted, emit);
    }
}

fn emit_as(text: &str, surface: &str, origin: Origin, shouted: bool, emit: &mut impl FnMut(Token<'_>)) {
    // Bytes first: nearly every token is short enough without counting its characters.
    let text = if text.len() <= MAX_TOKEN_CHARS {
        text
    } else {
        text.char_indices().nth(MAX_TOKEN_CHARS).map_or(text, |(end, _)| &text[..end])
    };
    if !text.is_empty() {
        emit(Token { text, surface, origin, shouted });
    }
}

#[cfg(test)]
#[path = "analyze_tests.rs"]
mod tests;
