//! What each question is answered, case by case.

use std::collections::BTreeMap;

use super::fixtures::{Memory, Random, keys, put, shard_of};
use super::*;
use crate::query::keywords;

#[test]
fn the_higher_key_comes_first_among_equals() {
    let shard = shard_of(&[2, 9, 4].map(|key| (key, Memory::new("same words"))));
    let found = shard.keyword(&keywords("words"), &Filter::at(0), 2);
    assert_eq!((keys(&found.hits), found.total), (vec![9, 4], 3));
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let empty = Shard::new(2);
    let filter = Filter::at(0);
    assert_eq!(empty.keyword(&keywords("word"), &filter, 10), Found::default());
    assert_eq!(empty.semantic(&[1.0, 0.0], &filter, 10), Ok(Vec::new()));
    assert!(empty.is_empty() && !empty.should_compact() && empty.compacted().is_empty());
    let shard = shard_of(&[(1, Memory::new(""))]);
    assert_eq!(shard.keyword(&keywords("word"), &filter, 10), Found::default());
    assert_eq!(shard.keyword(&keywords(""), &filter, 10), Found::default());
}

#[test]
fn a_term_weighs_as_much_as_it_tells_within_the_filter() {
    let of = |namespace, text| Memory { namespace: Some(namespace), ..Memory::new(text) };
    let shard = shard_of(&[
        (1, of("home", "violin")),
        (2, of("home", "garden")),
        (3, of("home", "violin")),
        (4, of("work", "garden")),
        (5, of("work", "garden")),
        (6, of("work", "garden")),
    ]);
    let asked = keywords("violin garden");
    let ask = |filter: &Filter<'_>| keys(&shard.keyword(&asked, filter, 10).hits);
    assert_eq!(ask(&Filter::at(0)), [3, 1, 6, 5, 4, 2]);
    assert_eq!(ask(&Filter { namespaces: Some(&["home"]), ..Filter::at(0) }), [2, 3, 1]);
}

#[test]
fn explanations_add_up_to_the_score() {
    let shard = shard_of(&[
        (1, Memory::new("violin in the harbor, violin at the river")),
        (2, Memory::new("river")),
        (3, Memory::new("garden")),
    ]);
    let asked = keywords("violin river nowhere");
    let parts = shard.explain(&asked, 1);
    let facts: Vec<_> = parts.iter().map(|part| (part.term.place, part.term.memories, part.count)).collect();
    assert_eq!(facts, [(0, 1, 2), (1, 2, 1)]);
    let sum: f32 = parts.iter().map(|part| part.score).sum();
    assert!((sum - shard.score_keyword(&asked, &[1])[0]).abs() < 1e-5);
    assert_eq!(shard.explain(&asked, 3), []);
    assert_eq!(shard.explain(&asked, 99), []);
    assert_eq!(shard.score_keyword(&asked, &[3, 99]), [0.0, 0.0]);
    assert_eq!(shard.terms(&asked).len(), 2);
    let statistics = shard.statistics();
    assert_eq!(statistics.memories, 3);
    assert!((statistics.mean_words - 10.0 / 3.0).abs() < 1e-6);
}

#[test]
fn vectors_of_what_was_replaced_or_removed_are_gone() {
    let mut shard = shard_of(&[(1, Memory::new("a")), (2, Memory::new("b")), (3, Memory::new("c"))]);
    let found = |shard: &Shard| keys(&shard.semantic(&[1.0, 0.0], &Filter::at(0), 10).unwrap());
    assert_eq!(found(&shard), [] as [i64; 0]);
    for key in 1..=3 {
        shard.put_vectors(key, &[&[1.0, 0.0], &[0.0, 1.0]]).unwrap();
    }
    assert_eq!(found(&shard), [3, 2, 1]);
    put(&mut shard, 2, &Memory::new("new"));
    shard.remove(3);
    assert_eq!(found(&shard), [1]);
    shard.put_vectors(2, &[&[0.0, 1.0]]).unwrap();
    shard.put_vectors(2, &[&[1.0, 1.0]]).unwrap();
    assert_eq!(found(&shard), [1, 2]);
    assert_eq!(found(&shard.compacted()), [1, 2]);
    let cosines = shard.cosines(&[0.0, 1.0], &[1, 3]).unwrap();
    assert!(cosines[0].is_some_and(|c| c.best > 0.99 && c.first.abs() < 0.01) && cosines[1].is_none());
    shard.put_vectors(1, &[]).unwrap();
    assert_eq!(found(&shard), [2]);
    assert!(shard.put_vectors(1, &[&[1.0]]).is_err());
}

