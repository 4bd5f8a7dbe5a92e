//! Searches by words.

use omp_model::{Content, MemoryPatch, MemoryType, OwnerId, SearchFilter, ToolName};
use omp_search::keywords;

use super::{BY, NOW, OWNER, memory, tagged, within};
use crate::memories::KeywordSearch;
use crate::{Page, Store};

async fn page(store: &dyn Store, q: &str, filter: &SearchFilter, limit: u32) -> Page<String> {
    let keywords = keywords(q);
    let search = KeywordSearch { keywords: &keywords, filter, limit, with_embedding: false };
    let page = store.search_memories(&BY, search, NOW).await.expect("searched");
    Page { total: page.total, items: page.items.into_iter().map(|m| m.content.into_string()).collect() }
}

/// The contents of the best ten, for an owner.
pub(super) async fn search(store: &dyn Store, owner: OwnerId, q: &str) -> Vec<String> {
    let keywords = keywords(q);
    let search = KeywordSearch {
        keywords: &keywords,
        filter: &SearchFilter::default(),
        limit: 10,
        with_embedding: false,
    };
    let page =
        store.search_memories(&omp_model::Principal::everything(owner), search, NOW).await.expect("searched");
    page.items.into_iter().map(|m| m.content.into_string()).collect()
}

async fn create(store: &dyn Store, texts: &[&str]) {
    for (number, text) in (0..).zip(texts) {
        store.create_memory(&BY, &memory(number, text), NOW).await.expect("created");
    }
}

/// A word of the content or of a tag is enough, in another form too (reading 14).
pub async fn words_are_found_in_content_and_tags(store: &dyn Store) {
    create(store, &["The user prefers TypeScript", "Rides a bicycle"]).await;
    store
        .create_memory(&BY, &tagged(memory(7, "Dislikes verbose comments"), &["coding"]), NOW)
        .await
        .expect("created");
    assert_eq!(search(store, OWNER, "typescript").await, ["The user prefers TypeScript"]);
    assert_eq!(search(store, OWNER, "preference?").await, ["The user prefers TypeScript"]);
    assert_eq!(search(store, OWNER, "coding preferences").await.len(), 2);
}

/// Words are joined by OR; two of them beat one, a rare one beats a common one.
pub async fn more_and_rarer_words_rank_higher(store: &dyn Store) {
    create(store, &["green tea", "green house", "green field", "green car", "black tea"]).await;
    assert_eq!(search(store, OWNER, "green tea").await[0], "green tea");
    assert_eq!(search(store, OWNER, "green tea").await.len(), 5);
    assert_eq!(search(store, OWNER, "green tea").await[1], "black tea");
}

/// `total` is every match, not the page (reading 11).
pub async fn totals_count_matches_beyond_the_page(store: &dyn Store) {
    for number in 0..25 {
        store
            .create_memory(&BY, &memory(number, &format!("tea number {number}")), NOW)
            .await
            .expect("created");
    }
    let found = page(store, "tea", &SearchFilter::default(), 4).await;
    assert_eq!((found.items.len(), found.total), (4, 25));
}

/// Every filter, before the cut.
pub async fn filters_hold_in_searches(store: &dyn Store) {
    for number in 0..40 {
        let mut memory = memory(number, "tea");
        if number == 7 {
            memory = within(tagged(memory, &["hot", "drink"]), "kitchen");
            memory.kind = MemoryType::Procedural;
            memory.source.tool = ToolName::new("zed").expect("fits");
            memory.content =
                Content::new("a very long story in which somewhere near its end there is tea").expect("fits");
        } else if number % 2 == 0 {
            memory = tagged(memory, &["hot"]);
        }
        store.create_memory(&BY, &memory, NOW).await.expect("created");
    }
    let only = |filter: SearchFilter| async move { page(store, "tea", &filter, 1).await };
    let tags =
        |names: &[&str]| SearchFilter { tags: tagged(memory(0, "x"), names).tags, ..SearchFilter::default() };
    for filter in [
        tags(&["hot", "drink"]),
        SearchFilter {
            namespaces: omp_model::Namespace::new("kitchen").into_iter().collect(),
            ..SearchFilter::default()
        },
        SearchFilter { kind: Some(MemoryType::Procedural), ..SearchFilter::default() },
        SearchFilter { tool: ToolName::new("zed").ok(), ..tags(&["hot"]) },
    ] {
        let found = only(filter.clone()).await;
        assert_eq!((found.total, found.items[0].len()), (1, 62), "{filter:?}");
    }
    assert_eq!(only(tags(&["nowhere"])).await.total, 0);
}

/// An update replaces the words; a deletion takes them away.
pub async fn changed_texts_are_found_by_new_words_only(store: &dyn Store) {
    create(store, &["about apples", "about pears"]).await;
    let patch = MemoryPatch { content: Content::new("about plums").ok(), ..MemoryPatch::default() };
    store.update_memory(&BY, memory(0, "x").id, patch, NOW).await.expect("updated");
    store.delete_memory(&BY, memory(1, "x").id, NOW).await.expect("deleted");
    assert_eq!(search(store, OWNER, "apples pears").await, Vec::<String>::new());
    assert_eq!(search(store, OWNER, "plums").await, ["about plums"]);
}

/// Scripts without spaces, other alphabets, emoji, identifiers.
pub async fn every_script_is_found(store: &dyn Store) {
    let pairs = [
        ("用户喜欢喝绿茶", "绿茶"),
        ("東京に住んでいます", "東京"),
        ("사용자는 커피를 좋아합니다", "커피"),
        ("ผู้ใช้ชอบกาแฟ", "กาแฟ"),
        ("المستخدم يفضل القهوة", "القهوة"),
        ("उपयोगकर्ता को चाय पसंद है", "चाय"),
        ("Пользователь любит кофе", "кофе"),
        ("Celebrates with 🎉", "🎉"),
        ("The function parse_rfc3339 is slow", "parse_rfc3339"),
        ("Café in Zürich", "cafe zurich"),
    ];
    create(store, &pairs.map(|(text, _)| text)).await;
    for (text, q) in pairs {
        assert_eq!(search(store, OWNER, q).await.first().map(String::as_str), Some(text), "{q}");
    }
}

/// Whatever is typed is a question, never syntax.
pub async fn no_query_breaks_the_search(store: &dyn Store) {
    create(store, &["plain words NEAR nothing"]).await;
    for q in [
        "\"",
        "a AND",
        "NEAR(",
        "t:plain",
        "*",
        "-",
        "(((",
        "'; DROP TABLE memories; --",
        "\u{0}",
        "\u{301}",
        "^plain",
        "…",
    ] {
        search(store, OWNER, q).await;
    }
    assert_eq!(search(store, OWNER, "\"plain* OR (").await.len(), 1);
    let long = "word ".repeat(100_000);
    search(store, OWNER, &long).await;
}
