//! Where something stands in what is read.

use std::fmt;
use std::sync::Arc;

use omi::Position;

/// A place: a file, a line in it, an element of an array, something inside that. All of it as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    file: Option<Arc<str>>,
    line: Option<u64>,
    index: Option<u64>,
    inside: Option<Box<str>>,
}

impl Place {
    /// A file of an archive or folder; of a file alone nobody needs the name.
    pub fn file(path: &Arc<str>) -> Self {
        Self { file: Some(Arc::clone(path)).filter(|path| !path.is_empty()), ..Self::default() }
    }

    /// The line at which a piece of JSON begins.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.line = Some(position.line);
        self
    }

    /// A line, from 1.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// An element, from 0.
    #[must_use]
    pub fn index(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    /// Something inside the element: a JSON path, a heading, an id. No text of a memory.
    #[must_use]
    pub fn inside(&self, inside: impl Into<Box<str>>) -> Self {
        Self { inside: Some(inside.into()), ..self.clone() }
    }

    /// The line, if it is known.
    pub fn line_number(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(file) = &self.file {
            f.write_str(file)?;
            gap = " ";
        }
        if let Some(line) = self.line {
            write!(f, "{gap}line {line}")?;
            gap = " ";
        }
        if let Some(index) = self.index {
            write!(f, "{gap}[{index}]")?;
            gap = " ";
        }
        if let Some(inside) = &self.inside {
            write!(f, "{gap}{inside}")?;
        }
        Ok(())
    }
}
