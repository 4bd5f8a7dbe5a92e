//! The line of an observation that says something else now.

use omp_model::Tag;

use super::read::Unit;
use super::write::Change;
use crate::Sink;
use crate::draft::slug;
use crate::tools::front_matter::Front;
use crate::tools::rules::markdown;

/// The line anew: its mark, its category and its tags stay as somebody has written them.
pub(super) fn rewritten(
    line: &str,
    unit: &Unit,
    said: &str,
    change: &Change,
    front: &Front,
    report: &mut dyn Sink,
) -> String {
    if said.contains('\n') {
        report.changed("content", "was put on one line", &change.place);
    }
    let mut said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let mark = markdown::point(line.trim_start()).map(|text| &line[..line.trim_end().len() - text.len()]);
    let mark = mark.unwrap_or("- ");
    let is_there = |said: &str, tag: &str| {
        said.split_whitespace().any(|word| word.strip_prefix('#').is_some_and(|word| word == tag))
    };
    let wanted: Vec<Tag> = change.tags.iter().filter_map(|tag| key(tag)).collect();
    let mut known: Vec<Tag> = front.words("tags").iter().filter_map(|tag| key(tag)).collect();
    for tag in &unit.tags {
        let key = key(tag);
        // A tag in another script is none here, so nobody can have taken it away.
        let is_kept = key.as_ref().is_none_or(|key| wanted.contains(key));
        if is_kept && !is_there(&said, tag) {
            said.push_str(&format!(" #{tag}"));
        }
        known.extend(key);
    }
    for tag in &wanted {
        if !known.contains(tag) && !tag.as_str().starts_with("category:") {
            said.push_str(&format!(" #{tag}"));
        }
    }
    let named = change.tags.iter().find_map(|tag| tag.strip_prefix("category:"));
    let category = match (&unit.category, named) {
        (Some(category), Some(named)) if key(category) != key(named) => Some(named),
        (Some(category), _) => Some(category.as_str()),
        // Without a tag it would be an observation no more.
        (None, named) => named.or_else(|| (!said.contains('#')).then_some("note")),
    };
    let category = category.map(|category| format!("[{category}] ")).unwrap_or_default();
    format!("{mark}{category}{said}")
}

/// Whether a memory has other tags than its part of the note gives.
pub(super) fn has_other_tags(unit: &Unit, change: &Change, front: &Front) -> bool {
    let keys =
        |tags: &[String]| tags.iter().filter_map(|tag| key(tag)).collect::<std::collections::BTreeSet<_>>();
    let mut before = keys(&unit.tags);
    before.extend(keys(&front.words("tags")));
    let category = unit.category.as_ref().filter(|category| key(category).is_some());
    before.extend(category.and_then(|category| key(&format!("category:{}", slug(category)))));
    before != keys(&change.tags)
}

/// A tag as a memory has it.
fn key(tag: &str) -> Option<Tag> {
    Tag::normalize(&slug(&tag.replace('/', "-")))
}
