//! The built-in model: one text of 16, 64 and 256 tokens, and short texts one after the other on one thread.
//!
//! `cargo bench -p omp-embed -- --test` prints the memory that the loaded model takes, without measuring times.
#![expect(clippy::print_stdout, reason = "the memory is told beside the times")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omp_embed::builtin::Builtin;
use omp_embed::{Embedder, Purpose};

/// Resident memory in kilobytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// So many tokens with the two special ones: every word is one token.
fn text(tokens: usize) -> String {
    ["we", "keep", "the", "old", "house", "until", "next", "spring", "because", "it", "is", "warm"]
        .into_iter()
        .cycle()
        .take(tokens - 2)
        .collect::<Vec<_>>()
        .join(" ")
}

fn embed(c: &mut Criterion) {
    let before = resident();
    let model = Builtin::load().expect("the built-in model loads");
    let loaded = resident();
    black_box(model.embed(Purpose::Document, &text(256)).expect("it embeds"));
    println!("resident kB: before {before:?}, loaded {loaded:?}, after 256 tokens {:?}", resident());

    let mut group = c.benchmark_group("embed");
    group.sample_size(20);
    for tokens in [16, 64, 256] {
        let text = text(tokens);
        group.bench_function(format!("{tokens} tokens"), |b| {
            b.iter(|| model.embed(Purpose::Query, black_box(&text)).expect("it embeds"));
        });
    }
    let texts: Vec<String> = (30..50).map(text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function("texts of 40 tokens", |b| {
        b.iter(|| model.embed_all(Purpose::Document, black_box(&texts)).expect("it embeds"));
    });
    group.bench_function("load", |b| b.iter(|| Builtin::load().expect("it loads")));
    group.finish();
    drop(model);
    println!("resident kB after the model is gone: {:?}", resident());
}

criterion_group!(benches, embed);
criterion_main!(benches);
