//! What is forgotten is in no byte of the files.

use std::path::Path;

use omp_model::conversation::NewConversation;
use omp_model::transfer::Conflict;
use omp_model::{
    Content, Conversation, ConversationId, ConversationQuery, Fields, ListQuery, Memory, MemoryPatch,
    Namespace, Text, ToolName,
};
use omp_search::keywords;
use omp_store::conformance::conversation_index::{conversation, save};
use omp_store::conformance::{BY, NOW, OWNER, memory, tagged, within};
use omp_store::{
    ConversationIndex, ConversationStore, ImportChunk, ImportItem, Indexing, Maintenance, MemoryStore,
    Original, Passages, SpaceModel, SqliteStore, TransferStore, VectorStore, VersionStore,
};

use crate::suite::open;

/// Which of the words are somewhere in the database, its log or the log's index.
fn found<'a>(database: &Path, words: &[&'a str]) -> Vec<(String, &'a str)> {
    let folder = database.parent().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap().to_ascii_lowercase();
        for word in words {
            if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                found.push((entry.file_name().to_string_lossy().into_owned(), *word));
            }
        }
    }
    found
}

/// Memories among whose words those of the others are to be found, in pages and segments of the index.
async fn crowd(store: &SqliteStore, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let text = format!(
            "memory {number} of many, with w{} and w{} and w{}",
            number * 7,
            number * 11,
            number % 13
        );
        let crowd = within(tagged(memory(number, &text), &["crowd"]), "crowd");
        assert!(store.create_memory(&BY, &crowd, NOW).await.unwrap());
    }
}

fn saying(text: &str) -> MemoryPatch {
    MemoryPatch { content: Some(Content::new(text).unwrap()), ..MemoryPatch::default() }
}

