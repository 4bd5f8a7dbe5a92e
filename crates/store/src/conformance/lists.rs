//! Lists.

use omp_model::{Filter, ListQuery, Memory, MemoryPatch, MemoryType, Sort, ToolName};

use super::{BY, NOW, OWNER, memory, tagged, within};
use crate::{Page, Store};

async fn fill(store: &dyn Store, count: i64) -> Vec<Memory> {
    let mut memories = Vec::new();
    for number in 0..count {
        let mut memory = memory(number, &format!("text {number}"));
        if number % 2 == 0 {
            memory = tagged(memory, &["even"]);
        }
        if number % 3 == 0 {
            memory.tags =
                omp_model::Tags::new(memory.tags.iter().cloned().chain(omp_model::Tag::new("third")))
                    .expect("few");
            memory = within(memory, "threes");
        }
        if number % 5 == 0 {
            memory.kind = MemoryType::Episodic;
            memory.source.tool = ToolName::new("cursor").expect("fits");
        }
        store.create_memory(&BY, &memory, NOW).await.expect("created");
        memories.push(memory);
    }
    memories
}

async fn list(store: &dyn Store, query: &ListQuery) -> Page<Memory> {
    store.list_memories(&BY, query, NOW).await.expect("listed")
}

/// Walking through the pages meets every memory once, in order, in each sort.
pub async fn pages_follow_each_other_without_gaps(store: &dyn Store) {
    let mut expected = fill(store, 53).await;
    for sort in [Sort::CreatedAsc, Sort::CreatedDesc, Sort::UpdatedDesc] {
        if sort == Sort::CreatedDesc {
            expected.reverse();
        }
        let mut met = Vec::new();
        while met.len() < 60 {
            let query = ListQuery { sort, limit: 7, offset: met.len() as u64, ..ListQuery::default() };
            let page = list(store, &query).await;
            assert_eq!(page.total, 53);
            if page.items.is_empty() {
                break;
            }
            met.extend(page.items);
        }
        assert_eq!(met, expected, "{sort:?}");
    }
}

/// Each combination of filters, against the same filter in memory.
pub async fn totals_count_what_the_filters_match(store: &dyn Store) {
    let all = fill(store, 60).await;
    let tags = |names: &[&str]| tagged(memory(0, "x"), names).tags;
    for kind in [None, Some(MemoryType::Episodic)] {
        for tool in [None, Some("cursor")] {
            for names in [&[][..], &["even"], &["even", "third"]] {
                for namespace in [None, Some("threes")] {
                    let filter = Filter {
                        kind,
                        tool: tool.map(|t| ToolName::new(t).expect("fits")),
                        tags: tags(names),
                        namespace: namespace.map(|n| omp_model::Namespace::new(n).expect("fits")),
                    };
                    let holds = |m: &&Memory| {
                        kind.is_none_or(|k| m.kind == k)
                            && filter.tool.as_ref().is_none_or(|t| m.source.tool == *t)
                            && filter.tags.iter().all(|t| m.tags.iter().any(|own| own == t))
                            && filter.namespace.as_ref().is_none_or(|n| m.namespace.as_ref() == Some(n))
                    };
                    let expected: Vec<Memory> = all.iter().rev().filter(holds).cloned().collect();
                    for sort in [Sort::CreatedDesc, Sort::UpdatedDesc] {
                        let page = list(
                            store,
                            &ListQuery { filter: filter.clone(), limit: 100, sort, ..ListQuery::default() },
                        )
                        .await;
                        assert_eq!(page.total, expected.len() as u64, "{filter:?}");
                        assert_eq!(page.items, expected, "{filter:?} {sort:?}");
                    }
                }
            }
        }
    }
}

/// A page of a filtered list is full as long as there are matches.
pub async fn filters_apply_before_paging(store: &dyn Store) {
    fill(store, 40).await;
    let filter = Filter { tags: tagged(memory(0, "x"), &["third"]).tags, ..Filter::default() };
    let page = list(store, &ListQuery { filter, limit: 5, offset: 5, ..ListQuery::default() }).await;
    assert_eq!((page.items.len(), page.total), (5, 14));
}

/// However rare a filter is among however many memories.
pub async fn a_rare_filter_works_in_every_order(store: &dyn Store) {
    for number in 0..120 {
        let memory = memory(number, "text");
        let memory = if number == 60 { tagged(memory, &["rare"]) } else { memory };
        store.create_memory(&BY, &memory, NOW).await.expect("created");
    }
    for sort in [Sort::CreatedAsc, Sort::CreatedDesc, Sort::UpdatedDesc] {
        let filter = Filter { tags: tagged(memory(0, "x"), &["rare"]).tags, ..Filter::default() };
        let page = list(store, &ListQuery { filter, sort, ..ListQuery::default() }).await;
        assert_eq!((page.total, page.items[0].id), (1, memory(60, "x").id), "{sort:?}");
    }
}

