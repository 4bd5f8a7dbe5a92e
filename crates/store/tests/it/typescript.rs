//! Taking over a database of the published TypeScript server.

use omp_model::{ConversationQuery, ListQuery, MemoryId, Sort};
use omp_store::conformance::{BY, NOW, OWNER};
use omp_store::transfer::ExportPage;
use omp_store::{ConversationStore, Maintenance, MemoryStore, TransferStore};
use rusqlite::Connection;

use crate::suite::open;

/// The schema of that server, version 0.2, and rows as it writes them, good ones and such as its import let in.
fn make_typescript(path: &std::path::Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE conversations (id TEXT PRIMARY KEY, model TEXT NOT NULL, topic TEXT NOT NULL DEFAULT '',
            messages TEXT NOT NULL DEFAULT '[]', message_count INTEGER NOT NULL DEFAULT 0, source_url TEXT,
            created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
         CREATE INDEX idx_conversations_created ON conversations(created_at);
         CREATE TABLE memories (id TEXT PRIMARY KEY, content TEXT NOT NULL,
            type TEXT NOT NULL CHECK(type IN ('episodic', 'semantic', 'procedural')), source_tool TEXT NOT NULL,
            source_session_id TEXT, source_user_id TEXT, source_timestamp TEXT NOT NULL, tags TEXT NOT NULL DEFAULT '[]',
            namespace TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, expires_at TEXT,
            metadata TEXT NOT NULL DEFAULT '{}');
         CREATE INDEX idx_memories_type ON memories(type);
         CREATE VIRTUAL TABLE memories_fts USING fts5(id UNINDEXED, content, tags, content='memories', content_rowid='rowid');
         CREATE TRIGGER memories_ai AFTER INSERT ON memories BEGIN
            INSERT INTO memories_fts(rowid, id, content, tags) VALUES (new.rowid, new.id, new.content, new.tags); END;",
    )
    .unwrap();
    let long = "word ".repeat(5_000);
    let rows: [[Option<&str>; 13]; 3] = [
        [
            Some("mem_01j9xk2p3q4r5s6t"),
            Some("Prefers green tea"),
            Some("semantic"),
            Some("claude"),
            Some("s1"),
            None,
            Some("2026-06-29T12:00:00Z"),
            Some(r#"["drinks","preferences"]"#),
            Some("home"),
            Some("2026-06-29T12:00:00.123Z"),
            Some("2026-06-30T12:00:00.456Z"),
            None,
            Some(r#"{"k":1.50}"#),
        ],
        [
            Some("not an id"),
            Some(&long),
            Some("episodic"),
            Some("import"),
            None,
            None,
            Some("yesterday"),
            Some(r#"["Hot Drinks","x"]"#),
            Some("My Project"),
            Some("2026-01-01T00:00:00+02:00"),
            Some("2026-01-01T00:00:00+02:00"),
            None,
            Some("[]"),
        ],
        [
            Some("mem_aaaaaaaaaaaaaaaa"),
            Some("Expired long ago"),
            Some("semantic"),
            Some("t"),
            None,
            None,
            Some("2020-01-01T00:00:00Z"),
            Some("[]"),
            None,
            Some("2020-01-01T00:00:00Z"),
            Some("2020-01-01T00:00:00Z"),
            Some("2020-02-01T00:00:00Z"),
            Some("{}"),
        ],
    ];
    for row in rows {
        db.execute(
            "INSERT INTO memories VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
            rusqlite::params_from_iter(row),
        )
        .unwrap();
    }
    db.execute(
        "INSERT INTO conversations VALUES ('conv_abcdefghij012345', 'chatgpt', 'Tea', ?1, 1, NULL, ?2, ?2)",
        [r#"[{"role":"user","content":"Which tea?"}]"#, "2026-06-29T12:00:00.000Z"],
    )
    .unwrap();
}

#[tokio::test]
async fn a_typescript_database_is_copied_and_taken_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("omp.db");
    make_typescript(&path);
    let store = open(&path).unwrap();

    let id = MemoryId::parse("mem_01j9xk2p3q4r5s6t").unwrap();
    let memory = store.get_memory(&BY, id, false, NOW).await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_string(&memory).unwrap(),
        r#"{"id":"mem_01j9xk2p3q4r5s6t","content":"Prefers green tea","type":"semantic","source":{"tool":"claude","session_id":"s1","timestamp":"2026-06-29T12:00:00.000Z"},"tags":["drinks","preferences"],"namespace":"home","created_at":"2026-06-29T12:00:00.123Z","updated_at":"2026-06-30T12:00:00.456Z","expires_at":null,"metadata":{"k":1.50}}"#
    );

    let list = store
        .list_memories(&BY, &ListQuery { sort: Sort::CreatedAsc, ..ListQuery::default() }, NOW)
        .await
        .unwrap();
    let parts: Vec<_> = list.items.iter().filter(|m| m.source.tool.as_str() == "import").collect();
    assert_eq!(parts.iter().map(|m| m.content.as_str()).collect::<String>(), "word ".repeat(5_000));
    assert_eq!(parts[0].namespace.as_ref().unwrap().as_str(), "my-project");
    assert_eq!(parts[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["hot-drinks", "x"]);
    assert_eq!(list.total, 4, "one whole, three parts, and what has expired is gone");

    let page = ExportPage { after: None, limit: 10, with_embedding: false, with_original: true };
    let exported = store.export_memories(&BY, page, NOW).await.unwrap();
    let repaired = exported.iter().find_map(|e| e.original.as_ref()?.raw.clone()).unwrap();
    assert!(
        repaired.contains(r#""id":"not an id""#) && repaired.contains("Hot Drinks"),
        "the row as it was is kept"
    );

    let conversations = store.list_conversations(&BY, &ConversationQuery::default()).await.unwrap();
    assert_eq!((conversations.total, conversations.items[0].topic.as_str()), (1, "Tea"));
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));

    let copies: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|name| name.rsplit('.').next() == Some("bak"))
        .collect();
    let [copy] = copies.as_slice() else { panic!("one copy, not {copies:?}") };
    let copy = Connection::open(folder.path().join(copy)).unwrap();
    let rows: u32 = copy
        .query_row("SELECT count(*) FROM memories WHERE source_tool IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 3, "the copy is the old database");

    store.close().await.unwrap();
    let again = open(&path).unwrap();
    assert_eq!(
        again.count_memories(Some(OWNER), NOW).await.unwrap(),
        4,
        "the second start takes nothing over again"
    );
}
