//! The yardstick: SQLite and FTS5 without a server, on one thread, with prepared statements and full durability.
//!
//! `bare EXPORT META FOLDER SECONDS` stores the memories of an export that `generate.py` wrote (one a line), asks for
//! the same things as `load.py` does and prints what they took, as one line of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use omp_search::{Analyzer, FTS5_TOKENIZE, keywords};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// Rows of one transaction of the import.
const CHUNK: usize = 1_000;
/// Rows of a page, and hits of a search.
const PAGE: i64 = 20;
const HITS: i64 = 10;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [export, meta, folder, seconds] = arguments.as_slice() else {
        return Err("usage: bare EXPORT META FOLDER SECONDS".into());
    };
    let budget = Duration::from_secs_f64(seconds.parse()?);
    let meta: Value = serde_json::from_reader(BufReader::new(File::open(meta)?))?;
    let mut store = Store::open(&Path::new(folder).join("bare.db"))?;

    let begun = Instant::now();
    let rows = store.import(Path::new(export))?;
    let import = f64::from(u32::try_from(rows)?) / begun.elapsed().as_secs_f64();

    let strings = |name: &str| -> Vec<String> {
        meta[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let connection = &store.connection;
    let mut report = json!({ "rows": rows, "import": { "per_s": import } });
    report["get"] = time(&strings("ids"), budget, |id| by_id(connection, id))?;
    report["first_page"] = time(&[String::new()], budget, |_| page(connection, 0))?;
    report["deep_50"] = time(&[String::new()], budget, |_| page(connection, rows / 2))?;
    for (row, queries) in [("rare", "rare_words"), ("two", "two_words"), ("question", "questions")] {
        report[row] = time(&strings(queries), budget, |query| search(connection, query))?;
    }
    let bodies: Vec<Value> = meta["bodies"].as_array().cloned().unwrap_or_default();
    let mut number = 0_u64;
    report["create"] = time(&bodies, budget, |body| {
        number += 1;
        store.create(&format!("bare{number:012}"), body)
    })?;
    writeln!(stdout(), "{report}")?;
    Ok(())
}

/// Takes the samples in turn for as long as the budget lasts; every one of them has to find something.
fn time<T>(
    samples: &[T],
    budget: Duration,
    mut run: impl FnMut(&T) -> rusqlite::Result<usize>,
) -> Result<Value, Failure> {
    let mut taken = Vec::new();
    let begun = Instant::now();
    for sample in samples.iter().cycle() {
        let start = Instant::now();
        if run(sample)? == 0 {
            return Err("a statement of the yardstick found nothing".into());
        }
        taken.push(start.elapsed());
        if begun.elapsed() > budget {
            break;
        }
    }
    taken.sort_unstable();
    let Some(last) = taken.len().checked_sub(1) else { return Ok(Value::Null) };
    let milliseconds = |part: usize| taken[last * part / 100].as_secs_f64() * 1e3;
    let per_s = f64::from(u32::try_from(taken.len())?) / begun.elapsed().as_secs_f64();
    Ok(json!({ "p50": milliseconds(50), "p99": milliseconds(99), "per_s": per_s, "n": taken.len() }))
}

/// What a memory is made of here.
const COLUMNS: &str = "id, type, tool, namespace, tags, created_at, content";

struct Store {
    connection: Connection,
    analyzer: Analyzer,
    words: String,
}

impl Store {
    fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -24576;
             CREATE TABLE memories (pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
                 tool TEXT NOT NULL, namespace TEXT, tags TEXT NOT NULL, created_at TEXT NOT NULL,
                 content TEXT NOT NULL) STRICT;
             CREATE INDEX memories_created ON memories (created_at, id);
             CREATE VIRTUAL TABLE words USING
                 fts5 (t, content = '', contentless_delete = 1, tokenize = \"{FTS5_TOKENIZE}\");"
        ))?;
        Ok(Self { connection, analyzer: Analyzer::new(), words: String::new() })
    }

    fn import(&mut self, export: &Path) -> Result<i64, Failure> {
        let mut rows = 0;
        self.connection.execute_batch("BEGIN")?;
        for line in BufReader::with_capacity(1 << 18, File::open(export)?).lines() {
            let line = line?;
            let Some(text) = line.trim_end_matches(',').strip_prefix("{\"id\"") else { continue };
            let memory: Value = serde_json::from_str(&format!("{{\"id\"{text}"))?;
            self.insert(memory["id"].as_str().unwrap_or_default(), &memory)?;
            rows += 1;
            if rows % CHUNK == 0 {
                self.connection.execute_batch("COMMIT; BEGIN")?;
            }
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(i64::try_from(rows)?)
    }

    /// One memory, one transaction, one flush of the disk.
    fn create(&mut self, id: &str, memory: &Value) -> rusqlite::Result<usize> {
        self.connection.execute_batch("BEGIN")?;
        self.insert(id, memory)?;
        self.connection.execute_batch("COMMIT")?;
        Ok(1)
    }

    fn insert(&mut self, id: &str, memory: &Value) -> rusqlite::Result<()> {
        let content = memory["content"].as_str().unwrap_or_default();
        let tags: Vec<&str> =
            memory["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let tags = tags.join(" ");
        self.words.clear();
        self.analyzer.token_stream(content, &mut self.words);
        self.analyzer.token_stream(&tags, &mut self.words);
        let insert = format!("INSERT INTO memories ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        let pk = self.connection.prepare_cached(&insert)?.insert(params![
            id,
            memory["type"].as_str(),
            memory["source"]["tool"].as_str(),
            memory["namespace"].as_str(),
            tags,
            memory["created_at"].as_str().unwrap_or("2026-01-01T00:00:00.000Z"),
            content,
        ])?;
        self.connection
            .prepare_cached("INSERT INTO words (rowid, t) VALUES (?1, ?2)")?
            .execute(params![pk, self.words])?;
        Ok(())
    }
}

fn by_id(connection: &Connection, id: &str) -> rusqlite::Result<usize> {
    read(connection, &format!("SELECT {COLUMNS} FROM memories WHERE id = ?1"), params![id])
}

fn page(connection: &Connection, offset: i64) -> rusqlite::Result<usize> {
    let sql = format!("SELECT {COLUMNS} FROM memories ORDER BY created_at DESC, id DESC LIMIT ?1 OFFSET ?2");
    read(connection, &sql, params![PAGE, offset])
}

fn search(connection: &Connection, query: &str) -> rusqlite::Result<usize> {
    let Some(expression) = keywords(query).to_fts5() else { return Ok(0) };
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT rowid AS hit, bm25(words) AS score FROM words WHERE words MATCH ?1 \
         ORDER BY bm25(words) LIMIT ?2) CROSS JOIN memories ON pk = hit ORDER BY score"
    );
    read(connection, &sql, params![expression, HITS])
}

/// Runs a query, copies what it finds, and counts the rows.
fn read(connection: &Connection, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(parameters)?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        for column in 0..7 {
            std::hint::black_box(row.get::<_, Option<String>>(column)?);
        }
        found += 1;
    }
    Ok(found)
}
