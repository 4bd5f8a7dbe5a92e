//! What a note says, and on which lines.

use std::ops::Range;

use super::Flavour;
use crate::tools::rules::markdown::{heading, point};

/// The parts of a note.
#[derive(Debug, Default)]
pub(super) struct Note {
    pub(super) observations: Vec<Observation>,
    pub(super) relations: Vec<Relation>,
    /// What stands beside observations and relations, by heading.
    pub(super) sections: Vec<Section>,
}

/// A point `- [category] text #tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) category: Option<String>,
    /// Without the tags at its end.
    pub(super) text: String,
    pub(super) tags: Vec<String>,
    /// The line, from 0.
    pub(super) line: usize,
}

/// A point `- type [[note]]`, or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) kind: String,
    pub(super) target: String,
}

/// The text below a heading, up to the next one or to an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The headings above it, from the outermost.
    pub(super) headings: Vec<String>,
    pub(super) text: String,
    /// The tags in its text.
    pub(super) tags: Vec<String>,
    /// The lines from its first to its last that is not blank, from 0.
    pub(super) lines: Range<usize>,
}

impl Note {
    /// Reads the text below the front matter, whose first line has the number `first`.
    pub(super) fn parse(flavour: Flavour, body: &str, first: usize) -> Self {
        let mut note = Self::default();
        let mut headings: Vec<(usize, String)> = Vec::new();
        let mut fence: Option<usize> = None;
        let mut open = false;
        for (number, line) in (first..).zip(body.lines()) {
            let trimmed = line.trim();
            let ticks = fence_length(trimmed);
            if let Some(length) = fence {
                note.prose(&headings, line, number, &mut open);
                if ticks >= length && trimmed.chars().all(|c| c == '`' || c == '~') {
                    fence = None;
                }
                continue;
            }
            if ticks >= 3 {
                fence = Some(ticks);
                note.prose(&headings, line, number, &mut open);
                continue;
            }
            if let Some((level, name)) = heading(line) {
                headings.retain(|(other, _)| *other < level);
                headings.push((level, name.to_owned()));
                open = false;
                continue;
            }
            let found = point(line.trim_start()).and_then(|text| observation(flavour, text, number));
            if let Some(found) = found {
                note.links(&found.text);
                note.observations.push(found);
                open = false;
                continue;
            }
            let related =
                point(line.trim_start()).filter(|_| flavour == Flavour::BasicMemory).and_then(relation);
            if let Some(related) = related {
                note.add(related);
                open = false;
                continue;
            }
            note.links(line);
            note.prose(&headings, line, number, &mut open);
            if let Some(section) = note.sections.last_mut().filter(|_| open) {
                section.tags.extend(tags(line));
            }
        }
        for section in &mut note.sections {
            section.text.truncate(section.text.trim_end().len());
        }
        note.sections.retain(|section| !section.text.trim().is_empty());
        note
    }

    fn prose(&mut self, headings: &[(usize, String)], line: &str, number: usize, open: &mut bool) {
        if !*open {
            if line.trim().is_empty() {
                return;
            }
            let headings = headings.iter().map(|(_, name)| name.clone()).collect();
            self.sections.push(Section {
                headings,
                text: line.to_owned(),
                tags: Vec::new(),
                lines: number..number + 1,
            });
            *open = true;
            return;
        }
        let Some(section) = self.sections.last_mut() else { return };
        section.text.push('\n');
        section.text.push_str(line);
        if !line.trim().is_empty() {
            section.lines.end = number + 1;
        }
    }

    fn links(&mut self, line: &str) {
        for target in links(line) {
            self.add(Relation { kind: "links_to".into(), target: target.to_owned() });
        }
    }

    fn add(&mut self, relation: Relation) {
        if !self.relations.contains(&relation) {
            self.relations.push(relation);
        }
    }
}

fn fence_length(trimmed: &str) -> usize {
    let first = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'));
    first.map_or(0, |first| trimmed.chars().take_while(|c| *c == first).count())
}

/// Whether a text has a link to another note.
pub(super) fn has_link(text: &str) -> bool {
    text.lines().any(|line| links(line).next().is_some())
}

/// The notes that a line links to, without aliases and headings. Files that are shown in place are none.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let (before, after) = rest.split_once("[[")?;
            let (inside, behind) = after.split_once("]]")?;
            rest = behind;
            let target = target(inside);
            if !before.ends_with('!') && !target.is_empty() && !inside.contains('[') {
                return Some(target);
            }
        }
    })
}

fn target(inside: &str) -> &str {
    inside.split(['|', '#']).next().unwrap_or_default().trim()
}

