//! Search in scripts that put no blanks between words, and in others.

use serde_json::{Value, json};

use super::search::names;
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Finding, Verdict, ensure};

checks! {
    Should "omp.search.script.chinese" ["omp.md §5; readings, what the reference gets wrong"] "A Chinese word inside a sentence is found." => |b| finds(b, "乌龙茶", "chinese");
    Should "omp.search.script.japanese" ["omp.md §5; readings, what the reference gets wrong"] "A Japanese word inside a sentence is found." => |b| finds(b, "東京", "japanese");
    Should "omp.search.script.katakana" ["omp.md §5; readings, what the reference gets wrong"] "A word in katakana inside a sentence is found." => |b| finds(b, "コーヒー", "katakana");
    Should "omp.search.script.korean" ["omp.md §5; readings, what the reference gets wrong"] "A Korean word is found." => |b| finds(b, "김치", "korean");
    Should "omp.search.script.thai" ["omp.md §5; readings, what the reference gets wrong"] "A Thai word inside a sentence is found." => |b| finds(b, "ผัดไทย", "thai");
    Should "omp.search.script.emoji" ["omp.md §5; readings, what the reference gets wrong"] "An emoji is found." => |b| finds(b, "🎂", "emoji");
    Must "omp.search.script.greek" ["omp.md §5"] "A Greek word is found, whatever its case." => |b| finds(b, "ΘΆΛΑΣΣΑ", "greek");
    Must "omp.search.script.cyrillic" ["omp.md §5"] "A Russian word is found, whatever its case." => |b| finds(b, "МОСКВА", "cyrillic");
    Must "omp.search.script.arabic" ["omp.md §5"] "An Arabic word is found." => |b| finds(b, "قهوة", "arabic");
    Must "omp.search.script.hebrew" ["omp.md §5"] "A Hebrew word is found." => |b| finds(b, "ירושלים", "hebrew");
    Should "omp.search.script.hindi" ["omp.md §5"] "A Hindi word is found." => |b| finds(b, "चाय", "hindi");
    Must "omp.search.script.umlaut" ["omp.md §5"] "A German word with an umlaut is found." => |b| finds(b, "frühstück", "german");
    Must "omp.search.script.number" ["omp.md §5"] "A number is found." => |b| finds(b, "48151", "number");
    Should "omp.search.script.identifier" ["omp.md §5"] "A name from a program is found." => |b| finds(b, "parse_config", "identifier");
}

const SAMPLES: [(&str, &str); 14] = [
    ("chinese", "我每天早上喜欢喝一杯乌龙茶。"),
    ("japanese", "彼は東京に住んでいます。"),
    ("katakana", "毎朝熱いコーヒーを飲みます。"),
    ("korean", "저는 매운 김치 요리를 좋아합니다."),
    ("thai", "ฉันชอบกินผัดไทยมาก"),
    ("emoji", "Birthday cake 🎂 is ordered for Sunday."),
    ("greek", "Μένει κοντά στη θάλασσα όλο τον χρόνο."),
    ("cyrillic", "Столица называется Москва."),
    ("arabic", "أحب قهوة الصباح"),
    ("hebrew", "הוא גר ליד ירושלים כבר שנים"),
    ("hindi", "मुझे सुबह चाय पसंद है"),
    ("german", "Das Frühstück beginnt um sieben."),
    ("number", "The code of the door is 48151."),
    ("identifier", "The bug was in parse_config of the loader."),
];

async fn stock(fixture: &Fixture) -> Result<Value, Finding> {
    let namespace = fixture.namespace("scripts");
    for (name, content) in SAMPLES {
        fixture
            .store(json!({"content": content, "namespace": namespace, "metadata": {"name": name}}))
            .await?;
    }
    Ok(Value::Null)
}

async fn finds(fixture: &Fixture, q: &str, wanted: &str) -> Verdict {
    fixture.sample("scripts", stock(fixture)).await?;
    let namespace = fixture.namespace("scripts");
    let found = fixture.search(&json!({"q": q, "namespace": namespace, "mode": "keyword"})).await?;
    let got = names(&found);
    ensure(got.first().is_some_and(|name| name == wanted), format!("{wanted:?} first for {q}"), || {
        format!("{got:?}")
    })
}
