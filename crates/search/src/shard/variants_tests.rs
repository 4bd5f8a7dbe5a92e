//! What is found that is not quite what was asked for.

use super::fixtures::{Memory, keys, put, shard_of};
use super::*;
use crate::query::keywords;

fn shard(texts: &[&str]) -> Shard {
    let memories: Vec<_> = (1..).zip(texts).map(|(key, text)| (key, Memory::new(text))).collect();
    shard_of(&memories)
}

fn ask(shard: &Shard, question: &str) -> Vec<i64> {
    let found = shard.keyword(&keywords(question), &Filter::at(0), 10);
    assert_eq!(found.total, found.hits.len());
    keys(&found.hits)
}

#[test]
fn german_compounds_and_plurals_are_found() {
    let shard = shard(&[
        "Der Zahnarzttermin ist am Dienstag um neun.",
        "Am Mittwoch wird der Rasen gemäht.",
        "Meine Zahnärztin heißt Frau Ilse Brandner.",
        "Die Versicherungen laufen im März aus.",
    ]);
    assert_eq!(ask(&shard, "Zahnarzt"), [3, 1]);
    assert_eq!(ask(&shard, "Welche Versicherung endet bald?"), [4]);
}

#[test]
fn russian_derivations_are_found() {
    let shard = shard(&[
        "Библиотекарь посоветовала нам новый роман.",
        "В субботу мы едем на дачу к бабушке.",
        "Путешествовать поездом Лена любит больше всего.",
    ]);
    assert_eq!(ask(&shard, "библиотека"), [1]);
    assert_eq!(ask(&shard, "путешествие"), [3]);
}

#[test]
fn arabic_words_with_other_endings_are_found() {
    let shard = shard(&[
        "اشترى سامي مستلزمات المطبخ يوم الخميس",
        "نزرع الطماطم في الحديقة كل ربيع",
        "مهندسون من الشركة يزورون المصنع غدا",
    ]);
    assert_eq!(ask(&shard, "مهندس"), [3]);
    assert_eq!(ask(&shard, "مستلزم"), [1]);
}

#[test]
fn words_that_two_languages_share_are_found_across_them() {
    let shard = shard(&["The photographer arrives at noon.", "We bought bread and cheese."]);
    assert_eq!(ask(&shard, "Wann kommt der Photograph?"), [1]);
}

#[test]
fn an_exact_match_is_worth_more_than_a_variant() {
    let shard = shard(&["kettlebell", "kettle", "kettledrum", "orchard"]);
    assert_eq!(ask(&shard, "kettle"), [2, 3, 1]);
}

#[test]
fn a_memory_that_has_both_is_worth_the_better_of_the_two() {
    let shard = shard(&[
        "kettle kettlebell kettlebell kettledrum",
        "kettle orchard orchard orchard",
        "kettledrum",
        "orchard",
    ]);
    let asked = keywords("kettle");
    let scores = shard.score_keyword(&asked, &[1, 2, 3, 4]);
    // Three quarters of the memories hold one of them, but half the term itself.
    assert!((scores[0] - scores[1]).abs() < 1e-6 && scores[1] > scores[2] && scores[2] > 0.0, "{scores:?}");
    assert!(scores[3].abs() < f32::EPSILON);
}

