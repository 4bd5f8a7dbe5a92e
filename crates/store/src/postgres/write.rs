//! Writing memories: their rows, their tags, their words, their vectors. A single one is written as many are.

use std::collections::HashSet;

use omp_model::audit::Action;
use omp_model::{Memory, MemoryId, OwnerId, Principal, Source, Tag, Timestamp};
use omp_search::Analyzer;

use super::inserts::{self, NewRows};
use super::session::{Columns, Owned, Session, number};
use super::tsvector::{TsVector, Words};
use super::tx::{Known, Tx};
use super::{audit, originals, succession, vectors, versions};
use crate::stored::{facets, tags_text};
use crate::{Added, Result};

/// A memory to store if its id is free.
pub(super) struct Creation {
    pub(super) by: Principal,
    pub(super) memory: Memory,
    pub(super) words: Words,
    pub(super) now: Timestamp,
    /// What became of it.
    pub(super) added: Option<Added>,
}

/// Stores what several clients of an owner store at the same moment. `known` are the memories that have their ids.
pub(super) async fn create_all(
    tx: &mut Tx,
    owner: OwnerId,
    mut all: Vec<&mut Creation>,
    known: Known,
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let mut taken: HashSet<MemoryId> = HashSet::new();
    for (id, (pk, known)) in known {
        // An expired memory that still has the id goes now instead of at the next sweep.
        if known.is_expired(all[0].now) {
            delete(tx, owner, pk, &known, all[0].now).await?;
        } else {
            taken.insert(id);
        }
    }
    for creation in &mut all {
        let free = taken.insert(creation.memory.id);
        creation.added = Some(if free { Added::Stored } else { Added::IdTaken });
    }
    all.retain(|creation| creation.added == Some(Added::Stored));
    let new: Vec<(&Memory, &Words)> = all.iter().map(|c| (&c.memory, &c.words)).collect();
    if !new.is_empty() {
        insert_all(tx, owner, &new).await?;
    }
    for creation in all {
        audit::one(tx, &creation.by, Action::CreateMemory, creation.memory.id, creation.now);
    }
    Ok(())
}

/// Stores memories whose ids are free. Returns their row numbers.
pub(super) async fn insert_all(
    tx: &mut Tx,
    owner: OwnerId,
    memories: &[(&Memory, &Words)],
) -> Result<Vec<i64>> {
    let (mut pks, mut seqs) = (Vec::with_capacity(memories.len()), Vec::with_capacity(memories.len()));
    for (memory, _) in memories {
        pks.push(tx.next_pk(owner)?);
        seqs.push(tx.next_seq(owner)?);
        for (kind, value, _) in facets(memory) {
            tx.count(owner, kind, value, 1);
        }
    }
    let text = |text: &str| text.to_owned();
    let numbered: Vec<(i64, &Memory)> = pks.iter().copied().zip(memories.iter().map(|(m, _)| *m)).collect();
    let indexed: Vec<(i64, Words)> =
        pks.iter().copied().zip(memories.iter().map(|(_, words)| (*words).clone())).collect();
    count_words(tx, owner, &indexed);
    let all = memories.iter().map(|(memory, _)| *memory);
    let source = |text: fn(&Source) -> Option<&str>| {
        all.clone().map(|m| text(&m.source).map(str::to_owned)).collect::<Vec<Option<String>>>()
    };
    let arrays: Vec<Owned> = vec![
        Box::new(pks.clone()),
        Box::new(all.clone().map(|m| text(m.id.body())).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| i16::from(m.kind.number())).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| text(m.source.tool.as_str())).collect::<Vec<_>>()),
        Box::new(source(|source| source.session_id.as_ref().map(omp_model::Text::as_str))),
        Box::new(source(|source| source.user_id.as_ref().map(omp_model::Text::as_str))),
        Box::new(all.clone().map(|m| m.source.timestamp.as_millis()).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| m.namespace.as_ref().map(|n| text(n.as_str()))).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| tags_text(&m.tags)).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| m.created_at.as_millis()).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| m.updated_at.as_millis()).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| m.expires_at.map(Timestamp::as_millis)).collect::<Vec<_>>()),
        Box::new(seqs),
        Box::new(all.clone().map(|m| m.metadata.to_json()).collect::<Vec<_>>()),
        Box::new(all.clone().map(|m| text(m.content.as_str())).collect::<Vec<_>>()),
    ];
    let new = [
        inserts::MEMORIES.rows(pks.len(), arrays),
        tag_rows(&numbered),
        word_rows(indexed),
        embedding_rows(&numbered),
    ];
    tx.insert_new(owner, &pks, new).await?;
    Ok(pks)
}

