//! The shard against the plainest thing that could answer: a list that is gone through from end to end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::fixtures::{Memory, Random, put};
use super::sessions::Neighbours;
use super::top::TopDocuments;
use super::*;
use crate::query::{Keyword, Keywords, keywords};

/// All memories, and the words of each.
#[derive(Default)]
struct Plain {
    memories: BTreeMap<i64, Memory>,
    words: BTreeMap<i64, Vec<String>>,
    /// How often each word occurs.
    vocabulary: BTreeMap<String, usize>,
}

impl Plain {
    fn insert(&mut self, key: i64, memory: Memory) {
        self.remove(key);
        let words: Vec<String> = memory.words().split_whitespace().map(str::to_owned).collect();
        for word in &words {
            *self.vocabulary.entry(word.clone()).or_default() += 1;
        }
        self.words.insert(key, words);
        self.memories.insert(key, memory);
    }

    fn remove(&mut self, key: i64) -> bool {
        for word in self.words.remove(&key).unwrap_or_default() {
            let count = self.vocabulary.get_mut(&word).unwrap();
            *count -= 1;
            if *count == 0 {
                self.vocabulary.remove(&word);
            }
        }
        self.memories.remove(&key).is_some()
    }
}

/// How often the words hold a term of a query, and how often variants of it.
fn counts(words: &[String], term: &Keyword, variants: &BTreeSet<String>) -> (u32, u32) {
    let Keyword { token, prefix } = term;
    let same = |word: &&String| if *prefix { word.starts_with(token.as_str()) } else { *word == token };
    let count = |test: &dyn Fn(&&String) -> bool| words.iter().filter(test).count().min(255);
    let variant = |word: &&String| {
        word.starts_with(&token[..token.chars().next().unwrap().len_utf8()]) && variants.contains(*word)
    };
    let counts = (count(&same), if variants.is_empty() { 0 } else { count(&variant) });
    (u32::try_from(counts.0).unwrap(), u32::try_from(counts.1).unwrap())
}

/// The variants of a term among all words there are; the letters of these tests are ASCII's.
fn variants(plain: &Plain, term: &Keyword) -> BTreeSet<String> {
    let token = &term.token;
    let letters = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    if term.prefix || token.len() < 4 || !letters(token) {
        return BTreeSet::new();
    }
    let stem = &token[..(token.len() * 7).div_ceil(10).max(4)];
    let alike = plain.vocabulary.range(stem.to_owned()..).map(|(word, _)| word);
    let alike = alike.take_while(|word| word.starts_with(stem));
    alike.filter(|word| *word != token && letters(word) && word.len() <= token.len() + 6).cloned().collect()
}

/// Every memory scored among those that a filter admits (`None`: among all), the slow way; best first.
fn exhaustive(plain: &Plain, query: &str, filter: Option<&Filter<'_>>) -> Vec<Hit> {
    let passes = |key: &i64| filter.is_none_or(|filter| plain.memories[key].passes(filter));
    let scope: Vec<(i64, &Vec<String>)> =
        plain.words.iter().filter(|(key, _)| passes(key)).map(|(&key, words)| (key, words)).collect();
    let length = |words: &[String]| u16::try_from(words.len()).unwrap();
    let total = plain.words.values().map(|words| u64::from(length(words))).sum();
    let norms = bm25::Norms::new(plain.words.len(), total);
    let asked = keywords(query);
    let mut scores: BTreeMap<i64, u32> = BTreeMap::new();
    for term in asked.terms() {
        let variants = variants(plain, term);
        let counted: Vec<_> =
            scope.iter().map(|(key, words)| (key, words, counts(words, term, &variants))).collect();
        let holding = |test: &dyn Fn(u32, u32) -> bool| {
            counted.iter().filter(|(.., (own, more))| test(*own, *more)).count()
        };
        let weight = |matching: usize| bm25::weight(bm25::idf(scope.len(), matching));
        let own_weight = weight(holding(&|own, _| own > 0));
        let own_of_all = plain.words.values().filter(|words| counts(words, term, &variants).0 > 0).count();
        let small_part = scope.len() * 8 < plain.words.len();
        let helped = holding(&|own, _| own > 0) < if small_part && own_of_all >= 1000 { 20 } else { 1000 };
        let weight = 0.6 * weight(holding(&|own, more| own + more > 0));
        for (key, words, (own, more)) in counted {
            let more = if helped { more } else { 0 };
            let part = |weight, count: u32| match count {
                0 => 0,
                count => bm25::units(weight, norms.of(length(words)), count.min(255)),
            };
            if own + more > 0 {
                *scores.entry(*key).or_default() += part(own_weight, own).max(part(weight, own + more));
            }
        }
    }
    let mut scored: Vec<(u32, i64)> = scores.into_iter().map(|(key, units)| (units, key)).collect();
    scored.sort_unstable_by(|a, b| b.cmp(a));
    scored.into_iter().map(|(units, key)| Hit { key, score: bm25::score(units) }).collect()
}

