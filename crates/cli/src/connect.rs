//! Whose memories: a server's, or the file's on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use omp_client::{Api, Embedded, Http};
use omp_model::{Clock, SystemClock};
use omp_service::Service;
use omp_store::{SqliteOptions, SqliteStore};

use crate::args::Global;
use crate::settings;

impl Global {
    /// The database file.
    pub(crate) fn database(&self) -> anyhow::Result<PathBuf> {
        self.db.clone().map_or_else(settings::default_database, Ok)
    }

    /// Opens the database file.
    pub(crate) fn store(&self) -> anyhow::Result<Arc<SqliteStore>> {
        let options = SqliteOptions { path: self.database()?, now: SystemClock.now() };
        Ok(Arc::new(SqliteStore::open(&options)?))
    }

    /// The use cases over the database file.
    pub(crate) fn service(&self) -> anyhow::Result<Service> {
        let store = self.store()?;
        let spool = store.path().parent().map_or_else(std::env::temp_dir, PathBuf::from);
        Ok(Service::new(store, spool))
    }

    /// The server that is named, else the file.
    pub(crate) fn api(&self) -> anyhow::Result<Box<dyn Api>> {
        match &self.server {
            Some(url) => Ok(Box::new(Http::new(url, self.api_key.clone())?)),
            None => Ok(Box::new(Embedded::new(self.service()?))),
        }
    }

    /// Upkeep needs the file itself.
    pub(crate) fn require_file(&self, what: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.server.is_none(),
            "{what} works on the database file; run it on the machine that has the file, without --server or OMP_SERVER"
        );
        Ok(())
    }
}
