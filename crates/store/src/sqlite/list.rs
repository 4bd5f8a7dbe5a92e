//! Pages of memories. What a page costs grows with the page, not with the store: the order comes from an index,
//! the total from a counter. Only several filters at once, and deep pages, have to walk.

use omp_model::{Filter, ListQuery, Memory, OwnerId, Sort, Timestamp};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::rows::{self, ALIVE};
use super::tx::FacetKind;
use crate::Page;

/// Offsets up to here are walked in microseconds.
const SHORT_OFFSET: u64 = 1_000;

/// A facet and how many memories have it, expired ones included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facet {
    pub(super) id: i64,
    pub(super) n: u64,
}

/// Whether a page is cheap enough to be read without leaving the calling thread.
pub(super) fn is_short(query: &ListQuery) -> bool {
    let filters = wanted(&query.filter).len();
    query.offset <= SHORT_OFFSET && (filters == 0 || (filters == 1 && query.sort != Sort::UpdatedDesc))
}

/// An entry of a list and a row of memories, each with the column of its creation.
const ENTRY: (&str, &str) = ("e", "at");
const MEMORY: (&str, &str) = ("m", "created_at");

fn wanted(filter: &Filter) -> Vec<(FacetKind, &str)> {
    let mut wanted: Vec<(FacetKind, &str)> = Vec::new();
    wanted.extend(filter.namespace.iter().map(|n| (FacetKind::Namespace, n.as_str())));
    wanted.extend(filter.tags.iter().map(|t| (FacetKind::Tag, t.as_str())));
    wanted.extend(filter.tool.iter().map(|t| (FacetKind::Tool, t.as_str())));
    wanted.extend(filter.kind.iter().map(|k| (FacetKind::Type, k.as_str())));
    wanted
}

/// Looks a facet up; `None` when no memory ever had it.
pub(super) fn facet(
    connection: &Connection,
    owner: OwnerId,
    kind: FacetKind,
    value: &str,
) -> rusqlite::Result<Option<Facet>> {
    connection
        .prepare_cached("SELECT facet, max(n, 0) FROM facets WHERE owner = ?1 AND kind = ?2 AND value = ?3")?
        .query_row(params![owner.0, kind.as_str(), value], |row| {
            Ok(Facet { id: row.get(0)?, n: row.get::<_, i64>(1)?.unsigned_abs() })
        })
        .optional()
}

/// The facets of a filter, rarest first; `None` when one of them has no memory.
fn facets(connection: &Connection, owner: OwnerId, filter: &Filter) -> rusqlite::Result<Option<Vec<Facet>>> {
    let mut facets = Vec::new();
    for (kind, value) in wanted(filter) {
        match facet(connection, owner, kind, value)? {
            Some(found) if found.n > 0 => facets.push(found),
            _ => return Ok(None),
        }
    }
    facets.sort_by_key(|facet| facet.n);
    Ok(Some(facets))
}

/// One page and the total.
pub(super) fn page(
    connection: &Connection,
    owner: OwnerId,
    query: &ListQuery,
    now: Timestamp,
) -> rusqlite::Result<Page<Memory>> {
    let empty = Page { items: Vec::new(), total: 0 };
    let Some(facets) = facets(connection, owner, &query.filter)? else { return Ok(empty) };
    let Some(all) = facet(connection, owner, FacetKind::All, "")? else { return Ok(empty) };
    let updated = facet(connection, owner, FacetKind::Updated, "")?.unwrap_or(all);
    let walk = Walk { connection, owner, facets: &facets, all, updated, now };
    let total = walk.total()?;
    let pks = walk.keys(query, total)?;
    Ok(Page { items: rows::by_pk(connection, &pks, query.with_embedding)?, total })
}

/// How many memories with these facets have expired and wait for the sweep: usually none.
pub(super) fn expired(
    connection: &Connection,
    owner: OwnerId,
    facets: &[Facet],
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM memories AS m INDEXED BY memories_expiry \
         WHERE m.expires_at <= :now AND m.owner = :owner{}",
        with_facets(MEMORY, facets)
    );
    connection
        .prepare_cached(&sql)?
        .query_row(named_params! {":now": now.as_millis(), ":owner": owner.0}, |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// Conditions that the row `alias` has all of these facets. The numbers are ours, so they need no parameters.
fn with_facets((alias, created): (&str, &str), facets: &[Facet]) -> String {
    let condition = |facet: &Facet| {
        format!(
            " AND EXISTS (SELECT 1 FROM facet_entries AS f WHERE f.owner = :owner AND f.facet = {} \
             AND f.at = {alias}.{created} AND f.id = {alias}.id)",
            facet.id
        )
    };
    facets.iter().map(condition).collect()
}

struct Walk<'a> {
    connection: &'a Connection,
    owner: OwnerId,
    /// Rarest first.
    facets: &'a [Facet],
    all: Facet,
    updated: Facet,
    now: Timestamp,
}

