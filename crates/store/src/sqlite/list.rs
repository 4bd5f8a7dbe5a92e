//! Pages of memories. What a page costs grows with the page, not with the store: the order comes from an index,
//! the total from a counter. Only several filters at once, and deep pages, have to walk.

use omp_model::{
    Filter, ListQuery, Memory, Namespace, NamespacePattern, OwnerId, Principal, Scope, Sort, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::rows::{self, ALIVE};
use crate::Page;
use crate::stored::{FacetKind, wanted};

/// Most namespaces whose lists are walked side by side.
const SIDE_BY_SIDE: usize = 32;

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

/// The namespaces that have memories, by name: a walk over the names, not over the memories.
pub(super) fn counted_namespaces(
    connection: &Connection,
    owner: OwnerId,
    limit: u32,
) -> rusqlite::Result<Vec<(Namespace, u64)>> {
    connection
        .prepare_cached(
            "SELECT value, n FROM facets WHERE owner = ?1 AND kind = ?2 AND n > 0 ORDER BY value LIMIT ?3",
        )?
        .query_map(params![owner.0, FacetKind::Namespace.as_str(), limit], |row| {
            let name = Namespace::new(row.get::<_, String>(0)?).map_err(|_| rows::unusable(0))?;
            Ok((name, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect()
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

/// A filter that also holds to the tool that a principal is limited to; `None` if nothing can pass both.
fn within(by: &Principal, filter: &Filter) -> Option<Filter> {
    let Some(limits) = by.sight() else { return by.may(Scope::Read).then(|| filter.clone()) };
    let mut filter = filter.clone();
    if let Some(only) = limits.only_tool() {
        if filter.tool.as_ref().is_some_and(|tool| tool != only) {
            return None;
        }
        filter.tool = Some(only.clone());
    }
    let outside = filter.namespace.is_some() && !limits.admits(filter.namespace.as_ref());
    (by.may(Scope::Read) && !outside).then_some(filter)
}

/// The namespaces of an owner that match one of these patterns.
fn namespaces(
    connection: &Connection,
    owner: OwnerId,
    patterns: &[NamespacePattern],
) -> rusqlite::Result<Vec<Facet>> {
    let mut select = connection.prepare_cached(
        "SELECT facet, n, value FROM facets WHERE owner = ?1 AND kind = 'namespace' AND n > 0",
    )?;
    let mut rows = select.query([owner.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = row.get_ref(2)?.as_str()?;
        if patterns.iter().any(|pattern| pattern.matches(value)) {
            found.push(Facet { id: row.get(0)?, n: row.get::<_, i64>(1)?.unsigned_abs() });
        }
    }
    Ok(found)
}

/// One page and the total.
pub(super) fn page(
    connection: &Connection,
    by: &Principal,
    query: &ListQuery,
    now: Timestamp,
) -> rusqlite::Result<Page<Memory>> {
    let owner = by.owner;
    let empty = Page { items: Vec::new(), total: 0 };
    let Some(filter) = within(by, &query.filter) else { return Ok(empty) };
    let Some(mut facets) = facets(connection, owner, &filter)? else { return Ok(empty) };
    let mut among = Vec::new();
    if let (Some(patterns), None) =
        (by.sight().and_then(omp_model::Limits::only_namespaces), &filter.namespace)
    {
        among = namespaces(connection, owner, patterns)?;
        match among.as_slice() {
            [] => return Ok(empty),
            [only] => {
                facets.push(*only);
                facets.sort_by_key(|facet| facet.n);
                among.clear();
            }
            _ => {}
        }
    }
    let Some(all) = facet(connection, owner, FacetKind::All, "")? else { return Ok(empty) };
    let updated = facet(connection, owner, FacetKind::Updated, "")?.unwrap_or(all);
    let walk = Walk { connection, owner, facets: &facets, among: &among, all, updated, now };
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
    /// What a memory must have, all of it; rarest first.
    facets: &'a [Facet],
    /// Namespaces of which a memory must be in one, if there are any here.
    among: &'a [Facet],
    all: Facet,
    updated: Facet,
    now: Timestamp,
}

impl Walk<'_> {
    /// How many entries the namespaces have together: a memory is in one at most.
    fn in_namespaces(&self) -> u64 {
        self.among.iter().map(|facet| facet.n).sum()
    }

    /// A condition that a row is in one of the namespaces.
    fn with_namespace(&self, (alias, _): (&str, &str)) -> String {
        if self.among.is_empty() {
            return String::new();
        }
        let numbers = numbers(self.among);
        format!(
            " AND (SELECT x.namespace FROM memories AS x WHERE x.pk = {alias}.pk) IN \
             (SELECT value FROM facets WHERE facet IN ({numbers}))"
        )
    }

    fn total(&self) -> rusqlite::Result<u64> {
        if !self.among.is_empty() {
            let numbers = numbers(self.among);
            let (lists, conditions) = match self.facets {
                [] => {
                    let expired: u64 = self
                        .among
                        .iter()
                        .map(|facet| expired(self.connection, self.owner, &[*facet], self.now))
                        .sum::<rusqlite::Result<u64>>()?;
                    return Ok(self.in_namespaces().saturating_sub(expired));
                }
                [rarest, others @ ..] if rarest.n <= self.in_namespaces() => {
                    (rarest.id.to_string(), with_facets(ENTRY, others) + &self.with_namespace(ENTRY))
                }
                facets => (numbers, with_facets(ENTRY, facets)),
            };
            let sql = format!(
                "SELECT count(*) FROM facet_entries AS e WHERE e.owner = :owner AND e.facet IN ({lists}) AND {ALIVE}{conditions}"
            );
            let parameters = named_params! {":now": self.now.as_millis(), ":owner": self.owner.0};
            let count = self.connection.prepare(&sql)?.query_row(parameters, |row| row.get::<_, i64>(0));
            return count.map(i64::unsigned_abs);
        }
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
        if !self.among.is_empty() {
            return self.source_in_namespaces(sort);
        }
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

impl Walk<'_> {
    /// The same where several namespaces are meant.
    fn source_in_namespaces(&self, sort: Sort) -> Source {
        let with_namespace = self.with_namespace(ENTRY);
        let few = self.in_namespaces() * 50 < self.all.n;
        match (self.facets, sort) {
            ([rarest, others @ ..], Sort::CreatedDesc | Sort::CreatedAsc)
                if rarest.n <= self.in_namespaces() =>
            {
                let mut source = entries(*rarest, others);
                source.rows.push_str(&with_namespace);
                source
            }
            // The engine walks the lists side by side, so the cost is that of the page.
            (facets, Sort::CreatedDesc | Sort::CreatedAsc) if self.among.len() <= SIDE_BY_SIDE => {
                let conditions = with_facets(ENTRY, facets);
                let list = |facet: &Facet| {
                    format!(
                        "SELECT e.pk, e.at AS at, e.id AS id FROM facet_entries AS e WHERE e.owner = :owner \
                         AND e.facet = {} AND {ALIVE}{conditions}",
                        facet.id
                    )
                };
                let rows = self.among.iter().map(list).collect::<Vec<_>>().join(" UNION ALL ");
                Source { rows, time: "at", id: "id" }
            }
            (facets, Sort::CreatedDesc | Sort::CreatedAsc) => {
                let mut source = entries(self.all, facets);
                source.rows.push_str(&with_namespace);
                source
            }
            (facets, Sort::UpdatedDesc) => {
                let conditions = with_facets(MEMORY, facets);
                let (lists, by_entry) =
                    if few { (numbers(self.among), false) } else { (self.updated.id.to_string(), true) };
                let namespace = if by_entry { with_namespace } else { String::new() };
                let rows = format!(
                    "SELECT e.pk FROM facet_entries AS e CROSS JOIN memories AS m ON m.pk = e.pk WHERE e.owner = :owner \
                     AND e.facet IN ({lists}) AND (e.expires_at IS NULL OR e.expires_at > :now){conditions}{namespace}"
                );
                if by_entry {
                    Source { rows, time: "e.at", id: "e.id" }
                } else {
                    Source { rows, time: "m.updated_at", id: "m.id" }
                }
            }
        }
    }
}

/// The numbers of facets, for a list in SQL.
fn numbers(facets: &[Facet]) -> String {
    facets.iter().map(|facet| facet.id.to_string()).collect::<Vec<_>>().join(", ")
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
