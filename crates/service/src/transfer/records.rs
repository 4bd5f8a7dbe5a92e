//! What the store asks about the records that it keeps beside memories.

use omp_formats::interchange;
use omp_model::{Memory, MemoryId, Principal};
use omp_store::Records;

use crate::access::stamp_imported;
use crate::secrets::SecretPolicy;

/// Reads records as an import of this principal does.
pub(super) struct Kept {
    pub(super) principal: Principal,
    pub(super) secrets: SecretPolicy,
}

impl Records for Kept {
    fn say_the_same(&self, stored: &str, new: &str) -> bool {
        interchange::say_the_same(stored, new)
    }

    fn became(&self, record: &str, parts: &[&Memory]) -> bool {
        let came = interchange::memories(record);
        came.len() == parts.len() && came.into_iter().zip(parts).all(|(came, is)| self.is_still(came, is))
    }

    fn part(&self, head: MemoryId, index: usize) -> MemoryId {
        interchange::part_id(head, index)
    }
}

impl Kept {
    /// Whether a memory is what came, but for its id and for dates that the import gave it.
    fn is_still(&self, mut came: Memory, is: &Memory) -> bool {
        let checked = self.secrets.check_memory(Some(&mut came.content), Some(&mut came.metadata));
        if checked.is_err() || stamp_imported(&self.principal, &mut came).is_err() {
            return false;
        }
        (came.id, came.created_at, came.updated_at) = (is.id, is.created_at, is.updated_at);
        came.source.timestamp = is.source.timestamp;
        came.embedding = None;
        came == *is
    }
}
