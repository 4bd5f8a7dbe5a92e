//! What a turn says.

use super::wire::Message;
use crate::loose::Piece;

/// The text of a turn, what was left out of it, and the names of its files.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) files: Vec<String>,
    /// Kinds of blocks that were left out.
    pub(super) left_out: Vec<&'static str>,
    /// Whether the text of a file was left out.
    pub(super) has_extract: bool,
}

/// Reads a turn. Blocks count when one of them has text, else `text`: where both are, they say the same.
pub(super) fn said(message: &Message<'_>) -> Said {
    let mut said = Said::default();
    let mut texts = Vec::new();
    for block in &message.content.0 {
        match block {
            Piece::Text(text) => texts.push(&**text),
            Piece::Object(block) => match block.kind.get().unwrap_or("text") {
                "text" => texts.extend(block.text.get()),
                "thinking" | "redacted_thinking" => said.left_out.push("thoughts"),
                "tool_use" => said.left_out.push("tool call"),
                "tool_result" => said.left_out.push("tool result"),
                "token_budget" | "flag" => {}
                _ => match block.text.get() {
                    Some(text) => texts.push(text),
                    None => said.left_out.push("block of another kind"),
                },
            },
            Piece::Nothing => {}
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    if texts.is_empty() {
        texts.extend(message.text.get());
    }
    said.text = artifacts(&without_thoughts(&texts.join("\n\n")));
    for file in message.attachments.0.iter().chain(&message.files.0).filter_map(|file| file.0.as_ref()) {
        let name = file.file_name.owned().or_else(|| file.file_uuid.owned());
        said.files.push(name.unwrap_or_else(|| "pasted text".into()));
        said.has_extract |= file.extracted_content.get().is_some();
    }
    said
}

/// Takes out what the model of 2024 thought between tags.
fn without_thoughts(text: &str) -> String {
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("<antThinking>") {
        let Some((_, behind)) = after.split_once("</antThinking>") else { break };
        clean.push_str(before);
        rest = behind;
    }
    clean.push_str(rest);
    clean
}

/// Turns the artifacts of 2024 from tags into fenced text under their title.
fn artifacts(text: &str) -> String {
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("<antArtifact") {
        let Some((tag, body)) = after.split_once('>') else { break };
        let Some((body, behind)) = body.split_once("</antArtifact>") else { break };
        clean.push_str(before);
        if let Some(title) = attribute(tag, "title") {
            clean.push_str(&format!("**{title}**\n"));
        }
        let fence = "`".repeat(body.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
        let language = attribute(tag, "language").unwrap_or_default();
        clean.push_str(&format!("{fence}{language}\n{}\n{fence}", body.trim_matches('\n')));
        rest = behind;
    }
    clean.push_str(rest);
    clean
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::{artifacts, without_thoughts};

    #[test]
    fn tags_of_2024_become_text() {
        let text = "Here.<antThinking>hm</antThinking>\n<antArtifact identifier=\"a\" language=\"rust\" title=\"Main\">\nfn main() {}\n</antArtifact>\nDone.";
        assert_eq!(artifacts(&without_thoughts(text)), "Here.\n**Main**\n```rust\nfn main() {}\n```\nDone.");
        for open in ["<antThinking>never closed", "a <antArtifact b", "a <antArtifact x>y"] {
            assert_eq!(artifacts(&without_thoughts(open)), open);
        }
    }
}
