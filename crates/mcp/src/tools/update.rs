//! `omp_update`

use omp_model::{Content, CreateMemory, Dedupe, MemoryId, MemoryPatch, NewMemory, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Kind, Reading, Verb, tags};

/// What is to be otherwise.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Update {
    /// As `omp_recall` gives it
    id: String,
    content: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// In place of all former tags
    tags: Option<Vec<String>>,
    namespace: Option<String>,
    /// true: the fact was right and has changed, so the old memory is kept as history and a new one takes its place.
    /// false (default): correct it
    supersede: Option<bool>,
}

/// What it is now.
#[derive(Serialize, JsonSchema)]
pub(super) struct Updated {
    id: String,
    /// The memory that is history now
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded: Option<String>,
}

impl Verb for Update {
    const NAME: &'static str = "omp_update";
    const TITLE: &'static str = "Update a memory";
    const DESCRIPTION: &'static str =
        "Correct a memory, or replace it by what is true now. Give only what is to be different.";
    const EFFECT: Effect = Effect::Changes;
    type Output = Updated;

    async fn call(self, call: Call) -> Result<(String, Updated)> {
        let mut reading = Reading::default();
        let content = self.content.as_deref().map(str::trim);
        let content = content.and_then(|text| reading.value("content", Content::new(text)));
        let namespace = reading.namespace(self.namespace.as_deref());
        let tags = self.tags.is_some().then(|| tags(self.tags.as_ref()));
        let kind = self.kind.map(Into::into);
        reading.done(Some(()))?;
        let id = self.id.trim();
        if self.supersede != Some(true) {
            let namespace = namespace.map(Some);
            let patch = MemoryPatch { content, kind, tags, namespace, ..MemoryPatch::default() };
            let memory = call.api.update_memory(id, patch).await?;
            return Ok((
                format!("{} is changed.", memory.id),
                Updated { id: memory.id.to_string(), superseded: None },
            ));
        }
        let old = call.api.get_memory(id).await?;
        let supersedes: MemoryId = old.id;
        let new = NewMemory {
            tags: tags.unwrap_or(old.tags),
            namespace: namespace.or(old.namespace),
            metadata: old.metadata,
            ..NewMemory::new(content.unwrap_or(old.content), kind.unwrap_or(old.kind), call.tool)
        };
        let create = CreateMemory { new, supersedes: Some(supersedes), dedupe: Dedupe::Off };
        let id = call.api.create_memory(create).await?.memory.id;
        let text = format!("{id} stands in the place of {supersedes}, which is history now.");
        Ok((text, Updated { id: id.to_string(), superseded: Some(supersedes.to_string()) }))
    }
}