fn assert_same_search(shard: &Shard, plain: &Plain, query: &str, filter: &Filter<'_>, limit: usize) {
    let expected = exhaustive(plain, query, Some(filter));
    let found = shard.keyword(&keywords(query), filter, limit);
    assert_eq!(found.total, expected.len(), "total of {query:?}");
    assert_eq!(found.hits, expected[..limit.min(expected.len())], "hits of {query:?}");
    let (asked, selection) = (keywords(query), shard.select(filter));
    let plan = shard.plan_with(&asked, &selection, false);
    let (mut one_by_one, mut by_windows) = (TopDocuments::new(limit), TopDocuments::new(limit));
    shard.rank_each(&plan, &selection, &mut one_by_one);
    shard.rank_windows(&plan, &selection, &mut by_windows);
    assert!(one_by_one.into_sorted().eq(by_windows.into_sorted()), "both ways to rank {query:?}");
    let expected = exhaustive(plain, query, None);
    let keys: Vec<i64> = expected.iter().map(|hit| hit.key).collect();
    let scores = shard.score_keyword(&keywords(query), &keys);
    assert_eq!(scores, expected.iter().map(|hit| hit.score).collect::<Vec<_>>(), "scores of {query:?}");
    assert_eq!(shard.count(filter), plain.memories.values().filter(|memory| memory.passes(filter)).count());
}

/// Few words, so that they meet; a few frequent ones, some that begin alike, and pairs of characters that share their
/// first.
const WORDS: [&str; 24] = [
    "zebra",
    "zebra",
    "zebra",
    "lemon",
    "lemon",
    "garden",
    "river",
    "copper",
    "violin",
    "harbor",
    "京都",
    "京東",
    "東京",
    "lemon zebra",
    "rocket",
    "quartz",
    "zebracorn",
    "lemons lemonade",
    "lemonadestand",
    "gardener",
    "riverbank",
    "harborless",
    "lemo9",
    "violinist violin violin",
];
const TOOLS: [&str; 2] = ["cli", "web"];
const SPACES: [Option<&str>; 3] = [None, Some("home"), Some("work")];
const TAGS: [&str; 3] = ["red", "green", "blue"];
const SESSIONS: [Option<&str>; 3] = [None, Some("monday"), Some("friday")];

fn memory() -> impl Strategy<Value = Memory> {
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]), 0..12);
    let time = || prop::option::weighted(0.3, 0..20_i64);
    let facets = (0..3_u8, 0..2_usize, 0..3_usize, prop::sample::subsequence(&TAGS[..], 0..3), 0..3_usize);
    (words, facets, 0..20_i64, time(), time(), 0..5_i64).prop_map(
        |(words, (kind, tool, space, tags, session), created_at, expires_at, superseded_at, observed_at)| {
            Memory {
                text: words.join(" "),
                kind,
                tool: TOOLS[tool],
                namespace: SPACES[space],
                tags,
                created_at,
                expires_at,
                superseded_at,
                session: SESSIONS[session],
                observed_at,
            }
        },
    )
}