impl Walk<'_> {
    fn total(&self) -> rusqlite::Result<u64> {
        match self.facets {
            [] => Ok(self.all.n.saturating_sub(expired(self.connection, self.owner, &[], self.now)?)),
            [one] => Ok(one.n.saturating_sub(expired(self.connection, self.owner, &[*one], self.now)?)),
            [rarest, others @ ..] => {
                let sql = format!(
                    "SELECT count(*) FROM facet_entries AS e WHERE e.owner = :owner AND e.facet = {} AND {ALIVE}{}",
                    rarest.id,
                    with_facets(ENTRY, others)
                );
                let parameters = named_params! {":now": self.now.as_millis(), ":owner": self.owner.0};
                self.connection
                    .prepare(&sql)?
                    .query_row(parameters, |row| row.get::<_, i64>(0))
                    .map(i64::unsigned_abs)
            }
        }
    }

    /// The row numbers of the page.
    fn keys(&self, query: &ListQuery, total: u64) -> rusqlite::Result<Vec<i64>> {
        let length = u64::from(query.limit).min(total.saturating_sub(query.offset));
        if length == 0 {
            return Ok(Vec::new());
        }
        // Past the middle it is shorter to walk from the other end.
        let from_end = total - query.offset - length;
        let backwards = from_end < query.offset;
        let Source { rows, time, id } = self.source(query.sort);
        let descending = (query.sort != Sort::CreatedAsc) != backwards;
        let direction = if descending { "DESC" } else { "ASC" };
        let sql = format!("{rows} ORDER BY {time} {direction}, {id} {direction} LIMIT :limit OFFSET :offset");
        let parameters = named_params! {
            ":now": self.now.as_millis(),
            ":owner": self.owner.0,
            ":limit": i64::try_from(length).unwrap_or(i64::MAX),
            ":offset": i64::try_from(if backwards { from_end } else { query.offset }).unwrap_or(i64::MAX),
        };
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut pks =
            select.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        if backwards {
            pks.reverse();
        }
        Ok(pks)
    }

    /// The rows to walk, and the columns of the order.
    fn source(&self, sort: Sort) -> Source {
        match (self.facets, sort) {
            ([], Sort::CreatedDesc | Sort::CreatedAsc) => entries(self.all, &[]),
            ([rarest, others @ ..], Sort::CreatedDesc | Sort::CreatedAsc) => entries(*rarest, others),
            ([], Sort::UpdatedDesc) => entries(self.updated, &[]),
            // Few memories have it: read and sort them.
            ([rarest, others @ ..], Sort::UpdatedDesc) if rarest.n * 50 < self.all.n => {
                let conditions = with_facets(ENTRY, others);
                let facet = rarest.id;
                let rows = format!(
                    "SELECT m.pk FROM facet_entries AS e CROSS JOIN memories AS m ON m.pk = e.pk \
                     WHERE e.owner = :owner AND e.facet = {facet} AND (e.expires_at IS NULL OR e.expires_at > :now){conditions}"
                );
                Source { rows, time: "m.updated_at", id: "m.id" }
            }
            // Many: walk all of them and meet enough of the wanted ones soon.
            (facets, Sort::UpdatedDesc) => {
                let conditions = with_facets(MEMORY, facets);
                let rows = format!(
                    "SELECT e.pk FROM facet_entries AS e CROSS JOIN memories AS m ON m.pk = e.pk \
                     WHERE e.owner = :owner AND e.facet = {} AND (e.expires_at IS NULL OR e.expires_at > :now){conditions}",
                    self.updated.id
                );
                Source { rows, time: "e.at", id: "e.id" }
            }
        }
    }
}

/// Where the rows of a list come from.
struct Source {
    rows: String,
    time: &'static str,
    id: &'static str,
}

fn entries(facet: Facet, others: &[Facet]) -> Source {
    let conditions = with_facets(ENTRY, others);
    let facet = facet.id;
    let rows = format!(
        "SELECT e.pk FROM facet_entries AS e WHERE e.owner = :owner AND e.facet = {facet} AND {ALIVE}{conditions}"
    );
    Source { rows, time: "e.at", id: "e.id" }
}
