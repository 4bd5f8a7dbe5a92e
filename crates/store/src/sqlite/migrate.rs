//! Bringing a file's schema up to date: numbered steps, all in one transaction.

use std::path::Path;

use omp_model::{OwnerId, Timestamp};
use omp_search::{Analyzer, FTS5_TOKENIZE, TOKENIZER_VERSION};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::connection::{APPLICATION_ID, failure};
use super::{adopt, maintenance, rows};
use crate::StoreError;
use crate::schema::{self, Step};
use crate::stored::words;

/// The steps; step N brings a file from version N to N + 1. `schema.rs` tells what a program does with a newer file.
const STEPS: [Step; 5] = [
    Step::adds(include_str!("../../migrations/sqlite/0001_first.sql"), 1),
    Step::adds(include_str!("../../migrations/sqlite/0002_conversation_origins.sql"), 2),
    // An older program would let in whoever has no key.
    Step::adds(include_str!("../../migrations/sqlite/0003_access.sql"), 3),
    // An older program keeps no index of conversations, and leaves the words of those that it deletes.
    Step::adds(include_str!("../../migrations/sqlite/0004_conversation_words.sql"), 4),
    Step::adds(include_str!("../../migrations/sqlite/0005_jobs.sql"), 4),
];

/// The version from which on conversations have a word index.
const CONVERSATION_WORDS: u32 = 4;

/// The version after the last step.
fn newest() -> u32 {
    schema::newest(&STEPS)
}

/// What a file is.
enum Identity {
    Empty,
    Ours(u32),
    TypeScript,
}

/// Brings the file up to date. An older file is copied beside itself first.
pub(super) fn migrate(connection: &mut Connection, path: &Path, now: Timestamp) -> Result<(), StoreError> {
    let fail = |e: rusqlite::Error| failure(path, &e);
    let found = identity(connection, path)?;
    match found {
        Identity::Ours(version) if version >= newest() => {}
        Identity::Ours(version) => {
            maintenance::copy(connection, &copy_name(path, &format!("v{version}"), now))?;
        }
        Identity::TypeScript => {
            let copy = copy_name(path, "typescript", now);
            maintenance::copy(connection, &copy)?;
            tracing::warn!(copy = %copy.display(), "this is a database of the TypeScript server; it was copied and is taken over");
        }
        Identity::Empty => {}
    }
    let version = match found {
        Identity::Ours(version) => version,
        Identity::Empty | Identity::TypeScript => 0,
    };
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(fail)?;
    if matches!(found, Identity::TypeScript) {
        adopt::set_aside(&tx).map_err(fail)?;
    }
    for step in STEPS.iter().skip(version as usize) {
        tx.execute_batch(step.sql).map_err(fail)?;
    }
    if version < CONVERSATION_WORDS {
        create_conversation_words(&tx).map_err(fail)?;
    }
    if version == 0 {
        begin(&tx, now).map_err(fail)?;
    }
    if matches!(found, Identity::TypeScript) {
        let report = adopt::take_over(&tx, now).map_err(fail)?;
        tracing::info!(
            memories = report.memories,
            conversations = report.conversations,
            repaired = report.repaired,
            left_out = report.left_out,
            "taken over"
        );
    }
    if version <= newest() {
        let sql = "INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)";
        tx.execute(sql, params![schema::setting(newest()), schema::serves_since(&STEPS)]).map_err(fail)?;
    }
    if version < newest() {
        tx.execute_batch(&format!(
            "PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION_ID}",
            newest()
        ))
        .map_err(fail)?;
    }
    if !has_our_words(&tx).map_err(fail)? {
        // What this program stored would not be found by a newer one's words.
        schema::check(&path.display().to_string(), version, newest(), None)?;
        refresh_words(&tx).map_err(fail)?;
    }
    tx.commit().map_err(fail)
}

/// The first owner and the word index of a new file.
fn begin(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO owners (owner, name, next_pk, created_at, admin) VALUES (?1, 'owner', 0, ?2, 1)",
        params![OwnerId::FIRST.0, now.as_millis()],
    )?;
    connection.execute(
        "INSERT INTO settings (name, value) VALUES ('tokenizer_version', ?1)",
        [TOKENIZER_VERSION],
    )?;
    create_words(connection)
}

