use super::fixtures::{Memory, Random, put};
use super::*;
use crate::keywords;

const MINUTE: i64 = 60_000;

fn memory(text: &str, session: Option<&'static str>, minutes: i64) -> Memory {
    Memory { session, observed_at: minutes * MINUTE, ..Memory::new(text) }
}

fn shard(memories: &[Memory], vectors: &[[f32; 2]]) -> Shard {
    let mut shard = Shard::new(2);
    for (key, memory) in (1..).zip(memories) {
        put(&mut shard, key, memory);
    }
    for (key, vector) in (1..).zip(vectors) {
        assert!(shard.put_vectors(key, &[vector]).unwrap());
    }
    shard
}

fn ask(shard: &Shard, question: &str, vector: Option<&[f32]>, mode: Mode) -> Ranking {
    let (keywords, filter) = (keywords(question), Filter::at(0));
    shard
        .ranking(&Request { keywords: &keywords, vector, fit: 1.0, filter: &filter, mode, limit: 10 })
        .unwrap()
}

fn keys(ranking: &Ranking) -> Vec<i64> {
    ranking.hits.iter().map(|hit| hit.key).collect()
}

#[test]
fn keywords_find_what_holds_a_word_and_nothing_else() {
    let shard = shard(&[memory("green tea", None, 0), memory("black coffee", None, 999)], &[]);
    let found = ask(&shard, "tea", None, Mode::Keyword);
    assert_eq!((keys(&found), found.total), (vec![1], 1));
    assert_eq!(keys(&ask(&shard, "wine", None, Mode::Keyword)), Vec::<i64>::new());
}

#[test]
fn the_answer_that_follows_a_question_in_its_session_comes_before_strangers() {
    let memories = [
        memory("which bicycle did she buy", Some("s"), 0),
        memory("a red one", Some("s"), 1),
        memory("a red one", Some("t"), 0),
    ];
    let shard = shard(&memories, &[[1.0, 0.0], [0.3, 1.0], [0.3, 1.0]]);
    let found = ask(&shard, "bicycle", Some(&[1.0, 0.0]), Mode::Hybrid);
    assert_eq!(keys(&found)[..2], [1, 2]);
    assert!(found.hits[1].lent > 0.0);
}

#[test]
fn what_was_observed_within_minutes_stands_together_and_what_was_imported_at_once_does_not() {
    let near = [memory("bicycle", None, 0), memory("red", None, 3), memory("green", None, 60)];
    let lent = |memories: &[Memory]| {
        let shard = shard(memories, &vec![[1.0, 0.0]; memories.len()]);
        let found = ask(&shard, "bicycle", Some(&[1.0, 0.0]), Mode::Hybrid);
        let mut lent: Vec<_> = found.hits.iter().map(|hit| (hit.key, hit.lent > 0.0)).collect();
        lent.sort_unstable();
        lent
    };
    assert_eq!(lent(&near), [(1, false), (2, true), (3, false)]);
    let imported = vec![memory("bicycle", None, 0); 6];
    assert!(lent(&imported).iter().all(|(_, lent)| !lent));
}

#[test]
fn a_neighbour_that_the_filter_hides_lends_but_is_not_found() {
    let mut other = memory("bicycle", Some("s"), 0);
    other.tool = "elsewhere";
    let shard = shard(&[other, memory("red", Some("s"), 1)], &[]);
    let (keywords, filter) = (keywords("bicycle red"), Filter { tool: Some("cli"), ..Filter::at(0) });
    let request = Request {
        keywords: &keywords,
        vector: None,
        fit: 1.0,
        filter: &filter,
        mode: Mode::Keyword,
        limit: 10,
    };
    assert_eq!(keys(&shard.ranking(&request).unwrap()), [2]);
}

#[test]
fn likeness_finds_what_shares_no_word() {
    let shard =
        shard(&[memory("bicycle", None, 0), memory("velocipede", None, 999)], &[[1.0, 0.1], [1.0, 0.0]]);
    for mode in [Mode::Semantic, Mode::Hybrid] {
        let found = ask(&shard, "something to ride", Some(&[1.0, 0.0]), mode);
        assert_eq!(keys(&found), [2, 1], "{mode:?}");
    }
    // What has no vector yet is found by its words.
    let mut later = shard.clone();
    put(&mut later, 3, &memory("a ride", None, 5_000));
    assert!(keys(&ask(&later, "something to ride", Some(&[1.0, 0.0]), Mode::Hybrid)).contains(&3));
    assert!(!keys(&ask(&later, "something to ride", Some(&[1.0, 0.0]), Mode::Semantic)).contains(&3));
}

#[test]
fn of_equal_memories_the_one_stored_last_comes_first() {
    let shard = shard(&[memory("tea", None, 0), memory("tea", None, 999), memory("tea", None, 9_999)], &[]);
    assert_eq!(keys(&ask(&shard, "tea", None, Mode::Keyword)), [3, 2, 1]);
}

#[test]
fn a_name_is_found_before_what_is_only_alike() {
    let memories = [memory("the deploy script is release.sh", None, 0), memory("how we ship", None, 999)];
    let shard = shard(&memories, &[[0.0, 1.0], [1.0, 0.0]]);
    let found = ask(&shard, "release.sh", Some(&[1.0, 0.0]), Mode::Hybrid);
    assert_eq!(keys(&found), [1, 2]);
}

#[test]
fn what_words_say_of_a_candidate_is_the_same_whichever_side_brought_it_up() {
    const WORDS: [&str; 6] = ["garden", "gardening", "gardener", "tea", "teapot", "bicycle"];
    let (mut random, mut shard) = (Random(11), Shard::new(2));
    for key in 0..600 {
        let word = |random: &mut Random| WORDS[usize::try_from(random.below(6)).unwrap()];
        let mut memory = memory(&format!("{} {}", word(&mut random), word(&mut random)), Some("s"), key);
        memory.tool = ["cli", "elsewhere"][usize::from(random.below(5) == 0)];
        put(&mut shard, key, &memory);
        let vector = [random.bell(), 0.1];
        shard.put_vectors(key, &[&vector]).unwrap();
    }
    for question in ["gardens", "gard*", "tea gardening", "velocipede"] {
        for tool in [None, Some("cli"), Some("elsewhere")] {
            let (keywords, filter) = (keywords(question), Filter { tool, ..Filter::at(0) });
            let vector = Some(&[1.0, 0.0][..]);
            let request = Request {
                keywords: &keywords,
                vector,
                fit: 1.0,
                filter: &filter,
                mode: Mode::Hybrid,
                limit: 100,
            };
            let (selection, hits) = (shard.select(&filter), shard.ranking(&request).unwrap().hits);
            let plan = shard.plan(&keywords, &selection);
            assert!(hits.len() > 50, "{question:?} in {tool:?}");
            for hit in hits {
                let (units, matched) = shard.score(&plan, shard.documents.find(hit.key).unwrap());
                assert_eq!(
                    (hit.keyword, hit.matched),
                    (bm25::score(units), matched),
                    "{question:?} in {tool:?}"
                );
            }
        }
    }
}
