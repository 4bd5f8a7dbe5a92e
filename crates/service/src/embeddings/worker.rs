//! Giving every memory its vector, after it was stored: the backlog in the store says which ones wait, so nothing is
//! forgotten when the process ends.

use std::sync::Arc;
use std::time::Duration;

use omp_embed::{EmbedError, ModelIdentity, Pool};
use omp_model::api::EmbeddingModel;
use omp_model::{Error, ErrorCode, Memory, Result};
use omp_store::{NewVector, Pending, SpaceModel, VectorSpace};

use super::{Inner, made, model};
use crate::Service;
use crate::failure::shown;

/// Memories that are embedded before their vectors are stored together.
const BATCH: u32 = 64;
/// What comes within this time is stored together: vectors are made again if they are lost, so they need no flush each.
const COLLECT: Duration = Duration::from_millis(100);
/// How often to look for what other processes stored.
const LOOK: Duration = Duration::from_secs(5);
/// Longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_mins(5);
/// A store with no more memories is prepared at once.
const AT_ONCE: u64 = 20_000;
/// A conversation takes as long as so many memories, about.
const CONVERSATION: u64 = 10;
/// A text that every model takes.
const PROBE: &str = "identity";
/// How long an import is left alone.
const IMPORT: Duration = Duration::from_mins(1);

impl Service {
    /// Embeds what waits until the task is dropped or aborted. Failures of the model or its endpoint are tried again,
    /// later and later; the memories are found by their words meanwhile.
    pub(crate) async fn embed_forever(self) {
        let Some(inner) = self.embeddings.inner.clone() else { return };
        tokio::join!(self.embed_for_good(&inner), self.tend_for_good());
    }

    /// Looks after what the store searches vectors by, where it does: building that can take minutes.
    async fn tend_for_good(&self) {
        loop {
            match self.store.tend_candidates().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK).await,
                Err(error) => {
                    tracing::warn!(%error, "what the database searches vectors by could not be brought up to date");
                    tokio::time::sleep(LONGEST_REST).await;
                }
            }
        }
    }

    async fn embed_for_good(&self, inner: &Inner) {
        let mut failures = 0;
        loop {
            match self.embed_waiting(inner, None).await {
                Ok(_) => {
                    failures = 0;
                    let _ = tokio::time::timeout(LOOK, inner.wake.notified()).await;
                    tokio::time::sleep(COLLECT).await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, failures, "memories could not be embedded; they are found by their words");
                    let rest = Duration::from_secs(1) * 2_u32.saturating_pow(failures - 1);
                    tokio::time::sleep(rest.min(LONGEST_REST)).await;
                }
            }
        }
    }

    /// Makes room for the configured model's vectors, where that takes no time: so that the first search of a new store
    /// is by meaning too. A replica has what its primary has.
    pub async fn prepare_embeddings(&self) -> Result<()> {
        if self.is_replica() {
            return Ok(());
        }
        let Some(identity) = self.embeddings.inner.as_ref().and_then(|inner| inner.chosen.identity()) else {
            return Ok(());
        };
        let spaces = self.store.vector_spaces().await.map_err(shown)?;
        let position = self.store.index_position(omp_model::OwnerId::FIRST).await.map_err(shown)?;
        if spaces.is_empty() && position.memories <= AT_ONCE {
            self.store.open_vector_space(&model(&identity)).await.map_err(shown)?;
        }
        Ok(())
    }

    /// Embeds what waits, if that is no more than `most` memories: for a process that has nobody who does it in the
    /// background. What the model cannot do now stays on the backlog.
    pub async fn embed_some(&self, most: u64) -> Result<()> {
        let Some(inner) = self.embeddings.inner.clone() else { return Ok(()) };
        self.prepare_embeddings().await?;
        let spaces = self.store.vector_spaces().await.map_err(shown)?;
        identify(&inner.chosen).await?;
        let Some(space) = active(&inner.chosen, &spaces) else { return Ok(()) };
        if self.store.count_backlog(space.slot).await.map_err(shown)? > most {
            return Ok(());
        }
        let conversations = self.store.count_conversation_backlog(space.slot).await.map_err(shown)?;
        self.fill(&inner.chosen, &space, None, conversations <= most / CONVERSATION).await
    }

    /// How many memories and conversations wait in a space.
    pub(crate) async fn count_waiting(&self, space: &VectorSpace) -> Result<u64> {
        let memories = self.store.count_backlog(space.slot).await.map_err(shown)?;
        Ok(memories + self.store.count_conversation_backlog(space.slot).await.map_err(shown)?)
    }

    /// Embeds everything with the configured model and lets searches use it from then on. `progress` is told now and
    /// then how many memories and conversations are left.
    pub async fn reindex(&self, progress: impl Fn(u64) + Send + Sync) -> Result<EmbeddingModel> {
        let Some(inner) = self.embeddings.inner.clone() else {
            let message = "No embedding model is configured, so there is nothing to make vectors with.";
            return Err(Error::new(ErrorCode::ValidationError, message));
        };
        let SpaceModel { name, revision, dimensions } = self.embed_waiting(&inner, Some(&progress)).await?;
        Ok(EmbeddingModel { name, revision, dimensions, normalised: true })
    }

    async fn embed_waiting(
        &self,
        inner: &Inner,
        told: Option<&(dyn Fn(u64) + Send + Sync)>,
    ) -> Result<SpaceModel> {
        let spaces = self.store.vector_spaces().await.map_err(shown)?;
        // What is active goes on being complete until another model's vectors are.
        if let Some((pool, space)) =
            inner.builtin.as_ref().and_then(|pool| Some((pool, active(pool, &spaces)?)))
        {
            self.fill(pool, &space, None, true).await?;
        }
        let identity = identify(&inner.chosen).await?;
        let space = self.store.open_vector_space(&model(&identity)).await.map_err(shown)?;
        self.fill(&inner.chosen, &space, told, true).await?;
        if !space.active {
            self.store.activate_vector_space(space.slot).await.map_err(shown)?;
            tracing::info!(model = %space.model.name, "all vectors are made; searches use this model now");
        }
        Ok(space.model)
    }

    /// Embeds until nothing waits in this space.
    async fn fill(
        &self,
        pool: &Pool,
        space: &VectorSpace,
        told: Option<&(dyn Fn(u64) + Send + Sync)>,
        with_conversations: bool,
    ) -> Result<()> {
        let mut waiting = if told.is_some() { self.count_waiting(space).await? } else { 0 };
        loop {
            if let Some(told) = told {
                told(waiting);
            }
            let pending = self.store.backlog(space.slot, BATCH).await.map_err(shown)?;
            if pending.is_empty() {
                // Memories go first: after each conversation it is looked for them again.
                if with_conversations {
                    let _ = tokio::time::timeout(IMPORT, self.transfers_done()).await;
                    let embedded = self.embed_conversations(pool, space).await?;
                    waiting = waiting.saturating_sub(embedded);
                    if embedded > 0 {
                        continue;
                    }
                }
                // Before a space is used, those that another server is at work on are waited for.
                if space.active || self.count_waiting(space).await? == 0 {
                    return Ok(());
                }
                tokio::time::sleep(COLLECT).await;
                continue;
            }
            // An import and the model would only take the processor from each other.
            let _ = tokio::time::timeout(IMPORT, self.transfers_done()).await;
            let texts = pending.iter().map(|pending| embedded_text(&pending.memory)).collect();
            let vectors = pending.iter().zip(embed(pool, texts).await.map_err(|e| failed(&e))?);
            let vectors: Vec<_> = vectors.map(|(pending, windows)| new_vector(pending, &windows)).collect();
            waiting = waiting.saturating_sub(vectors.len() as u64);
            self.store.put_vectors(space, vectors).await.map_err(shown)?;
        }
    }
}