/// Puts rows that are there already into the lists and the word index.
pub(super) async fn index_all(
    tx: &mut Tx,
    owner: OwnerId,
    memories: &[(i64, &Memory)],
    indexed: Vec<(i64, Words)>,
) -> Result<()> {
    if memories.is_empty() {
        return Ok(());
    }
    for (_, memory) in memories {
        for (kind, value, _) in facets(memory) {
            tx.count(owner, kind, value, 1);
        }
    }
    count_words(tx, owner, &indexed);
    tag_rows(memories).defer(tx, Some(owner)).await?;
    put_words(tx, owner, indexed).await
}

/// [`insert_all`] for one.
pub(super) async fn insert(tx: &mut Tx, owner: OwnerId, memory: &Memory, words: &Words) -> Result<i64> {
    Ok(insert_all(tx, owner, &[(memory, words)]).await?[0])
}

/// Writes a changed memory over its row and keeps what it was as a version.
pub(super) async fn update(
    tx: &mut Tx,
    owner: OwnerId,
    pk: i64,
    before: &Memory,
    after: &Memory,
    now: Timestamp,
) -> Result<()> {
    let seq = tx.next_seq(owner)?;
    let former = Memory { embedding: None, ..before.clone() };
    if former != (Memory { embedding: None, updated_at: before.updated_at, ..after.clone() }) {
        versions::keep(tx, owner, pk, &former, now).await?;
    }
    tx.execute(
        "UPDATE memories SET type = $3, tool = $4, session_id = $5, user_id = $6, observed_at = $7, namespace = $8, \
         tags = $9, created_at = $10, updated_at = $11, expires_at = $12, seq = $13, metadata = $14, content = $15 \
         WHERE owner = $1 AND pk = $2",
        &[
            &number(owner),
            &pk,
            &i16::from(after.kind.number()),
            &after.source.tool.as_str(),
            &after.source.session_id.as_ref().map(omp_model::Text::as_str),
            &after.source.user_id.as_ref().map(omp_model::Text::as_str),
            &after.source.timestamp.as_millis(),
            &after.namespace.as_ref().map(omp_model::Namespace::as_str),
            &tags_text(&after.tags),
            &after.created_at.as_millis(),
            &after.updated_at.as_millis(),
            &after.expires_at.map(Timestamp::as_millis),
            &seq,
            &after.metadata.to_json(),
            &after.content.as_str(),
        ],
    )
    .await?;
    for (memory, difference) in [(before, -1), (after, 1)] {
        for (kind, value, _) in facets(memory) {
            tx.count(owner, kind, value, difference);
        }
    }
    if before.tags != after.tags || before.created_at != after.created_at {
        remove_tags(tx, owner, before).await?;
        tag_rows(&[(pk, after)]).defer(tx, Some(owner)).await?;
    }
    if before.content != after.content || before.tags != after.tags {
        remove_words(tx, owner, &[pk]).await?;
        let words = [(pk, Words::of(owner, after, &mut Analyzer::new()))];
        count_words(tx, owner, &words);
        put_words(tx, owner, words.into()).await?;
        vectors::expect(tx, owner, pk).await?;
    }
    if before.embedding != after.embedding {
        remove_embedding(tx, owner, pk).await?;
        embedding_rows(&[(pk, after)]).defer(tx, Some(owner)).await?;
    }
    Ok(())
}

/// Removes a memory for good and leaves a tombstone.
pub(super) async fn delete(
    tx: &mut Tx,
    owner: OwnerId,
    pk: i64,
    memory: &Memory,
    now: Timestamp,
) -> Result<()> {
    let seq = tx.next_seq(owner)?;
    originals::forget(tx, owner, pk, now).await?;
    versions::forget(tx, owner, pk).await?;
    succession::step_back(tx, owner, pk, memory.id).await?;
    withdraw(tx, owner, pk, memory).await?;
    tx.execute(
        "INSERT INTO tombstones (owner, seq, id, pk, deleted_at) VALUES ($1, $2, $3, $4, $5)",
        &[&number(owner), &seq, &memory.id.body(), &pk, &now.as_millis()],
    )
    .await
    .map(drop)
}

/// Takes a row out without a trace: what belonged to it has gone to another row already, and its owner goes too.
pub(super) async fn withdraw(tx: &mut Tx, owner: OwnerId, pk: i64, memory: &Memory) -> Result<()> {
    withdraw_all(tx, owner, &[(pk, memory)]).await
}

