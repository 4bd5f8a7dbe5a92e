//! The PostgreSQL store beside hand-written SQL on the same server, in one run and in turns.
//!
//! `OMP_TEST_DURABLE=1 tests/postgres/run cargo run --release -p omp-benches --bin postgres -- MEMORIES`
//!
//! The yardstick is what one would write for an application: one table, a generated `tsvector` with a GIN index, a GIN
//! index over tags, an index by time, a transaction for each row, `count(*)` for a total, `ts_rank` for the order. It
//! keeps no versions, no audit, no counters, no numbers of changes. Writes have a second one, tables like the store's
//! with all their indices: imports beside COPY of the rows that were made, in transactions as large; memories that are
//! stored one by one beside the same rows written by hand, a transaction for each memory, once by a statement for each
//! table and once by a single statement for all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use omp_benches::distance::distant;
use omp_benches::import::import;
use omp_model::{
    Content, ListQuery, Memory, MemoryId, MemoryType, NewMemory, Principal, SearchFilter, Tag, Tags,
    Timestamp, ToolName,
};
use omp_search::keywords;
use omp_store::memories::KeywordSearch;
use omp_store::{IndexFeed, Maintenance, MemoryStore, PostgresOptions, PostgresStore};
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BY: Principal = Principal::OWNER;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const CHUNK: usize = 1_000;
const WRITERS: usize = 16;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is a command")]
async fn main() -> Result<(), Failure> {
    let memories: usize = std::env::args().nth(1).unwrap_or_else(|| "20000".into()).parse()?;
    let url = std::env::var("OMP_TEST_DATABASE_URL")?;
    let admin = connect(&url).await?;
    admin.batch_execute("CREATE SCHEMA ours; CREATE SCHEMA copied; CREATE SCHEMA plain").await?;
    let store = Arc::new(PostgresStore::open(&PostgresOptions::new(within(&url, "ours"), NOW)).await?);
    PostgresStore::open(&PostgresOptions::new(within(&url, "copied"), NOW)).await?.close().await?;
    let plain = Plain::open(&within(&url, "plain")).await?;
    let copies = Copies::open().await?;
    let mut bench = Bench { store, plain, copies, url, texts: Texts(7), memories };
    println!(
        "{memories} memories; milliseconds of the store, of plain SQL, and the ratio; medians unless a rate"
    );
    println!("import, COPY: {}", bench.import().await?);
    admin.batch_execute("ANALYZE").await?;
    println!("create, one client: {}", bench.create().await?);
    println!("create, {WRITERS} clients: {}", bench.create_by_many().await?);
    println!("get: {}", bench.get().await?);
    println!("first page, with total: {}", bench.list(&ListQuery::default(), "true").await?);
    let filter = omp_model::Filter { tags: Tags::new([Tag::new("t3")?])?, ..omp_model::Filter::default() };
    let tagged = ListQuery { filter, ..ListQuery::default() };
    println!("first page of a tag, with total: {}", bench.list(&tagged, "tags @> ARRAY['t3']").await?);
    println!("keyword search without the index in memory: {}", bench.search().await?);
    println!("answers of the database that are waited for: {}", bench.waits().await?);
    Ok(())
}

struct Bench {
    store: Arc<PostgresStore>,
    plain: Plain,
    copies: Copies,
    url: String,
    texts: Texts,
    memories: usize,
}

impl Bench {
    /// In turns of ten chunks, so that both see the same tables grow and the same neighbours on the machine.
    async fn import(&mut self) -> Result<String, Failure> {
        let (mut ours, mut theirs, mut same) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let mut number = 0;
        while number < self.memories {
            let until = (number + 10 * CHUNK).min(self.memories);
            let batch: Vec<Memory> = (number..until).map(|n| self.texts.memory("bulk", n)).collect();
            number = until;
            let begun = Instant::now();
            // As in the server: one chunk is analysed while another is stored.
            let chunks =
                batch.chunks(CHUNK).map(|chunk| import(self.store.as_ref(), chunk.iter().cloned(), NOW));
            stream::iter(chunks).buffered(2).try_collect::<Vec<()>>().await?;
            ours += begun.elapsed();
            let begun = Instant::now();
            for chunk in batch.chunks(CHUNK) {
                self.plain.copy(chunk).await?;
            }
            theirs += begun.elapsed();
            same += self.copies.follow().await?;
        }
        let same = rates(self.memories, ours, same);
        Ok(format!("{}; beside COPY into tables like ours: {same}", rates(self.memories, ours, theirs)))
    }

