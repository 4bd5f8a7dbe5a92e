//! Writing one memory: its row, its facets, its words, its vector.

use omp_model::{Memory, OwnerId, Timestamp};
use omp_search::Analyzer;
use rusqlite::params;

use super::tx::Tx;
use super::{originals, succession, vectors, versions};
use crate::stored::{FacetKind, facets, tags_text, words};

/// Stores a memory whose id is free. `words` is [`words`] of it, made before the transaction began.
pub(super) fn insert(tx: &mut Tx<'_>, owner: OwnerId, memory: &Memory, words: &str) -> rusqlite::Result<i64> {
    let (pk, seq) = (tx.next_pk(owner)?, tx.next_seq(owner)?);
    tx.statement(
        "INSERT INTO memories (pk, owner, id, type, tool, session_id, user_id, observed_at, namespace, tags, \
         created_at, updated_at, expires_at, seq, metadata, content) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        pk,
        owner.0,
        memory.id.body(),
        memory.kind.number(),
        memory.source.tool.as_str(),
        memory.source.session_id.as_ref().map(omp_model::Text::as_str),
        memory.source.user_id.as_ref().map(omp_model::Text::as_str),
        memory.source.timestamp.as_millis(),
        memory.namespace.as_ref().map(omp_model::Namespace::as_str),
        tags_text(&memory.tags),
        memory.created_at.as_millis(),
        memory.updated_at.as_millis(),
        memory.expires_at.map(Timestamp::as_millis),
        seq,
        memory.metadata.to_json(),
        memory.content.as_str(),
    ])?;
    index(tx, owner, pk, memory, words)?;
    put_embedding(tx, pk, memory)?;
    vectors::expect_first(tx, pk)?;
    Ok(pk)
}

/// Writes a changed memory over its row and keeps what it was as a version.
pub(super) fn update(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    before: &Memory,
    after: &Memory,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let seq = tx.next_seq(owner)?;
    let former = Memory { embedding: None, ..before.clone() };
    if former != (Memory { embedding: None, updated_at: before.updated_at, ..after.clone() }) {
        versions::keep(tx, pk, &former, now)?;
    }
    tx.statement(
        "UPDATE memories SET type = ?2, tool = ?3, session_id = ?4, user_id = ?5, observed_at = ?6, namespace = ?7, \
         tags = ?8, created_at = ?9, updated_at = ?10, expires_at = ?11, seq = ?12, metadata = ?13, content = ?14 \
         WHERE pk = ?1",
    )?
    .execute(params![
        pk,
        after.kind.number(),
        after.source.tool.as_str(),
        after.source.session_id.as_ref().map(omp_model::Text::as_str),
        after.source.user_id.as_ref().map(omp_model::Text::as_str),
        after.source.timestamp.as_millis(),
        after.namespace.as_ref().map(omp_model::Namespace::as_str),
        tags_text(&after.tags),
        after.created_at.as_millis(),
        after.updated_at.as_millis(),
        after.expires_at.map(Timestamp::as_millis),
        seq,
        after.metadata.to_json(),
        after.content.as_str(),
    ])?;
    let (mut old, mut new) = (facets(before), facets(after));
    if before.expires_at == after.expires_at {
        let kept: Vec<_> = old.iter().filter(|facet| new.contains(facet)).copied().collect();
        old.retain(|facet| !kept.contains(facet));
        new.retain(|facet| !kept.contains(facet));
    }
    remove_facets(tx, owner, before, &old)?;
    add_facets(tx, owner, pk, after, &new)?;
    if before.content != after.content || before.tags != after.tags {
        let mut analyzer = Analyzer::new();
        remove_words(tx, pk, &words(before, &mut analyzer))?;
        add_words(tx, pk, &words(after, &mut analyzer))?;
        vectors::expect(tx, pk)?;
    }
    tx.statement("DELETE FROM embeddings WHERE pk = ?1")?.execute([pk])?;
    put_embedding(tx, pk, after)
}

/// Removes a memory for good and leaves a tombstone.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    memory: &Memory,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let seq = tx.next_seq(owner)?;
    tx.forgets();
    remove_facets(tx, owner, memory, &facets(memory))?;
    remove_words(tx, pk, &words(memory, &mut Analyzer::new()))?;
    tx.statement("DELETE FROM embeddings WHERE pk = ?1")?.execute([pk])?;
    vectors::forget(tx, pk)?;
    originals::forget(tx, owner, pk, now)?;
    versions::forget(tx, pk)?;
    succession::step_back(tx, owner, pk, memory.id)?;
    tx.statement("DELETE FROM memories WHERE pk = ?1")?.execute([pk])?;
    tx.statement("INSERT INTO tombstones (owner, seq, id, pk, deleted_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![owner.0, seq, memory.id.body(), pk, now.as_millis()])?;
    Ok(())
}

/// Takes a row out without a trace: what belonged to it has gone to another row already, and its owner goes too.
pub(super) fn withdraw(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    memory: &Memory,
    words: &str,
) -> rusqlite::Result<()> {
    remove_facets(tx, owner, memory, &facets(memory))?;
    remove_words(tx, pk, words)?;
    tx.statement("DELETE FROM embeddings WHERE pk = ?1")?.execute([pk])?;
    vectors::forget(tx, pk)?;
    tx.statement("DELETE FROM memories WHERE pk = ?1")?.execute([pk]).map(drop)
}

/// Puts a row that is there already into its lists and into the word index.
pub(super) fn index(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    memory: &Memory,
    words: &str,
) -> rusqlite::Result<()> {
    add_facets(tx, owner, pk, memory, &facets(memory))?;
    add_words(tx, pk, words)
}

fn add_facets(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    memory: &Memory,
    wanted: &[(FacetKind, &str, Timestamp)],
) -> rusqlite::Result<()> {
    let mut numbers = Vec::with_capacity(wanted.len());
    for &(kind, value, at) in wanted {
        let facet = tx.facet(owner, kind, value)?;
        tx.count(facet, 1);
        numbers.push((facet, at));
    }
    tx.entries.add(owner, pk, memory, numbers.into_iter());
    Ok(())
}

fn remove_facets(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    memory: &Memory,
    unwanted: &[(FacetKind, &str, Timestamp)],
) -> rusqlite::Result<()> {
    tx.write_entries()?;
    let mut delete =
        tx.statement("DELETE FROM facet_entries WHERE owner = ?1 AND facet = ?2 AND at = ?3 AND id = ?4")?;
    for &(kind, value, at) in unwanted {
        let facet = tx.facet(owner, kind, value)?;
        delete.execute(params![owner.0, facet, at.as_millis(), memory.id.body()])?;
        tx.count(facet, -1);
    }
    Ok(())
}

fn add_words(tx: &Tx<'_>, pk: i64, words: &str) -> rusqlite::Result<()> {
    tx.statement("INSERT INTO words (rowid, t) VALUES (?1, ?2)")?.execute(params![pk, words]).map(drop)
}

/// `words` must be those that were added: the index has no texts of its own to look them up in.
fn remove_words(tx: &Tx<'_>, pk: i64, words: &str) -> rusqlite::Result<()> {
    tx.statement("INSERT INTO words (words, rowid, t) VALUES ('delete', ?1, ?2)")?
        .execute(params![pk, words])
        .map(drop)
}

fn put_embedding(tx: &Tx<'_>, pk: i64, memory: &Memory) -> rusqlite::Result<()> {
    if let Some(embedding) = &memory.embedding {
        tx.statement("INSERT INTO embeddings (pk, vector) VALUES (?1, ?2)")?
            .execute(params![pk, embedding.to_bytes()])?;
    }
    Ok(())
}
