//! Who reads a conversation, and the asking itself.
//!
//! Asking blocks a thread for as long as the model thinks, so it happens beside the runtime, a few at a time, and ends
//! soon after nobody waits for it any more. What goes out is the conversation, the known memories that may be about the
//! same, and the instructions; where to, the log tells.

mod choice;
mod sources;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use omp_ai::{AiError, AiSettings, Ask, Form, Model, ModelSettings, Remote};
use omp_model::{Error, ErrorCode, Result};
use serde_json::Value;
use tokio::sync::Semaphore;

pub use self::choice::AiChoice;
pub(crate) use self::choice::Reader;
pub use self::sources::{ConversationSource, ToRead};
pub(crate) use self::sources::{LoadedConversation, sendable};

/// Conversations that are read by models at once; more wait.
const AT_ONCE: usize = 4;

/// The AI side of a service.
pub(crate) struct Ai {
    pub(crate) settings: AiSettings,
    turns: Semaphore,
}

impl Ai {
    pub(crate) fn new(settings: AiSettings) -> Self {
        Self { settings, turns: Semaphore::new(AT_ONCE) }
    }

    /// Asks a model, as often as `question` does.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        model: ModelSettings,
        question: impl FnOnce(&dyn Model) -> Result<T, AiError> + Send + 'static,
    ) -> Result<T> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::internal())?;
        let given_up = GiveUp::default();
        let stopped = Arc::clone(&given_up.0);
        let task = tokio::task::spawn_blocking(move || {
            let remote = Remote::new(model, Arc::new(std::thread::sleep));
            question(&Stoppable { remote, stopped })
        });
        let answer = task.await.map_err(|_| Error::internal())?;
        drop(given_up);
        answer.map_err(|error| {
            tracing::warn!(%error, "an AI provider failed");
            Error::new(ErrorCode::AiError, format!("The AI provider failed: {error}. Nothing was stored."))
        })
    }
}

/// Tells the thread when whoever waited has gone.
#[derive(Default)]
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A model that is asked nothing more once nobody waits.
struct Stoppable {
    remote: Remote,
    stopped: Arc<AtomicBool>,
}

impl Stoppable {
    fn go_on(&self) -> Result<(), AiError> {
        if self.stopped.load(Ordering::Relaxed) { Err(AiError::GivenUp) } else { Ok(()) }
    }
}

impl Model for Stoppable {
    fn name(&self) -> &str {
        self.remote.name()
    }

    fn text(&self, ask: Ask<'_>) -> Result<String, AiError> {
        self.go_on()?;
        self.remote.text(ask)
    }

    fn json(&self, ask: Ask<'_>, form: Form<'_>) -> Result<Value, AiError> {
        self.go_on()?;
        self.remote.json(ask, form)
    }
}