#[derive(Clone, Debug)]
struct Question {
    words: Vec<&'static str>,
    now: i64,
    spaces: Option<Vec<&'static str>>,
    kind: Option<u8>,
    tool: Option<&'static str>,
    tags: Vec<&'static str>,
    after: Option<i64>,
    before: Option<i64>,
    validity: Validity,
    only_tool: Option<&'static str>,
    only_spaces: Option<&'static str>,
    limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let words = prop::collection::vec(
        prop::sample::select(vec![
            "zebra",
            "lemon",
            "lemonade",
            "riverx",
            "river",
            "violin",
            "violinists",
            "京",
            "東",
            "京都",
            "red",
            "nowhere",
        ]),
        1..5,
    );
    let spaces =
        prop::option::weighted(0.3, prop::sample::subsequence(vec!["home", "work", "nowhere"], 0..3));
    let tool = prop::option::weighted(0.2, prop::sample::select(vec!["cli", "web", "none"]));
    let tags = prop::sample::subsequence(vec!["red", "green", "none"], 0..2);
    let validity = prop_oneof![Just(Validity::Now), (0..20_i64).prop_map(Validity::At), Just(Validity::Ever)];
    let times = (0..25_i64, prop::option::weighted(0.2, 0..20_i64), prop::option::weighted(0.2, 0..20_i64));
    let kind = prop::option::weighted(0.2, 0..4_u8);
    let only_tool = prop::option::weighted(0.2, prop::sample::select(vec!["cli", "web", "none"]));
    let only_spaces = prop::option::weighted(0.3, prop::sample::select(vec!["h", "wo", "no", ""]));
    let only = (only_tool, only_spaces);
    (words, times, spaces, kind, tool, tags, validity, only, 0..12_usize).prop_map(
        |(
            words,
            (now, after, before),
            spaces,
            kind,
            tool,
            tags,
            validity,
            (only_tool, only_spaces),
            limit,
        )| {
            Question {
                words,
                now,
                spaces,
                kind,
                tool,
                tags,
                after,
                before,
                validity,
                only_tool,
                only_spaces,
                limit,
            }
        },
    )
}

