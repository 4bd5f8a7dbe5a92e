//! One sentence in each script, and the shapes that are easy to get wrong.

use super::*;

fn stream(text: &str) -> String {
    let mut out = String::new();
    Analyzer::new().token_stream(text, &mut out);
    out
}

#[test]
fn english() {
    assert_eq!(
        stream("We don’t store the users' passwords; Alice's naïve façade decided it on 3.14."),
        "we dont store the user password alic naiv facad decid it on 3.14 3 14"
    );
}

#[test]
fn german() {
    assert_eq!(
        stream("Die Größe der Datenbanken wächst über Nacht auf 1.000 Einträge."),
        "die gross der datenbanken wachst uber nacht auf 1.000 1 000 eintrag"
    );
}

#[test]
fn russian() {
    assert_eq!(stream("Ёлка стоит в новой комнате, мой йогурт."), "елк сто в нов комнат мо йогурт");
}

#[test]
fn chinese() {
    assert_eq!(stream("我们用Rust写数据库。"), "我们 们用 用 rust 写数 数据 据库 库");
}

#[test]
fn japanese() {
    assert_eq!(stream("ｶﾞイドを読む、3月"), "ガイ イド ドを を読 読む む 3 月");
}

#[test]
fn korean() {
    assert_eq!(stream("데이터베이스는 서울에"), "데이 이터 터베 베이 이스 스는 는 서울 울에 에");
}

#[test]
fn thai() {
    assert_eq!(stream("ฉันรัก API"), "ฉั ัน นร รั ัก ก api");
}

#[test]
fn arabic() {
    assert_eq!(stream("أَحْمَدُ يكتب"), stream("احمد يكتب"));
    assert_eq!(stream("الكتاب المدرسة"), "كتاب مدرس");
}

#[test]
fn hindi() {
    assert_eq!(stream("मुझे हिन्दी पसंद है।"), "मुझे हिन्दी पसंद है");
}

#[test]
fn hebrew() {
    assert_eq!(stream("שָׁלוֹם, הספר שלי בצה״ל"), "שלום הספר שלי בצהל בצה ל");
}

#[test]
fn greek() {
    assert_eq!(stream("Οι βάσεις δεδομένων"), stream("οι βασεισ δεδομενων"));
    assert_eq!(stream("Ὁ Σωκράτης"), "ο σωκρατ");
}

#[test]
fn emoji_and_symbols() {
    assert_eq!(
        stream("ship it 🚀🚀 👍🏽 ❤️ 🇩🇪 👩🏽‍💻 1️⃣ Java™ © → 5€"),
        "ship it 🚀 🚀 👍 ❤ 🇩🇪 👩‍💻 👩 💻 1 java ™ © → 5 €"
    );
}

#[test]
fn code() {
    assert_eq!(
        stream("let my_var = HTTPServer2::newUser(); // see src/main.rs, C++ or C# or .NET, ASP.NET"),
        "let myvar my var httpserver2newuser http server 2 new user see srcmainr src main rs c++ c or c# c or .net net aspnet asp net"
    );
}

#[test]
fn spellings_of_one_thing_share_a_token() {
    for group in [
        &["node.js", "nodeJS", "NodeJs", "node-js", "nodejs"][..],
        &["e-mail", "email", "E-Mail"],
        &["don't", "don’t", "dont", "DON'T"],
        &["1,000", "1000"],
        &["2026-11-21", "2026/11/21", "2026.11.21"],
        &["snake_case", "snakeCase", "SNAKE_CASE", "snake-case", "snake::case"],
        &["Straße", "STRASSE", "strasse"],
        &["ёлка", "ЕЛКА"],
        &["ＴｙｐｅScript", "typescript"],
    ] {
        let first = stream(group[0]);
        let whole = first.split(' ').next();
        for other in group {
            assert_eq!(stream(other).split(' ').next(), whole, "{other}");
        }
    }
}

#[test]
fn control_characters_separate() {
    assert_eq!(
        stream("one\0two\u{7}three\u{85}four\u{2028}five\u{3000}six\u{feff}seven"),
        "one two three four five six seven"
    );
}

#[test]
fn long_runs_are_cut() {
    assert_eq!(stream(&"x1".repeat(5_000)).len(), MAX_TOKEN_CHARS);
    assert_eq!(stream(&"é".repeat(5_000)), "e".repeat(MAX_TOKEN_CHARS));
    assert_eq!(stream(&"ж".repeat(65)).chars().count(), MAX_TOKEN_CHARS);
}

#[test]
fn encoded_data_is_cut_into_names() {
    let stream = stream(&"aB".repeat(1_000));
    assert_eq!(stream.split(' ').filter(|token| token.len() == MAX_TOKEN_CHARS).count(), 8);
}

#[test]
fn an_analyzer_says_the_same_whatever_it_saw_before() {
    let mut analyzer = Analyzer::new();
    for text in ["running runs", "Τρέχω ТЕКСТ 東京", "a_b.c", "running runs"] {
        let mut out = String::new();
        analyzer.token_stream(text, &mut out);
        assert_eq!(out, stream(text));
    }
}
