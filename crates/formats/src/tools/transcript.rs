//! What the transcripts of coding tools have in common.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::loose::{List, Object, Piece, Word};
use crate::{Place, Sink, redact};

/// The namespace of what was said in a folder: the project's name is the folder's.
pub(in crate::tools) fn project(folder: &str) -> Option<String> {
    let name = folder.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next()?;
    (!name.is_empty() && !name.ends_with(':')).then(|| format!("project:{}", name.replace(':', "-")))
}

/// A text without the keys that end up in transcripts because a tool has shown them.
pub(in crate::tools) fn without_keys(text: String, place: &Place, sink: &mut dyn Sink) -> String {
    match redact::keys(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => {
            sink.changed("key", "was blotted out of what was said", place);
            clean
        }
    }
}

/// A block of what was said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::tools) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub(in crate::tools) kind: Word<'a>,
    #[serde(borrow)]
    pub(in crate::tools) text: Word<'a>,
    #[serde(rename = "inlineData", borrow)]
    inline: Option<&'a RawValue>,
    #[serde(rename = "fileData", borrow)]
    file: Option<&'a RawValue>,
}

impl Block<'_> {
    /// Whether it is a file of Gemini's, and no text.
    pub(in crate::tools) fn is_file(&self) -> bool {
        self.inline.is_some() || self.file.is_some()
    }
}

/// What was said: one text, or blocks.
pub(in crate::tools) fn blocks(content: Option<&RawValue>) -> Vec<Piece<'_, Block<'_>>> {
    let Some(raw) = content.map(RawValue::get) else { return Vec::new() };
    if raw.starts_with('[') {
        return serde_json::from_str::<List<_>>(raw).unwrap_or_default().0;
    }
    if raw.starts_with('{') {
        let block = serde_json::from_str::<Object<Block<'_>>>(raw).unwrap_or_default().0;
        return block.map(Piece::Object).into_iter().collect();
    }
    let text = serde_json::from_str::<Word<'_>>(raw).unwrap_or_default();
    text.0.map(Piece::Text).into_iter().collect()
}

/// The text between `<name>` and `</name>`, the first time it occurs.
pub(in crate::tools) fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

/// The text without what stands between `<name>` and `</name>`.
pub(in crate::tools) fn without_tag<'a>(text: &'a str, name: &str) -> Cow<'a, str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    if !text.contains(&open) {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(&open) {
        let Some((_, behind)) = after.split_once(&close) else { break };
        clean.push_str(before);
        rest = behind;
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// Of turns that hang together by their parents: the way that leads to `last`, and what leaves it.
pub(in crate::tools) fn path_and_branches(
    parents: &[Option<usize>],
    last: usize,
) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut is_parent = vec![false; parents.len()];
    for parent in parents.iter().flatten() {
        is_parent[*parent] = true;
    }
    let mut met = vec![false; parents.len()];
    let mut up = |from: usize| {
        let (mut way, mut next) = (Vec::new(), Some(from));
        while let Some(number) = next.filter(|number| !met[*number]) {
            met[number] = true;
            way.push(number);
            next = parents[number];
        }
        way.reverse();
        way
    };
    let path = up(last);
    let leaves = (0..parents.len()).filter(|number| !is_parent[*number]);
    let branches = leaves.map(up).filter(|way| !way.is_empty()).collect();
    (path, branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_called_like_its_folder() {
        for (folder, expected) in [
            ("/home/ana/my-boat", Some("project:my-boat")),
            ("C:\\work\\boat\\", Some("project:boat")),
            ("/", None),
            ("C:\\", None),
            ("", None),
        ] {
            assert_eq!(project(folder).as_deref(), expected, "{folder}");
        }
    }

    #[test]
    fn tags_are_cut_out_and_open_ones_stay() {
        assert_eq!(without_tag("a<x>b</x>c<x>d</x>", "x"), "ac");
        assert_eq!(without_tag("a<x>b", "x"), "a<x>b");
        assert_eq!(tag("<n>/go</n><a>x</a>", "a"), Some("x"));
    }

    #[test]
    fn what_bites_its_tail_ends() {
        let parents = [Some(1), Some(0), Some(0)];
        let (path, branches) = path_and_branches(&parents, 2);
        assert_eq!((path, branches), (vec![1, 0, 2], vec![]));
    }
}
