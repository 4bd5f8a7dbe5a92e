//! The hot index against FTS5 and against the speed of memory, all in one run and in CPU time of this thread.
//!
//! `cargo bench -p omp-search --bench shard -- 1k 100k` takes any of `1k`, `10k`, `100k`, `1m` (without one: 1k and
//! 100k), and `no-fts5` to leave out FTS5, whose table takes minutes to fill at a million.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends when something fails"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "made-up data"
)]

mod corpus;

use std::hint::black_box;

use corpus::{DIMENSIONS, Question, Space, memory, question, with_entry, words};
use omp_search::shard::{Hit, Mode, Request, exact_cosine, rescore};
use omp_search::{Analyzer, FTS5_TOKENIZE, Filter, Shard, keywords};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use simsimd::SpatialSimilarity;

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = cpu();
    let value = work();
    *seconds += cpu() - start;
    value
}

/// The median and the 95th percentile, in milliseconds, of `work` for each question, the best of three times.
fn percentiles(questions: &[Question], mut work: impl FnMut(&Question)) -> (f64, f64) {
    let mut times = vec![f64::MAX; questions.len()];
    // Round by round: asked again at once, a question would find all that it reads in the processor's cache.
    for _ in 0..3 {
        for (question, best) in questions.iter().zip(&mut times) {
            let mut seconds = 0.0;
            timed(&mut seconds, || work(question));
            *best = best.min(seconds * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 95 / 100])
}

fn line(name: &str, (p50, p95): (f64, f64), note: &str) {
    println!("  {name:<44} p50 {p50:>9.4} ms   p95 {p95:>9.4} ms   {note}");
}

fn main() {
    // All of it on this thread, whose time is measured.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().unwrap();
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let with_fts5 = !args.iter().any(|arg| arg == "no-fts5");
    let size = |arg: &String| match arg.as_str() {
        "1k" => Some(1_000),
        "10k" => Some(10_000),
        "100k" => Some(100_000),
        "1m" => Some(1_000_000),
        _ => None,
    };
    let mut sizes: Vec<u64> = args.iter().filter_map(size).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 100_000];
    }
    let space = Space::new();
    for size in sizes {
        println!("\n{size} memories");
        let shard = build(size, &space);
        let questions: Vec<Question> = (0..300).map(|number| question(number, size, &space)).collect();
        let natural = search_words(&shard, &questions);
        if with_fts5 {
            search_fts5(size, &questions, natural);
        }
        search_vectors(&shard, &questions, size, &space);
        change(shard, size);
    }
}

fn build(size: u64, space: &Space) -> Shard {
    let mut shard = Shard::new(DIMENSIONS);
    let mut analyzer = Analyzer::new();
    let (mut analysing, mut putting, mut quantising) = (0.0, 0.0, 0.0);
    let mut tokens = 0;
    for start in (0..size).step_by(1_000) {
        let memories: Vec<_> = (start..start + 1_000).map(|number| (number, memory(number))).collect();
        let streams: Vec<String> = timed(&mut analysing, || {
            memories.iter().map(|(_, memory)| words(memory, &mut analyzer)).collect()
        });
        tokens += streams.iter().map(|stream| stream.split(' ').count()).sum::<usize>();
        let vectors: Vec<Vec<f32>> =
            memories.iter().map(|(number, memory)| space.of(*number, memory)).collect();
        timed(&mut putting, || {
            for ((number, memory), words) in memories.iter().zip(&streams) {
                with_entry(*number, memory, words, |entry| shard.put(entry));
            }
        });
        timed(&mut quantising, || {
            for ((number, _), vector) in memories.iter().zip(&vectors) {
                assert!(shard.put_vectors(*number as i64, &[vector]).unwrap());
            }
        });
    }
    let (count, all) = (size as f64, analysing + putting + quantising);
    let micro = |seconds: f64| seconds / count * 1e6;
    println!(
        "  {:.0} tokens a memory, {} bytes a memory",
        tokens as f64 / count,
        shard.bytes() as u64 / size
    );
    println!(
        "  build {:.0} memories a CPU second: {:.1} us (analyse {:.1}, put {:.1}, vector {:.1})",
        count / all,
        micro(all),
        micro(analysing),
        micro(putting),
        micro(quantising)
    );
    println!("  {shard:?}");
    shard
}