/// The same for many, with as few statements as for one.
pub(super) async fn withdraw_all(tx: &mut Tx, owner: OwnerId, memories: &[(i64, &Memory)]) -> Result<()> {
    let (mut tags, mut created, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (_, memory) in memories {
        for (kind, value, _) in facets(memory) {
            tx.count(owner, kind, value, -1);
        }
        for tag in &memory.tags {
            tags.push(Tag::as_str(tag).to_owned());
            created.push(memory.created_at.as_millis());
            ids.push(memory.id.body().to_owned());
        }
    }
    if !tags.is_empty() {
        let sql = "DELETE FROM memory_tags AS t USING unnest($2::text[], $3::bigint[], $4::text[]) AS gone (tag, created_at, id) \
             WHERE t.owner = $1 AND t.tag = gone.tag AND t.created_at = gone.created_at AND t.id = gone.id";
        let values: Vec<Owned> =
            vec![Box::new(number(owner)), Box::new(tags), Box::new(created), Box::new(ids)];
        tx.defer(sql, values).await?;
    }
    let pks: Vec<i64> = memories.iter().map(|(pk, _)| *pk).collect();
    // In an order that everybody keeps to; see `vectors::forget`.
    for sql in [
        "DELETE FROM embeddings WHERE owner = $1 AND pk = ANY($2)",
        "DELETE FROM backlog WHERE owner = $1 AND slot IN (0, 1) AND pk = ANY($2)",
        "DELETE FROM vectors WHERE owner = $1 AND slot IN (0, 1) AND pk = ANY($2)",
        "DELETE FROM memories WHERE owner = $1 AND pk = ANY($2)",
    ] {
        tx.defer(sql, vec![Box::new(number(owner)), Box::new(pks.clone())]).await?;
    }
    remove_words(tx, owner, &pks).await
}

fn tag_rows(memories: &[(i64, &Memory)]) -> NewRows {
    let tagged: Vec<(i64, &Memory, &str)> = memories
        .iter()
        .flat_map(|&(pk, memory)| memory.tags.iter().map(move |tag| (pk, memory, Tag::as_str(tag))))
        .collect();
    let arrays: Vec<Owned> = vec![
        Box::new(tagged.iter().map(|(.., tag)| (*tag).to_owned()).collect::<Vec<_>>()),
        Box::new(tagged.iter().map(|(_, memory, _)| memory.created_at.as_millis()).collect::<Vec<_>>()),
        Box::new(tagged.iter().map(|(_, memory, _)| memory.id.body().to_owned()).collect::<Vec<_>>()),
        Box::new(tagged.iter().map(|(pk, ..)| *pk).collect::<Vec<_>>()),
    ];
    inserts::TAGS.rows(tagged.len(), arrays)
}

async fn remove_tags(tx: &Tx, owner: OwnerId, memory: &Memory) -> Result<()> {
    if memory.tags.iter().next().is_none() {
        return Ok(());
    }
    let tags: Vec<&str> = memory.tags.iter().map(Tag::as_str).collect();
    tx.execute(
        "DELETE FROM memory_tags WHERE owner = $1 AND tag = ANY($2) AND created_at = $3 AND id = $4",
        &[&number(owner), &tags, &memory.created_at.as_millis(), &memory.id.body()],
    )
    .await
    .map(drop)
}

fn count_words(tx: &mut Tx, owner: OwnerId, all: &[(i64, Words)]) {
    tx.count_words(owner, all.iter().map(|(_, words)| i64::from(words.count)).sum());
}

/// Puts memories into the word index without counting their words.
pub(super) async fn put_words(session: &Session, owner: OwnerId, all: Vec<(i64, Words)>) -> Result<()> {
    word_rows(all).defer(session, Some(owner)).await
}

fn word_rows(all: Vec<(i64, Words)>) -> NewRows {
    let pks: Vec<i64> = all.iter().map(|(pk, _)| *pk).collect();
    let counts: Vec<i32> = all.iter().map(|(_, words)| words.count).collect();
    let vectors: Vec<TsVector> = all.into_iter().map(|(_, words)| words.vector).collect();
    inserts::WORDS.rows(pks.len(), vec![Box::new(pks), Box::new(counts), Box::new(vectors)])
}

async fn remove_words(tx: &mut Tx, owner: OwnerId, pks: &[i64]) -> Result<()> {
    let sql = "DELETE FROM words WHERE owner = $1 AND pk = ANY($2) RETURNING n";
    for row in tx.rows(sql, &[&number(owner), &pks]).await? {
        let count: i32 = row.column(0)?;
        tx.count_words(owner, -i64::from(count));
    }
    Ok(())
}

fn embedding_rows(memories: &[(i64, &Memory)]) -> NewRows {
    let supplied: Vec<(i64, Vec<u8>)> = memories
        .iter()
        .filter_map(|(pk, memory)| memory.embedding.as_ref().map(|embedding| (*pk, embedding.to_bytes())))
        .collect();
    let (pks, vectors): (Vec<i64>, Vec<Vec<u8>>) = supplied.into_iter().unzip();
    inserts::EMBEDDINGS.rows(pks.len(), vec![Box::new(pks), Box::new(vectors)])
}

async fn remove_embedding(tx: &Tx, owner: OwnerId, pk: i64) -> Result<()> {
    tx.execute("DELETE FROM embeddings WHERE owner = $1 AND pk = $2", &[&number(owner), &pk]).await.map(drop)
}
