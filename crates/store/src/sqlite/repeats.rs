//! Finding the memory that a new one repeats, on SQLite.

use omp_model::{Memory, Principal, Timestamp};
use rusqlite::{Connection, params};

use super::rows;
use crate::repeats::{CANDIDATES, Probe};
use crate::stored::pk_range;

/// The newest memory that whoever asks may see in the same namespace with the same text that is current at `now`.
pub(super) fn find(
    probe: &Probe,
    connection: &Connection,
    by: &Principal,
    memory: &Memory,
    now: Timestamp,
) -> rusqlite::Result<Option<Memory>> {
    if probe.words.is_empty() {
        return Ok(None);
    }
    // No word contains a quote.
    let terms: Vec<String> = probe.words.iter().map(|word| format!("\"{word}\"")).collect();
    let expression = terms.join(" AND ");
    let (first, last) = pk_range(by.owner);
    let sql = format!(
        "SELECT {} FROM (SELECT rowid AS found FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 \
         ORDER BY rowid DESC LIMIT {CANDIDATES}) CROSS JOIN memories AS m ON m.pk = found \
         WHERE m.namespace IS ?4 AND (m.expires_at IS NULL OR m.expires_at > ?5) AND NOT EXISTS ( \
         SELECT 1 FROM memories AS s WHERE s.owner = m.owner AND s.id = m.superseded_by \
         AND (s.expires_at IS NULL OR s.expires_at > ?5)) ORDER BY found DESC",
        rows::COLUMNS
    );
    let namespace = memory.namespace.as_ref().map(omp_model::Namespace::as_str);
    let mut select = connection.prepare_cached(&sql)?;
    let mut candidates = select.query(params![expression, first, last, namespace, now.as_millis()])?;
    while let Some(row) = candidates.next()? {
        if probe.is(row.get_ref(rows::CONTENT)?.as_str()?) {
            let found = rows::memory(row, 0)?;
            if by.sees(&found) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}
