//! Rows as every engine gives and takes them.

use omp_model::{Memory, MemoryId, MemoryType, Metadata, Namespace, Source, Text, Timestamp};

use crate::StoreError;
use crate::stored::tags;

/// What sort of values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Int,
    /// Yes and no; in a [`Cell`] 1 and 0.
    Flag,
    /// Texts.
    Text,
    /// Bytes.
    Bytes,
}

/// A value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    /// None.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The values of a row, in the order of its table's columns.
#[derive(Clone, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Cell>);

impl std::fmt::Debug for Row {
    /// Without values: they are memory content, and hashes of keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} columns)", self.0.len())
    }
}

impl Row {
    /// The first column of a root table and of all that belongs to it.
    pub(crate) fn position(&self) -> i64 {
        self.int(0).unwrap_or_default()
    }

    pub(crate) fn int(&self, column: usize) -> Option<i64> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some(Cell::Text(value)) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Option<&[u8]> {
        match self.0.get(column) {
            Some(Cell::Bytes(value)) => Some(value),
            _ => None,
        }
    }
}

/// The memory of a row of `memories`, for what follows from it.
pub(crate) fn memory(row: &Row) -> Result<Memory, StoreError> {
    read(row).ok_or_else(|| {
        let id = row.text(1).and_then(MemoryId::from_body);
        let which = id.map_or_else(|| format!("in row {}", row.position()), |id| id.to_string());
        StoreError::Internal(format!("the memory {which} cannot be read; `omp doctor` may tell more"))
    })
}

fn read(row: &Row) -> Option<Memory> {
    let time = |column| row.int(column).map(Timestamp::from_millis);
    Some(Memory {
        id: MemoryId::from_body(row.text(1)?)?,
        kind: *MemoryType::ALL.get(usize::try_from(row.int(2)?).ok()?)?,
        source: Source {
            tool: text(row, 3)?,
            session_id: row.text(4).map(Text::new).transpose().ok()?,
            user_id: row.text(5).map(Text::new).transpose().ok()?,
            timestamp: time(6)?,
        },
        namespace: row.text(7).map(Namespace::new).transpose().ok()?,
        tags: tags(row.text(8)?)?,
        created_at: time(9)?,
        updated_at: time(10)?,
        expires_at: time(11),
        metadata: Metadata::from_stored(row.text(15)?).ok()?,
        content: text(row, 16)?,
        embedding: None,
    })
}

/// A text that is not allowed is none.
fn text<const MIN: usize, const MAX: usize>(row: &Row, column: usize) -> Option<Text<MIN, MAX>> {
    Text::new(row.text(column)?).ok()
}
