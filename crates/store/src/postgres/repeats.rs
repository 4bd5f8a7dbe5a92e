//! Finding the memory that a new one repeats, on PostgreSQL.

use omp_model::{Memory, Principal, Timestamp};

use super::session::{Session, number};
use super::{rows, tsvector};
use crate::Result;
use crate::repeats::{CANDIDATES, Probe};

/// The newest memory that whoever asks may see in the same namespace with the same text that is current at `now`.
pub(super) async fn find(
    probe: &Probe,
    session: &Session,
    by: &Principal,
    memory: &Memory,
    now: Timestamp,
) -> Result<Option<Memory>> {
    if probe.words.is_empty() {
        return Ok(None);
    }
    let all: Vec<String> = probe.words.iter().map(|word| tsvector::quoted(by.owner, word)).collect();
    let sql = format!(
        "SELECT {} FROM (SELECT w.pk FROM words AS w WHERE w.owner = $1 AND w.t @@ $2::text::tsquery \
         ORDER BY w.pk DESC LIMIT {CANDIDATES}) AS w JOIN memories AS m ON m.owner = $1 AND m.pk = w.pk \
         WHERE m.namespace IS NOT DISTINCT FROM $3 AND {} AND NOT EXISTS ( \
         SELECT FROM memories AS s WHERE s.owner = m.owner AND s.id = m.superseded_by \
         AND (s.expires_at IS NULL OR s.expires_at > $4)) ORDER BY m.pk DESC",
        rows::COLUMNS,
        rows::alive(4)
    );
    let namespace = memory.namespace.as_ref().map(omp_model::Namespace::as_str);
    let values: [super::session::Value<'_>; 4] =
        [&number(by.owner), &all.join(" & "), &namespace, &now.as_millis()];
    for row in session.rows(&sql, &values).await? {
        let found = rows::memory(&row)?;
        if probe.is(found.content.as_str()) && by.sees(&found) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
