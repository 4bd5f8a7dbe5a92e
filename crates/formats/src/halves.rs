//! Half a character: a script that cuts a text anywhere may cut through a pair of escapes, and what it writes then
//! (`\ud83d` alone) is no text, though it is JSON by its form.

use std::borrow::Cow;

use crate::{Place, Sink};

/// JSON with U+FFFD in the place of halves of characters; the sink is told.
pub(crate) fn mended<'a>(json: &'a str, place: &Place, sink: &mut dyn Sink) -> Cow<'a, str> {
    let whole = mend(json);
    if matches!(whole, Cow::Owned(_)) {
        sink.changed("half a character", "was replaced by U+FFFD: a text was cut through it", place);
    }
    whole
}

/// The same, silently.
pub(crate) fn mend(json: &str) -> Cow<'_, str> {
    let (mut whole, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(next) = json[at..].find('\\') {
        let escape = at + next;
        let (units, length) = match (unit(json, escape), unit(json, escape + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (false, 12),
            (Some(0xD800..=0xDFFF), _) => (true, 6),
            // The character after it is of any length.
            _ => (false, 1 + json[escape + 1..].chars().next().map_or(0, char::len_utf8)),
        };
        if units {
            whole.push_str(&json[copied..escape]);
            whole.push_str("\\ufffd");
            copied = escape + length;
        }
        at = escape + length;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    whole.push_str(&json[copied..]);
    Cow::Owned(whole)
}

/// The unit of UTF-16 whose escape begins here.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fate;
    use crate::testing::{collect, collect_files};

    #[test]
    fn only_halves_are_replaced() {
        for (json, expected) in [
            (r#""a\ud83d""#, r#""a\ufffd""#),
            (r#""\uDE00\ud83d\ude00\uD83D\ud83d\ude00\n""#, r#""\ufffd\ud83d\ude00\ufffd\ud83d\ude00\n""#),
            (r#""\ud83d"#, r#""\ufffd"#),
        ] {
            assert_eq!(mend(json), expected);
            assert!(matches!(mend(json), Cow::Owned(_)));
        }
        for json in [r#""\\ud83d \u00e9 \ud83d\ude00 😀""#, r#""\"#, "\"\\é\"", r#""\ud83""#] {
            assert!(matches!(mend(json), Cow::Borrowed(_)), "{json}");
        }
    }

    #[test]
    fn a_turn_with_half_a_character_is_no_turn_that_is_lost() {
        let line = r#"{"type":"user","uuid":"u","sessionId":"s","timestamp":"2026-05-01T10:00:00Z","message":{"role":"user","content":"Tea \ud83d"}}"#;
        let codex = r#"{"timestamp":"2026-05-01T10:00:00Z","type":"response_item","payload":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tea \ud83d"}]}}"#;
        let gpt = r#"[{"id":"c","mapping":{"a":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["Tea \ud83d"]}}}}}]"#;
        let claude = r#"[{"uuid":"c","name":"n","chat_messages":[{"uuid":"m","sender":"human","text":"Tea \ud83d","content":[]}]}]"#;
        let cli = r#"{"sessionId":"s","projectHash":"h","messages":[{"id":"1","type":"user","content":"Tea \ud83d"}]}"#;
        for (format, name, text) in [
            ("claude-code", "s.jsonl", line),
            ("codex", "rollout-1.jsonl", codex),
            ("chatgpt", "conversations.json", gpt),
            ("claude-ai", "conversations.json", claude),
            ("gemini-cli", "session-1.json", cli),
        ] {
            let found = collect(format, name, text.as_bytes());
            assert_eq!(found.count(Fate::Changed, "half a character"), 1, "{format} {:?}", found.notes);
            assert_eq!(found.conversations.len(), 1, "{format} {:?}", found.notes);
            assert_eq!(found.conversations[0].messages[0].content.as_str(), "Tea \u{fffd}", "{format}");
        }
    }

    #[test]
    fn a_memory_with_half_a_character_is_read() {
        let mem0 = r#"[{"id":"a","memory":"Tea \ud83d","hash":"h"}]"#;
        let graph = r#"[{"namespace":["a"],"key":"k","value":{"text":"Tea \ud83d"},"created_at":"2026-05-01T10:00:00Z"}]"#;
        assert_eq!(collect("mem0", "m.json", mem0.as_bytes()).texts(), ["Tea \u{fffd}"]);
        assert_eq!(collect("langgraph", "m.json", graph.as_bytes()).texts(), ["Tea \u{fffd}"]);
        let agent = r#"{"agents":[{"name":"a"}],"blocks":[{"label":"human","value":"Tea \ud83d"}]}"#;
        let twice = serde_json::to_string(agent).unwrap();
        for text in [agent, &twice] {
            let found = collect_files("letta", &[("a.af", text)]);
            assert_eq!(found.count(Fate::Changed, "half a character"), 1, "{text} {:?}", found.notes);
        }
    }
}
