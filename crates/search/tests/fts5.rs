//! The contract, proven on arbitrary text against a real FTS5 table.
#![expect(clippy::unwrap_used, reason = "a failed statement is a failed test")]

use omp_search::{
    Analyzer, FTS5_TOKENIZE, MAX_TERMS, MAX_TOKEN_CHARS, TOKEN_PUNCTUATION, analyze, keywords, token_stream,
};
use proptest::prelude::*;
use rusqlite::Connection;

fn table() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let columns = format!("text, content='', contentless_delete=1, tokenize=\"{FTS5_TOKENIZE}\"");
    connection.execute_batch(&format!("CREATE VIRTUAL TABLE words USING fts5({columns})")).unwrap();
    connection
}

fn insert(connection: &Connection, rowid: i64, text: &str) {
    let mut stream = String::new();
    token_stream(text, &mut stream);
    connection.execute("INSERT OR REPLACE INTO words(rowid, text) VALUES (?1, ?2)", (rowid, stream)).unwrap();
}

fn search(connection: &Connection, query: &str) -> rusqlite::Result<Vec<i64>> {
    let Some(expression) = keywords(query).to_fts5() else { return Ok(Vec::new()) };
    let mut statement =
        connection.prepare_cached("SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY bm25(words)")?;
    statement.query_map([expression], |row| row.get(0))?.collect()
}

/// Text of all scripts, with the characters and words that break a raw MATCH.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z]{1,9}",
        2 => "[a-zA-Z0-9_.:/@'’+#,\\-]{1,12}",
        2 => "\\PC{1,8}",
        1 => any::<char>().prop_map(String::from),
        1 => "[东京都データ한국어使う々ー・]{1,6}",
        1 => "[ก-๛ຮກ་བོདខ្មែ]{1,6}",
        1 => "[а-яёА-ЯіїЙ\u{301}\u{306}\u{308}]{1,8}",
        1 => "[α-ωάέήςΑ-Ω\u{301}]{1,8}",
        1 => "[\u{600}-\u{6ff}\u{200c}]{1,8}",
        1 => "[\u{590}-\u{5ff}\u{900}-\u{97f}\u{200d}]{1,8}",
        1 => "[🚀👍🏽❤\u{fe0f}👩\u{200d}💻🇩🇪1\u{20e3}™©→≠€½²ﬁ，Ａ]{1,6}",
        2 => prop::sample::select(vec![
            "\"", "'", "\0", "*", "^", "(", ")", " AND ", " OR ", " NOT ", "NEAR(", "text:", "words", "-", ";--", "{text}:", "+",
            "::", "://", "++", ".", ",", "'s", "n't", "\u{301}", "\u{3000}", "\u{feff}", "\u{200b}",
        ]).prop_map(String::from),
    ];
    let gap = prop::sample::select(vec!["", "", " ", " ", "\n"]);
    prop::collection::vec((piece, gap), 0..10)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, gap)| piece + gap).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_token_has_only_the_characters_of_the_contract(text in text()) {
        analyze(&text, &mut |token| {
            assert!((1..=MAX_TOKEN_CHARS).contains(&token.chars().count()), "{token:?}");
            for c in token.chars() {
                let allowed = c.is_ascii_lowercase() || c.is_ascii_digit() || TOKEN_PUNCTUATION.contains(c)
                    || !(c.is_ascii() || c.is_whitespace() || c.is_control());
                assert!(allowed, "{c:?} in {token:?}");
            }
        });
    }

    #[test]
    fn fts5_sees_exactly_the_tokens(text in text()) {
        let connection = table();
        insert(&connection, 1, &text);
        connection.execute_batch("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, instance)").unwrap();
        let mut statement = connection.prepare("SELECT term FROM vocabulary ORDER BY offset").unwrap();
        let seen: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut made = Vec::new();
        analyze(&text, &mut |token| made.push(token.to_owned()));
        prop_assert_eq!(seen, made);
    }

    #[test]
    fn no_query_is_an_error(text in text()) {
        let connection = table();
        insert(&connection, 1, "some text");
        search(&connection, &text).unwrap();
        prop_assert!(keywords(&text).len() <= MAX_TERMS);
    }

    #[test]
    fn every_word_of_a_text_finds_it(text in text()) {
        let connection = table();
        insert(&connection, 1, &text);
        for word in text.split_whitespace().chain([text.as_str()]) {
            if !keywords(word).is_empty() {
                prop_assert_eq!(search(&connection, word).unwrap(), [1], "{:?}", word);
            }
        }
    }

    #[test]
    fn every_character_of_an_unspaced_run_finds_it(text in "[東京都データ한국어使う]{1,8}") {
        let connection = table();
        insert(&connection, 1, &text);
        for character in text.chars() {
            prop_assert_eq!(search(&connection, &character.to_string()).unwrap(), [1], "{:?}", character);
        }
    }

    #[test]
    fn a_reused_analyzer_agrees_with_a_new_one(texts in prop::collection::vec(text(), 1..4)) {
        let mut reused = Analyzer::new();
        for text in texts {
            let (mut ours, mut fresh) = (String::new(), String::new());
            reused.token_stream(&text, &mut ours);
            token_stream(&text, &mut fresh);
            prop_assert_eq!(ours, fresh);
        }
    }
}

#[test]
fn what_plain_fts5_missed_is_found() {
    let connection = table();
    let memories = [
        "我们决定在东京的项目里使用TypeScript和数据库",
        "明日は京都でTypeScriptを使う",
        "서울에서 데이터베이스를 배웠다",
        "ฉันชอบกินข้าวมันไก่ที่กรุงเทพ",
        "Deploy C++ code to user@example.com with node.js v1.2.3",
    ];
    for (rowid, text) in (1..).zip(memories) {
        insert(&connection, rowid, text);
    }
    for (query, expected) in [
        ("数据库", 1),
        ("东京", 1),
        ("京都", 2),
        ("使う", 2),
        ("う", 2),
        ("데이터베이스", 3),
        ("ข้าวมันไก่", 4),
        ("c++", 5),
        ("nodejs", 5),
        ("example.com", 5),
        ("1.2.3", 5),
        ("deployed codes", 5),
    ] {
        assert_eq!(search(&connection, query).unwrap().first(), Some(&expected), "{query}");
    }
    let mut both = search(&connection, "typescript").unwrap();
    both.sort_unstable();
    assert_eq!(both, [1, 2]);
}

#[test]
fn a_deleted_memory_is_not_found() {
    let connection = table();
    insert(&connection, 1, "東京");
    connection.execute("DELETE FROM words WHERE rowid = 1", []).unwrap();
    assert_eq!(search(&connection, "東京").unwrap(), [] as [i64; 0]);
}

#[test]
fn time_is_linear_in_hostile_text() {
    // Each would take minutes if any step were quadratic.
    for unit in [
        "a",
        "a.",
        "aB",
        "aA1",
        "A",
        "1,000,",
        "é",
        "e\u{301}",
        "\u{301}",
        "👩\u{200d}",
        "東",
        "ก\u{e49}",
        ".a",
        "a'",
        "a:",
        "a::",
        "\u{200c}",
        "™",
        "🇩",
    ] {
        let text = unit.repeat(1 << 18);
        let mut tokens = 0_usize;
        analyze(&text, &mut |_| tokens += 1);
        keywords(&text);
    }
}
