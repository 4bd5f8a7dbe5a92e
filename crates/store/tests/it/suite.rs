use omp_store::conformance::NOW;
use omp_store::{Maintenance, SqliteOptions, SqliteStore};

/// A store and its folder, which goes when the store goes.
pub(crate) struct Temporary {
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Temporary {
    /// The same after another program has been at the file.
    pub(crate) async fn changed_by(self, change: impl FnOnce(&rusqlite::Connection)) -> Self {
        let path = self.store.path().to_owned();
        self.store.close().await.unwrap();
        change(&rusqlite::Connection::open(&path).unwrap());
        Self { store: open(&path).unwrap(), ..self }
    }
}

impl std::ops::Deref for Temporary {
    type Target = SqliteStore;
    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

pub(crate) fn open(path: &std::path::Path) -> omp_store::Result<SqliteStore> {
    SqliteStore::open(&SqliteOptions::plain(path.to_owned(), NOW))
}

pub(crate) async fn make() -> Temporary {
    let folder = tempfile::tempdir().unwrap();
    Temporary { store: open(&folder.path().join("memory.db")).unwrap(), _folder: folder }
}

omp_store::conformance_suite!(make);