#[test]
fn many_variants_in_a_long_memory_outweigh_a_single_exact_match() {
    let filler = "orchard ".repeat(300);
    let mut texts = vec![format!("kettle {filler}"), format!("kettle {} {filler}", "kettlebell ".repeat(40))];
    texts.extend((0..30).map(|_| filler.clone()));
    let shard = shard(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let found = shard.keyword(&keywords("kettle"), &Filter::at(0), 1);
    assert_eq!((keys(&found.hits), found.total), (vec![2], 2));
    let parts = shard.explain(&keywords("kettle"), 2);
    assert_eq!((parts[0].count, parts[0].variants), (1, 40));
    assert!((parts[0].score - found.hits[0].score).abs() < 1e-6);
    assert!(parts[0].score > shard.score_keyword(&keywords("kettle"), &[1])[0]);
}

#[test]
fn a_variant_is_told_as_its_term() {
    let shard = shard(&["the violinist and her violin", "violinist", "harbor", "violinists' harborside"]);
    let asked = keywords("violin harbor");
    let facts: Vec<_> =
        shard.terms(&asked).iter().map(|fact| (fact.place, fact.memories, fact.matching)).collect();
    assert_eq!(facts, [(0, 1, 3), (1, 1, 2)]);
    let parts = |key| -> Vec<_> {
        let parts = shard.explain(&asked, key);
        let sum: f32 = parts.iter().map(|part| part.score).sum();
        assert!((sum - shard.score_keyword(&asked, &[key])[0]).abs() < 1e-5);
        parts.iter().map(|part| (part.term.place, part.count, part.variants)).collect()
    };
    assert_eq!(parts(1), [(0, 1, 1)]);
    assert_eq!(parts(4), [(0, 0, 1), (1, 0, 1)]);
    let request = Request {
        keywords: &asked,
        vector: None,
        fit: 1.0,
        filter: &Filter::at(0),
        mode: Mode::Hybrid,
        limit: 10,
    };
    let found = shard.ranking(&request).unwrap();
    let mut matched: Vec<_> = found.hits.iter().map(|hit| (hit.key, hit.matched)).collect();
    matched.sort_unstable();
    assert_eq!((found.total, matched), (4, vec![(1, 0b01), (2, 0b01), (3, 0b10), (4, 0b11)]));
    // A term that does not occur itself is there all the same.
    assert_eq!(shard.terms(&keywords("violinka"))[0].memories, 0);
    assert_eq!(ask(&shard, "violinka"), [1, 2, 4]);
}

#[test]
fn variants_outside_the_filter_do_not_count() {
    let of = |namespace, text| Memory { namespace: Some(namespace), ..Memory::new(text) };
    let shard =
        shard_of(&[(1, of("home", "kettle")), (2, of("work", "kettlebell")), (3, of("work", "orchard"))]);
    let home = Filter { namespaces: Some(&["home"]), ..Filter::at(0) };
    let fact = |filter: &Filter<'_>| shard.terms_within(&keywords("kettle"), filter)[0];
    assert_eq!((fact(&home).memories, fact(&home).matching), (1, 1));
    assert_eq!((fact(&Filter::at(0)).memories, fact(&Filter::at(0)).matching), (1, 2));
}

#[test]
fn of_many_variants_those_in_the_most_memories_count() {
    let mut shard = Shard::new(0);
    let word = |n: i64| {
        let letter = |n: i64| char::from(b'a' + u8::try_from(n % 26).unwrap());
        format!("qwerty{}{}x", letter(n / 26), letter(n))
    };
    for n in 0..200 {
        put(&mut shard, n, &Memory::new(&word(n)));
    }
    for n in 100..110 {
        put(&mut shard, 1_000 + n, &Memory::new(&word(n)));
    }
    let found = shard.keyword(&keywords("qwerty"), &Filter::at(0), 300);
    // The ten that two memories hold, and of the others the first by name.
    assert_eq!(found.total, 10 * 2 + variants::MOST - 10);
    assert_eq!(found.hits.len(), found.total);
    let held = |n: i64| found.hits.iter().any(|hit| hit.key == n);
    assert!((100..110).all(held) && (0..54).all(held) && !(54..100).any(held) && !(110..200).any(held));
    let compacted = shard.compacted();
    assert_eq!(compacted.keyword(&keywords("qwerty"), &Filter::at(0), 300), found);
}

#[test]
fn a_term_that_very_many_hold_has_no_variants() {
    let mut shard = Shard::new(0);
    for n in 0..999 {
        put(&mut shard, n, &Memory::new("kettle"));
    }
    put(&mut shard, 5_000, &Memory::new("kettlebell"));
    let total = |shard: &Shard| shard.keyword(&keywords("kettle"), &Filter::at(0), 1).total;
    assert_eq!(total(&shard), 1_000);
    put(&mut shard, 999, &Memory::new("kettle"));
    assert_eq!(total(&shard), 1_000);
}
