//! A conversation as people have it: lines that say who speaks, or JSON messages.

use omp_model::conversation::Role;
use serde_json::Value;

use crate::Turn;
use crate::halves::mend;

/// A conversation that was read.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The turns of both sides, in order.
    pub turns: Vec<Turn>,
    /// Which AI it was held with, if it says so.
    pub model: Option<String>,
    /// Its title, if it has one.
    pub topic: Option<String>,
    /// Turns of neither side (system, tools), which are not kept.
    pub passed: usize,
    /// Lines before the first turn, which are not kept.
    pub before: usize,
}

/// Who a line may say that speaks.
const USER: [&str; 4] = ["user", "human", "you", "me"];
const ASSISTANT: [&str; 4] = ["assistant", "ai", "model", "bot"];
/// Names of tools that stand for the assistant, and tell which it was.
const NAMED: [&str; 8] = ["chatgpt", "claude", "codex", "copilot", "cursor", "gemini", "grok", "perplexity"];

/// Reads a transcript; `None` when the text is none of these forms, and an error when it is one with something wrong.
pub fn read(text: &str) -> Option<Result<Transcript, String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['[', '{']) {
        return match serde_json::from_str(&mend(text)) {
            Ok(value) => messages(&value),
            // JSON Lines and the like are for the formats to read.
            Err(_) => None,
        };
    }
    labelled(text).map(Ok)
}

/// JSON: an array of messages, or an object that has one.
fn messages(value: &Value) -> Option<Result<Transcript, String>> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(object) => object.get("messages")?.as_array()?,
        _ => return None,
    };
    // Exports of other tools have lists of other things, or of more than messages: `object` is a thread's of an API.
    let plain = |message: &Value| {
        message.get("role").is_some_and(Value::is_string) && message.get("object").is_none()
    };
    if list.is_empty() || !list.iter().all(plain) {
        return None;
    }
    let word = |names: &[&str]| {
        let found = names.iter().find_map(|name| value.get(name)?.as_str());
        found.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut transcript =
        Transcript { model: word(&["model"]), topic: word(&["topic", "title"]), ..Transcript::default() };
    for (number, message) in list.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default().to_lowercase();
        let role = match role.as_str() {
            role if USER.contains(&role) => Role::User,
            role if ASSISTANT.contains(&role) => Role::Assistant,
            "system" | "developer" | "tool" | "function" => {
                transcript.passed += 1;
                continue;
            }
            _ => return Some(Err(format!("messages[{number}].role must be user or assistant"))),
        };
        let Some(said) = said(message.get("content").unwrap_or(&Value::Null)) else {
            let what = "must be text, or a list of parts with text";
            return Some(Err(format!("messages[{number}].content {what}")));
        };
        transcript.turns.push(Turn::new(role, said));
    }
    Some(Ok(transcript))
}

/// The text of a message's content: as it is, or of its parts. Pictures and calls have none.
fn said(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Option<Vec<&str>> = parts
                .iter()
                .filter(|part| part.is_string() || part.get("text").is_some())
                .map(|part| part.as_str().or_else(|| part.get("text")?.as_str()))
                .collect();
            Some(texts?.join("\n\n"))
        }
        _ => None,
    }
}

/// Lines that begin with who speaks: `User:`, `**Assistant:**`, `### Claude`.
fn labelled(text: &str) -> Option<Transcript> {
    let mut transcript = Transcript::default();
    let mut fence = None;
    let mut open: Option<(Role, String)> = None;
    for line in text.lines() {
        let marks = line.trim_start();
        let fences = marks.bytes().take_while(|b| *b == b'`').count();
        let label = if fence.is_none() { label(line) } else { None };
        if fences >= 3 {
            match fence {
                Some(length) if fences >= length && marks.trim_end().len() == fences => fence = None,
                Some(_) => {}
                None => fence = Some(fences),
            }
        }
        match (label, &mut open) {
            (Some((role, name, rest)), _) => {
                if let Some((role, said)) = open.take() {
                    transcript.turns.push(Turn::new(role, said.trim()));
                }
                if NAMED.contains(&name.as_str()) && transcript.model.is_none() {
                    transcript.model = Some(name);
                }
                open = Some((role, rest.to_owned()));
            }
            (None, Some((_, said))) => {
                said.push('\n');
                said.push_str(line);
            }
            (None, None) => transcript.before += usize::from(!line.trim().is_empty()),
        }
    }
    let (role, said) = open?;
    transcript.turns.push(Turn::new(role, said.trim()));
    Some(transcript)
}

