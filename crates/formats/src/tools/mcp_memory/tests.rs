use omp_model::{Content, MemoryPatch, MemoryType};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{Found, NOW, collect, decided, file, write};
use crate::{Draft, Fate};

/// Ana twice, as several clients write; boats of which only a relation is said; a relation to nothing; a lone name.
const GRAPH: &str = r#"{"type":"entity","name":"Ana","entityType":"person","observations":["Rows on Sundays","Ana has a dog"]}
{"type":"entity","name":"Oak Boat","entityType":"Boat","observations":["Leaks"]}
{"type":"entity","name":"Ana","entityType":"person","observations":["Rows on Sundays","Drinks tea"]}
{"type":"entity","name":"Harbour","entityType":"place","observations":[]}
{"type":"entity","name":"Nobody","entityType":"person","observations":[]}
{"type":"relation","from":"Ana","to":"Oak Boat","relationType":"owns"}
{"type":"relation","from":"Harbour","to":"Oak Boat","relationType":"shelters"}
{"type":"relation","from":"X","to":"Y","relationType":"knows"}"#;

fn lines(text: &str) -> Vec<Value> {
    text.split('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_observation_is_a_memory_about_its_entity() {
    assert_eq!(decided(&mut file("memory.jsonl", GRAPH.as_bytes())), Some("mcp-memory"));
    let found = collect("mcp-memory", "memory.jsonl", GRAPH.as_bytes());
    assert_eq!(
        found.texts(),
        ["Ana: Rows on Sundays", "Ana has a dog", "Oak Boat: Leaks", "Ana: Drinks tea"]
    );
    let memories = found.memories();
    let tags = |n: usize| memories[n].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>();
    assert_eq!((tags(0), tags(2)), (vec!["person", "ana"], vec!["boat", "oak-boat"]));
    let members = |n: usize, name: &str| found.records[n].members().get(name).map(|raw| raw.get().to_owned());
    assert_eq!(members(0, "entities").unwrap(), r#"[{"label":"Ana","type":"person"}]"#);
    assert_eq!(members(0, "relations").unwrap(), r#"[{"type":"owns","target":"Oak Boat"}]"#);
    assert_eq!(members(1, "relations"), None, "once");
    assert_eq!(found.count(Fate::Passed, "repeated memory"), 1);
    assert_eq!(found.count(Fate::Lost, "relation"), 1);
    assert_eq!(found.count(Fate::Lost, "entity"), 1);
}

#[test]
fn a_graph_goes_back_with_its_relations_and_repeated_entities_as_one() {
    let found = collect("mcp-memory", "", GRAPH.as_bytes());
    let mut shuffled = found.records.clone();
    shuffled.reverse();
    let (text, report) = write("mcp-memory", &shuffled);
    let before = lines(GRAPH);
    let mut ana = before[0].clone();
    ana["observations"] = json!(["Rows on Sundays", "Ana has a dog", "Drinks tea"]);
    let expected = [&ana, &before[1], &before[3], &before[5], &before[6]].map(Clone::clone);
    assert_eq!((lines(&text), report.notes.len()), (expected.to_vec(), 0));
    assert!(!text.ends_with('\n'));
    let ids =
        |found: &Found| found.memories().iter().map(|m| m.id).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&collect("mcp-memory", "", text.as_bytes())), ids(&found), "again changes nothing");
}

#[test]
fn one_name_with_two_types_stays_two_lines() {
    let graph = concat!(
        r#"{"type":"entity","name":"D3.js","entityType":"library","observations":["D3.js draws"]}"#,
        "\n",
        r#"{"type":"entity","name":"D3.js","entityType":"technology","observations":["D3.js is old"]}"#
    );
    let found = collect("mcp-memory", "", graph.as_bytes());
    let mut about = Draft::new("test", "t", "D3.js is free");
    about.entity("D3.js", None);
    let mut records = vec![about.into_record(NOW, &mut Found::default())];
    records.extend(found.records.iter().rev().cloned());
    let (text, report) = write("mcp-memory", &records[1..]);
    assert_eq!((text.as_str(), report.notes.len()), (graph, 0));
    assert_eq!(collect("mcp-memory", "", text.as_bytes()).memories(), found.memories());
    let (text, _) = write("mcp-memory", &records);
    assert_eq!(text, graph.replace(r#""D3.js draws""#, r#""D3.js draws","D3.js is free""#));
}

#[test]
fn forks_keep_what_they_have_more() {
    let fork = concat!(
        r#"{"name":"Ana","entityType":"person","observations":[{"text":"Rows","timestamp":1777630830,"version":2},"Sails"],"createdBy":"x"}"#,
        "\n",
        r#"{"from":"Ana","to":"Ben","relationType":"knows","createdAt":1777630830}"#
    );
    assert_eq!(decided(&mut file("memory.json", fork.as_bytes())), Some("mcp-memory"));
    let found = collect("mcp-memory", "", fork.as_bytes());
    assert_eq!(found.memories()[0].created_at.to_string(), "2026-05-01T10:20:30.000Z");
    let (text, _) = write("mcp-memory", &found.records);
    assert_eq!(text, fork);
    // A changed one keeps the rest of its object.
    let mut memory = found.memories().remove(0);
    let patch = MemoryPatch { content: Content::new("Ana: Rows a lot").ok(), ..MemoryPatch::default() };
    patch.apply(&mut memory, NOW);
    let changed = crate::interchange::overlay(found.records[0].clone(), &memory, None);
    let (text, _) = write("mcp-memory", &[changed, found.records[1].clone()]);
    assert_eq!(text, fork.replace(r#""Rows""#, r#""Rows a lot""#));
}

#[test]
fn what_read_graph_answers_is_read_too() {
    let answer = json!({"entities": [{"name": "Ana", "entityType": "person", "observations": ["Rows", 7]}],
                        "relations": [{"from": "Ana", "to": "Ana", "relationType": "is"}]});
    assert_eq!(decided(&mut file("", answer.to_string().as_bytes())), Some("mcp-memory"));
    let found = collect("mcp-memory", "", answer.to_string().as_bytes());
    assert_eq!(found.texts(), ["Ana: Rows"]);
    assert_eq!(found.count(Fate::Failed, "observation"), 1);
}

#[test]
fn bad_lines_are_named_and_the_others_read() {
    let text = "{\"name\":\"A\",\"entityType\":\"t\",\"observations\":[\"x\"]}\n{nope\n{\"a\":1}\n\n{\"from\":\"A\",\"relationType\":\"r\"}\n{\"name\":\"B\",\"entityType\":\"t\",\"observations\":[\"y\"]}";
    let found = collect("mcp-memory", "", text.as_bytes());
    assert_eq!(found.texts(), ["A: x", "B: y"]);
    let failed: Vec<_> = found.notes.iter().filter(|n| n.0 == Fate::Failed).map(|n| n.3.as_str()).collect();
    assert_eq!(failed, ["line 2", "line 3", "line 5"]);
}

#[test]
fn a_memory_from_elsewhere_goes_to_what_it_is_about() {
    let mut about = Draft::new("test", "t", "Leaks");
    about.entity("Boat", Some("thing"));
    about.relation("lies_in", "Harbour");
    let mut placed = Draft::new("test", "t", "Uses tabs");
    placed.namespace = Some("project:x".into());
    placed.kind = MemoryType::Procedural;
    let plain = Draft::new("test", "t", "Likes tea");
    let records: Vec<_> =
        [about, placed, plain].map(|draft| draft.into_record(NOW, &mut Found::default())).to_vec();
    let (text, report) = write("mcp-memory", &records);
    let written = lines(&text);
    let said =
        |n: usize| (written[n]["name"].as_str().unwrap(), written[n]["observations"][0].as_str().unwrap());
    assert_eq!(
        (said(0), said(1), said(2)),
        (("Boat", "Leaks"), ("project:x", "Uses tabs"), ("memory", "Likes tea"))
    );
    assert_eq!(
        written[3],
        json!({"type": "relation", "from": "Boat", "to": "Harbour", "relationType": "lies_in"})
    );
    for (fate, kind, count) in [
        (Fate::Changed, "content", 1),
        (Fate::Lost, "type", 1),
        (Fate::Lost, "namespace", 1),
        (Fate::Lost, "source.tool", 3),
    ] {
        assert_eq!(report.count(fate, kind), count, "{kind}: {:?}", report.notes);
    }
}

proptest! {
    #[test]
    fn observations_come_back_to_their_entities(
        graph in proptest::collection::btree_map("[A-Za-zé ]{1,8}[a-z]", ("[a-z]{1,5}", proptest::collection::btree_set("[ -~é\n]{0,20}[a-z]", 1..4)), 1..5),
    ) {
        let text = graph
            .iter()
            .map(|(name, (kind, said))| json!({"type": "entity", "name": name, "entityType": kind, "observations": said}).to_string())
            .collect::<Vec<_>>()
            .join("\n");
        let found = collect("mcp-memory", "", text.as_bytes());
        let (written, report) = write("mcp-memory", &found.records);
        prop_assert_eq!(written, text);
        prop_assert!(report.notes.is_empty());
    }

    #[test]
    fn texts_come_back_or_the_report_says_so(
        texts in proptest::collection::btree_set("[ -~é\n]{0,30}[a-z]", 1..6),
        about in proptest::option::of("[A-Z][a-z]{1,6}"),
    ) {
        let records: Vec<_> = texts
            .iter()
            .map(|text| {
                let mut draft = Draft::new("test", "t", text.as_str());
                if let Some(about) = &about {
                    draft.entity(about, Some("person"));
                }
                draft.into_record(NOW, &mut Found::default())
            })
            .collect();
        let (written, report) = write("mcp-memory", &records);
        let again = collect("mcp-memory", "", written.as_bytes());
        if report.count(Fate::Changed, "content") == 0 {
            prop_assert_eq!(again.texts(), texts.into_iter().collect::<Vec<_>>());
        } else {
            prop_assert_eq!(again.records.len(), texts.len());
        }
    }
}
