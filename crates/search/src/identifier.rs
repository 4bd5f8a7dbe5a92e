//! Words and identifiers: where one starts and ends, and which parts it has.

use crate::script::{Class, Writing, class_of};

/// A compound is cut after so many parts and another begins: no name is that long, but encoded data is.
const MAX_PARTS: usize = 128;

/// One part of a compound, as a range of its spelling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) writing: Writing,
    /// No digit in it, so it can be stemmed.
    pub(crate) letters: bool,
    /// Two capitals or more and nothing else: `IT` is not `it`.
    pub(crate) shouted: bool,
    /// It ends or begins between a letter and a digit, where nothing was written that would part them.
    pub(crate) cut: bool,
}

/// A word, or several joined into one: `snake_case`, `camelCase`, `node.js`, `2026-11-21`.
///
/// `whole` is the lower-cased spelling without its joints, so `node.js`, `nodeJS` and `nodejs` are one token, as are
/// `e-mail` and `email`. Only between two digits a joint stays, as a full stop: 1.2.3 must not be 12.3.
#[derive(Default)]
pub(crate) struct Compound {
    pub(crate) whole: String,
    pub(crate) parts: Vec<Part>,
    /// What `C++` and `C#` have after their last part.
    pub(crate) suffix: &'static str,
    open: Option<Open>,
    /// Where in `whole` a part was cut off between a letter and a digit.
    cut_at: Option<usize>,
}

/// The part being read.
#[derive(Clone, Copy)]
struct Open {
    start: usize,
    writing: Writing,
    last: Kind,
    /// Where the last character starts in `whole`.
    last_at: usize,
    /// Letters since the part or its last digit began.
    letters: usize,
    capitals: usize,
    has_digit: bool,
    has_small: bool,
    cut: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digit,
    Small,
    Capital,
    Caseless,
}

impl Compound {
    /// Reads the compound that starts at `from` (a letter or digit) and returns where it ends.
    pub(crate) fn read(&mut self, text: &str, from: usize) -> usize {
        self.whole.clear();
        self.parts.clear();
        self.suffix = "";
        self.open = None;
        self.cut_at = None;
        let mut at = from;
        while let Some(c) = text[at..].chars().next() {
            if self.parts.len() == MAX_PARTS {
                break;
            }
            let next = at + c.len_utf8();
            match class_of(c) {
                Class::Letter(writing) => self.letter(c, writing, &text[next..]),
                Class::Digit => self.digit(c),
                Class::Mark => self.whole.push(c),
                // Persian writes its affixes with a zero-width non-joiner, or with a space.
                Class::Ignorable
                    if c == '\u{200c}' && self.open.is_some_and(|open| open.writing == Writing::Arabic) =>
                {
                    self.close();
                }
                Class::Ignorable => {}
                Class::Unspaced(_) | Class::Symbol => break,
                Class::Gap => match self.joint(c, &text[at..]) {
                    Some(length) => {
                        at += length;
                        continue;
                    }
                    None => break,
                },
            }
            at = next;
        }
        let length = self.read_suffix(&text[at..]);
        self.close();
        at + length
    }

    fn letter(&mut self, c: char, writing: Writing, rest: &str) {
        let kind = match c {
            _ if c.is_lowercase() => Kind::Small,
            _ if c.is_uppercase() => Kind::Capital,
            _ => Kind::Caseless,
        };
        if let Some(open) = self.open {
            let border = match open.last {
                Kind::Digit => starts_with_letter(rest), // "5mg", but not "10k" or "k8s"
                _ if open.writing != writing => true,
                Kind::Small => kind == Kind::Capital,
                _ => false,
            };
            if border && open.last == Kind::Digit {
                self.cut();
            } else if border {
                self.close();
            } else if kind == Kind::Small && open.capitals >= 2 && (c != 's' || starts_with_letter(rest)) {
                self.split_before_last(open); // "HTTPServer", but not "URLs"
            }
        }
        let (at, cut) = (self.whole.len(), self.after_cut());
        push_lower(c, &mut self.whole);
        let open = self.open.get_or_insert(Open { cut, ..Open::at(at, writing) });
        if !open.has_digit && open.letters == 0 {
            open.writing = writing;
        }
        open.last = kind;
        open.last_at = at;
        open.letters += 1;
        open.capitals = if kind == Kind::Capital { open.capitals + 1 } else { 0 };
        open.has_small |= kind != Kind::Capital;
    }

    fn digit(&mut self, c: char) {
        if self.open.is_some_and(|open| open.last != Kind::Digit && open.letters >= 2) {
            self.cut();
        }
        let (at, cut) = (self.whole.len(), self.after_cut());
        self.whole.push(c);
        let open = self.open.get_or_insert(Open { cut, ..Open::at(at, Writing::Latin) });
        *open = Open { last: Kind::Digit, last_at: at, letters: 0, capitals: 0, has_digit: true, ..*open };
    }

    /// The length of the joint at the start of `rest`, if the compound goes on after it.
    fn joint(&mut self, c: char, rest: &str) -> Option<usize> {
        let open = self.open?;
        let length = match c {
            ':' if rest.starts_with("://") => 3,
            ':' if rest.starts_with("::") => 2,
            '_' | '-' | '.' | ',' | ':' | '/' | '\\' | '@' | '&' | '\'' | '’' | 'ʼ' | '‐' | '·' | '״'
            | '׳' => c.len_utf8(),
            _ => return None,
        };
        let after = &rest[length..];
        if matches!(c, '\'' | '’') && open.writing == Writing::Latin && !open.has_digit {
            match clitic(after) {
                Some("t") => {
                    // "don't" is spelt "dont" as often as not
                    self.whole.push('t');
                    return Some(length + 1);
                }
                Some(clitic) => return Some(length + clitic.len()),
                None => {}
            }
        }
        let next = class_of(after.chars().next()?);
        if !next.is_word() {
            return None;
        }
        let between_digits = open.last == Kind::Digit && next == Class::Digit;
        if c == ',' {
            // 1,000 is 1000; in 1,5 the comma is a decimal one; elsewhere a comma separates.
            if !between_digits {
                return None;
            }
            if thousands(after) {
                return Some(length);
            }
        }
        self.close();
        if between_digits {
            self.whole.push('.');
        }
        Some(length)
    }

