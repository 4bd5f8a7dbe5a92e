//! Memories that say nearly the same: found by likeness, and merged into the one that is there.

use std::collections::BTreeSet;

use omp_model::{Error, Memory, MemoryPatch, NewMemory, Principal, Result, Tags};
use omp_search::shard::{self, Filter};
use omp_store::Changed;

use crate::Service;
use crate::failure::shown;
use crate::search::Sight;

/// Two texts are nearly the same from this cosine on, with the built-in model.
const NEARLY_SAME: f32 = 0.95;
/// Candidates that are looked at.
const LOOK_AT: usize = 10;

impl Service {
    /// The memory that says nearly the same as a new one, with the new one's tags added; `None` if there is none. One
    /// that was stored a moment ago and has no vector yet is not seen; exact repeats always are.
    pub(crate) async fn merge_into_near(
        &self,
        principal: &Principal,
        new: &NewMemory,
    ) -> Result<Option<Memory>> {
        let owner = principal.owner;
        let position = self.store.index_position(owner).await.map_err(shown)?;
        let Ok(question) = self.embeddings.query(new.content.as_str(), position.space.as_ref()).await else {
            return Ok(None);
        };
        let (Some(vector), Some(space)) = (question.vector, position.space.clone()) else { return Ok(None) };
        let Ok(hot) = self.indices.current(&self.store, owner, &position, self.patience(&position)).await
        else {
            return Ok(None);
        };
        let namespace: Vec<&str> = new.namespace.iter().map(omp_model::Namespace::as_str).collect();
        let Some(sight) = Sight::of(principal) else { return Ok(None) };
        let filter = Filter {
            namespaces: (!namespace.is_empty()).then_some(&namespace),
            limit: sight.limit(),
            ..Filter::at(self.clock.now().as_millis())
        };
        let found = hot.shard().semantic(&vector, &filter, LOOK_AT).map_err(|_| Error::internal())?;
        let keys: Vec<i64> = found.iter().map(|hit| hit.key).collect();
        let windows = self.store.vectors(space.slot, &keys).await.map_err(shown)?;
        let near = keys.iter().zip(windows).filter_map(|(key, windows)| {
            let cosine = shard::exact_cosine(&vector, &windows?)?;
            (cosine >= NEARLY_SAME).then_some(*key)
        });
        let near: Vec<i64> = near.collect();
        let memories = self.store.memories_by_pk(owner, &near, false).await.map_err(shown)?;
        let same = memories.into_iter().map(|(_, memory)| memory).find(|known| {
            principal.sees(known)
                && known.namespace == new.namespace
                && numbers(known.content.as_str()) == numbers(new.content.as_str())
        });
        let Some(known) = same else { return Ok(None) };
        let union = Tags::new(known.tags.iter().chain(&new.tags).cloned());
        let patch = match union {
            Ok(tags) if tags != known.tags && principal.may_change(&known) => {
                MemoryPatch { tags: Some(tags), ..MemoryPatch::default() }
            }
            // Nothing to add, another tool's, or more tags than a memory can have: it stays as it is.
            _ => return Ok(Some(known)),
        };
        let merged = self.store.update_memory(principal, known.id, patch, self.clock.now()).await;
        merged.map(Changed::done).map_err(shown)
    }
}

/// The words with a digit: a model finds two telephone numbers alike, and they are not the same.
fn numbers(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().any(char::is_numeric)).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_other_numbers_are_not_the_same() {
        assert_ne!(numbers("Call 555-0100"), numbers("Call 555-0101"));
        assert_eq!(numbers("Version 2 of the API"), numbers("the API, version 2"));
    }
}