/// Who a line says that speaks, in which word, and what follows on the line.
fn label(line: &str) -> Option<(Role, String, &str)> {
    let heading = line.starts_with('#');
    let bare = line.trim_start_matches('#').trim_start_matches(' ');
    let bold = bare.starts_with("**");
    let bare = bare.trim_start_matches('*');
    let length = bare.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = bare[..length].to_lowercase();
    let mut rest = &bare[length..];
    if bold {
        rest = rest.strip_prefix("**").unwrap_or(rest);
    }
    rest = match rest.strip_prefix(':') {
        Some(rest) => rest,
        None if heading && rest.trim().is_empty() => "",
        None => return None,
    };
    if bold {
        rest = rest.strip_prefix("**").unwrap_or(rest);
    }
    let name_str = name.as_str();
    let role = match name_str {
        _ if USER.contains(&name_str) => Role::User,
        _ if ASSISTANT.contains(&name_str) || NAMED.contains(&name_str) => Role::Assistant,
        _ => return None,
    };
    Some((role, name, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(text: &str) -> Vec<String> {
        let transcript = read(text).unwrap().unwrap();
        let short =
            |turn: &Turn| format!("{}{}", if turn.role == Role::User { "u:" } else { "a:" }, turn.text);
        transcript.turns.iter().map(short).collect()
    }

    #[test]
    fn lines_that_say_who_speaks_are_turns() {
        assert_eq!(turns("User: Hi\nthere\n\nAssistant: Hello: you\n"), ["u:Hi\nthere", "a:Hello: you"]);
        assert_eq!(turns("**You:** Hi\r\n\r\n**Claude**: Yes\r\n"), ["u:Hi", "a:Yes"]);
        assert_eq!(turns("## Human\nHi\n## Gemini\nYes"), ["u:Hi", "a:Yes"]);
        assert_eq!(
            turns("user:\n```\nassistant: in code\n```\nai: Yes"),
            ["u:```\nassistant: in code\n```", "a:Yes"]
        );
    }

    #[test]
    fn the_name_of_the_assistant_is_the_model_and_what_comes_before_is_counted() {
        let transcript = read("Chat of today\n\nMe: Hi\nChatGPT: Yes\nClaude: No").unwrap().unwrap();
        assert_eq!((transcript.model.as_deref(), transcript.before), (Some("chatgpt"), 1));
    }

    #[test]
    fn json_messages_are_turns() {
        let json = r#"{"model": "claude-x", "title": "Tea", "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "source": {}}]},
            {"role": "assistant", "content": null},
            {"role": "assistant", "content": "Yes"}]}"#;
        assert_eq!(turns(json), ["u:Hi", "a:", "a:Yes"]);
        let transcript = read(json).unwrap().unwrap();
        assert_eq!(
            (transcript.model.as_deref(), transcript.topic.as_deref(), transcript.passed),
            (Some("claude-x"), Some("Tea"), 1)
        );
        assert_eq!(turns(r#"[{"role":"human","content":"Hi"}]"#), ["u:Hi"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_and_other_forms_are_left_to_others() {
        let wrong = |json: &str| read(json).unwrap().unwrap_err();
        assert_eq!(
            wrong(r#"[{"role":"user"},{"role":"king"}]"#),
            "messages[1].role must be user or assistant"
        );
        assert!(wrong(r#"[{"role":"user","content":7}]"#).starts_with("messages[0].content must be text"));
        for other in [
            "",
            "just text",
            "{\"a\":1}\n{\"b\":2}",
            r#"[{"mapping":{}}]"#,
            r#"{"messages":[{"object":"thread.message","role":"user"}]}"#,
            "[]",
            "{",
            "Note: tea",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