    async fn create(&mut self) -> Result<String, Failure> {
        let by_hand = ByHand::open().await?;
        let (mut pair, mut steps, mut once) = (Pair::default(), Pair::default(), Pair::default());
        for n in 0..300 {
            let [a, b, c, d] = ["one", "plain", "steps", "once"].map(|kind| self.texts.memory(kind, n));
            pair.ours(async { Ok(self.store.create_memory(&BY, &a, NOW).await.map(drop)?) }).await?;
            pair.theirs(self.plain.insert(&b)).await?;
            steps.theirs(by_hand.insert(&c)).await?;
            once.theirs(by_hand.insert_once(&d)).await?;
        }
        (steps.ours, once.ours) = (pair.ours.clone(), pair.ours.clone());
        Ok(format!(
            "{pair}; beside tables like ours, statement by statement: {steps}, in one statement: {once}"
        ))
    }

    async fn create_by_many(&mut self) -> Result<String, Failure> {
        const EACH: usize = 20;
        const ROUNDS: usize = 5;
        let by_hand = ByHand::open().await?;
        let [mut ours, mut theirs, mut one, mut same] = [Duration::ZERO; 4];
        for round in 0..ROUNDS {
            let mut make = |kind: &str, writer: usize| -> Vec<Memory> {
                (0..EACH).map(|n| self.texts.memory(kind, (round * 100 + writer) * 100 + n)).collect()
            };
            let a: Vec<_> = (0..WRITERS).map(|writer| make("many", writer)).collect();
            let (c, d, mut b) = (make("many by one", 0), make("many by hand", 0), Vec::new());
            for writer in 0..WRITERS {
                b.push((make("many plain", writer), Plain::connect(&within(&self.url, "plain")).await?));
            }
            let begun = Instant::now();
            let writing =
                a.into_iter().map(|memories| tokio::spawn(write(Arc::clone(&self.store), memories)));
            for done in join_all(writing).await {
                done??;
            }
            ours += begun.elapsed();
            let begun = Instant::now();
            let writing = b.into_iter().map(|(memories, client)| tokio::spawn(write_plain(client, memories)));
            for done in join_all(writing).await {
                done??;
            }
            theirs += begun.elapsed();
            let begun = Instant::now();
            for memory in &c {
                self.plain.insert(memory).await?;
            }
            one += begun.elapsed() * u32::try_from(WRITERS)?;
            let begun = Instant::now();
            for memory in &d {
                by_hand.insert(memory).await?;
            }
            same += begun.elapsed() * u32::try_from(WRITERS)?;
        }
        let count = WRITERS * EACH * ROUNDS;
        Ok(format!(
            "{}; beside one connection: {}; beside one into tables like ours: {}",
            rates(count, ours, theirs),
            rates(count, ours, one),
            rates(count, ours, same)
        ))
    }

    async fn get(&mut self) -> Result<Pair, Failure> {
        let mut pair = Pair::default();
        for n in 0..300 {
            let id = MemoryId::derive(&["bulk", &(n * 7 % self.memories).to_string()]);
            pair.ours(async { Ok(self.store.get_memory(&BY, id, false, NOW).await.map(drop)?) }).await?;
            pair.theirs(self.plain.get(id)).await?;
        }
        Ok(pair)
    }

    async fn list(&mut self, query: &ListQuery, condition: &str) -> Result<Pair, Failure> {
        let mut pair = Pair::default();
        for _ in 0..50 {
            pair.ours(async { Ok(self.store.list_memories(&BY, query, NOW).await.map(drop)?) }).await?;
            pair.theirs(self.plain.list(condition)).await?;
        }
        Ok(pair)
    }

    async fn search(&mut self) -> Result<Pair, Failure> {
        let mut pair = Pair::default();
        for _ in 0..50 {
            let question = self.texts.words(3);
            let (keywords, filter) = (keywords(&question), SearchFilter::default());
            let search =
                KeywordSearch { keywords: &keywords, filter: &filter, limit: 10, with_embedding: false };
            pair.ours(async { Ok(self.store.search_memories(&BY, search, NOW).await.map(drop)?) }).await?;
            pair.theirs(self.plain.search(&question)).await?;
        }
        Ok(pair)
    }
}

