//! What a file looks like from its beginning: which members its JSON has, down to a few levels.
//!
//! A beginning ends anywhere, and a broken file is broken anywhere; what stands before that is known all the same.

use std::collections::{BTreeMap, BTreeSet};

/// How deep members are listed.
const DEPTH: usize = 4;

/// Most paths of one outline.
const MOST: usize = 2_000;

/// What the first value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Root {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`: JSON within JSON, perhaps.
    String,
    /// No JSON.
    #[default]
    Other,
}

/// The members met at the beginning of a file.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// What the first value is.
    pub root: Root,
    /// Whether another value follows it, as in JSON Lines.
    pub lines: bool,
    paths: BTreeSet<String>,
    /// Short texts at the top level of objects.
    texts: BTreeMap<String, String>,
}

impl Outline {
    /// Reads the beginning of a file.
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut walk = Walk { bytes, at: 0, outline: Self::default(), path: String::new() };
        walk.values();
        walk.outline
    }

    /// Whether something has this path: `.name` for a member, `[]` for an element; `.memories[].id`, `[].mapping`.
    /// In JSON Lines the paths of all lines count.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether all of them are there.
    pub fn has_all(&self, paths: &[&str]) -> bool {
        paths.iter().all(|path| self.has(path))
    }

    /// The text at a path, if it is short and one of the first two levels.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    outline: Outline,
    path: String,
}

impl<'a> Walk<'a> {
    /// The values of the file; stops at what is no JSON.
    fn values(&mut self) {
        let mut count = 0;
        while let Some(byte) = self.byte() {
            let root = match byte {
                b'{' => Root::Object,
                b'[' => Root::Array,
                b'"' => Root::String,
                _ => return,
            };
            if count == 0 {
                self.outline.root = root;
            }
            count += 1;
            self.outline.lines |= count > 1;
            if self.value(0).is_none() {
                return;
            }
        }
    }

    /// The next byte that is no white space.
    fn byte(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn note(&mut self) {
        if self.outline.paths.len() < MOST && !self.outline.paths.contains(&self.path) {
            self.outline.paths.insert(self.path.clone());
        }
    }

    /// Passes over a value; `None` when the text ends or is no JSON.
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.byte()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => {
                let text = self.string()?;
                let wanted = depth <= 2 && text.len() <= 100 && self.outline.texts.len() < MOST;
                if wanted && let Ok(text) = serde_json::from_slice::<String>(text) {
                    self.outline.texts.entry(self.path.clone()).or_insert(text);
                }
                Some(())
            }
            _ => {
                let start = self.at;
                while self.bytes.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                {
                    self.at += 1;
                }
                (self.at > start).then_some(())
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        if depth > 200 {
            return None;
        }
        self.at += 1;
        loop {
            match self.byte()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let name = self.string()?;
                    let name = serde_json::from_slice::<String>(name).unwrap_or_default();
                    if self.byte()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    let before = self.path.len();
                    if depth < DEPTH {
                        self.path.push('.');
                        self.path.push_str(&name);
                        self.note();
                    }
                    let value = self.value(depth + 1);
                    self.path.truncate(before);
                    value?;
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if depth > 200 {
            return None;
        }
        self.at += 1;
        let before = self.path.len();
        if depth < DEPTH {
            self.path.push_str("[]");
        }
        let ended = loop {
            match self.byte() {
                None => break None,
                Some(b']') => {
                    self.at += 1;
                    break Some(());
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    if depth < DEPTH {
                        self.note();
                    }
                    if self.value(depth + 1).is_none() {
                        break None;
                    }
                }
            }
        };
        self.path.truncate(before);
        ended
    }

    /// The string literal that begins here, with its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return Some(&self.bytes[start..self.at]);
                }
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_as_far_as_the_text_goes() {
        let outline = Outline::of(br#"[{"id":"a","mapping":{"n":{"message":null,"x":[1,{"y":2}]}},"tit"#);
        assert_eq!((outline.root, outline.lines), (Root::Array, false));
        assert!(outline.has_all(&["[].id", "[].mapping", "[].mapping.n.message"]));
        assert!(!outline.has("[].tit"));
        assert_eq!(outline.text("[].id"), Some("a"));
    }

    #[test]
    fn lines_are_told_from_one_value() {
        let outline =
            Outline::of(b"\xEF\xBB\xBF{\"type\":\"entity\"}\n{\"type\":\"relation\",\"from\":\"a\"}\n");
        assert!(outline.lines && outline.has_all(&[".type", ".from"]));
        assert!(!Outline::of(br#"{"a":1}"#).lines);
    }

    #[test]
    fn what_is_no_json_has_no_outline() {
        for text in ["", "# Rules", "- a", "\"x"] {
            assert!(!Outline::of(text.as_bytes()).has(".a"));
        }
        assert_eq!(Outline::of(b"# Rules").root, Root::Other);
        assert_eq!(Outline::of("[".repeat(100_000).as_bytes()).root, Root::Array);
    }
}
