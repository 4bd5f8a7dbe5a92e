//! Where a value stands: in the logical document and in the text.

use std::fmt::Write;

use crate::Position;
use crate::json::locate::{Step, locate};

/// A piece of text as the scanner gave it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Good JSON.
    pub(super) raw: &'a str,
    /// Where it begins.
    pub(super) position: Position,
    /// What it is in the logical document.
    pub(super) base: Base<'a>,
}

/// The part of the logical document that a piece is.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// All of it, or the header line.
    Root,
    /// A top-level member.
    Member(&'a str),
    /// A record.
    Record(u64),
}

impl Base<'_> {
    /// Its JSONPath.
    pub(super) fn path(self) -> String {
        let mut path = String::from("$");
        match self {
            Self::Root => {}
            Self::Member(name) => push_name(&mut path, name),
            Self::Record(index) => {
                let _ = write!(path, ".memories[{index}]");
            }
        }
        path
    }
}

/// A value in a piece: the piece itself, or a member or element of another place. Nothing is computed before it is
/// asked for, since most values are right.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    piece: &'a Piece<'a>,
    step: Option<(&'a Place<'a>, Step<'a>)>,
}

impl<'a> Place<'a> {
    pub(super) fn of(piece: &'a Piece<'a>) -> Self {
        Self { piece, step: None }
    }

    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self { piece: self.piece, step: Some((self, Step::Member(name))) }
    }

    pub(super) fn element(&'a self, index: usize) -> Self {
        Self { piece: self.piece, step: Some((self, Step::Element(index))) }
    }

    /// The JSONPath of the value.
    pub(super) fn path(&self) -> String {
        let mut path = self.piece.base.path();
        for step in self.steps() {
            match step {
                Step::Member(name) => push_name(&mut path, name),
                Step::Element(index) => {
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        path
    }

    /// Where the value begins; of a value that is not there, where what it is missing in begins.
    pub(super) fn position(&self) -> Position {
        self.position_of(0)
    }

    /// Where the byte `offset` of the value stands.
    pub(super) fn position_of(&self, offset: usize) -> Position {
        let mut steps = self.steps();
        let start = loop {
            match locate(self.piece.raw, &steps) {
                Some(start) => break start,
                None => steps.pop(),
            };
        };
        self.piece.position.after(&self.piece.raw.as_bytes()[..start + offset])
    }

    /// The name that a message calls the value by.
    pub(super) fn name(&self) -> &'a str {
        match (&self.step, self.piece.base) {
            (Some((_, Step::Member(name))), _) => name,
            (Some((parent, Step::Element(_))), _) => parent.name(),
            (None, Base::Member(name)) => name,
            (None, Base::Record(_)) => "memories",
            (None, Base::Root) => "the envelope",
        }
    }

    /// Whether it is an element of a list.
    pub(super) fn is_element(&self) -> bool {
        matches!(self.step, Some((_, Step::Element(_))))
    }

    fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        let mut next = self.step;
        while let Some((parent, step)) = next {
            steps.push(step);
            next = parent.step;
        }
        steps.reverse();
        steps
    }
}

/// Appends one name to a JSONPath (RFC 9535).
pub(super) fn push_name(path: &mut String, name: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.is_empty() && name.bytes().all(plain) && !name.as_bytes()[0].is_ascii_digit() {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for char in name.chars() {
        match char {
            '\'' | '\\' => path.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(path, "\\u{:04x}", u32::from(char));
            }
            char => path.push(char),
        }
    }
    path.push_str("']");
}

#[cfg(test)]
mod tests {
    use super::{Base, Piece, Place};
    use crate::Position;

    #[test]
    fn a_place_has_a_path_and_a_position() {
        let piece = Piece {
            raw: "{\n  \"subject\": {\"id\": 7},\n \"tags\": [1, 2]}",
            position: Position { offset: 10, line: 5, column: 3 },
            base: Base::Record(3),
        };
        let record = Place::of(&piece);
        let subject = record.member("subject");
        let id = subject.member("id");
        assert_eq!(id.path(), "$.memories[3].subject.id");
        assert_eq!((id.position().line, id.position().column), (6, 21));
        let tags = record.member("tags");
        let tag = tags.element(1);
        assert_eq!(tag.path(), "$.memories[3].tags[1]");
        assert_eq!((tag.position().line, tag.position().column), (7, 14));
        let label = subject.member("label");
        assert_eq!(label.position(), subject.position());
    }

    #[test]
    fn odd_names_are_quoted_in_a_path() {
        assert_eq!(Base::Member("a b'\\\n").path(), "$['a b\\'\\\\\\u000a']");
        assert_eq!(Base::Member("").path(), "$['']");
        assert_eq!(Base::Member("x_1").path(), "$.x_1");
        assert_eq!(Base::Member("1x").path(), "$['1x']");
    }
}