/// How long an answer of the database takes when it is far away.
const FAR: Duration = Duration::from_millis(25);

impl Bench {
    /// How many answers each call waits for, by what it takes when the database is far away.
    async fn waits(&mut self) -> Result<String, Failure> {
        let (_, rest) = self.url.rsplit_once('@').ok_or("the address names a user")?;
        let (server, _) = rest.split_once('/').ok_or("the address names a database")?;
        let far = distant(server.to_owned(), FAR).await?.to_string();
        let url = within(&self.url.replace(server, &far), "ours");
        let store = PostgresStore::open(&PostgresOptions::new(url, NOW)).await?;
        let id = MemoryId::derive(&["bulk", "1"]);
        let mut least: Vec<(&str, f64)> = Vec::new();
        // The first rounds make connections and prepare statements.
        for round in 0..12 {
            let memory = self.texts.memory("far", round);
            let mut calls = vec![
                ("create", waited(store.create_memory(&BY, &memory, NOW)).await?),
                ("get", waited(store.get_memory(&BY, id, false, NOW)).await?),
                ("position of a search", waited(store.index_position(BY.owner)).await?),
                (
                    "memories of an answer, with the position",
                    waited(store.position_and_memories(BY.owner, &[1 << 40 | 1])).await?,
                ),
                ("first page", waited(store.list_memories(&BY, &ListQuery::default(), NOW)).await?),
            ];
            calls.push(("delete", waited(store.delete_memory(&BY, memory.id, NOW)).await?));
            for (known, new) in least.iter_mut().zip(&calls) {
                known.1 = known.1.min(new.1);
            }
            if least.is_empty() {
                least = calls;
            }
        }
        Ok(least.iter().map(|(call, waits)| format!("{call} {waits:.1}")).collect::<Vec<_>>().join(", "))
    }
}

async fn waited<T>(call: impl Future<Output = omp_store::Result<T>>) -> Result<f64, Failure> {
    let begun = Instant::now();
    call.await?;
    Ok(begun.elapsed().as_secs_f64() / FAR.as_secs_f64())
}

fn rates(count: usize, ours: Duration, theirs: Duration) -> String {
    let rate = |took: Duration| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64();
    format!("{:.0}/s, {:.0}/s, {:.2}x", rate(ours), rate(theirs), rate(ours) / rate(theirs))
}

async fn write_plain(client: Plain, memories: Vec<Memory>) -> Result<(), Failure> {
    for memory in &memories {
        client.insert(memory).await?;
    }
    Ok(())
}

async fn write(store: Arc<PostgresStore>, memories: Vec<Memory>) -> Result<(), Failure> {
    for memory in &memories {
        store.create_memory(&BY, memory, NOW).await?;
    }
    Ok(())
}

