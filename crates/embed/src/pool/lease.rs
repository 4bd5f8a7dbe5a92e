//! The model while it is needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Factory;
use crate::{EmbedError, Embedder, ModelIdentity};

pub(super) struct Lease {
    factory: Factory,
    /// Held while loading, so that everybody else waits for the one model instead of loading another.
    model: Mutex<Option<Loaded>>,
    /// Apart from the model, since nobody who asks for the identity should wait for a model to load.
    identity: Mutex<Option<Arc<ModelIdentity>>>,
}

/// A model and its identity, shared by all vectors that it makes.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) identity: Arc<ModelIdentity>,
}

impl Lease {
    pub(super) fn new(known: Option<ModelIdentity>, factory: Factory) -> Self {
        Self { factory, model: Mutex::default(), identity: Mutex::new(known.map(Arc::new)) }
    }

    /// The model, loaded if need be.
    pub(super) fn take(&self) -> Result<Loaded, EmbedError> {
        let mut model = lock(&self.model);
        if let Some(loaded) = &*model {
            return Ok(loaded.clone());
        }
        let embedder = (self.factory)()?;
        let mut known = lock(&self.identity);
        let identity = match &*known {
            Some(known) if **known == *embedder.identity() => Arc::clone(known),
            _ => Arc::new(embedder.identity().clone()),
        };
        *known = Some(Arc::clone(&identity));
        let loaded = Loaded { embedder, identity };
        *model = Some(loaded.clone());
        Ok(loaded)
    }

    pub(super) fn release(&self) {
        let model = lock(&self.model).take();
        drop(model); // without the lock: letting go of much memory takes its time
    }

    pub(super) fn is_loaded(&self) -> bool {
        // Loading is not loaded, and not worth waiting for.
        self.model.try_lock().is_ok_and(|model| model.is_some())
    }

    pub(super) fn identity(&self) -> Option<Arc<ModelIdentity>> {
        lock(&self.identity).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