/// Paging is stable under equal times.
pub async fn equal_times_are_ordered_by_id(store: &dyn Store) {
    let mut memories: Vec<Memory> =
        (0..30).map(|number| Memory { created_at: NOW, updated_at: NOW, ..memory(number, "same") }).collect();
    for memory in &memories {
        store.create_memory(&BY, memory, NOW).await.expect("created");
    }
    memories.sort_by_key(|memory| memory.id);
    let page = list(store, &ListQuery { sort: Sort::CreatedAsc, limit: 100, ..ListQuery::default() }).await;
    assert_eq!(page.items, memories);
    memories.reverse();
    let page = list(store, &ListQuery { limit: 100, ..ListQuery::default() }).await;
    assert_eq!(page.items, memories);
}

/// A change moves a memory to the front of `updated_at_desc` and nowhere else.
pub async fn changed_memories_come_first_when_asked(store: &dyn Store) {
    let memories = fill(store, 5).await;
    let patch = MemoryPatch { kind: Some(MemoryType::Procedural), ..MemoryPatch::default() };
    store.update_memory(&BY, memories[1].id, patch, NOW.plus_millis(100_000)).await.expect("updated");
    let first = |sort| async move {
        list(store, &ListQuery { sort, limit: 1, ..ListQuery::default() }).await.items[0].id
    };
    assert_eq!(first(Sort::UpdatedDesc).await, memories[1].id);
    assert_eq!(first(Sort::CreatedDesc).await, memories[4].id);
}

/// Totals stay right through changes of everything that lists are filtered by.
pub async fn counters_follow_every_change(store: &dyn Store) {
    let memories = fill(store, 12).await;
    let patch = MemoryPatch {
        tags: Some(tagged(memory(0, "x"), &["new"]).tags),
        namespace: Some(Some(omp_model::Namespace::new("moved").expect("fits"))),
        source: omp_model::SourcePatch {
            tool: ToolName::new("zed").ok(),
            ..omp_model::SourcePatch::default()
        },
        ..MemoryPatch::default()
    };
    store.update_memory(&BY, memories[0].id, patch, NOW).await.expect("updated");
    store.delete_memory(&BY, memories[6].id, NOW).await.expect("deleted");
    let total = |filter: Filter| async move {
        list(store, &ListQuery { filter, ..ListQuery::default() }).await.total
    };
    let by_tag = |name| Filter { tags: tagged(memory(0, "x"), &[name]).tags, ..Filter::default() };
    let by_tool = |name| Filter { tool: ToolName::new(name).ok(), ..Filter::default() };
    assert_eq!(total(Filter::default()).await, 11);
    assert_eq!(
        (total(by_tag("even")).await, total(by_tag("third")).await, total(by_tag("new")).await),
        (4, 2, 1)
    );
    assert_eq!(
        (total(by_tool("zed")).await, total(by_tool("cursor")).await, total(by_tool("claude")).await),
        (1, 2, 8)
    );
}

/// A tag, namespace or tool that nothing has is an empty list, not an error.
pub async fn an_unknown_filter_finds_nothing(store: &dyn Store) {
    fill(store, 3).await;
    let filter = Filter { tags: tagged(memory(0, "x"), &["even", "nowhere"]).tags, ..Filter::default() };
    let page = list(store, &ListQuery { filter, ..ListQuery::default() }).await;
    assert_eq!((page.items.len(), page.total), (0, 0));
}

/// Namespaces are told with their numbers as long as a memory is in them, those of the owner only.
pub async fn namespaces_are_those_that_have_memories(store: &dyn Store) {
    let first = within(memory(1, "one"), "work");
    let second = within(memory(2, "two"), "work");
    let third = within(memory(3, "three"), "home");
    for memory in [&first, &second, &third, &memory(4, "four")] {
        store.create_memory(&BY, memory, NOW).await.expect("created");
    }
    let told = async |limit| {
        let all = store.namespaces(OWNER, limit).await.expect("told");
        all.into_iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>()
    };
    assert_eq!(told(10).await, ["home 1", "work 2"]);
    assert_eq!(told(1).await, ["home 1"]);
    store.delete_memory(&BY, third.id, NOW).await.expect("deleted");
    assert_eq!(told(10).await, ["work 2"]);
    assert!(store.namespaces(omp_model::OwnerId(OWNER.0 + 1), 10).await.expect("told").is_empty());
}
