//! Blots out what identifies people and opens doors: mail addresses, telephone numbers, keys. By their looks, so some
//! are missed and some harmless numbers are hit.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::json;

/// What is looked for, and what stands in its place.
static PATTERNS: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
    let regex = |pattern: &str| Regex::new(pattern).expect("a valid pattern");
    [
        (
            regex(concat!(
                r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
                r"|\b(?:sk|pk|rk)[-_](?:[A-Za-z]+[-_])*[A-Za-z0-9_-]{16,}",
                r"|\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}",
                r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30,}",
                r"|\bhf_[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
                r"|(?i:\bbearer\s+[A-Za-z0-9._~+/-]{20,}=*)",
            )),
            "[key]",
        ),
        (regex(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"), "[mail]"),
        (
            regex(concat!(
                r"\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}\b",
                r"|\(\d{2,5}\)[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){1,3}\b",
                r"|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b",
            )),
            "[phone]",
        ),
    ]
});

/// The text without them, and whether there were any.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let mut clean = Cow::Borrowed(text);
    for (pattern, mark) in &*PATTERNS {
        if let Cow::Owned(changed) = pattern.replace_all(&clean, *mark) {
            clean = Cow::Owned(changed);
        }
    }
    clean
}

/// The text without keys, and otherwise as it is.
pub(crate) fn keys(text: &str) -> Cow<'_, str> {
    let (pattern, mark) = &PATTERNS[0];
    pattern.replace_all(text, *mark)
}

/// JSON with all its texts so; what is none is left out.
pub(crate) fn raw(raw: &RawValue) -> Option<Box<RawValue>> {
    let mut value: Value = serde_json::from_str(raw.get()).ok()?;
    self::value(&mut value);
    Some(json(&value))
}

fn value(value: &mut Value) {
    match value {
        Value::String(string) => {
            if let Cow::Owned(clean) = text(string) {
                *string = clean;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(self::value),
        Value::Object(members) => {
            members.values_mut().for_each(self::value);
            if members.keys().any(|name| matches!(text(name), Cow::Owned(_))) {
                let mut clean = serde_json::Map::new();
                for (name, value) in std::mem::take(members) {
                    let mut name = text(&name).into_owned();
                    // Two people make two members.
                    let numbered = (clean.len() + 1..).map(|number| format!("{name} {number}"));
                    if clean.contains_key(&name) {
                        name =
                            numbered.into_iter().find(|name| !clean.contains_key(name)).unwrap_or_default();
                    }
                    clean.insert(name, value);
                }
                *members = clean;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn addresses_numbers_and_keys_are_blotted_out() {
        for (before, after) in [
            ("Mail ana.b+x@mail.example.org now", "Mail [mail] now"),
            ("Call +49 (30) 1234-5678 or 555-123-4567.", "Call [phone] or [phone]."),
            ("export OPENAI_API_KEY=sk-proj-abcdefghijklmnop1234", "export OPENAI_API_KEY=[key]"),
            ("token ghp_abcdefghijklmnopqrstuvwx", "token [key]"),
            ("AKIAABCDEFGHIJKLMNOP", "[key]"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[key]"),
        ] {
            assert_eq!(text(before), after);
        }
    }

    #[test]
    fn ordinary_text_and_dates_stay() {
        for ordinary in [
            "On 2026-05-01 at 10:20 we met 12 people in room 404.",
            "Versions 1.12.2 and 0.10.7; port 5432; 192.168.1.10",
            "sk-learn is a library; the task-force met",
        ] {
            assert_eq!(text(ordinary), ordinary);
        }
    }
}