    fn read_suffix(&mut self, rest: &str) -> usize {
        let letters = self.open.is_some_and(|open| !open.has_digit);
        let suffix = if letters && rest.starts_with("++") {
            "++"
        } else if letters && rest.starts_with('#') && !rest[1..].starts_with(|c| class_of(c).is_word()) {
            "#"
        } else {
            ""
        };
        self.suffix = suffix;
        suffix.len()
    }

    /// In "HTTPS" + "e", the "S" turns out to begin the next part.
    fn split_before_last(&mut self, open: Open) {
        self.parts.push(open.part(open.last_at, open.capitals > 2));
        self.open = Some(Open { letters: 1, capitals: 1, ..Open::at(open.last_at, open.writing) });
    }

    /// Ends the part between a letter and a digit.
    fn cut(&mut self) {
        if let Some(open) = &mut self.open {
            open.cut = true;
        }
        self.close();
        self.cut_at = Some(self.whole.len());
    }

    /// Whether the next part begins where the last one was cut off.
    fn after_cut(&self) -> bool {
        self.cut_at == Some(self.whole.len())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let shouted = open.letters >= 2 && !open.has_small && !open.has_digit;
            self.parts.push(open.part(self.whole.len(), shouted));
        }
    }
}

impl Open {
    fn at(start: usize, writing: Writing) -> Self {
        Self {
            start,
            writing,
            last: Kind::Caseless,
            last_at: start,
            letters: 0,
            capitals: 0,
            has_digit: false,
            has_small: false,
            cut: false,
        }
    }

    fn part(&self, end: usize, shouted: bool) -> Part {
        Part {
            start: self.start,
            end,
            writing: self.writing,
            letters: !self.has_digit,
            shouted,
            cut: self.cut,
        }
    }
}

fn push_lower(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
    } else {
        out.extend(c.to_lowercase());
    }
}

fn starts_with_letter(text: &str) -> bool {
    text.chars().next().is_some_and(|c| matches!(class_of(c), Class::Letter(_)))
}

/// The English ending after an apostrophe, if that is all there is.
fn clitic(after: &str) -> Option<&'static str> {
    let length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
    if after[length..].starts_with(|c| class_of(c).is_word()) {
        return None;
    }
    ["t", "s", "re", "ve", "ll", "d", "m"]
        .into_iter()
        .find(|ending| after[..length].eq_ignore_ascii_case(ending))
}

fn thousands(after: &str) -> bool {
    let digits = after.bytes().take(4).take_while(u8::is_ascii_digit).count();
    digits == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let mut compound = Compound::default();
        compound.read(text, 0);
        let parts =
            compound.parts.iter().map(|part| compound.whole[part.start..part.end].to_owned()).collect();
        (compound.whole + compound.suffix, parts)
    }

    fn assert_reads(text: &str, whole: &str, parts: &str) {
        let (read_whole, read_parts) = read(text);
        assert_eq!((read_whole.as_str(), read_parts.join(" ").as_str()), (whole, parts), "{text}");
    }

    #[test]
    fn identifiers_split_where_a_reader_would() {
        assert_reads("camelCase", "camelcase", "camel case");
        assert_reads("HTTPServer2", "httpserver2", "http server 2");
        assert_reads("parseURLs(", "parseurls", "parse urls");
        assert_reads("SCREAMING_CASE", "screamingcase", "screaming case");
        assert_reads("foo::bar", "foobar", "foo bar");
        assert_reads("path/to/file.rs", "pathtofilers", "path to file rs");
        assert_reads("user@example.com.", "userexamplecom", "user example com");
        assert_reads("https://example.com", "httpsexamplecom", "https example com");
        assert_reads("iPhone用", "iphone", "i phone");
        assert_reads("k8s", "k8s", "k8s");
        assert_reads("utf8mb4", "utf8mb4", "utf 8 mb 4");
        assert_reads("10k", "10k", "10k");
    }

    #[test]
    fn numbers_keep_what_tells_them_apart() {
        assert_reads("v1.2.3", "v1.2.3", "v1 2 3");
        assert_reads("2026-11-21", "2026.11.21", "2026 11 21");
        assert_reads("1,000,000", "1000000", "1000000");
        assert_reads("3.14", "3.14", "3 14");
        assert_reads("1,5", "1.5", "1 5");
    }

    #[test]
    fn apostrophes_are_spelt_one_way() {
        assert_reads("don't", "dont", "dont");
        assert_reads("don’t", "dont", "dont");
        assert_reads("dog's bone", "dog", "dog");
        assert_reads("they'll", "they", "they");
        assert_reads("l'homme", "lhomme", "l homme");
        assert_reads("O'Brien", "obrien", "o brien");
    }

    #[test]
    fn language_names_keep_their_signs() {
        assert_reads("C++", "c++", "c");
        assert_reads("C#, F#", "c#", "c");
        assert_reads("issue#12", "issue", "issue");
    }
}