fn within(url: &str, schema: &str) -> String {
    format!("{url}?options=-csearch_path%3D{schema}%2Cpublic")
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// What it would be without us.
struct Plain {
    client: Client,
    insert: tokio_postgres::Statement,
    get: tokio_postgres::Statement,
    search: tokio_postgres::Statement,
}

impl Plain {
    async fn open(url: &str) -> Result<Self, Failure> {
        connect(url)
            .await?
            .batch_execute(
                "CREATE TABLE memories (owner integer NOT NULL, id text NOT NULL, type text NOT NULL, tool text NOT NULL, \
                 tags text[] NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, content text NOT NULL, \
                 t tsvector GENERATED ALWAYS AS (to_tsvector('english', content)) STORED, PRIMARY KEY (owner, id)); \
                 CREATE INDEX ON memories (owner, created_at DESC, id); CREATE INDEX ON memories USING gin (tags); \
                 CREATE INDEX ON memories USING gin (t)",
            )
            .await?;
        Self::connect(url).await
    }

    async fn connect(url: &str) -> Result<Self, Failure> {
        let client = connect(url).await?;
        let insert = "INSERT INTO memories (owner, id, type, tool, tags, created_at, updated_at, content) \
             VALUES (1, $1, $2, $3, $4, $5, $5, $6)";
        let search = "SELECT *, count(*) OVER () FROM memories WHERE owner = 1 AND t @@ replace(plainto_tsquery('english', $1)::text, '&', '|')::tsquery \
             ORDER BY ts_rank(t, replace(plainto_tsquery('english', $1)::text, '&', '|')::tsquery) DESC LIMIT 10";
        Ok(Self {
            insert: client.prepare(insert).await?,
            get: client.prepare("SELECT * FROM memories WHERE owner = 1 AND id = $1").await?,
            search: client.prepare(search).await?,
            client,
        })
    }

    async fn insert(&self, memory: &Memory) -> Result<(), Failure> {
        let tags: Vec<&str> = memory.tags.iter().map(Tag::as_str).collect();
        self.client
            .execute(
                &self.insert,
                &[
                    &memory.id.body(),
                    &memory.kind.as_str(),
                    &memory.source.tool.as_str(),
                    &tags,
                    &memory.created_at.as_millis(),
                    &memory.content.as_str(),
                ],
            )
            .await?;
        Ok(())
    }

    async fn copy(&self, memories: &[Memory]) -> Result<(), Failure> {
        let mut rows = String::new();
        for memory in memories {
            let tags = memory.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(",");
            let at = memory.created_at.as_millis();
            rows.push_str(&format!(
                "1\t{}\t{}\t{}\t{{{tags}}}\t{at}\t{at}\t{}\n",
                memory.id.body(),
                memory.kind.as_str(),
                memory.source.tool.as_str(),
                memory.content.as_str()
            ));
        }
        let sql = "COPY memories (owner, id, type, tool, tags, created_at, updated_at, content) FROM STDIN";
        let mut sink = Box::pin(self.client.copy_in(sql).await?);
        futures_util::SinkExt::send(&mut sink, std::io::Cursor::new(rows.into_bytes())).await?;
        sink.as_mut().finish().await?;
        Ok(())
    }

    async fn get(&self, id: MemoryId) -> Result<(), Failure> {
        self.client.query_one(&self.get, &[&id.body()]).await?;
        Ok(())
    }

    async fn list(&self, condition: &str) -> Result<(), Failure> {
        let page = format!(
            "SELECT * FROM memories WHERE owner = 1 AND {condition} ORDER BY created_at DESC, id DESC LIMIT 20"
        );
        self.client.query(page.as_str(), &[]).await?;
        let total = format!("SELECT count(*) FROM memories WHERE owner = 1 AND {condition}");
        self.client.query_one(total.as_str(), &[]).await?;
        Ok(())
    }

    async fn search(&self, question: &str) -> Result<(), Failure> {
        self.client.query(&self.search, &[&question]).await?;
        Ok(())
    }
}

/// The address for one before whom row-level security does not stand; it allows no COPY to others.
fn administrator() -> Result<String, Failure> {
    let admin = std::env::var("OMP_TEST_DATABASE_ADMIN_URL")?;
    let (server, _) = admin.rsplit_once('/').ok_or("the address names a database")?;
    let url = std::env::var("OMP_TEST_DATABASE_URL")?;
    let (_, database) = url.rsplit_once('/').ok_or("the address names a database")?;
    Ok(format!("{server}/{database}"))
}

/// Tables like the store's, which its rows are copied into as they are: what storing them costs at least.
struct Copies {
    from: Client,
    to: Client,
    /// The last row that was copied.
    last: i64,
}

impl Copies {
    /// The tables that an import writes rows of memories to.
    const TABLES: [&str; 4] = ["memories", "memory_tags", "words", "backlog"];

    async fn open() -> Result<Self, Failure> {
        let url = administrator()?;
        let (from, to) = (connect(&within(&url, "ours")).await?, connect(&within(&url, "copied")).await?);
        Ok(Self { from, to, last: 0 })
    }

    /// Copies what is new; tells how long writing it took.
    async fn follow(&mut self) -> Result<Duration, Failure> {
        let mut took = Duration::ZERO;
        loop {
            let sql =
                "SELECT max(pk) FROM (SELECT pk FROM memories WHERE pk > $1 ORDER BY pk LIMIT $2) AS next";
            let limit = i64::try_from(CHUNK)?;
            let until: Option<i64> = self.from.query_one(sql, &[&self.last, &limit]).await?.get(0);
            let Some(until) = until else { return Ok(took) };
            let mut rows = Vec::new();
            for table in Self::TABLES {
                let condition = format!("pk > {} AND pk <= {until}", self.last);
                let sql = format!("COPY (SELECT * FROM {table} WHERE {condition}) TO STDOUT (FORMAT binary)");
                let parts: Vec<_> = self.from.copy_out(&sql).await?.try_collect().await?;
                rows.push((table, parts.concat()));
            }
            self.last = until;
            let begun = Instant::now();
            self.to.batch_execute("BEGIN").await?;
            for (table, rows) in rows {
                let sql = format!("COPY {table} FROM STDIN (FORMAT binary)");
                let mut sink = Box::pin(self.to.copy_in(&sql).await?);
                futures_util::SinkExt::send(&mut sink, std::io::Cursor::new(rows)).await?;
                sink.as_mut().finish().await?;
            }
            self.to.batch_execute("COMMIT").await?;
            took += begun.elapsed();
        }
    }
}

/// Tables like the store's, written by hand: a memory with its tags, words, counters, numbers and audit.
struct ByHand {
    client: Client,
    number: tokio_postgres::Statement,
    memory: tokio_postgres::Statement,
    tags: tokio_postgres::Statement,
    words: tokio_postgres::Statement,
    counters: tokio_postgres::Statement,
    audit: tokio_postgres::Statement,
    once: tokio_postgres::Statement,
}

impl ByHand {
    async fn open() -> Result<Self, Failure> {
        let client = connect(&within(&administrator()?, "copied")).await?;
        let memory = "INSERT INTO memories (owner, pk, id, type, tool, observed_at, tags, created_at, updated_at, seq, metadata, content)";
        let tags = "INSERT INTO memory_tags (owner, tag, created_at, id, pk)";
        let words = "INSERT INTO words (owner, pk, n, t)";
        let counters = "INSERT INTO facets (owner, kind, value, n)";
        let more = "ON CONFLICT (owner, kind, value) DO UPDATE SET n = facets.n + excluded.n";
        let audit = "INSERT INTO audit (at, actor, key, action, target, n)";
        let number =
            "UPDATE owners SET next_pk = next_pk + 1, seq = seq + 1 WHERE owner = 1 RETURNING next_pk, seq";
        Ok(Self {
            number: client.prepare(number).await?,
            memory: client
                .prepare(&format!("{memory} VALUES (1, $1, $2, 1, $3, $4, $5, $4, $4, $6, '{{}}', $7)"))
                .await?,
            tags: client.prepare(&format!("{tags} SELECT 1, tag, $2, $3, $4 FROM unnest($1::text[]) AS tag")).await?,
            words: client
                .prepare(&format!("{words} VALUES (1, $1, $2, to_tsvector('simple', $3))"))
                .await?,
            counters: client
                .prepare(&format!("{counters} SELECT 1, kind, value, n FROM unnest($1::text[], $2::text[], $3::bigint[]) AS f (kind, value, n) {more}"))
                .await?,
            audit: client.prepare(&format!("{audit} VALUES ($1, 1, NULL, 1, $2, 1)")).await?,
            once: client
                .prepare(&format!(
                    "WITH o AS ({number}), m AS ({memory} SELECT 1, next_pk, $1, 1, $2, $3, $4, $3, $3, seq, '{{}}', $5 FROM o), \
                     t AS ({tags} SELECT 1, tag, $3, $1, next_pk FROM o, unnest($6::text[]) AS tag), \
                     w AS ({words} SELECT 1, next_pk, $7::integer, to_tsvector('simple', $5) FROM o), \
                     a AS ({audit} VALUES ($3, 1, NULL, 1, $1, 1)) \
                     {counters} SELECT 1, kind, value, n FROM unnest($8::text[], $9::text[], $10::bigint[]) AS f (kind, value, n) {more}"
                ))
                .await?,
            client,
        })
    }

    async fn insert(&self, memory: &Memory) -> Result<(), Failure> {
        let tags: Vec<&str> = memory.tags.iter().map(Tag::as_str).collect();
        let (at, id, text) = (memory.created_at.as_millis(), memory.id.body(), memory.content.as_str());
        let count = i32::try_from(text.split(' ').count() + tags.len())?;
        let (kinds, values, counts) = counters(memory, &tags, count);
        self.client.batch_execute("BEGIN").await?;
        let row = self.client.query_one(&self.number, &[]).await?;
        let (pk, seq): (i64, i64) = (row.get(0), row.get(1));
        let tool = memory.source.tool.as_str();
        self.client.execute(&self.memory, &[&pk, &id, &tool, &at, &tags.join(" "), &seq, &text]).await?;
        self.client.execute(&self.tags, &[&tags, &at, &id, &pk]).await?;
        self.client.execute(&self.words, &[&pk, &count, &text]).await?;
        self.client.execute(&self.counters, &[&kinds, &values, &counts]).await?;
        self.client.execute(&self.audit, &[&at, &id]).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(())
    }

    async fn insert_once(&self, memory: &Memory) -> Result<(), Failure> {
        let tags: Vec<&str> = memory.tags.iter().map(Tag::as_str).collect();
        let (at, id, text) = (memory.created_at.as_millis(), memory.id.body(), memory.content.as_str());
        let count = i32::try_from(text.split(' ').count() + tags.len())?;
        let (kinds, values, counts) = counters(memory, &tags, count);
        let tool = memory.source.tool.as_str();
        self.client
            .execute(
                &self.once,
                &[&id, &tool, &at, &tags.join(" "), &text, &tags, &count, &kinds, &values, &counts],
            )
            .await?;
        Ok(())
    }
}

fn counters<'a>(memory: &'a Memory, tags: &[&'a str], words: i32) -> (Vec<&'a str>, Vec<&'a str>, Vec<i64>) {
    let mut all = vec![
        ("all", "", 1),
        ("type", memory.kind.as_str(), 1),
        ("tool", memory.source.tool.as_str(), 1),
        ("updated", "", 1),
        ("words", "", i64::from(words)),
    ];
    all.extend(tags.iter().map(|tag| ("tag", *tag, 1)));
    (
        all.iter().map(|one| one.0).collect(),
        all.iter().map(|one| one.1).collect(),
        all.iter().map(|one| one.2).collect(),
    )
}

/// Times of both, in turns.
#[derive(Default)]
struct Pair {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

impl Pair {
    async fn ours(&mut self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        let begun = Instant::now();
        work.await?;
        self.ours.push(begun.elapsed());
        Ok(())
    }

    async fn theirs(&mut self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        let begun = Instant::now();
        work.await?;
        self.theirs.push(begun.elapsed());
        Ok(())
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let median = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1_000.0
        };
        let (ours, theirs) = (median(&self.ours), median(&self.theirs));
        write!(f, "{ours:.2} {theirs:.2} {:.2}x", ours / theirs)
    }
}

/// Invented texts: some words are common, most are rare.
struct Texts(u64);

impl Texts {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn words(&mut self, count: usize) -> String {
        const SYLLABLES: [&str; 16] =
            ["ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za"];
        let mut text = String::new();
        for _ in 0..count {
            // The square of a number below one: small ones are frequent.
            let at = self.next() % 4_096;
            let mut word = at * at / 4_096;
            text.push_str(if text.is_empty() { "" } else { " " });
            for _ in 0..4 {
                text.push_str(SYLLABLES[usize::try_from(word % 16).unwrap_or(0)]);
                word /= 16;
            }
        }
        text
    }

    fn memory(&mut self, kind: &str, number: usize) -> Memory {
        let length = 10 + usize::try_from(self.next() % 60).unwrap_or(0);
        let new = NewMemory::new(
            Content::new(self.words(length)).expect("fits"),
            MemoryType::Semantic,
            ToolName::new("bench").expect("fits"),
        );
        let at = NOW.plus_millis(-i64::try_from(self.next() % 1_000_000_000).unwrap_or(0));
        let mut memory = new.into_memory(MemoryId::derive(&[kind, &number.to_string()]), at);
        let tags =
            [self.next() % 50, 50 + self.next() % 200].map(|n| Tag::new(format!("t{n}")).expect("fits"));
        memory.tags = Tags::new(tags).expect("few");
        memory
    }
}