/// The windows of each text. A text that the model refuses while it takes others has none: it would hold up everything
/// behind it for ever.
pub(crate) async fn embed(
    pool: &Pool,
    texts: Vec<String>,
) -> std::result::Result<Vec<Vec<Vec<f32>>>, EmbedError> {
    match pool.documents(texts.clone())?.await {
        Ok(answer) => return Ok(answer.texts),
        Err(error) if !error.may_be_the_text() => return Err(error),
        Err(_) => {}
    }
    let (mut answers, mut refused) = (Vec::with_capacity(texts.len()), None);
    for text in texts {
        match pool.documents(vec![text])?.await {
            Ok(answer) => answers.extend(answer.texts),
            Err(error) if !error.may_be_the_text() => return Err(error),
            Err(error) => {
                answers.push(Vec::new());
                refused = Some((error, refused.map_or(1, |(_, count): (EmbedError, u32)| count + 1)));
            }
        }
    }
    if let Some((error, count)) = refused {
        // A model that takes nothing at all is not configured right; then no text is to blame.
        pool.documents(vec![PROBE.to_owned()])?.await?;
        tracing::warn!(%error, count, "the model refuses some memories; they are found by their words");
    }
    Ok(answers)
}

/// The identity of a pool's model; using the model tells it.
async fn identify(pool: &Pool) -> Result<Arc<ModelIdentity>> {
    if let Some(identity) = pool.identity() {
        return Ok(identity);
    }
    let pending = pool.query(PROBE).map_err(|e| failed(&e))?;
    Ok(pending.await.map_err(|e| failed(&e))?.model)
}

/// The active space, if this pool's model made it.
fn active(pool: &Pool, spaces: &[VectorSpace]) -> Option<VectorSpace> {
    spaces.iter().find(|space| space.active && made(pool, space)).cloned()
}

fn new_vector(pending: &Pending, windows: &[Vec<f32>]) -> NewVector {
    NewVector { pk: pending.pk, seq: pending.seq, windows: windows.concat() }
}

/// The text that a memory's vector stands for.
fn embedded_text(memory: &Memory) -> String {
    memory.content.as_str().to_owned()
}

pub(crate) fn failed(error: &EmbedError) -> Error {
    Error::new(ErrorCode::Unavailable, error.to_string())
}
