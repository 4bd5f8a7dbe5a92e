use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::*;
use crate::MAX_WINDOWS;

static MODEL: LazyLock<Builtin> = LazyLock::new(|| Builtin::load().unwrap());

#[derive(Deserialize)]
struct Golden {
    text: String,
    ids: Vec<u32>,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../tests/golden/golden.json")).unwrap()
}

fn golden_vectors() -> Vec<Vec<f32>> {
    let values: Vec<f32> = include_bytes!("../tests/golden/golden.i16")
        .chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32767.0)
        .collect();
    values.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn one(text: &str) -> Vec<f32> {
    MODEL.embed(Purpose::Query, text).unwrap().remove(0)
}

#[test]
fn the_files_are_those_that_the_identity_names() {
    let sums = include_str!("../model/SHA256SUMS");
    assert_eq!(sha256(sums.as_bytes()), MODEL_SHA256);
    let expected = [
        (NETWORK, "all-MiniLM-L6-v2.int8.onnx"),
        (weights(), "all-MiniLM-L6-v2.int8.onnx.data"),
        (VOCAB.as_bytes(), "vocab.txt"),
    ]
    .map(|(data, name)| format!("{}  {name}\n", sha256(data)));
    assert_eq!(sums, expected.concat());
    assert_eq!(identity().to_string(), format!("all-MiniLM-L6-v2@{}/384", &MODEL_SHA256[..8]));
}

#[test]
fn token_ids_are_those_of_the_reference() {
    for case in golden() {
        let windows = MODEL.tokens.windows(Purpose::Query, &case.text).unwrap();
        assert_eq!(windows, [case.ids], "{:?}", case.text);
    }
}

#[test]
fn vectors_agree_with_the_float_model() {
    let (cases, vectors) = (golden(), golden_vectors());
    assert_eq!(cases.len(), vectors.len());
    let cosines: Vec<f32> = cases.iter().zip(&vectors).map(|(case, v)| dot(&one(&case.text), v)).collect();
    let least = cosines.iter().copied().fold(1.0, f32::min);
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    println!("cosine with the float model: mean {mean:.5}, least {least:.5}");
    assert!(mean >= 0.995, "mean {mean}");
    assert!(least >= 0.975, "least {least}");
}

#[test]
fn vectors_have_length_one() {
    for text in ["a", "What does she drink in the morning?"] {
        let vector = one(text);
        assert_eq!(vector.len(), DIMENSIONS);
        assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
    }
}

#[test]
fn what_means_the_same_is_closer_than_what_does_not() {
    let question = one("Where did I live before Tartu?");
    let answer = one("I moved from Lisbon to Tartu because of a new job.");
    let other = one("The car is due for inspection in June.");
    assert!(dot(&question, &answer) > dot(&question, &other) + 0.2);
}

#[test]
fn a_vector_does_not_depend_on_its_neighbours() {
    let texts =
        ["short", "a text that is a good deal longer than the one before it", "\u{1f389}\u{1f389}\u{1f389}"];
    let together = MODEL.embed_all(Purpose::Document, &texts).unwrap();
    for (text, windows) in texts.iter().zip(together) {
        let alone = Builtin::load().unwrap().embed(Purpose::Document, text).unwrap();
        assert_eq!(alone, windows);
    }
}

#[test]
fn vectors_are_the_same_on_every_thread() {
    let expected = one("the same on every thread");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..4 {
                    assert_eq!(one("the same on every thread"), expected);
                }
            });
        }
    });
}

#[test]
fn a_blank_text_has_no_vector() {
    for text in ["", "  \n\t ", "\u{0}\u{7}", "\u{200b}"] {
        assert!(MODEL.embed(Purpose::Document, text).unwrap().is_empty(), "{text:?}");
        assert!(MODEL.embed(Purpose::Query, text).unwrap().is_empty(), "{text:?}");
    }
}

#[test]
fn a_long_text_is_cut_into_windows_that_overlap() {
    let word = |n: usize| format!("{n} ");
    let text: String = (1000..1600).map(word).collect();
    let windows = MODEL.tokens.windows(Purpose::Document, &text).unwrap();
    assert!(windows.len() > 2);
    for window in &windows {
        assert!(window.len() <= WINDOW);
        assert_eq!((window[0], window[window.len() - 1]), (101, 102));
    }
    for pair in windows.windows(2) {
        let tail = &pair[0][WINDOW - 1 - 50..WINDOW - 1];
        assert_eq!(tail, &pair[1][1..51]);
    }
    // The first window is the beginning, and all that a query sees.
    let query = MODEL.tokens.windows(Purpose::Query, &text).unwrap();
    assert_eq!(query, windows[..1]);
    assert_eq!(MODEL.embed(Purpose::Document, &text).unwrap().len(), windows.len());
}

#[test]
fn the_windows_of_one_text_are_limited() {
    let windows = MODEL.tokens.windows(Purpose::Document, &"word ".repeat(50_000)).unwrap();
    assert_eq!(windows.len(), MAX_WINDOWS);
}
