//! Searches by vectors in the database, where there is no index in memory: how near the nearest are, and what it costs.
//!
//! `tests/postgres/run cargo run --release -p omp-benches --bin pgvector -- MEMORIES`
//!
//! Invented vectors of 384 dimensions around two thousand centres, as a model makes them of texts about so
//! many subjects; one memory in ten has a tag, one in a hundred a namespace. Right is what comparing
//! everything in single precision finds. The yardstick is what one would write: a table with an HNSW index
//! over `vector`, the same settings, the filter as a condition.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use omp_benches::import::import;
use omp_model::{
    Content, Memory, MemoryId, MemoryType, Namespace, NewMemory, Principal, SearchFilter, Tag, Tags,
    Timestamp, ToolName,
};
use omp_search::shard::exact_cosine;
use omp_store::candidates::{Found, Wanted};
use omp_store::{CandidateStore, NewVector, PostgresOptions, PostgresStore, Slot, SpaceModel, VectorStore};
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BY: Principal = Principal::OWNER;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const DIMENSIONS: usize = 384;
const CENTRES: usize = 2_000;
const QUESTIONS: usize = 100;
const BEST: usize = 10;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is a command")]
async fn main() -> Result<(), Failure> {
    let memories: usize = std::env::args().nth(1).unwrap_or_else(|| "50000".into()).parse()?;
    let url = std::env::var("OMP_TEST_DATABASE_URL")?;
    let admin = connect(&url).await?;
    admin.batch_execute("CREATE SCHEMA ours; CREATE SCHEMA plain").await?;
    let within = |schema: &str| format!("{url}?options=-csearch_path%3D{schema}%2Cpublic");
    let store = PostgresStore::open(&PostgresOptions::new(within("ours"), NOW)).await?;
    let compared = PostgresStore::open(&PostgresOptions {
        graph_from: u64::MAX,
        ..PostgresOptions::new(within("ours"), NOW)
    })
    .await?;
    let mut numbers = Numbers::new(7);
    let centres: Vec<Vec<f32>> = (0..CENTRES).map(|_| numbers.vector(None)).collect();
    let vectors: Vec<Vec<f32>> =
        (0..memories).map(|n| numbers.vector(Some(&centres[n * 7 % CENTRES]))).collect();

    let begun = Instant::now();
    let slot = fill(&store, &vectors).await?;
    println!("{memories} memories with vectors stored in {:.0} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    while store.tend_candidates().await? {}
    println!("the owner's graph was built in {:.0} s", begun.elapsed().as_secs_f64());
    let plain = connect(&within("plain")).await?;
    println!("the plain index was built in {:.0} s", fill_plain(&plain, &vectors).await?.as_secs_f64());
    admin.batch_execute("ANALYZE").await?;

    println!(
        "milliseconds in the middle and of the slowest twentieth; share of the ten nearest that were found"
    );
    for every in [100, 10, 1] {
        let filter = filter(every)?;
        let (mut ours, mut exact, mut theirs) = (Times::default(), Times::default(), Times::default());
        for _ in 0..QUESTIONS {
            let near = usize::try_from(numbers.next()).unwrap_or(0) % CENTRES;
            let question = numbers.vector(Some(&centres[near]));
            let right = right(&vectors, &question, every);
            for (times, store) in [(&mut ours, &store), (&mut exact, &compared)] {
                let begun = Instant::now();
                let found = best(store, slot, &question, &filter).await?;
                times.add(begun.elapsed(), &right, &found);
            }
            let begun = Instant::now();
            let found = best_plain(&plain, &question, every).await?;
            theirs.add(begun.elapsed(), &right, &found);
        }
        let share = 100.0 / f64::from(u32::try_from(every)?);
        println!("{share} %: the store {ours}; comparing everything {exact}; plain SQL {theirs}");
    }
    Ok(())
}

/// Which of the vectors are the nearest among one in so many, by their numbers.
fn right(vectors: &[Vec<f32>], question: &[f32], every: usize) -> HashSet<usize> {
    let admitted = (0..vectors.len()).step_by(every);
    let mut order: Vec<(usize, f32)> =
        admitted.map(|n| (n, exact_cosine(question, &vectors[n]).unwrap_or(-1.0))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order.into_iter().take(BEST).map(|(n, _)| n).collect()
}

fn filter(every: usize) -> Result<SearchFilter, Failure> {
    Ok(match every {
        100 => SearchFilter { namespaces: vec![Namespace::new("hundredth")?], ..SearchFilter::default() },
        10 => SearchFilter { tags: Tags::new([Tag::new("tenth")?])?, ..SearchFilter::default() },
        _ => SearchFilter::default(),
    })
}

/// The best ten as a search has them: what the store brings up, compared exactly.
async fn best(
    store: &PostgresStore,
    slot: Slot,
    question: &[f32],
    filter: &SearchFilter,
) -> Result<HashSet<usize>, Failure> {
    let wanted = Wanted { slot, vector: question, keywords: None, filter, depth: 100, alike: 0.2 };
    let found = match store.candidates(&BY, wanted, NOW).await? {
        Found::Candidates(found) => found,
        Found::Unable(reason) => return Err(reason.unwrap_or_default().into()),
    };
    let mut order: Vec<(i64, f32)> = found
        .memories
        .iter()
        .map(|one| (one.pk, exact_cosine(question, &one.windows).unwrap_or(-1.0)))
        .collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let number = |pk: i64| usize::try_from((pk & ((1 << 40) - 1)) - 1).unwrap_or(usize::MAX);
    Ok(order.into_iter().take(BEST).map(|(pk, _)| number(pk)).collect())
}

async fn fill(store: &PostgresStore, vectors: &[Vec<f32>]) -> Result<Slot, Failure> {
    let model =
        SpaceModel { name: "invented".into(), revision: "1".into(), dimensions: u32::try_from(DIMENSIONS)? };
    let space = store.open_vector_space(&model).await?;
    let slot = space.slot;
    for (chunk, many) in vectors.chunks(1_000).enumerate() {
        import(store, (0..many.len()).map(|n| memory(chunk * 1_000 + n)), NOW).await?;
        loop {
            let pending = store.backlog(slot, 250).await?;
            if pending.is_empty() {
                break;
            }
            let vector = |pk: i64| &vectors[usize::try_from((pk & ((1 << 40) - 1)) - 1).unwrap_or(0)];
            let new = |one: &omp_store::Pending| NewVector {
                pk: one.pk,
                seq: one.seq,
                windows: vector(one.pk).clone(),
            };
            store.put_vectors(&space, pending.iter().map(new).collect()).await?;
        }
    }
    Ok(slot)
}

fn memory(number: usize) -> Memory {
    let new = NewMemory::new(
        Content::new(format!("memory number {number}")).expect("fits"),
        MemoryType::Semantic,
        ToolName::new("bench").expect("fits"),
    );
    let mut memory = new.into_memory(MemoryId::derive(&["vector", &number.to_string()]), NOW);
    if number.is_multiple_of(10) {
        memory.tags = Tags::new([Tag::new("tenth").expect("fits")]).expect("few");
    }
    if number.is_multiple_of(100) {
        memory.namespace = Namespace::new("hundredth").ok();
    }
    memory
}

async fn fill_plain(client: &Client, vectors: &[Vec<f32>]) -> Result<Duration, Failure> {
    client
        .batch_execute(
            "CREATE TABLE memories (id bigint PRIMARY KEY, every integer NOT NULL, v vector(384) NOT NULL); \
             SET maintenance_work_mem = '256MB'; SET jit = off; \
             SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = 200",
        )
        .await?;
    for (chunk, many) in vectors.chunks(250).enumerate() {
        let first = i64::try_from(chunk * 250)?;
        let flat: Vec<f32> = many.iter().flatten().copied().collect();
        let sql = "INSERT INTO memories SELECT $1::bigint + n, \
             CASE WHEN ($1::bigint + n) % 100 = 0 THEN 100 WHEN ($1::bigint + n) % 10 = 0 THEN 10 ELSE 1 END, \
             ($2::real[])[n * 384 + 1 : n * 384 + 384]::vector FROM generate_series(0, $3::integer) AS n";
        client.execute(sql, &[&first, &flat, &(i32::try_from(many.len())? - 1)]).await?;
    }
    let begun = Instant::now();
    client
        .batch_execute(
            "CREATE INDEX ON memories USING hnsw (v vector_cosine_ops); CREATE INDEX ON memories (every)",
        )
        .await?;
    Ok(begun.elapsed())
}

async fn best_plain(client: &Client, question: &[f32], every: usize) -> Result<HashSet<usize>, Failure> {
    let sql = format!(
        "SELECT id FROM memories WHERE every >= {every} ORDER BY v <=> $1::real[]::vector(384) LIMIT {BEST}"
    );
    let rows = client.query(sql.as_str(), &[&question]).await?;
    rows.iter().map(|row| Ok(usize::try_from(row.try_get::<_, i64>(0)?)?)).collect()
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// What questions took, and how many of the right answers came.
#[derive(Default)]
struct Times {
    took: Vec<Duration>,
    right: usize,
    wanted: usize,
}

impl Times {
    fn add(&mut self, took: Duration, right: &HashSet<usize>, found: &HashSet<usize>) {
        self.took.push(took);
        self.right += right.intersection(found).count();
        self.wanted += right.len();
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut took = self.took.clone();
        took.sort_unstable();
        let millis = |place: usize| took[place].as_secs_f64() * 1_000.0;
        let (middle, slow) = (millis(took.len() / 2), millis(took.len() * 95 / 100));
        let [right, wanted] =
            [self.right, self.wanted].map(|n| f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
        write!(f, "{middle:.1} / {slow:.1}, {:.3}", right / wanted)
    }
}

struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A direction; near a centre if there is one.
    #[expect(clippy::cast_precision_loss, reason = "a number between -1 and 1")]
    fn vector(&mut self, centre: Option<&Vec<f32>>) -> Vec<f32> {
        // The sum of three is nearly normal.
        let mut number = || (0..3).map(|_| self.next() as f32 / (1_u64 << 30) as f32 - 1.0).sum::<f32>();
        let mut vector: Vec<f32> = (0..DIMENSIONS).map(|_| number() * 0.05).collect();
        if let Some(centre) = centre {
            vector.iter_mut().zip(centre).for_each(|(value, centre)| *value += centre);
        }
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter().map(|value| value / norm).collect()
    }
}
