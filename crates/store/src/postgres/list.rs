//! Pages of memories. The order comes from an index and, where there is one filter at most, the total from a counter;
//! so what a page costs grows with the page. Several filters at once, and what a key may not see, are counted.

use omp_model::{ListQuery, Memory, Namespace, OwnerId, Principal, Sort, Timestamp};

use super::rows;
use super::seen::Seen;
use super::session::{Columns, Session, Value, number, unusable};
use crate::stored::{FacetKind, wanted};
use crate::{Page, Result};

/// The namespaces that have memories, by name, from their counters.
pub(super) async fn counted_namespaces(
    session: &Session,
    owner: OwnerId,
    limit: u32,
) -> Result<Vec<(Namespace, u64)>> {
    let sql = "SELECT value, n FROM facets WHERE owner = $1 AND kind = $2 AND n > 0 ORDER BY value LIMIT $3";
    let kind = FacetKind::Namespace.as_str();
    let rows = session.rows(sql, &[&number(owner), &kind, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok((rows::namespace(row, 0)?.ok_or_else(|| unusable(0))?, row.count(1)?))).collect()
}

/// How many memories have expired and wait for the sweep: usually none. With a facet: of those that have it.
pub(super) async fn expired(
    session: &Session,
    owner: OwnerId,
    facet: Option<(FacetKind, &str)>,
    now: Timestamp,
) -> Result<u64> {
    let (owner, now) = (number(owner), now.as_millis());
    let mut values: Vec<Value<'_>> = vec![&owner, &now];
    let condition = match &facet {
        None => String::new(),
        Some((kind, value)) => {
            values.push(value);
            has(*kind, 3)
        }
    };
    let sql =
        format!("SELECT count(*) FROM memories AS m WHERE m.owner = $1 AND m.expires_at <= $2{condition}");
    session.one(&sql, &values).await?.count(0)
}

/// How many memories have a facet at a time; without one, how many there are.
pub(super) async fn counted(
    session: &Session,
    owner: OwnerId,
    facet: Option<(FacetKind, &str)>,
    now: Timestamp,
) -> Result<u64> {
    let (kind, value) = facet.unwrap_or((FacetKind::All, ""));
    let sql = "SELECT coalesce((SELECT n FROM facets WHERE owner = $1 AND kind = $2 AND value = $3), 0)";
    let all = session.one(sql, &[&number(owner), &kind.as_str(), &value]).await?.count(0)?;
    if all == 0 { Ok(0) } else { Ok(all.saturating_sub(expired(session, owner, facet, now).await?)) }
}

/// How many memories there are of all owners together.
pub(super) async fn counted_of_all(session: &Session, now: Timestamp) -> Result<u64> {
    let sql = "SELECT coalesce((SELECT sum(n) FROM facets WHERE kind = $1 AND value = ''), 0)::bigint \
         - (SELECT count(*) FROM memories WHERE expires_at <= $2)";
    session.one(sql, &[&FacetKind::All.as_str(), &now.as_millis()]).await?.count(0)
}

/// A condition that the row `m` has a facet, whose value is the parameter of this number.
fn has(kind: FacetKind, parameter: usize) -> String {
    match kind {
        FacetKind::All | FacetKind::Updated => String::new(),
        FacetKind::Namespace => format!(" AND m.namespace = ${parameter}"),
        FacetKind::Tool => format!(" AND m.tool = ${parameter}"),
        // Lists name types by their words, rows by their numbers.
        FacetKind::Type => format!(
            " AND m.type = array_position(ARRAY['episodic', 'semantic', 'procedural'], ${parameter}::text) - 1"
        ),
        FacetKind::Tag => with_tag(parameter),
    }
}

/// A condition that the row `m` has a tag.
pub(super) fn with_tag(parameter: usize) -> String {
    format!(
        " AND EXISTS (SELECT FROM memory_tags AS x WHERE x.owner = m.owner AND x.tag = ${parameter} \
         AND x.created_at = m.created_at AND x.id = m.id)"
    )
}

/// One page and the total.
pub(super) async fn page(
    session: &Session,
    by: &Principal,
    query: &ListQuery,
    now: Timestamp,
) -> Result<Page<Memory>> {
    let (owner, seen, millis) = (number(by.owner), Seen::of(by), now.as_millis());
    let wanted = wanted(&query.filter);
    let mut values: Vec<Value<'_>> = vec![&owner, &millis];
    // The list of a tag is in the order of creation itself.
    let by_tag =
        query.sort != Sort::UpdatedDesc && wanted.first().is_some_and(|(kind, _)| *kind == FacetKind::Tag);
    let mut conditions = format!("m.owner = $1 AND {}", rows::alive(2));
    for (index, (kind, value)) in wanted.iter().enumerate() {
        values.push(value);
        let condition = if index == 0 && by_tag {
            format!(" AND t.owner = $1 AND t.tag = ${}", values.len())
        } else {
            has(*kind, values.len())
        };
        conditions.push_str(&condition);
    }
    conditions.push_str(&seen.condition(&mut values));
    let (from, time, id) = match query.sort {
        _ if by_tag => (
            "memory_tags AS t JOIN memories AS m ON m.owner = t.owner AND m.pk = t.pk",
            "t.created_at",
            "t.id",
        ),
        Sort::UpdatedDesc => ("memories AS m", "m.updated_at", "m.id"),
        Sort::CreatedDesc | Sort::CreatedAsc => ("memories AS m", "m.created_at", "m.id"),
    };
    let total = if by.sees_everything() && wanted.len() <= 1 {
        counted(session, by.owner, wanted.first().copied(), now).await?
    } else {
        let sql = format!("SELECT count(*) FROM {from} WHERE {conditions}");
        session.one(&sql, &values).await?.count(0)?
    };
    let length = u64::from(query.limit).min(total.saturating_sub(query.offset));
    if length == 0 {
        return Ok(Page { items: Vec::new(), total });
    }
    // Past the middle it is shorter to walk from the other end.
    let from_end = total - query.offset - length;
    let backwards = from_end < query.offset;
    let descending = (query.sort != Sort::CreatedAsc) != backwards;
    let direction = if descending { "DESC" } else { "ASC" };
    let (length, offset) = (as_bigint(length), as_bigint(if backwards { from_end } else { query.offset }));
    values.extend([&length as Value<'_>, &offset]);
    let sql = format!(
        "SELECT {} FROM {from} WHERE {conditions} ORDER BY {time} {direction}, {id} {direction} LIMIT ${} OFFSET ${}",
        rows::COLUMNS,
        values.len() - 1,
        values.len()
    );
    let found = session.rows(&sql, &values).await?;
    let mut memories = found.iter().map(rows::numbered).collect::<Result<Vec<_>>>()?;
    if backwards {
        memories.reverse();
    }
    if query.with_embedding {
        super::vectors::show(session, by.owner, &mut memories).await?;
    }
    Ok(Page { items: memories.into_iter().map(|(_, memory)| memory).collect(), total })
}

fn as_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
