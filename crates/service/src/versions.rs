//! What a memory was, and having it back.

use omp_model::{Error, History, HistoryQuery, Memory, MemoryId, Principal, RestoreVersion, Result, Scope};
use omp_store::Restored;

use crate::Service;
use crate::access::{not_to_be_changed, require, require_change};
use crate::failure::shown;
use crate::memories::printable;

impl Service {
    /// One page of a memory's versions, newest first.
    pub async fn memory_history(
        &self,
        principal: Principal,
        id: &str,
        query: HistoryQuery,
    ) -> Result<History> {
        require(&principal, Scope::Read)?;
        let found = match MemoryId::parse(id) {
            Some(id) => self.store.history(&principal, id, query, self.clock.now()).await.map_err(shown)?,
            None => None,
        };
        found.ok_or_else(|| Error::memory_not_found(&printable(id)))
    }

    /// Makes a former version the present one.
    pub async fn restore_memory(
        &self,
        principal: Principal,
        id: &str,
        RestoreVersion { version }: RestoreVersion,
    ) -> Result<Memory> {
        require_change(&principal)?;
        let restored = match MemoryId::parse(id) {
            Some(id) => {
                self.store.restore_version(&principal, id, version, self.clock.now()).await.map_err(shown)?
            }
            None => Restored::NoMemory,
        };
        match restored {
            Restored::Memory(memory) => Ok(*memory),
            Restored::NoMemory => Err(Error::memory_not_found(&printable(id))),
            Restored::Refused => Err(not_to_be_changed(&principal)),
            Restored::NoVersion { oldest, newest } => {
                Err(Error::invalid("version", format!("must be one that is there: {oldest} to {newest}")))
            }
        }
    }
}
