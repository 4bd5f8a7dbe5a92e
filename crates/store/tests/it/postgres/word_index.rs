//! What the engine makes of the words that it is sent in its binary form.

use omp_store::MemoryStore;
use omp_store::conformance::{BY, NOW, OWNER, databases, memory};

use super::suite::open;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn words_are_stored_as_if_they_had_come_as_a_text() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let content = format!("naïve Größe 東京 a\\b it's 'quoted' C++ {}", "again ".repeat(300));
    store.create_memory(&BY, &memory(1, &content), NOW).await.unwrap();
    let client = databases::client(&url).await;
    let sql = "SELECT t::text, t = t::text::tsvector FROM words WHERE owner = $1";
    let row = client.query_one(sql, &[&OWNER.0.cast_signed()]).await.unwrap();
    let (text, same): (String, bool) = (row.get(0), row.get(1));
    assert!(same, "{text}");
    let positions = text.split(' ').find(|word| word.contains(":again'")).unwrap();
    assert!(positions.ends_with(",255"), "{positions}");
    assert_eq!(positions.matches(',').count(), 254);
}
