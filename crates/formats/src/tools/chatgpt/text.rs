//! What a message says.

use std::borrow::Cow;

use super::wire::{Content, Message};
use crate::loose::Piece;

/// The text of a message with placeholders for what is no text, and the names of its files.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) files: Vec<String>,
    /// How many parts are of kinds that are not known.
    pub(super) unknown: usize,
}

/// Reads a message.
pub(super) fn said(message: &Message<'_>) -> Said {
    let mut said = Said::default();
    let Some(content) = &message.content.0 else { return said };
    for part in &content.parts.0 {
        match part {
            Piece::Text(text) => push(&mut said.text, &cleaned(text)),
            Piece::Object(part) => {
                if let Some(text) = part.text.get() {
                    push(&mut said.text, &cleaned(text));
                } else if let Some(pointer) = part.asset_pointer.get() {
                    let kind = part.content_type.get().unwrap_or("file").split('_').next().unwrap_or("file");
                    push(&mut said.text, &format!("[{kind}]"));
                    said.files.push(pointer.to_owned());
                } else {
                    let spoken = [
                        ("[audio]", &part.audio_asset_pointer),
                        ("[video]", &part.video_container_asset_pointer),
                    ];
                    let spoken = spoken.map(|(mark, pointer)| Some((mark, pointer.0.as_ref()?)));
                    let is_known = spoken.iter().any(Option::is_some)
                        || part.content_type.get() == Some("audio_transcription");
                    said.unknown += usize::from(!is_known);
                    for (mark, pointer) in spoken.into_iter().flatten() {
                        push(&mut said.text, mark);
                        said.files.push(pointer.asset_pointer.owned().unwrap_or_else(|| mark.to_owned()));
                    }
                }
            }
            Piece::Nothing => {}
        }
    }
    if said.text.is_empty() {
        said.text = otherwise(content);
    }
    let attached = message.metadata.0.iter().flat_map(|metadata| &metadata.attachments.0);
    let attached = attached.filter_map(|attachment| attachment.0.as_ref());
    said.files.extend(attached.filter_map(|file| file.name.owned().or_else(|| file.id.owned())));
    said
}

/// The text of a message without parts.
fn otherwise(content: &Content<'_>) -> String {
    let text = [&content.text, &content.result, &content.content].into_iter().find_map(|word| word.get());
    let text = text.unwrap_or_default();
    if content.content_type.get() != Some("code") || text.is_empty() {
        return cleaned(text).into_owned();
    }
    let language = content.language.get().filter(|language| *language != "unknown").unwrap_or_default();
    // The fence must be longer than any in the text.
    let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

fn push(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

/// A text without the marks of citations, which mean nothing outside the product: private-use characters around tokens,
/// and `【4†source】`.
pub(super) fn cleaned(text: &str) -> Cow<'_, str> {
    const OPEN: char = '\u{E200}';
    const CLOSE: char = '\u{E201}';
    if !text.contains([OPEN, '【']) {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find([OPEN, '【']) {
        clean.push_str(&rest[..at]);
        let mark = &rest[at..];
        let close = if mark.starts_with(OPEN) { CLOSE } else { '】' };
        let end = mark.find(close).map(|end| end + close.len_utf8());
        // What is not closed soon, or is no citation, is text.
        let is_mark = |end: &usize| *end <= 1_000 && (close == CLOSE || mark[..*end].contains('†'));
        let first = mark.chars().next().map_or(0, char::len_utf8);
        let end = end.filter(is_mark).unwrap_or_else(|| {
            clean.push_str(&mark[..first]);
            first
        });
        rest = &mark[end..];
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::cleaned;

    #[test]
    fn citations_are_taken_out_and_text_in_brackets_stays() {
        assert_eq!(
            cleaned("It is so\u{E200}cite\u{E202}turn0search1\u{E201}. And【4†source】 so."),
            "It is so. And so."
        );
        assert_eq!(cleaned("【注意】 read \u{E200}this"), "【注意】 read \u{E200}this");
    }
}
