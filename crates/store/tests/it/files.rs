//! What only a file can show.

use std::sync::Arc;

use omp_model::transfer::Conflict;
use omp_model::{ConversationQuery, ListQuery};
use omp_search::keywords;
use omp_store::conformance::conversation_index::{conversation, save};
use omp_store::conformance::{BY, NOW, OWNER, memory, tagged};
use omp_store::{
    ChangeFeed, ConversationIndex, ConversationStore, IndexFeed, Indexing, Maintenance, MemoryStore,
    Passages, PendingConversation, SpaceModel, SqliteStore, StoreError, VectorStore,
};

use crate::suite::{make, open};

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/memory.db");
    let store = open(&path).unwrap();
    let kept = tagged(memory(0, "kept"), &["t"]);
    store.create_memory(&BY, &kept, NOW).await.unwrap();
    let seq = store.last_seq(OWNER).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.create_memory(&BY, &memory(1, "late"), NOW).await, Err(StoreError::Closed)));
    let store = open(&path).unwrap();
    assert_eq!(store.get_memory(&BY, kept.id, false, NOW).await.unwrap(), Some(kept));
    assert_eq!(store.last_seq(OWNER).await.unwrap(), seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_stores_on_one_file_lose_nothing_and_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let stores: Vec<_> = (0..4).map(|_| Arc::new(open(&path).unwrap())).collect();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = Arc::clone(&stores[number % stores.len()]);
            let memory = memory(i64::try_from(number).unwrap(), "text");
            tokio::spawn(async move { store.create_memory(&BY, &memory, NOW).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    for store in &stores {
        assert_eq!(store.count_memories(Some(OWNER), NOW).await.unwrap(), 200);
        assert_eq!(store.last_seq(OWNER).await.unwrap(), 200);
    }
    assert!(stores[0].check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

/// The locks of a process on a file go with the first descriptor of it that is closed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn reading_ahead_for_an_index_leaves_the_engine_its_locks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    store.create_memory(&BY, &memory(0, "text"), NOW).await.unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).unwrap());
    let locks = || {
        let all = std::fs::read_to_string("/proc/locks").unwrap();
        all.lines().filter(|line| line.contains(&format!(":{inode} "))).count()
    };
    let held = locks();
    assert!(held > 0, "the engine has locks on an open file");
    assert_eq!(store.index_rows(OWNER, 0, 10, None).await.unwrap().len(), 1);
    assert!(locks() >= held);
}

#[tokio::test]
async fn a_backup_is_complete_and_a_restore_brings_it_back() {
    let store = make().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    store.create_memory(&BY, &memory(0, "kept"), NOW).await.unwrap();
    store.backup(&backup).await.unwrap();
    assert!(
        matches!(store.backup(&backup).await, Err(StoreError::Open { .. })),
        "an existing file is not replaced"
    );
    store.delete_memory(&BY, memory(0, "x").id, NOW).await.unwrap();
    store.create_memory(&BY, &memory(1, "new"), NOW).await.unwrap();
    store.restore(&backup).await.unwrap();
    let page = store.list_memories(&BY, &ListQuery::default(), NOW).await.unwrap();
    assert_eq!(page.items.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["kept"]);
    store.create_memory(&BY, &memory(2, "after"), NOW).await.unwrap();
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

/// The engine's own check took every change since a connection's last look at the words for damage.
#[tokio::test]
async fn a_second_check_does_not_take_new_words_for_damage() {
    let store = make().await;
    for round in 0..6 {
        for number in 0..10 {
            let new = memory(round * 10 + number, &format!("text {number} of {round}"));
            store.create_memory(&BY, &new, NOW).await.unwrap();
            store.delete_memory(&BY, memory(round * 10 + number - 7, "x").id, NOW).await.unwrap();
        }
        let checks = store.check().await.unwrap();
        assert!(checks.iter().all(|check| check.problem.is_none()), "{round}: {checks:?}");
    }
}

#[tokio::test]
async fn other_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "just some notes that are no database at all, long enough to have a header".repeat(3),
    )
    .unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(open(&text), Err(StoreError::NotADatabase(_))));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE t (x); PRAGMA application_id = 7;").unwrap();
    drop(connection);
    assert!(matches!(open(&foreign), Err(StoreError::NotADatabase(_))));
    let store = make().await;
    assert!(matches!(store.restore(&foreign).await, Err(StoreError::NotADatabase(_))));
    assert!(matches!(store.restore(&folder.path().join("missing.db")).await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    open(&path).unwrap().close().await.unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(open(&path), Err(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn a_word_index_of_another_analysis_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    store.create_memory(&BY, &memory(0, "green tea"), NOW).await.unwrap();
    store.close().await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE settings SET value = 0 WHERE name = 'tokenizer_version'; INSERT INTO words (words) VALUES ('delete-all');")
        .unwrap();
    drop(connection);
    let store = open(&path).unwrap();
    let keywords = omp_search::keywords("tea");
    let filter = omp_model::SearchFilter::default();
    let search = omp_store::memories::KeywordSearch {
        keywords: &keywords,
        filter: &filter,
        limit: 10,
        with_embedding: false,
    };
    assert_eq!(store.search_memories(&BY, search, NOW).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_deep_page_is_the_same_from_both_ends() {
    let store = make().await;
    for number in 0..50 {
        store.create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    let all =
        store.list_memories(&BY, &ListQuery { limit: 100, ..ListQuery::default() }, NOW).await.unwrap().items;
    for offset in 0..55 {
        let query = ListQuery { limit: 7, offset, ..ListQuery::default() };
        let page = store.list_memories(&BY, &query, NOW).await.unwrap();
        let expected: Vec<_> = all.iter().skip(usize::try_from(offset).unwrap()).take(7).cloned().collect();
        assert_eq!(page.items, expected, "{offset}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("memory.db")).unwrap();
    store.create_memory(&BY, &memory(0, "private"), NOW).await.unwrap();
    store.backup(&folder.path().join("copy.db")).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 4, "database, log, lock, copy");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_open_during_a_restore_files_memories_rightly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let (server, command) = (open(&path).unwrap(), open(&path).unwrap());
    server.create_memory(&BY, &tagged(memory(0, "a"), &["alpha"]), NOW).await.unwrap();
    command.backup(&folder.path().join("copy.db")).await.unwrap();
    server.create_memory(&BY, &tagged(memory(1, "b"), &["beta"]), NOW).await.unwrap();
    server.create_memory(&BY, &tagged(memory(2, "c"), &["gamma"]), NOW).await.unwrap();
    command.restore(&folder.path().join("copy.db")).await.unwrap();
    server.create_memory(&BY, &tagged(memory(3, "d"), &["delta"]), NOW).await.unwrap();
    server.create_memory(&BY, &tagged(memory(4, "e"), &["beta"]), NOW).await.unwrap();
    let filter =
        omp_model::Filter { tags: tagged(memory(0, "x"), &["beta"]).tags, ..omp_model::Filter::default() };
    let page = server.list_memories(&BY, &ListQuery { filter, ..ListQuery::default() }, NOW).await.unwrap();
    assert_eq!(page.items.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["e"]);
    assert!(server.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

/// How many conversations hold the word, and how many wait.
async fn told(store: &SqliteStore, word: &str) -> (usize, u64) {
    let hits = store.conversation_hits(&BY, &keywords(word), &ConversationQuery::default()).await.unwrap();
    (hits.hits.len(), hits.waiting)
}

#[tokio::test]
async fn conversations_of_an_earlier_version_are_indexed_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    for number in 0..20 {
        save(&store, &conversation(number, "a", "t", &["tea", "and milk"])).await;
    }
    store.close().await.unwrap();
    // As the version before would have left it.
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TABLE conversation_words; DROP TABLE conversation_heads; DROP TABLE conversation_totals; \
             DROP TABLE conversation_vectors; DROP TABLE conversation_backlog; DROP TABLE job_conversations; \
             DROP TABLE jobs; PRAGMA user_version = 3",
        )
        .unwrap();
    let store = open(&path).unwrap();
    assert_eq!(told(&store, "tea").await, (0, 20));
    assert!(store.index_conversations(7).await.unwrap());
    assert_eq!(told(&store, "tea").await, (7, 13), "the newest first");
    let healthy = |checks: Vec<omp_store::Check>| checks.into_iter().all(|check| check.problem.is_none());
    assert!(healthy(store.check().await.unwrap()));
    store.close().await.unwrap();
    let store = open(&path).unwrap();
    while store.index_conversations(7).await.unwrap() {}
    assert_eq!(told(&store, "milk").await, (20, 0));
    assert!(healthy(store.check().await.unwrap()));
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_keeps_nobody_waiting_and_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let store = open(&path).unwrap();
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let slot = store.open_vector_space(&model).await.unwrap().slot;
    let all: Vec<_> = (0..4).map(|number| conversation(number, "a", "t", &["tea"])).collect();
    store.import_conversations(&BY, all.clone(), Conflict::Overwrite, Indexing::Later, NOW).await.unwrap();
    let told = async |store: &SqliteStore| {
        let hits =
            store.conversation_hits(&BY, &keywords("tea"), &ConversationQuery::default()).await.unwrap();
        (hits.hits.len(), hits.waiting)
    };
    let raw = rusqlite::Connection::open(&path).unwrap();
    let set = |messages: &str| {
        let sql = "UPDATE conversations SET messages = ?1 WHERE id = ?2";
        assert_eq!(raw.execute(sql, [messages, all[3].id.body()]).unwrap(), 1);
    };
    let sql = "SELECT messages FROM conversations WHERE id = ?1";
    let before: String = raw.query_row(sql, [all[3].id.body()], |row| row.get(0)).unwrap();
    set(r#"[{"role": "oracle", "content": 7}]"#);
    while store.index_conversations(1).await.unwrap() {}
    assert_eq!(told(&store).await, (3, 1));
    let pending = store.conversation_backlog(slot, 10).await.unwrap();
    assert_eq!(pending.len(), 3);
    let none = |one: &PendingConversation| Passages { pk: one.pk, ..Passages::default() };
    store.put_passages(slot, pending.iter().map(none).collect()).await.unwrap();
    assert_eq!(store.conversation_backlog(slot, 10).await.unwrap(), []);
    assert_eq!(store.count_conversation_backlog(slot).await.unwrap(), 0, "nobody waits for it");
    set(&before);
    store.close().await.unwrap();
    let store = open(&path).unwrap();
    while store.index_conversations(1).await.unwrap() {}
    assert_eq!(told(&store).await, (4, 0));
    assert_eq!(store.conversation_backlog(slot, 10).await.unwrap().len(), 1);
}
