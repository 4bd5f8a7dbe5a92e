//! Counts on PostgreSQL: whoever sees everything reads counters; for others the memories in sight are counted.

use async_trait::async_trait;
use omp_model::{MemoryType, Principal, Timestamp};

use super::session::{Columns, number, unusable};
use super::{PostgresStore, list, rows, seen};
use crate::Result;
use crate::counts::{CountStore, Counted};
use crate::stored::FacetKind;

#[async_trait]
impl CountStore for PostgresStore {
    async fn counts(&self, by: &Principal, what: Counted, now: Timestamp) -> Result<Vec<(String, u64)>> {
        let (session, owner) = (self.read(by.owner).await?, number(by.owner));
        // What has expired and waits for the sweep is in the counters.
        if by.sees_everything() && list::expired(&session, by.owner, None, now).await? == 0 {
            let sql = "SELECT value, n FROM facets WHERE owner = $1 AND kind = $2 AND n > 0 ORDER BY value";
            let rows = session.rows(sql, &[&owner, &FacetKind::from(what).as_str()]).await?;
            return rows.iter().map(|row| Ok((row.column(0)?, row.count(1)?))).collect();
        }
        let (value, join) = match what {
            Counted::Tags => ("t.tag", "JOIN memory_tags AS t ON t.owner = m.owner AND t.pk = m.pk"),
            Counted::Tools => ("m.tool", ""),
            Counted::Types => ("m.type::text", ""),
        };
        let now = now.as_millis();
        let seen = seen::Seen::of(by);
        let mut values: Vec<super::session::Value<'_>> = vec![&owner, &now];
        let condition = seen.condition(&mut values);
        let sql = format!(
            "SELECT {value}, count(*) FROM memories AS m {join} WHERE m.owner = $1 AND {}{condition} GROUP BY 1 ORDER BY 1",
            rows::alive(2)
        );
        let counted = session.rows(&sql, &values).await?;
        let mut counts: Vec<(String, u64)> =
            counted.iter().map(|row| Ok((row.column(0)?, row.count(1)?))).collect::<Result<_>>()?;
        if what == Counted::Types {
            for (kind, _) in &mut counts {
                let number: usize = kind.parse().map_err(|_| unusable(0))?;
                MemoryType::ALL.get(number).ok_or_else(|| unusable(0))?.as_str().clone_into(kind);
            }
            counts.sort_unstable();
        }
        Ok(counts)
    }
}
