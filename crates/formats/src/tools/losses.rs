//! What a format has no place for, told field by field.

use crate::origin::Origin;
use crate::write::Outgoing;
use crate::{Place, Sink};

/// What a record may hold and a format may have no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum Field {
    Confidence,
    Created,
    Entities,
    Expires,
    Kind,
    Language,
    Metadata,
    Namespace,
    /// When it was observed, where that is not when it was created.
    Observed,
    /// The untouched item of the tool that it came from.
    Original,
    Relations,
    Session,
    Tags,
    Tool,
    Updated,
    User,
    Validity,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Confidence => "confidence",
            Self::Created => "created",
            Self::Entities => "entities",
            Self::Expires => "expires_at",
            Self::Kind => "type",
            Self::Language => "lang",
            Self::Metadata => "metadata",
            Self::Namespace => "namespace",
            Self::Observed => "source.timestamp",
            Self::Original => "original of another tool",
            Self::Relations => "relations",
            Self::Session => "source.session_id",
            Self::Tags => "tags",
            Self::Tool => "source.tool",
            Self::Updated => "updated_at",
            Self::User => "source.user_id",
            Self::Validity => "valid_from and valid_to",
        }
    }

    /// Whether the record says something there.
    fn is_held(self, outgoing: &Outgoing) -> bool {
        let (memory, profile) = (&outgoing.memory, outgoing.profile.as_ref());
        let member = |name: &str| {
            let value = outgoing.record.members().get(name).map(serde_json::value::RawValue::get);
            value.is_some_and(|value| !matches!(value, "null" | "[]" | "\"\""))
        };
        match self {
            Self::Confidence => member("confidence"),
            Self::Created => outgoing.is_dated(),
            Self::Entities => member("entities"),
            Self::Expires => memory.expires_at.is_some(),
            Self::Kind => outgoing.kind != omp_model::MemoryType::Semantic,
            Self::Language => member("lang"),
            Self::Metadata => !memory.metadata.is_empty(),
            Self::Namespace => memory.namespace.is_some(),
            Self::Observed => profile.is_some_and(|profile| profile.observed_at.is_some()),
            Self::Original => outgoing.origin.as_ref().and_then(Origin::raw).is_some(),
            Self::Relations => member("relations"),
            Self::Session => outgoing.reference.is_some(),
            Self::Tags => !outgoing.tags.is_empty(),
            Self::Tool => member("source"),
            Self::Updated => memory.updated_at != memory.created_at,
            Self::User => memory.source.user_id.is_some(),
            Self::Validity => member("valid_from") || member("valid_to"),
        }
    }
}

/// Tells which of these fields the record holds: they are not written.
pub(in crate::tools) fn tell(outgoing: &Outgoing, missing: &[Field], report: &mut dyn Sink) {
    let place: &Place = &outgoing.place;
    for field in missing.iter().filter(|field| field.is_held(outgoing)) {
        report.lost(field.name(), "has no place in this format", place);
    }
}
