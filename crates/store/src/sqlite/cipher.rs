//! Encryption at rest: the passphrase of a file, and the key that the engine gets for it.
//!
//! The file is `SQLCipher`'s in its default form (version 4), so its own tools open it with the same passphrase. The
//! engine would stretch the passphrase anew for every connection; here that is done once for a
//! file, and every connection gets the key that comes out.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use omp_model::random::{OsRandom, RandomSource as _};
use rusqlite::Connection;

use crate::StoreError;

/// Fewest characters of a passphrase: whoever has the file can try as many as they like.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// What every file of the engine begins with that is not encrypted. An encrypted one begins with its salt.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

type Salt = [u8; 16];
type Key = [u8; 32];

/// What opens an encrypted database file.
pub struct DatabaseKey {
    passphrase: String,
    /// Keys by the salts of files: that of the store, and those of its backups.
    stretched: Mutex<Vec<(Salt, Key)>>,
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey")
    }
}

impl DatabaseKey {
    /// Whether this program can encrypt.
    pub const IN_THIS_BUILD: bool = cfg!(feature = "encryption");

    /// A key from a passphrase of at least [`SHORTEST_PASSPHRASE`] characters.
    ///
    /// # Errors
    /// A shorter one, and a program that was built without encryption.
    pub fn new(passphrase: String) -> Result<Self, StoreError> {
        if !Self::IN_THIS_BUILD {
            return Err(StoreError::NoEncryption);
        }
        if passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(StoreError::ShortPassphrase(SHORTEST_PASSPHRASE));
        }
        Ok(Self { passphrase, stretched: Mutex::default() })
    }

    /// What the engine takes as the key of a file with this salt: both as digits.
    fn of(&self, salt: Salt) -> String {
        let mut stretched = self.stretched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = stretched.iter().find(|(of, _)| *of == salt).map(|(_, key)| *key);
        let key = known.unwrap_or_else(|| {
            let key = stretch(&self.passphrase, salt);
            stretched.push((salt, key));
            key
        });
        let mut literal = "x'".to_owned();
        for byte in key.iter().chain(&salt) {
            let _ = write!(literal, "{byte:02x}");
        }
        literal + "'"
    }
}

/// How the engine stretches a passphrase: PBKDF2 with HMAC-SHA-512, 256,000 rounds.
#[cfg(feature = "encryption")]
fn stretch(passphrase: &str, salt: Salt) -> Key {
    let mut key = Key::default();
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(passphrase.as_bytes(), &salt, 256_000, &mut key);
    key
}

#[cfg(not(feature = "encryption"))]
fn stretch(_: &str, _: Salt) -> Key {
    unreachable!("a build without encryption makes no `DatabaseKey`")
}

/// Tells the connection the key, before anything else is asked of it. An empty file gets a salt of its own.
pub(super) fn unlock(
    connection: &Connection,
    path: &Path,
    key: Option<&DatabaseKey>,
) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    let salt = match beginning(path) {
        None => new_salt(),
        Some(head) if head == *PLAIN => return Err(StoreError::NotEncrypted(path.to_owned())),
        Some(salt) => salt,
    };
    connection
        .pragma_update(None, "key", key.of(salt))
        .map_err(|_| StoreError::Internal("the database engine takes no key".into()))
}

/// The key of a new file, as the engine takes it.
pub(super) fn fresh(key: Option<&DatabaseKey>) -> String {
    key.map(|key| key.of(new_salt())).unwrap_or_default()
}

fn new_salt() -> Salt {
    let mut salt = Salt::default();
    OsRandom.fill(&mut salt);
    salt
}

/// Whether a file that is no database may be an encrypted one: its size is of whole pages, and not empty.
pub(super) fn may_be_encrypted(path: &Path) -> bool {
    let pages =
        std::fs::metadata(path).is_ok_and(|file| file.len() >= 4096 && file.len().is_multiple_of(4096));
    pages && beginning(path).is_some_and(|head| head != *PLAIN)
}

/// Whether the file is a plain database.
pub(super) fn is_plain(path: &Path) -> bool {
    beginning(path) == Some(*PLAIN)
}

/// The first 16 bytes, unless there are fewer.
fn beginning(path: &Path) -> Option<Salt> {
    let mut head = Salt::default();
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).ok().map(|()| head)
}