/// Times keyword searches and returns the natural one without a filter.
fn search_words(shard: &Shard, questions: &[Question]) -> (f64, f64) {
    let mut first = None;
    for (kind, text) in [
        ("natural", (|question| &question.natural) as fn(&Question) -> &String),
        ("content", |question| &question.content),
    ] {
        for (share, filter) in filters() {
            let mut totals = 0;
            let times = percentiles(questions, |question| {
                with_filter(filter, question, |filter| {
                    totals += black_box(shard.keyword(&keywords(text(question)), filter, 10)).total;
                });
            });
            first.get_or_insert(times);
            let counted = percentiles(questions, |question| {
                with_filter(filter, question, |filter| {
                    black_box(shard.keyword(&keywords(text(question)), filter, 0));
                });
            });
            let note = format!("{} match; counting alone {:.4}", totals / questions.len() / 3, counted.0);
            line(&format!("keyword, {kind}, {share}"), times, &note);
        }
    }
    line(
        "reading the question alone",
        percentiles(questions, |question| {
            black_box(keywords(&question.natural));
        }),
        "",
    );
    first.unwrap()
}

#[derive(Clone, Copy)]
enum Narrow {
    Not,
    Tool,
    Project,
    Recent,
}

fn filters() -> [(&'static str, Narrow); 4] {
    [
        ("no filter", Narrow::Not),
        ("10 %", Narrow::Tool),
        ("1 %", Narrow::Project),
        ("the last 10 %", Narrow::Recent),
    ]
}

fn with_filter(narrow: Narrow, question: &Question, then: impl FnOnce(&Filter<'_>)) {
    match narrow {
        Narrow::Not => then(&Filter::at(0)),
        Narrow::Tool => then(&Filter { tool: Some(&question.tool), ..Filter::at(0) }),
        Narrow::Recent => then(&Filter { created_after: Some(question.recently), ..Filter::at(0) }),
        Narrow::Project => then(&Filter { namespaces: Some(&[&question.namespace]), ..Filter::at(0) }),
    }
}

fn search_fts5(size: u64, questions: &[Question], ours: (f64, f64)) {
    let connection = Connection::open_in_memory().unwrap();
    let columns = format!("text, content='', contentless_delete=1, tokenize=\"{FTS5_TOKENIZE}\"");
    connection.execute_batch(&format!("CREATE VIRTUAL TABLE words USING fts5({columns}); BEGIN")).unwrap();
    let mut analyzer = Analyzer::new();
    let mut seconds = 0.0;
    for number in 0..size {
        let stream = words(&memory(number), &mut analyzer);
        let mut insert = connection.prepare_cached("INSERT INTO words(rowid, text) VALUES (?1, ?2)").unwrap();
        timed(&mut seconds, || insert.execute((number as i64, &stream)).unwrap());
    }
    connection.execute_batch("COMMIT").unwrap();
    let mut search = connection
        .prepare("SELECT rowid, rank FROM words WHERE words MATCH ?1 ORDER BY rank LIMIT 10")
        .unwrap();
    let times = percentiles(&questions[..questions.len() / 5], |question| {
        let Some(expression) = keywords(&question.natural).to_fts5() else { return };
        let rows = search.query_map([expression], |row| row.get::<_, i64>(0)).unwrap();
        black_box(rows.map(Result::unwrap).collect::<Vec<_>>());
    });
    let note = format!("{:.0} x ours; filled at {:.0}/s", times.0 / ours.0, size as f64 / seconds);
    line("FTS5, natural, order by rank", times, &note);
}

fn search_vectors(shard: &Shard, questions: &[Question], size: u64, space: &Space) {
    let row = |key: i64| space.of(key as u64, &memory(key as u64));
    let bytes = vec![1_u8; size as usize * DIMENSIONS];
    let raw = percentiles(&questions[..20], |_| {
        black_box(
            bytes
                .chunks_exact(8)
                .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
                .fold(0, u64::wrapping_add),
        );
    });
    line("reading as many bytes", raw, &format!("{:.1} GB/s", bytes.len() as f64 / raw.0 / 1e6));
    let codes: Vec<i8> = bytes.iter().map(|&byte| byte as i8).collect();
    let products = percentiles(&questions[..20], |_| {
        let product = |row| i8::dot(row, &codes[..DIMENSIONS]).unwrap();
        black_box(codes.chunks_exact(DIMENSIONS).map(product).fold(0.0, f64::max));
    });
    line("simsimd alone over as many rows", products, &format!("{:.2} x reading all", products.0 / raw.0));
    drop((bytes, codes));
    for (share, filter) in filters() {
        let times = percentiles(&questions[..100], |question| {
            with_filter(filter, question, |filter| {
                black_box(shard.semantic(&question.vector, filter, 10).unwrap());
            });
        });
        line(&format!("semantic, {share}"), times, &format!("{:.2} x reading all", times.0 / raw.0));
    }
    for (share, filter) in filters() {
        // With all that a search does: variants of words, neighbours, both sides' scores of each candidate.
        let [words, meaning, both] = [Mode::Keyword, Mode::Semantic, Mode::Hybrid].map(|mode| {
            percentiles(&questions[..100], |question| {
                with_filter(filter, question, |filter| {
                    let request = Request {
                        keywords: &keywords(&question.natural),
                        vector: (mode != Mode::Keyword).then_some(&question.vector),
                        fit: 1.0,
                        filter,
                        mode,
                        limit: 10,
                    };
                    black_box(shard.ranking(&request).unwrap());
                });
            })
        });
        line(&format!("ranking by words, {share}"), words, "");
        line(&format!("ranking by meaning, {share}"), meaning, "");
        let note = format!("{:.2} x both", both.0 / (words.0 + meaning.0));
        line(&format!("ranking, hybrid, {share}"), both, &note);
    }
    if size <= 100_000 {
        let rows: Vec<Vec<f32>> = (0..size as i64).map(row).collect();
        recall(shard, &questions[..100], &rows);
    }
}

fn recall(shard: &Shard, questions: &[Question], rows: &[Vec<f32>]) {
    for (share, narrow) in filters() {
        let mut found = 0;
        for question in questions {
            with_filter(narrow, question, |filter| {
                let all = shard.semantic(&question.vector, filter, rows.len()).unwrap();
                let best = |candidates: &[Hit]| -> Vec<i64> {
                    let hits = rescore(&question.vector, candidates, 10, |keys, each| {
                        for &key in keys {
                            each(key, &rows[key as usize]);
                        }
                        Ok::<(), ()>(())
                    });
                    hits.unwrap().iter().map(|hit| hit.key).collect()
                };
                let (exact, ours) =
                    (best(&all), best(&shard.semantic(&question.vector, filter, 10).unwrap()));
                found += exact.iter().filter(|key| ours.contains(key)).count() * 10 / exact.len();
            });
        }
        println!("  recall at 10, {share}: {:.4}", found as f64 / (10 * questions.len()) as f64);
    }
    let looked_up = percentiles(questions, |question| {
        black_box(exact_cosine(&question.vector, &rows[0]));
    });
    line("one exact cosine", looked_up, "");
}

fn change(mut shard: Shard, size: u64) {
    let mut analyzer = Analyzer::new();
    let count = 2_000_u64.min(size / 3);
    let fresh: Vec<_> = (0..count).map(|n| (size + n, memory(size + n))).collect();
    let streams: Vec<String> = fresh.iter().map(|(_, memory)| words(memory, &mut analyzer)).collect();
    let (mut putting, mut replacing, mut removing, mut compacting) = (0.0, 0.0, 0.0, 0.0);
    for ((number, memory), words) in fresh.iter().zip(&streams) {
        with_entry(*number, memory, words, |entry| timed(&mut putting, || shard.put(entry)));
    }
    for ((number, memory), words) in fresh.iter().zip(&streams) {
        with_entry(*number - size, memory, words, |entry| timed(&mut replacing, || shard.put(entry)));
    }
    for number in 0..size * 3 / 10 {
        timed(&mut removing, || shard.remove(number as i64 * 3 + 1));
    }
    let compacted = timed(&mut compacting, || shard.compacted());
    let micro = |seconds: f64, count: u64| seconds / count as f64 * 1e6;
    println!(
        "  put {:.1} us, replace {:.1} us, remove {:.1} us, compact {:.2} s (to {} bytes a memory)",
        micro(putting, count),
        micro(replacing, count),
        micro(removing, size * 3 / 10),
        compacting,
        compacted.bytes() / compacted.len()
    );
}