impl Question {
    fn ask(&self, then: impl FnOnce(&str, &Filter<'_>)) {
        let begins = |name: &str| name.starts_with(self.only_spaces.unwrap_or_default());
        let filter = Filter {
            now: self.now,
            namespaces: self.spaces.as_deref(),
            kind: self.kind,
            tool: self.tool,
            tags: &self.tags,
            created_after: self.after,
            created_before: self.before,
            validity: self.validity,
            limit: Limit { tool: self.only_tool, namespaces: self.only_spaces.is_some().then_some(&begins) },
        };
        then(&self.words.join(" "), &filter);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_searched_as_if_everything_was_looked_at(
        history in prop::collection::vec((0..40_i64, prop::option::weighted(0.8, memory())), 0..120),
        questions in prop::collection::vec(question(), 1..6),
    ) {
        let (mut shard, mut plain) = (Shard::new(0), Plain::default());
        for (key, memory) in history {
            if let Some(memory) = memory {
                put(&mut shard, key, &memory);
                plain.insert(key, memory);
            } else {
                assert_eq!(shard.remove(key), plain.remove(key));
            }
        }
        let compacted = shard.compacted();
        assert_eq!(compacted.documents.dead(), 0);
        let mut afresh = Shard::new(0);
        plain.memories.iter().for_each(|(&key, memory)| put(&mut afresh, key, memory));
        let all: Vec<i64> = (0..40).collect();
        for question in questions {
            question.ask(|query, filter| {
                assert_same_search(&shard, &plain, query, filter, question.limit);
                assert_same_search(&compacted, &plain, query, filter, question.limit);
                for (key, neighbours) in all.iter().zip(shard.neighbours(&all, filter)) {
                    assert_eq!(neighbours, plain_neighbours(&plain.memories, *key, filter));
                }
                let asked = keywords(query);
                for other in [&compacted, &afresh] {
                    assert_eq!(shard.keyword(&asked, filter, 10), other.keyword(&asked, filter, 10));
                    assert_eq!(shard.neighbours(&all, filter), other.neighbours(&all, filter));
                    assert_eq!(shard.terms(&asked), other.terms(&asked));
                    assert_eq!(shard.statistics(), other.statistics());
                    assert_eq!(by_words(&shard, &asked, filter), by_words(other, &asked, filter));
                }
            });
        }
    }
}

fn by_words(shard: &Shard, asked: &Keywords, filter: &Filter<'_>) -> Ranking {
    let (mode, fit, limit) = (Mode::Keyword, 1.0, 5);
    shard.ranking(&Request { keywords: asked, vector: None, fit, filter, mode, limit }).unwrap()
}

fn plain_neighbours(memories: &BTreeMap<i64, Memory>, key: i64, filter: &Filter<'_>) -> Neighbours {
    let Some(session) = memories.get(&key).and_then(|memory| memory.session) else {
        return Neighbours::default();
    };
    let mut order: Vec<(i64, i64)> = memories
        .iter()
        .filter(|(other, memory)| {
            memory.session == Some(session) && (memory.passes(filter) || **other == key)
        })
        .map(|(&key, memory)| (memory.observed_at, key))
        .collect();
    order.sort_unstable();
    let place = order.iter().position(|&(_, other)| other == key).unwrap();
    Neighbours {
        previous: place.checked_sub(1).map(|at| order[at].1),
        next: order.get(place + 1).map(|&(_, key)| key),
    }
}

/// A word for a number: frequent ones for small numbers.
fn word(random: &mut Random) -> String {
    let limit = 1 << random.below(11);
    let number = random.below(limit);
    let letter = |n: u64| char::from(b"bcdfghklmnprtvz"[usize::try_from(n % 15).unwrap()]);
    // Many begin alike.
    format!("{}o{}u{}", letter(number / 225), letter(number / 15), letter(number))
}

#[test]
fn a_large_shard_is_searched_as_if_everything_was_looked_at() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut shard, mut plain) = (Shard::new(0), Plain::default());
    for round in 0..11_000 {
        // One in ten takes the place of another or takes it away.
        let key = if random.below(10) == 0 {
            i64::try_from(random.below(round + 1)).unwrap()
        } else {
            i64::try_from(round).unwrap()
        };
        if random.below(20) == 0 {
            assert_eq!(shard.remove(key), plain.remove(key));
            continue;
        }
        let length = 1 + random.below(30);
        let text: Vec<String> = (0..length).map(|_| word(&mut random)).collect();
        let memory = Memory {
            namespace: SPACES[usize::from(random.below(8) == 0)],
            tags: if random.below(100) == 0 { vec!["red"] } else { vec![] },
            created_at: i64::try_from(round).unwrap(),
            ..Memory::new(&text.join(" "))
        };
        put(&mut shard, key, &memory);
        plain.insert(key, memory);
    }
    let some = Filter { namespaces: Some(&["home"]), ..Filter::at(0) };
    let few = Filter { tags: &["red"], ..Filter::at(0) };
    let recent = Filter { created_after: Some(10_500), ..Filter::at(0) };
    let last = Filter { created_after: Some(10_990), ..Filter::at(0) };
    let compacted = shard.compacted();
    for round in 0..12 {
        let query: Vec<String> = (0..=round % 6).map(|_| word(&mut random)).collect();
        for filter in [Filter::at(0), some, few, recent, last] {
            assert_same_search(&shard, &plain, &query.join(" "), &filter, 10);
            assert_same_search(&compacted, &plain, &query.join(" "), &filter, 10);
        }
    }
}
