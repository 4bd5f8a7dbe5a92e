//! How secrets look: what keys of the larger providers have in common, and what gives a password away.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

/// One kind of secret. Where the expression has a group, only that part is secret.
struct Kind {
    name: &'static str,
    looks: &'static str,
    /// What the expression cannot say.
    is_real: fn(&str) -> bool,
}

const fn kind(name: &'static str, looks: &'static str) -> Kind {
    Kind { name, looks, is_real: |_| true }
}

const KINDS: [Kind; 13] = [
    kind(
        "private_key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)|AGE-SECRET-KEY-1[0-9A-Z]{58}",
    ),
    kind("aws_key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    kind("github_token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})\b"),
    kind("gitlab_token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    kind("slack_token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/([A-Za-z0-9/]{20,})"),
    kind(
        "ai_provider_key",
        r"\b(?:sk-(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,})",
    ),
    kind("google_key", r"\bAIza[0-9A-Za-z_-]{35}"),
    kind("stripe_key", r"\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}"),
    kind(
        "service_token",
        r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|dop_v1_[a-f0-9]{64}|[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})",
    ),
    kind("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    Kind { name: "card_number", looks: r"\b[2-6][0-9](?:[ -]?[0-9]){11,17}\b", is_real: is_card },
    kind("url_password", r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:([^\s/@]{4,128})@"),
    Kind {
        name: "password",
        looks: r#"(?i)\b[a-z0-9_-]{0,32}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["'`]?[ \t]{0,3}(?:=|:|:=|=>| is )[ \t]{0,3}["'`]?([^\s"'`,;<>]{10,256})"#,
        is_real: is_random,
    },
];

/// All kinds at once tell whether there is anything to look for; most texts end here.
static ANY: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(KINDS.iter().map(|kind| kind.looks)).expect("our own expressions"));

static EACH: LazyLock<Vec<Regex>> =
    LazyLock::new(|| KINDS.iter().map(|kind| Regex::new(kind.looks).expect("our own expressions")).collect());

/// Where in `text` secrets stand, and of which kind; in order, without overlaps.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
    for index in ANY.matches(text) {
        let kind = &KINDS[index];
        for captures in EACH[index].captures_iter(text) {
            let part = secret_part(&captures);
            if (kind.is_real)(&text[part.clone()]) && !found.iter().any(|(known, _)| overlap(known, &part)) {
                found.push((part, kind.name));
            }
        }
    }
    found.sort_by_key(|(part, _)| part.start);
    found
}

fn secret_part(captures: &Captures<'_>) -> Range<usize> {
    captures.get(1).or_else(|| captures.get(0)).map(|part| part.range()).unwrap_or_default()
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Whether digits are a payment card's: the length that its issuer uses, and the check digit.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let first_two = digits[0] * 10 + digits[1];
    let length = match first_two {
        34 | 37 => 15..=15,
        36 | 38 | 39 | 30 => 14..=14,
        40..=49 => 13..=19,
        22..=27 | 35 | 50..=59 | 60..=69 => 16..=16,
        _ => return false,
    };
    let check = digits.iter().rev().enumerate().map(|(place, digit)| match place % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    // A row of one digit is a placeholder.
    length.contains(&digits.len())
        && check.sum::<u32>() % 10 == 0
        && digits.iter().any(|digit| *digit != digits[0])
}

/// Whether a word looks drawn by lot: several kinds of characters, and few of them twice. So `token: see the handbook`
/// is no secret, and neither is a path or a template.
fn is_random(word: &str) -> bool {
    let has = |kind: fn(&char) -> bool| u32::from(word.chars().any(|c| kind(&c)));
    let kinds = has(char::is_ascii_lowercase) + has(char::is_ascii_uppercase) + has(char::is_ascii_digit);
    let reference = word.contains("://")
        || word.starts_with(['/', '$', '{', '%', '.'])
        || ["${", "(", "env.", "env["].iter().any(|code| word.contains(code));
    !reference && kinds >= 2 && word.chars().any(|c| c.is_ascii_digit()) && entropy(word) >= 2.75
}

/// Bits for each character.
fn entropy(word: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    for c in word.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let length: f64 = counts.values().sum();
    counts.values().map(|count| -(count / length) * (count / length).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        find(text).into_iter().map(|(_, kind)| kind).collect()
    }

    /// Samples are put together here, so that no scanner takes this file for a leak.
    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let random = "q7Zt0Xc4Vb9Nm2Lk8Jh5Gf3Ds6Ap1QwErTyU";
        for (text, kind) in [
            (format!("my key is AKIA{} ok", "IOSFODNN7EXAMPLE"), "aws_key"),
            (format!("export GH=ghp_{random}"), "github_token"),
            (format!("glpat-{}", &random[..20]), "gitlab_token"),
            (format!("xoxb-{}", &random[..24]), "slack_token"),
            (format!("sk-ant-api03-{random}"), "ai_provider_key"),
            (format!("sk-proj-{random}"), "ai_provider_key"),
            (format!("AIza{}", &random[..35]), "google_key"),
            (format!("sk_live_{}", &random[..24]), "stripe_key"),
            (format!("npm_{random}"), "service_token"),
            (format!("eyJ{0}.eyJ{0}.{0}", &random[..20]), "jwt"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----".into(),
                "private_key",
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\ncut off".into(), "private_key"),
            ("pay with 4111 1111 1111 1111 please".into(), "card_number"),
            ("amex 3782-822463-10005".into(), "card_number"),
            ("postgres://me:hunter22@db/x".into(), "url_password"),
            (format!("DB_PASSWORD={}", &random[..12]), "password"),
            (format!("\"api_key\": \"{}\"", &random[..20]), "password"),
            (format!("the wifi password is {}", &random[..14]), "password"),
        ] {
            assert_eq!(kinds(&text), [kind], "{text}");
        }
    }

    #[test]
    fn ordinary_text_is_no_secret() {
        for text in [
            "The password is in the safe; the token expires tomorrow",
            "password: see the handbook",
            "token = process.env.TOKEN_2",
            "secret: ${VAULT_SECRET_1}",
            "api_key: /run/secrets/api_key_2",
            "Order 4111 1111 1111 1112 was shipped",
            "call +49 30 1234567890",
            "commit 3f2a9c0d1e4b5a6978877665544332211ffeeddc",
            "mem_0000000000000000",
            "2026-11-21T10:00:00.000Z",
            "https://example.org:8080/path@x",
            "sk-learn is a library; sk-learn-contrib too",
            "AKIA",
            "0000 0000 0000 0000",
            "ISBN 978-3-16-148410-0",
            "a task-oriented approach",
            "id 550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert!(find(text).is_empty(), "{text}: {:?}", kinds(text));
        }
    }

    #[test]
    fn only_the_secret_part_is_meant() {
        let text = "see postgres://me:hunter22@db/x";
        assert_eq!(&text[find(text)[0].0.clone()], "hunter22");
    }
}
