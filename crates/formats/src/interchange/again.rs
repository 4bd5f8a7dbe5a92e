//! A record that comes again: whether its source says something else than it did.

use omi::Record;
use omp_model::{Memory, Timestamp};

use super::{Context, from_record};
use crate::origin::Origin;

/// Whether two records say the same. What stands beside an item in its file (its place, its neighbours) is kept for
/// writing it back, and a difference there is none in what the item says.
pub fn say_the_same(stored: &str, new: &str) -> bool {
    let records = Record::parse(stored).ok().zip(Record::parse(new).ok());
    let Some((stored, new)) = records else { return false };
    let origins = Origin::of(&stored).zip(Origin::of(&new));
    origins.is_some_and(|(stored, new)| stored.says_what(&new))
}

/// The memories that a record becomes; none when it is no record.
pub fn memories(record: &str) -> Vec<Memory> {
    let context = Context { subject: None, fallback: Timestamp::from_millis(0) };
    let mapped = Record::parse(record).ok().and_then(|record| from_record(&record, context).ok());
    mapped.map(|mapped| mapped.parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Found, collect, collect_files};

    /// Of two readings of the same items: whether the items that both have say the same.
    fn same(one: &Found, other: &Found) -> Vec<bool> {
        let text = |found: &Found| -> Vec<(String, String)> {
            let json = |record: &Record| serde_json::to_string(record.members()).unwrap();
            found.records.iter().map(|r| (r.id().unwrap().into_owned(), json(r))).collect()
        };
        let (one, other) = (text(one), text(other));
        let pairs = one.iter().filter_map(|(id, record)| {
            let (_, again) = other.iter().find(|(other, _)| other == id)?;
            Some(say_the_same(record, again))
        });
        pairs.collect()
    }

    #[test]
    fn neighbours_and_places_in_the_file_are_nothing_that_an_item_says() {
        let ana = r#"{"type":"entity","name":"Ana","entityType":"person","observations":["Rows","Sails"]}"#;
        let ben = r#"{"type":"entity","name":"Ben","entityType":"person","observations":["Reads"]}"#;
        let knows = r#"{"type":"relation","from":"Ana","to":"Ben","relationType":"knows"}"#;
        let graph = |lines: &[&str]| collect("mcp-memory", "memory.jsonl", lines.join("\n").as_bytes());
        assert_eq!(same(&graph(&[ana]), &graph(&[ben, ana, knows])), [true, true]);

        let rules = |text: &str| collect_files("rules", &[("AGENTS.md", text)]);
        assert_eq!(same(&rules("# Style\n\n- Tabs.\n"), &rules("# Style\n\n- Short.\n- Tabs.\n")), [true]);

        let prompt = |text: &str| collect("memory-text", "m.txt", text.as_bytes());
        let (one, two) = ("[2026-05-01] - Rows.", "[2026-05-02] - Sails.");
        assert_eq!(same(&prompt(&format!("{one}\n{two}")), &prompt(&format!("{two}\n{one}"))), [true, true]);

        let note = |text: &str| collect_files("basic-memory", &[("Boat.md", text)]);
        let head = "---\ntitle: Boat\npermalink: boat\n---\n\n- [fact] Oak.\n";
        assert_eq!(same(&note(head), &note(&format!("{head}- [fact] Red.\n"))).first(), Some(&true));
    }

    #[test]
    fn another_text_tag_or_score_is_something_new() {
        let item = |memory: &str, score: f64| {
            let text = format!(r#"[{{"id":"a","memory":"{memory}","hash":"h","score":{score}}}]"#);
            collect("mem0", "m.json", text.as_bytes())
        };
        assert_eq!(same(&item("Rows", 0.5), &item("Rows", 0.5)), [true]);
        assert_eq!(same(&item("Rows", 0.5), &item("Sails", 0.5)), [false]);
        assert_eq!(same(&item("Rows", 0.5), &item("Rows", 0.6)), [false]);
        assert!(!say_the_same("{}", "{}"), "a record without an origin is compared as a whole");
    }
}