/// The word index is derived, so it is made by code and not by a step. The engine's own tokenizer only has to
/// split our token stream at its spaces. What is deleted is taken out of its pages at once instead of being marked.
fn create_words(connection: &Connection) -> rusqlite::Result<()> {
    let tokenize = FTS5_TOKENIZE.replace('\'', "''");
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE words USING fts5 (t, content = '', tokenize = '{tokenize}'); \
         INSERT INTO words (words, rank) VALUES ('hashsize', 4194304); \
         INSERT INTO words (words, rank) VALUES ('secure-delete', 1);"
    ))
}

/// The same for conversations, of which only has to be known which ones hold a word.
fn create_conversation_words(connection: &Connection) -> rusqlite::Result<()> {
    let tokenize = FTS5_TOKENIZE.replace('\'', "''");
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE conversation_words USING fts5 (t, content = '', detail = none, columnsize = 0, tokenize = '{tokenize}'); \
         INSERT INTO conversation_words (conversation_words, rank) VALUES ('hashsize', 4194304); \
         INSERT INTO conversation_words (conversation_words, rank) VALUES ('secure-delete', 1);"
    ))
}

/// Empties the word index of conversations; all of them wait for their words, which takes longer than a start may.
fn renew_conversation_words(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DROP TABLE conversation_words")?;
    create_conversation_words(connection)?;
    connection.execute_batch(
        "DELETE FROM conversation_heads; DELETE FROM conversation_totals; \
         INSERT OR IGNORE INTO conversation_backlog (what, conversation) SELECT 2, pk FROM conversations",
    )
}

/// Whether the word index was made by this program's version of the analysis.
fn has_our_words(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT value FROM settings WHERE name = 'tokenizer_version'";
    Ok(connection.query_row(sql, [], |row| row.get::<_, u32>(0))? == TOKENIZER_VERSION)
}

/// Makes the word index anew when it was made by another version of the analysis.
fn refresh_words(connection: &Connection) -> rusqlite::Result<()> {
    tracing::info!(to = TOKENIZER_VERSION, "the text analysis changed: making the word index anew");
    connection.execute_batch("DROP TABLE words")?;
    create_words(connection)?;
    renew_conversation_words(connection)?;
    let mut select =
        connection.prepare(&format!("SELECT {}, pk FROM memories ORDER BY pk", rows::COLUMNS))?;
    let mut insert = connection.prepare("INSERT INTO words (rowid, t) VALUES (?1, ?2)")?;
    let mut analyzer = Analyzer::new();
    let mut memories = select.query([])?;
    while let Some(row) = memories.next()? {
        let pk: i64 = row.get(rows::WIDTH)?;
        insert.execute(params![pk, words(&rows::memory(row, 0)?, &mut analyzer)])?;
    }
    connection
        .execute("UPDATE settings SET value = ?1 WHERE name = 'tokenizer_version'", [TOKENIZER_VERSION])
        .map(drop)
}

/// Refuses a file that is not ours or newer than we are.
pub(super) fn check_identity(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match identity(connection, path)? {
        Identity::Ours(_) => Ok(()),
        Identity::Empty | Identity::TypeScript => Err(StoreError::NotADatabase(path.to_owned())),
    }
}

fn identity(connection: &Connection, path: &Path) -> Result<Identity, StoreError> {
    let fail = |e: rusqlite::Error| failure(path, &e);
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0)).map_err(fail)
    };
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    let version = u32::try_from(pragma("user_version")?).unwrap_or(u32::MAX);
    match pragma("application_id")? {
        APPLICATION_ID => {
            if version > newest() {
                let since = serves_since(connection, version).map_err(fail)?;
                schema::check(&path.display().to_string(), version, newest(), since)?;
            }
            Ok(Identity::Ours(version))
        }
        0 if tables == 0 => Ok(Identity::Empty),
        0 if adopt::is_typescript(connection).map_err(fail)? => Ok(Identity::TypeScript),
        _ => Err(StoreError::NotADatabase(path.to_owned())),
    }
}

/// From which version on programs can work with this one, if the file says.
fn serves_since(connection: &Connection, version: u32) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM settings WHERE name = ?1";
    connection.query_row(sql, [schema::setting(version)], |row| row.get(0)).optional()
}

/// `memory.db` → `memory.db.v1-1781000000000.bak`
fn copy_name(path: &Path, what: &str, now: Timestamp) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{what}-{}.bak", now.as_millis()));
    name.into()
}