/// Clustered vectors, as models make them: recall at 10 against every exact cosine.
#[test]
fn the_scan_and_a_second_look_miss_less_than_one_in_a_thousand() {
    const DIMENSIONS: usize = 64;
    let mut random = Random(42);
    let vector = |random: &mut Random, near: &[f32], spread: f32| -> Vec<f32> {
        near.iter().map(|value| value + spread * random.bell()).collect()
    };
    let common = vector(&mut random, &[0.0; DIMENSIONS], 1.0);
    let centres: Vec<_> = (0..40).map(|_| vector(&mut random, &common, 1.0)).collect();
    let mut shard = Shard::new(DIMENSIONS);
    let mut rows = BTreeMap::new();
    for key in 0..6_000_i64 {
        let cluster = usize::try_from(random.below(40)).unwrap();
        let tags = [("tenth", 10), ("hundredth", 100)];
        let tags = tags.into_iter().filter(|(_, share)| key % share == 0).map(|(tag, _)| tag).collect();
        put(&mut shard, key, &Memory { tags, ..Memory::new("x") });
        let row = vector(&mut random, &centres[cluster], 0.3);
        shard.put_vectors(key, &[&row]).unwrap();
        rows.insert(key, row);
    }
    for (tags, share) in [(&[][..], 1), (&["tenth"], 10), (&["hundredth"], 100)] {
        let filter = Filter { tags, ..Filter::at(0) };
        let (mut found, mut wanted) = (0, 0);
        for round in 0..100 {
            let query = vector(&mut random, &centres[round % 40], 0.3);
            let mut exact: Vec<_> = rows
                .iter()
                .filter(|(key, _)| **key % share == 0)
                .map(|(&key, row)| (top::sortable(exact_cosine(&query, row).unwrap()), key))
                .collect();
            exact.sort_unstable_by(|a, b| b.cmp(a));
            let candidates = shard.semantic(&query, &filter, 10).unwrap();
            assert_eq!(candidates.len(), 40);
            let hits = rescore(&query, &candidates, 10, |keys, each| {
                for key in keys {
                    each(*key, &rows[key]);
                }
                Ok::<(), ()>(())
            });
            let hits = keys(&hits.unwrap());
            wanted += 10;
            found += exact[..10].iter().filter(|(_, key)| hits.contains(key)).count();
        }
        assert!(found * 1_000 >= wanted * 999, "one in {share}: {found} of {wanted}");
    }
}

#[test]
fn a_shard_is_compacted_when_a_quarter_is_dead() {
    let memory = Memory::new("zebra lemon");
    let mut shard = Shard::new(0);
    (0..5_000).for_each(|key| put(&mut shard, key, &memory));
    let before = shard.bytes();
    (0..1_250).for_each(|key| assert!(shard.remove(key)));
    assert!(!shard.should_compact());
    assert!(shard.remove(1_250) && shard.should_compact());
    let compacted = shard.compacted();
    assert_eq!((compacted.len(), compacted.should_compact()), (shard.len(), false));
    assert!(compacted.bytes() < before * 9 / 10, "{} of {before}", compacted.bytes());
    assert!(compacted.contains(1_251) && !compacted.contains(1_250));
}

#[test]
fn debug_tells_no_text() {
    let memory = Memory { tags: vec!["secretly"], namespace: Some("secretly"), ..Memory::new("secretly") };
    let shard = shard_of(&[(1, memory.clone())]);
    let entry = Entry {
        key: 1,
        kind: 0,
        tool: "secretly",
        namespace: Some("secretly"),
        tags: &["secretly"],
        created_at: 0,
        expires_at: None,
        superseded_at: None,
        session: Some("secretly"),
        observed_at: 0,
        words: "secretly",
    };
    let filter = Filter { tags: &["secretly"], namespaces: Some(&["secretly"]), ..Filter::at(0) };
    let found = shard.keyword(&keywords("secretly"), &filter, 10);
    assert_eq!(found.total, 1);
    let all = format!("{shard:?} {entry:?} {filter:?} {found:?}");
    assert!(all.contains("memories: 1") && !all.contains("secretly"), "{all}");
}
