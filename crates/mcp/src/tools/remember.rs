//! `omp_remember`

use omp_model::{Content, CreateMemory, Dedupe, MemoryType, NewMemory, Result, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Kind, Reading, Verb, tags};

/// What is to be stored.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Remember {
    /// One fact, in a sentence that stands on its own
    content: String,
    /// semantic (default): fact or preference; episodic: event; procedural: how the user does something
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// A few lower-case words
    tags: Option<Vec<String>>,
    /// The project it belongs to, e.g. project:myapp; none if it holds everywhere
    namespace: Option<String>,
    /// RFC 3339 time at which it stops being true
    expires_at: Option<String>,
}

/// What was stored.
#[derive(Serialize, JsonSchema)]
pub(super) struct Remembered {
    id: String,
    /// false: it was there already
    stored: bool,
}

impl Verb for Remember {
    const NAME: &'static str = "omp_remember";
    const TITLE: &'static str = "Remember";
    const DESCRIPTION: &'static str = "Store something about the user for later conversations, in all their AI tools. \
        What is there already is not stored twice.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Remembered;

    async fn call(self, call: Call) -> Result<(String, Remembered)> {
        let mut reading = Reading::default();
        let content = reading.value("content", Content::new(self.content.trim()));
        let kind = self.kind.map_or(MemoryType::Semantic, Into::into);
        let namespace = reading.namespace(self.namespace.as_deref());
        let expires_at = self.expires_at.filter(|at| !at.trim().is_empty());
        let expires_at = expires_at.and_then(|at| {
            let what = || "must be an RFC 3339 time, such as 2026-12-31T00:00:00Z".to_owned();
            let at = at.trim();
            // What holds until a day holds on that day.
            let time = Timestamp::parse(at).or_else(|| Timestamp::parse(&format!("{at}T23:59:59Z")));
            reading.value("expires_at", time.ok_or_else(what))
        });
        let new = content.map(|content| {
            let mut new = NewMemory::new(content, kind, call.tool.clone());
            (new.tags, new.namespace, new.expires_at) = (tags(self.tags.as_ref()), namespace, expires_at);
            new
        });
        let create = CreateMemory { new: reading.done(new)?, supersedes: None, dedupe: Dedupe::Exact };
        let created = call.api.create_memory(create).await?;
        let (id, stored) = (created.memory.id.to_string(), created.duplicate_of.is_none());
        let text = if stored {
            format!("Remembered as {id}.")
        } else {
            format!("This is remembered already, as {id}; nothing was stored.")
        };
        Ok((text, Remembered { id, stored }))
    }
}
