//! Vectors for what is stored and for what is asked: the model, its threads, and the space that its vectors are in.

mod worker;

pub(crate) use self::worker::{embed, failed};

use std::sync::Arc;

use omp_embed::{EmbeddingSettings, ModelIdentity, Pool, PoolOptions, QueryVector};
use omp_store::{SpaceModel, VectorSpace};
use tokio::sync::Notify;

/// The models that this process can run. Cheap to clone.
#[derive(Clone, Default)]
pub struct Embeddings {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    /// The configured model.
    chosen: Pool,
    /// The built-in one, when another is configured: its vectors answer until those of the other are complete.
    builtin: Option<Pool>,
    /// Something new may wait for its vector.
    wake: Notify,
}

impl Embeddings {
    /// No vectors at all: searches go by words.
    pub fn off() -> Self {
        Self::default()
    }

    /// Starts the threads of the configured model; the model itself is loaded when it is first needed.
    ///
    /// # Errors
    ///
    /// When the system gives no threads.
    pub fn start(settings: &EmbeddingSettings) -> std::io::Result<Self> {
        let options = PoolOptions::default();
        let Some(chosen) = pool(settings, &options)? else { return Ok(Self::off()) };
        let builtin = match settings {
            EmbeddingSettings::Builtin => None,
            _ => pool(&EmbeddingSettings::Builtin, &options)?,
        };
        let inner = Inner { chosen, builtin, wake: Notify::new() };
        Ok(Self { inner: Some(Arc::new(inner)) })
    }

    /// Whether there is a model.
    pub fn are_on(&self) -> bool {
        self.inner.is_some()
    }

    /// Something was stored that may wait for its vector.
    pub(crate) fn wake(&self) {
        if let Some(inner) = &self.inner {
            inner.wake.notify_one();
        }
    }

    /// The vector of a question in this space, or why there is none.
    pub(crate) async fn query(&self, text: &str, space: Option<&VectorSpace>) -> Result<QueryVector, String> {
        let Some(inner) = &self.inner else { return Err("no embedding model is configured".to_owned()) };
        let Some(space) = space else { return Err("no memory has a vector yet".to_owned()) };
        // A model on disk or at an endpoint has no identity until it is first used.
        let chosen = inner.chosen.identity().is_none_or(|identity| model(&identity) == space.model);
        let pool = if chosen {
            Some(&inner.chosen)
        } else {
            inner.builtin.as_ref().filter(|pool| made(pool, space))
        };
        let other =
            || format!("the vectors were made by {}, which is not the configured model", space.model.name);
        let pool = pool.ok_or_else(other)?;
        let pending = pool.query(text).map_err(|error| error.to_string())?;
        let question = pending.await.map_err(|error| error.to_string())?;
        if model(&question.model) != space.model {
            let builtin = inner.builtin.as_ref().filter(|pool| made(pool, space)).ok_or_else(other)?;
            let pending = builtin.query(text).map_err(|error| error.to_string())?;
            return pending.await.map_err(|error| error.to_string());
        }
        if question.vector.is_none() {
            return Err("there is nothing in the question to embed".to_owned());
        }
        Ok(question)
    }
}

/// Whether this pool's model made the vectors of a space.
fn made(pool: &Pool, space: &VectorSpace) -> bool {
    pool.identity().is_some_and(|identity| model(&identity) == space.model)
}

fn pool(settings: &EmbeddingSettings, options: &PoolOptions) -> std::io::Result<Option<Pool>> {
    let factory = settings.clone().factory();
    factory.map(|factory| Pool::start(options, settings.identity(), factory)).transpose()
}

/// A model as the store knows it.
fn model(identity: &ModelIdentity) -> SpaceModel {
    SpaceModel {
        name: identity.name.clone(),
        revision: identity.revision.clone(),
        dimensions: u32::try_from(identity.dimensions).unwrap_or(u32::MAX),
    }
}
