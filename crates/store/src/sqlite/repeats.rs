//! Finding the memory that a new one repeats.
//!
//! The words by which memories are found anyway lead to the candidates, so that nothing has to be kept for it that
//! every import would have to write; the texts themselves decide.

use std::collections::BTreeSet;

use omp_model::text::normal_form;
use omp_model::{Memory, Principal, Timestamp};
use rusqlite::{Connection, params};

use super::rows;
use super::tx::pk_range;

/// Words of the new text that a candidate must have.
const WORDS: usize = 8;
/// Candidates whose texts are compared, the newest first.
const CANDIDATES: u32 = 1_000;

/// What to look for: made before the transaction begins.
pub(super) struct Probe {
    /// `None` when nothing of the text can be searched for.
    expression: Option<String>,
    normal: String,
}

impl Probe {
    pub(super) fn new(memory: &Memory) -> Self {
        let text = memory.content.as_str();
        let normal = normal_form(text);
        // Words that the text has in any case, so to speak: `nodeJS` has the words `node` and `js` too, `nodejs` has not.
        let (written, folded) = (words(text), words(&normal));
        let mut common: Vec<&String> = written.intersection(&folded).collect();
        if common.is_empty() {
            common = written.iter().collect();
        }
        common.sort_by_key(|word| std::cmp::Reverse(word.len()));
        // No word contains a quote.
        let terms: Vec<String> = common.iter().take(WORDS).map(|word| format!("\"{word}\"")).collect();
        Self { expression: (!terms.is_empty()).then(|| terms.join(" AND ")), normal }
    }

    /// The newest memory that whoever asks may see in the same namespace with the same text that is current at `now`.
    pub(super) fn find(
        &self,
        connection: &Connection,
        by: &Principal,
        memory: &Memory,
        now: Timestamp,
    ) -> rusqlite::Result<Option<Memory>> {
        let Some(expression) = &self.expression else { return Ok(None) };
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
            if normal_form(row.get_ref(rows::CONTENT)?.as_str()?) == self.normal {
                let found = rows::memory(row, 0)?;
                if by.sees(&found) {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    omp_search::analyze(text, &mut |word| {
        words.insert(word.to_owned());
    });
    words
}
