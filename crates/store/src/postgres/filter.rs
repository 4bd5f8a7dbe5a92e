//! What a search's filter, the limits of whoever asks and the time admit, as conditions of a query.

use omp_model::{Namespace, Principal, SearchFilter, Tag, Timestamp, Validity};

use super::seen::Seen;
use super::session::{Columns, Session, Value, number};
use super::{list, rows};
use crate::Result;
use crate::stored::FacetKind;

/// What a filter compares with.
pub(super) struct Admitted<'f> {
    validity: Validity,
    kind: Option<i16>,
    kind_word: Option<&'static str>,
    tool: Option<&'f str>,
    namespaces: Vec<&'f str>,
    after: Option<i64>,
    before: Option<i64>,
    at: Option<i64>,
    tags: Vec<&'f str>,
    seen: Seen,
    now: i64,
}

impl<'f> Admitted<'f> {
    pub(super) fn new(by: &Principal, filter: &'f SearchFilter, now: Timestamp) -> Self {
        Self {
            validity: filter.validity,
            kind: filter.kind.map(|kind| i16::from(kind.number())),
            kind_word: filter.kind.map(omp_model::MemoryType::as_str),
            tool: filter.tool.as_ref().map(omp_model::ToolName::as_str),
            namespaces: filter.namespaces.iter().map(Namespace::as_str).collect(),
            after: filter.created_after.map(Timestamp::as_millis),
            before: filter.created_before.map(Timestamp::as_millis),
            at: if let Validity::At(at) = filter.validity { Some(at.as_millis()) } else { None },
            tags: filter.tags.iter().map(Tag::as_str).collect(),
            seen: Seen::of(by),
            now: now.as_millis(),
        }
    }

    /// Conditions on the row `m` of `memories`. What they compare with is added to `values`.
    pub(super) fn conditions<'a>(&'a self, values: &mut Vec<Value<'a>>) -> String {
        values.push(&self.now);
        let mut sql = rows::alive(values.len());
        let mut add = |condition: &dyn Fn(usize) -> String, value: Value<'a>| {
            values.push(value);
            sql.push_str(&condition(values.len()));
        };
        if let Some(kind) = &self.kind {
            add(&|n| format!(" AND m.type = ${n}"), kind);
        }
        if let Some(tool) = &self.tool {
            add(&|n| format!(" AND m.tool = ${n}"), tool);
        }
        if !self.namespaces.is_empty() {
            add(&|n| format!(" AND m.namespace = ANY (${n}::text[])"), &self.namespaces);
        }
        if let Some(after) = &self.after {
            add(&|n| format!(" AND m.created_at >= ${n}"), after);
        }
        if let Some(before) = &self.before {
            add(&|n| format!(" AND m.created_at <= ${n}"), before);
        }
        if let Some(at) = &self.at {
            add(
                &|n| {
                    format!(
                        " AND m.created_at <= ${n} AND (m.superseded_at IS NULL OR m.superseded_at > ${n})"
                    )
                },
                at,
            );
        }
        for tag in &self.tags {
            add(&list::with_tag, tag);
        }
        if self.validity == Validity::Now {
            sql.push_str(" AND m.superseded_by IS NULL");
        }
        sql.push_str(&self.seen.condition(values));
        sql
    }

    /// How many memories pass at most, by the counters; conditions without a counter do not count.
    pub(super) async fn most(&self, session: &Session, by: &Principal) -> Result<u64> {
        let (mut kinds, mut values) = (Vec::new(), Vec::new());
        let mut add = |kind: FacetKind, value| {
            kinds.push(kind.as_str());
            values.push(value);
        };
        add(FacetKind::All, "");
        self.tags.iter().for_each(|tag| add(FacetKind::Tag, tag));
        self.namespaces.iter().for_each(|name| add(FacetKind::Namespace, name));
        self.kind_word.iter().for_each(|word| add(FacetKind::Type, word));
        self.tool.iter().for_each(|tool| add(FacetKind::Tool, tool));
        let sql = "SELECT coalesce((SELECT n FROM facets AS f WHERE f.owner = $1 AND f.kind = w.kind AND f.value = w.value), 0) \
             FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (kind, value, place) ORDER BY w.place";
        let counted = session.rows(sql, &[&number(by.owner), &kinds, &values]).await?;
        let (mut most, mut of_namespaces) = (u64::MAX, 0);
        for (row, kind) in counted.iter().zip(kinds) {
            let n = row.count(0)?;
            if kind == FacetKind::Namespace.as_str() {
                of_namespaces += n;
            } else {
                most = most.min(n);
            }
        }
        Ok(if self.namespaces.is_empty() { most } else { most.min(of_namespaces) })
    }
}
