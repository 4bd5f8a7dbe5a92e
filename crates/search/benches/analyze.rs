//! The tokeniser against the cheapest thing that could be called one, in the same run.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omp_search::Analyzer;

const ENGLISH: &str = "The team decided to use a write-ahead log, because readers never wait for the writer. Alice said that she \
    had measured it on her laptop: 40,000 inserts a second, and no lost memories after pulling the plug. We keep the old \
    database until the end of November; then the migration script (migrate_all.py) runs again, and whoever still depends on \
    the previous format has to convert their files. Nobody doesn't like surprises less than the people who run servers. ";
const GERMAN: &str = "Die Größe der Datenbank wächst über Nacht, weil die Einträge der vergangenen Wochen nicht gelöscht wurden. ";
const RUSSIAN: &str =
    "Мы решили хранить все заметки в одной базе данных, потому что её легче переносить между компьютерами. ";
const CHINESE: &str = "我们决定把所有的记忆都存放在同一个数据库里，因为这样更容易在不同的电脑之间搬移。";
const CODE: &str = "pub fn parseHTTPRequest(raw: &str) -> Result<HttpRequest, ParseError> { self.header_map.get(\"X-Api-Key\") } // v1.2.3\n";

/// About a megabyte. English prose gets rare words mixed in, so that the memo of stems cannot hold it all.
fn corpus(sentence: &str, rare: bool) -> String {
    let mut text = String::new();
    let mut state = 1_u32;
    while text.len() < 1 << 20 {
        for word in sentence.split_inclusive(' ') {
            text.push_str(word);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if rare && state >> 29 == 0 {
                let letters = (state >> 8) % 456_976;
                let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
                let _ = write!(
                    text,
                    "{}{}o{}{}ing ",
                    letter(letters),
                    letter(letters / 26),
                    letter(letters / 676),
                    letter(letters / 17_576)
                );
            }
        }
    }
    text
}

fn analyze(c: &mut Criterion) {
    let mut group = c.benchmark_group("analyze");
    group.sample_size(20);
    for (name, text) in [
        ("english", corpus(ENGLISH, false)),
        ("english with one rare word in nine", corpus(ENGLISH, true)),
        ("german", corpus(GERMAN, false)),
        ("russian", corpus(RUSSIAN, false)),
        ("chinese", corpus(CHINESE, false)),
        ("code", corpus(CODE, false)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{name}/ours"), |b| {
            let mut analyzer = Analyzer::new();
            let mut out = String::with_capacity(2 * text.len());
            b.iter(|| {
                out.clear();
                analyzer.token_stream(black_box(&text), &mut out);
                out.len()
            });
        });
        group.bench_function(format!("{name}/split and lower"), |b| {
            let mut out = String::with_capacity(2 * text.len());
            b.iter(|| {
                out.clear();
                for word in black_box(&text).split_whitespace() {
                    out.push_str(&word.to_lowercase());
                    out.push(' ');
                }
                out.len()
            });
        });
    }
    group.throughput(Throughput::Bytes(ENGLISH.len() as u64));
    group.bench_function("a new analyzer for one short memory", |b| {
        b.iter(|| Analyzer::new().analyze(black_box(ENGLISH), &mut |_| {}));
    });
    group.finish();
}

criterion_group!(benches, analyze);
criterion_main!(benches);
