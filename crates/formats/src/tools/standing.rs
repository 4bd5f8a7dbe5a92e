//! A file that stands where one is to be written.

use std::io;

use crate::write::Files;

/// What stands there.
#[derive(Debug)]
pub(in crate::tools) enum There {
    /// Nothing.
    Nothing,
    /// A text.
    Text(Standing),
    /// A file that is no UTF-8 text. It is nobody's to change.
    NoText,
}

/// A text with plain line ends, and how it had them.
#[derive(Debug)]
pub(in crate::tools) struct Standing {
    text: String,
    has_mark: bool,
    has_returns: bool,
}

/// Looks at a file of the folder.
pub(in crate::tools) fn look(files: &mut dyn Files, path: &str) -> io::Result<There> {
    match files.existing(path) {
        Ok(Some(raw)) => Ok(There::Text(Standing::of(raw))),
        Ok(None) => Ok(There::Nothing),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(There::NoText),
        Err(error) => Err(error),
    }
}

impl Standing {
    fn of(raw: String) -> Self {
        let has_mark = raw.starts_with('\u{feff}');
        let has_returns = raw.find('\n').is_some_and(|at| raw[..at].ends_with('\r'));
        Self { text: crate::input::decode(raw.into_bytes()), has_mark, has_returns }
    }

    /// The text as a reader sees it: without a byte order mark, with plain line ends.
    pub(in crate::tools) fn text(&self) -> &str {
        &self.text
    }

    /// Another text with the mark and the line ends of this one.
    pub(in crate::tools) fn dressed(&self, text: &str) -> String {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        let text = if self.has_returns { text.replace('\n', "\r\n") } else { text.to_owned() };
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_its_mark_and_its_line_ends_back() {
        for raw in ["a\nb\n", "a\r\nb", "\u{feff}a\r\n", "", "a"] {
            let standing = Standing::of(raw.to_owned());
            assert!(!standing.text().contains(['\r', '\u{feff}']));
            assert_eq!(standing.dressed(standing.text()), raw);
        }
    }
}
