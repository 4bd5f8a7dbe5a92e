//! Whose memories: a server's, a PostgreSQL database's, or the file's on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use omp_client::{AccessApi, Api, Embedded, Http};
use omp_model::{Clock, SystemClock};
use omp_service::{Embeddings, Service};
use omp_store::{DatabaseKey, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore, Store};

use crate::args::{Global, Whose};
use crate::files::real_place;
use crate::{passphrase, settings};

/// How long a single command waits for an index.
const ONE_SHOT: Duration = Duration::from_mins(1);

impl Global {
    /// What is set to nothing is not set: apps that start this program fill in what a person left empty.
    pub(crate) fn without_empty(mut self) -> Self {
        self.server = self.server.filter(|url| !url.trim().is_empty());
        self.api_key = self.api_key.filter(|key| !key.is_empty());
        self.db = self.db.filter(|path| !path.as_os_str().is_empty());
        self.db_passphrase_file = self.db_passphrase_file.filter(|path| !path.as_os_str().is_empty());
        self.database = self.database.filter(|url| !url.trim().is_empty());
        self
    }

    /// The database file.
    pub(crate) fn file(&self) -> anyhow::Result<PathBuf> {
        self.db.clone().map_or_else(settings::default_database, Ok)
    }

    /// Refuses to write over the database file, or what lies beside it and belongs to it.
    pub(crate) fn spare_database(&self, output: &Path) -> anyhow::Result<()> {
        let Ok(database) = self.file() else { return Ok(()) };
        let place = real_place(output);
        let hit = ["", "-wal", "-shm", "-lock"].into_iter().any(|ending| {
            let mut part = database.as_os_str().to_owned();
            part.push(ending);
            real_place(Path::new(&part)) == place
        });
        anyhow::ensure!(
            !hit,
            "{} belongs to the database that your memories are in; write to another file",
            output.display()
        );
        Ok(())
    }

    /// Opens the PostgreSQL database that is named, else the database file.
    pub(crate) async fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        match &self.database {
            Some(url) => {
                let options = PostgresOptions::new(url.trim(), SystemClock.now());
                Ok(Arc::new(PostgresStore::open(&options).await?))
            }
            None => Ok(Arc::new(SqliteStore::open(&self.file_options()?)?)),
        }
    }

    /// The database file, as it is opened.
    pub(crate) fn file_options(&self) -> anyhow::Result<SqliteOptions> {
        Ok(SqliteOptions { path: self.file()?, now: SystemClock.now(), key: self.database_key()? })
    }

    /// What opens the database file, if it is encrypted.
    pub(crate) fn database_key(&self) -> anyhow::Result<Option<Arc<DatabaseKey>>> {
        let given = match &self.db_passphrase_file {
            Some(file) => Some(passphrase::in_file(file)?),
            None => std::env::var("OMP_DB_PASSPHRASE").ok().filter(|given| !given.is_empty()),
        };
        Ok(given.map(DatabaseKey::new).transpose()?.map(Arc::new))
    }

    /// The use cases over the database.
    pub(crate) async fn service(&self) -> anyhow::Result<Service> {
        let store = self.store().await?;
        // What must be read twice is put beside the database file, where there is room for it.
        let spool = match &self.database {
            Some(_) => None,
            None => self.file()?.parent().filter(|folder| !folder.as_os_str().is_empty()).map(PathBuf::from),
        };
        let spool = spool.unwrap_or_else(std::env::temp_dir);
        let embeddings = Embeddings::start(&self.vectors.settings()?)?;
        let bytes = self.vectors.index_mb.map_or_else(settings::index_bytes, |mb| mb << 20);
        Ok(Service::new(store, spool)
            .with_embeddings(embeddings)
            .with_ai(self.models.settings()?)
            .with_index_room(bytes)
            .with_secrets(self.secrets))
    }

    /// The server that is named, else the file.
    pub(crate) async fn api(&self) -> anyhow::Result<Box<dyn Api>> {
        match &self.server {
            Some(url) => Ok(Box::new(Http::new(url, self.api_key.clone())?)),
            // Nobody else waits for this process, so it may take its time.
            None => Ok(Box::new(Embedded::new(self.service().await?.with_patience(ONE_SHOT)))),
        }
    }

    /// The same among the memories that another user shares; that takes a server.
    pub(crate) async fn api_of(&self, whose: &Whose) -> anyhow::Result<Box<dyn Api>> {
        match &self.server {
            Some(url) if whose.shared_by.is_some() => {
                Ok(Box::new(Http::new(url, self.api_key.clone())?.among(whose.shared_by.clone())))
            }
            _ => self.api().await,
        }
    }

    /// The same for whoever looks after users, keys and namespaces.
    pub(crate) async fn access(&self) -> anyhow::Result<Box<dyn AccessApi>> {
        match &self.server {
            Some(url) => Ok(Box::new(Http::new(url, self.api_key.clone())?)),
            None => Ok(Box::new(Embedded::new(self.service().await?))),
        }
    }

    /// Some upkeep needs the file itself.
    pub(crate) fn require_file(&self, what: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.database.is_none(),
            "{what} works on the database file; a PostgreSQL database has tools of its own, `pg_dump` and `pg_restore`"
        );
        self.require_database(what)
    }

    /// Some upkeep goes past the server.
    pub(crate) fn require_database(&self, what: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.server.is_none(),
            "{what} works on the database file; run it on the machine that has the file, without --server or OMP_SERVER"
        );
        Ok(())
    }
}
