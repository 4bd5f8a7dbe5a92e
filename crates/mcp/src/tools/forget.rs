//! `omp_forget`

use omp_model::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Verb};

/// What is to go.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Forget {
    /// As `omp_recall` gives it
    id: String,
}

/// What is gone.
#[derive(Serialize, JsonSchema)]
pub(super) struct Forgotten {
    id: String,
    forgotten: bool,
}

impl Verb for Forget {
    const NAME: &'static str = "omp_forget";
    const TITLE: &'static str = "Forget";
    const DESCRIPTION: &'static str = "Remove a memory for good, with its history. Only when the user wants it gone; \
        for a fact that changed use omp_update.";
    const EFFECT: Effect = Effect::Removes;
    type Output = Forgotten;

    async fn call(self, call: Call) -> Result<(String, Forgotten)> {
        let id = self.id.trim();
        call.api.delete_memory(id).await?;
        Ok((format!("{id} is forgotten."), Forgotten { id: id.to_owned(), forgotten: true }))
    }
}