async fn import(store: &SqliteStore, memory: Memory, original: Original) {
    let items = vec![ImportItem { memory, original: Some(original), date_assumed: false }];
    let chunk = ImportChunk::plain(items, Conflict::Overwrite);
    store.import_memories(&BY, chunk, NOW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_memory_leaves_no_trace_of_its_text_tags_and_versions() {
    let words = [
        "xylographer",
        "quincunx",
        "zephyrine",
        "brobding",
        "ornithopt",
        "klaxonwort",
        "vexillary",
        "wapentake",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    crowd(&store, 0..150).await;
    let mut secret = tagged(memory(1_000, "the xylographer lives here"), &["quincunx"]);
    secret.namespace = Some(Namespace::new("zephyrine").unwrap());
    secret.source.tool = ToolName::new("brobding").unwrap();
    secret.source.session_id = Some(Text::new("ornithopt").unwrap());
    store.create_memory(&BY, &secret, NOW).await.unwrap();
    crowd(&store, 150..300).await;
    store.update_memory(&BY, secret.id, saying("now with klaxonwort"), NOW.plus_millis(1)).await.unwrap();
    let envelope = store.save_envelope(OWNER, "omi", "{\"by\":\"wapentake\"}", NOW).await.unwrap();
    let raw = Some("{\"content\":\"vexillary\"}".to_owned());
    let original = Original { format: "omi".into(), envelope: Some(envelope), raw, head: None };
    import(&store, Memory { updated_at: NOW.plus_millis(2), ..secret.clone() }, original).await;
    store.restore_version(&BY, secret.id, 2, NOW.plus_millis(3)).await.unwrap();
    let mut seen: Vec<&str> = found(&path, &words).into_iter().map(|(_, word)| word).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), words.len(), "all of them are stored: {seen:?}");
    // By then, no import can still refer to its envelope.
    let later = NOW.plus_millis(3_700_000);
    assert!(store.delete_memory(&BY, secret.id, later).await.unwrap().done().is_some());
    assert_eq!(found(&path, &words), []);
    assert_eq!(store.count_memories(Some(OWNER), later).await.unwrap(), 300);
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_memories_and_deleted_conversations_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    crowd(&store, 0..100).await;
    let mut brief = tagged(memory(1_000, "the xylographer lives here"), &["quincunx"]);
    brief.expires_at = Some(NOW.plus_millis(10));
    store.create_memory(&BY, &brief, NOW).await.unwrap();
    let json = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"{} klaxonwort"}}]}}"#,
        "many words ".repeat(600)
    );
    let mut fields = Fields::from_json(&json).unwrap();
    let new = NewConversation::read(&mut fields);
    let conversation: Conversation =
        fields.finish(new).unwrap().into_conversation(ConversationId::derive(&["x"]), NOW);
    store.create_conversation(&BY, &conversation).await.unwrap();
    assert_eq!(store.purge_expired(10, NOW.plus_millis(10)).await.unwrap(), 1);
    assert_eq!(found(&path, &["xylographer", "quincunx"]), []);
    assert!(!found(&path, &["klaxonwort"]).is_empty());
    store.delete_conversation(&BY, conversation.id, NOW).await.unwrap();
    assert_eq!(found(&path, &["klaxonwort"]), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_cut_memory_goes_with_any_of_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    let (head, part) = (memory(0, "the first part"), memory(1, "xylographer"));
    let raw = Some("{\"content\":\"the first part xylographer\"}".to_owned());
    let whole = Original { format: "omi".into(), envelope: None, raw, head: None };
    import(&store, head.clone(), whole.clone()).await;
    import(&store, part.clone(), Original { raw: None, head: Some(head.id), ..whole }).await;
    store.delete_memory(&BY, part.id, NOW).await.unwrap();
    assert_eq!(found(&path, &["xylographer"]), []);
    assert_eq!(store.get_memory(&BY, head.id, false, NOW).await.unwrap(), Some(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_a_former_state_delays_forgetting_and_blocks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    let secret = memory(0, "xylographer");
    store.create_memory(&BY, &secret, NOW).await.unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM memories;").unwrap();
    assert!(store.delete_memory(&BY, secret.id, NOW).await.unwrap().done().is_some());
    assert!(!found(&path, &["xylographer"]).is_empty(), "the reader still reads it");
    store.create_memory(&BY, &memory(1, "another"), NOW).await.unwrap();
    drop(reader);
    store.close().await.unwrap();
    assert_eq!(found(&path, &["xylographer"]), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_writers_forget_at_once_is_gone_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = std::sync::Arc::new(open(&path).unwrap());
    crowd(&store, 0..100).await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let (store, path) = (std::sync::Arc::clone(&store), path.clone());
            tokio::spawn(async move {
                let word = format!("secret{}word", number + 1_000);
                let secret = tagged(memory(5_000 + number, &word), &["crowd"]);
                store.create_memory(&BY, &secret, NOW).await.unwrap();
                store.delete_memory(&BY, secret.id, NOW).await.unwrap();
                found(&path, &[word.as_str()]).into_iter().map(|(file, _)| file).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut left = Vec::new();
    for task in tasks {
        left.extend(task.await.unwrap());
    }
    assert_eq!(left, Vec::<String>::new());
    let page = store.list_memories(&BY, &ListQuery::default(), NOW).await.unwrap();
    assert_eq!(page.total, 100);
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_and_vectors_of_conversations_go_with_them() {
    let words = ["xylographer", "quincunx", "zephyrine"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let space = store.open_vector_space(&model).await.unwrap();
    let crowd = async |numbers: std::ops::Range<i64>| {
        for number in numbers {
            let turns = [
                format!("turn of {number} with w{}", number * 7),
                format!("w{} and w{}", number * 11, number % 13),
            ];
            save(&store, &conversation(number, "a", "crowd", &turns.each_ref().map(String::as_str))).await;
        }
    };
    crowd(0..200).await;
    let secret =
        conversation(1_000, "a", "the quincunx", &["a xylographer lives here", "w7 and the xylographer"]);
    save(&store, &secret).await;
    crowd(200..400).await;
    let pending = store.conversation_backlog(space.slot, 500).await.unwrap();
    let pk = pending.iter().find(|one| one.conversation == secret).unwrap().pk;
    let vectors =
        vec![f32::from_le_bytes(*b"zeph"), f32::from_le_bytes(*b"yrin"), f32::from_le_bytes(*b"e zz"), 1.0];
    store.put_passages(space.slot, vec![Passages { pk, turns: vec![0, 1], vectors }]).await.unwrap();
    let mut seen: Vec<&str> = found(&path, &words).into_iter().map(|(_, word)| word).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), words.len(), "all of them are stored: {seen:?}");
    // What takes its place says something else; then that one goes too.
    let instead = conversation(1_000, "a", "the vexillary", &["a wapentake"]);
    store
        .import_conversations(&BY, vec![instead.clone()], Conflict::Overwrite, Indexing::AtOnce, NOW)
        .await
        .unwrap();
    assert_eq!(found(&path, &words), []);
    assert!(store.delete_conversation(&BY, instead.id, NOW).await.unwrap().done().is_some());
    assert_eq!(found(&path, &["vexillary", "wapentake"]), []);
    let hits = store.conversation_hits(&BY, &keywords("crowd"), &ConversationQuery::default()).await.unwrap();
    assert_eq!((hits.conversations, hits.hits.len()), (400, 400));
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}
