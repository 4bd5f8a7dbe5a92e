//! What every engine stores in the same way: numbers of rows, words, tags, vectors, and the lists that a memory is in.

use omp_model::{Filter, Memory, MemoryId, OwnerId, Tag, Tags, Timestamp};
use omp_search::Analyzer;

use crate::Slot;

/// Bits of a `pk` below the owner's number.
const PK_BITS: u32 = 40;

/// How long an envelope is kept for the memories that an import brings after it, in milliseconds.
pub(crate) const IMPORT_BEGINS: i64 = 3_600_000;

/// The first and the last `pk` that an owner can have.
pub(crate) fn pk_range(owner: OwnerId) -> (i64, i64) {
    let first = i64::from(owner.0) << PK_BITS;
    (first, first + (1 << PK_BITS) - 1)
}

/// Settings of the spaces of vectors: up to which row what was stored before a space was made has been put on its
/// backlog; gone when all of it has.
pub(crate) const FILLING: [&str; 2] = ["filling_0", "filling_1"];

/// The one of a space.
pub(crate) fn filling(slot: Slot) -> &'static str {
    FILLING[usize::from(slot.0.min(1))]
}

/// Whose row this is; `None` for a number that is no row's.
pub(crate) fn owner_of(pk: i64) -> Option<OwnerId> {
    u32::try_from(pk >> PK_BITS).ok().map(OwnerId)
}

/// The words by which a memory is found: its content and its tags (reading 14). An analyser that is used for many
/// memories knows their words already.
pub fn words(memory: &Memory, analyzer: &mut Analyzer) -> String {
    let mut words = String::with_capacity(memory.content.as_str().len() + 64);
    analyzer.token_stream(memory.content.as_str(), &mut words);
    for tag in &memory.tags {
        analyzer.token_stream(tag.as_str(), &mut words);
    }
    words
}

/// Tags are stored with a space between them: a tag has none.
pub(crate) fn tags_text(tags: &Tags) -> String {
    tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(" ")
}

/// Reads [`tags_text`].
pub(crate) fn tags(text: &str) -> Option<Tags> {
    let tags = text.split(' ').filter(|t| !t.is_empty()).map(Tag::new).collect::<Result<Vec<_>, _>>().ok()?;
    Tags::new(tags).ok()
}

/// A vector as it is stored: little-endian f32.
pub(crate) fn vector_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Reads [`vector_bytes`].
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// The id that a memory gets whose own is taken where it is handed over to.
pub(crate) fn handed_over(from: OwnerId, id: MemoryId) -> MemoryId {
    MemoryId::derive(&["handed over", &from.0.to_string(), id.body()])
}

/// What sort of facet: something that lists are filtered by, with a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FacetKind {
    /// Every memory, by creation.
    All,
    Namespace,
    Tag,
    Tool,
    Type,
    /// Every memory, by its last change.
    Updated,
}

impl FacetKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Namespace => "namespace",
            Self::Tag => "tag",
            Self::Tool => "tool",
            Self::Type => "type",
            Self::Updated => "updated",
        }
    }
}

impl From<crate::Counted> for FacetKind {
    fn from(what: crate::Counted) -> Self {
        match what {
            crate::Counted::Tags => Self::Tag,
            crate::Counted::Tools => Self::Tool,
            crate::Counted::Types => Self::Type,
        }
    }
}

/// The facets that a filter asks for; tags come first.
pub(crate) fn wanted(filter: &Filter) -> Vec<(FacetKind, &str)> {
    let mut wanted: Vec<(FacetKind, &str)> = Vec::new();
    wanted.extend(filter.tags.iter().map(|t| (FacetKind::Tag, t.as_str())));
    wanted.extend(filter.namespace.iter().map(|n| (FacetKind::Namespace, n.as_str())));
    wanted.extend(filter.tool.iter().map(|t| (FacetKind::Tool, t.as_str())));
    wanted.extend(filter.kind.iter().map(|k| (FacetKind::Type, k.as_str())));
    wanted
}

/// The lists that a memory is in, each with the time that it is ordered by.
pub(crate) fn facets(memory: &Memory) -> Vec<(FacetKind, &str, Timestamp)> {
    let created = memory.created_at;
    let mut facets = vec![
        (FacetKind::All, "", created),
        (FacetKind::Updated, "", memory.updated_at),
        (FacetKind::Type, memory.kind.as_str(), created),
        (FacetKind::Tool, memory.source.tool.as_str(), created),
    ];
    facets.extend(memory.namespace.iter().map(|n| (FacetKind::Namespace, n.as_str(), created)));
    facets.extend(memory.tags.iter().map(|t| (FacetKind::Tag, t.as_str(), created)));
    facets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_number_tells_its_owner() {
        let (first, last) = pk_range(OwnerId(7));
        assert_eq!([first, last].map(owner_of), [Some(OwnerId(7)); 2]);
        assert_eq!(owner_of(last + 1), Some(OwnerId(8)));
        assert_eq!(owner_of(-1), None);
    }

    #[test]
    fn vectors_come_back_bit_by_bit() {
        let values = [0.1, -0.0, f32::MIN_POSITIVE];
        assert_eq!(floats(&vector_bytes(&values)).map_bits(), values.to_vec().map_bits());
    }

    trait Bits {
        fn map_bits(self) -> Vec<u32>;
    }

    impl Bits for Vec<f32> {
        fn map_bits(self) -> Vec<u32> {
            self.into_iter().map(f32::to_bits).collect()
        }
    }
}