/// What a point says, if it is an observation. Tasks and links are none.
pub(super) fn observation(flavour: Flavour, text: &str, line: usize) -> Option<Observation> {
    let (category, rest) = match text.strip_prefix('[') {
        Some(rest) => {
            let (category, rest) = rest.split_once(']')?;
            let is_task = category.trim().is_empty() || matches!(category, "x" | "X" | "-");
            let plain = !is_task && !category.contains('[') && rest.starts_with(' ');
            if !plain {
                return None;
            }
            (Some(category.trim().to_owned()), rest)
        }
        None => (None, text),
    };
    let (text, tags) = without_tags(rest.trim());
    if text.is_empty() || category.is_none() && (tags.is_empty() || flavour == Flavour::Obsidian) {
        return None;
    }
    if category.is_none() && has_link(rest) {
        return None;
    }
    Some(Observation { category, text, tags, line })
}

/// Whether a word is a tag: `#` with a name that is more than a number.
fn is_tag(word: &str) -> bool {
    let name = word.strip_prefix('#').unwrap_or_default();
    name.chars().any(|c| !c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | ':'))
}

/// The tags in a line of text, where punctuation may follow them.
fn tags(line: &str) -> impl Iterator<Item = String> {
    let words = line
        .split_whitespace()
        .map(|word| word.trim_start_matches('(').trim_end_matches([',', '.', ';', ':', '!', '?', ')']));
    words.filter(|word| is_tag(word)).map(|word| word[1..].to_owned())
}

/// The text without the tags at its end, also before what stands in parentheses there; and all its tags.
fn without_tags(text: &str) -> (String, Vec<String>) {
    let tags: Vec<String> =
        text.split_whitespace().filter(|word| is_tag(word)).map(|word| word[1..].to_owned()).collect();
    if tags.is_empty() {
        return (text.to_owned(), tags);
    }
    let context = text.ends_with(')').then(|| text.rfind(" (")).flatten();
    let (mut said, context) = text.split_at(context.unwrap_or(text.len()));
    loop {
        let trimmed = said.trim_end();
        let start = trimmed
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + trimmed[at..].chars().next().map_or(1, char::len_utf8));
        if !is_tag(&trimmed[start..]) {
            return (format!("{trimmed}{context}").trim().to_owned(), tags);
        }
        said = &trimmed[..start];
    }
}

/// A relation that a point states. The type may stand in quotation marks.
fn relation(text: &str) -> Option<Relation> {
    let (before, after) = text.split_once("[[")?;
    let (inside, _) = after.split_once("]]")?;
    let target = target(inside);
    let kind = before.trim().trim_matches('"').trim();
    if target.is_empty() || before.ends_with('!') || kind.contains(['[', ']']) {
        return None;
    }
    let kind = if kind.is_empty() { "relates_to" } else { kind };
    Some(Relation { kind: kind.to_owned(), target: target.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_told_from_tasks_and_links() {
        let of = |text: &str| observation(Flavour::BasicMemory, text, 0);
        let found = of("[tech] Uses #oak in `keels` #wood #a/b (since 2020)").unwrap();
        assert_eq!(found.text, "Uses #oak in `keels` (since 2020)");
        assert_eq!(
            (found.category.as_deref(), found.tags),
            (Some("tech"), vec!["oak".into(), "wood".into(), "a/b".into()])
        );
        assert_eq!(of("Is late #habit").unwrap().category, None);
        for none in
            ["[ ] task", "[x] done", "[-] no", "[t](u)", "[[Note]]", "plain", "issue #12", "[a]", "[a] #b"]
        {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(observation(Flavour::Obsidian, "Is late #habit", 0), None);
    }

    #[test]
    fn relations_are_points_and_links_are_anywhere() {
        let body = "# T\n\nSee [[One|alias]] and ![[picture.png]].\n\n- works at [[Two#Part]] (now)\n- \"is part of\" [[Three]]\n- [[Four]]\n";
        let note = Note::parse(Flavour::BasicMemory, body, 0);
        let found: Vec<_> = note.relations.iter().map(|r| (r.kind.as_str(), r.target.as_str())).collect();
        assert_eq!(
            found,
            [("links_to", "One"), ("works at", "Two"), ("is part of", "Three"), ("relates_to", "Four")]
        );
        assert_eq!(note.sections[0].text, "See [[One|alias]] and ![[picture.png]].");
        assert_eq!(note.sections[0].lines, 2..3);
    }

    #[test]
    fn code_is_prose_and_blank_lines_at_the_ends_are_none() {
        let note = Note::parse(Flavour::BasicMemory, "\n\nA\n\n```\n- [a] b\n# c\n```\n\n## D\n\nE\n\n", 3);
        assert_eq!(note.observations, []);
        let found: Vec<_> = note.sections.iter().map(|s| (s.headings.len(), s.lines.clone())).collect();
        assert_eq!(found, [(0, 5..11), (1, 14..15)]);
    }
}
