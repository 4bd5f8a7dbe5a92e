//! Finding conversations: words, limits, vectors, and what stays of what is gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use omp_model::conversation::{Message, NewConversation, Role};
use omp_model::transfer::Conflict;
use omp_model::{
    Content, Conversation, ConversationId, ConversationQuery, Grant, KeyId, Limits, ModelName, Namespace,
    NamespacePattern, NewUser, Principal, Scopes, ToolName, Topic, UserName,
};
use omp_search::keywords;

use super::{BY, NOW, OWNER};
use crate::stored::owner_of;
use crate::{FoundTurns, Indexing, Passages, Slot, SpaceModel, Store, WordHits};

/// A conversation of these turns, saved `number` milliseconds after [`NOW`].
pub fn conversation(number: i64, model: &str, topic: &str, turns: &[&str]) -> Conversation {
    let message =
        |text: &&str| Message { role: Role::User, content: Content::new(*text).expect("fits"), origin: None };
    let new = NewConversation {
        model: ModelName::new(model).expect("fits"),
        topic: Topic::new(topic).expect("fits"),
        messages: turns.iter().map(message).collect(),
        source_url: None,
    };
    new.into_conversation(ConversationId::derive(&["talk", &number.to_string()]), NOW.plus_millis(number))
}

/// Saves it.
pub async fn save(store: &dyn Store, conversation: &Conversation) {
    assert!(store.create_conversation(&BY, conversation).await.expect("created"));
}

async fn hits(store: &dyn Store, by: &Principal, q: &str, query: &ConversationQuery) -> WordHits {
    let mut found = store.conversation_hits(by, &keywords(q), query).await.expect("searched");
    found.hits.sort_by_key(|hit| hit.pk);
    found
}

/// What a search finds, in the order in which it was stored.
async fn found(store: &dyn Store, by: &Principal, q: &str) -> Vec<FoundTurns> {
    let pks: Vec<i64> =
        hits(store, by, q, &ConversationQuery::default()).await.hits.iter().map(|hit| hit.pk).collect();
    store.found_conversations(by, &keywords(q), &pks).await.expect("read")
}

/// A word leads to the conversations and the turns that hold it.
pub async fn turns_are_found_by_their_words(store: &dyn Store) {
    let bread = conversation(
        1,
        "claude",
        "Baking",
        &["Let us bake bread.", "Rye or wheat?", "Rye bread, with a rye starter.", "?!"],
    );
    let dough = conversation(2, "chatgpt", "Dough", &["How warm should bread dough be?", "京都 or 東京?"]);
    save(store, &bread).await;
    save(store, &dough).await;
    let all = hits(store, &BY, "rye bread", &ConversationQuery::default()).await;
    assert_eq!((all.conversations, all.entries, all.waiting), (2, 8, 0));
    let told: Vec<_> = all.hits.iter().map(|hit| (hit.entries, hit.counts.clone())).collect();
    assert_eq!(told, [(5, vec![2, 2]), (3, vec![0, 1])]);
    let told: Vec<_> =
        found(store, &BY, "rye bread").await.into_iter().map(|one| (one.conversation, one.turns)).collect();
    assert_eq!(told, [(bread.clone(), vec![(0, 1), (1, 1), (2, 2)]), (dough.clone(), vec![(0, 1)])]);
    // The topic is no turn; a lone character asks for every word that begins with it.
    assert_eq!(found(store, &BY, "baking").await[0].turns, [(0, 1)]);
    assert_eq!(found(store, &BY, "京").await[0].turns, [(1, 1)]);
    for nothing in ["quokka", "?!", "\"", "a' OR 1=1 --"] {
        assert_eq!(found(store, &BY, nothing).await, [], "{nothing}");
    }
    let gone: Vec<FoundTurns> =
        store.found_conversations(&BY, &keywords("rye"), &[1, 2, i64::MAX]).await.expect("read");
    assert_eq!(gone, []);
}

/// Filters and the principal's own limits.
pub async fn only_what_answers_is_found(store: &dyn Store) {
    for number in 0..6 {
        let model = if number % 2 == 0 { "claude-next" } else { "chatgpt" };
        save(store, &conversation(number, model, "t", &["tea and more"])).await;
    }
    let count = |query: ConversationQuery| async move { hits(store, &BY, "tea", &query).await.hits.len() };
    let any = ConversationQuery::default();
    let (claude, since) = (ModelName::new("claude").ok(), Some(NOW.plus_millis(3)));
    assert_eq!(count(any.clone()).await, 6);
    assert_eq!(count(ConversationQuery { model: claude.clone(), ..any.clone() }).await, 3);
    let query = ConversationQuery { exclude_model: claude, since, ..any.clone() };
    assert_eq!(count(query.clone()).await, 2);
    let all: Vec<i64> = hits(store, &BY, "tea", &any).await.hits.iter().map(|hit| hit.pk).rev().collect();
    let admitted = store.admitted_conversations(&BY, &query, &all).await.expect("read");
    assert_eq!(admitted, [all[0], all[2]], "in the order of the question");

    let other = Principal::everything(crate::OwnerId(9));
    assert_eq!(hits(store, &other, "tea", &any).await, WordHits::default());
    assert_eq!(store.admitted_conversations(&other, &any, &all).await.expect("read"), Vec::<i64>::new());
    assert_eq!(store.found_conversations(&other, &keywords("tea"), &all).await.expect("read"), []);
}

/// A key of the owner's that reaches only so much.
fn limited(limits: Limits) -> Principal {
    Principal::with(Arc::new(Grant {
        user: OWNER,
        user_name: UserName::new("owner").expect("fits"),
        key: KeyId::derive(&["limited"]),
        administers: false,
        scopes: Scopes::READ_WRITE,
        limits,
        default_namespace: None,
    }))
}

/// A key that sees one tool's conversations, or those of a namespace (in which none is), finds no others, and what else
/// there is does not show in what the hits are measured by.
pub async fn what_a_key_may_not_see_shows_nowhere(store: &dyn Store) {
    let tool = ToolName::new("cursor").ok();
    let cursor = limited(Limits { tool, own_tool_only: true, ..Limits::default() });
    let project = NamespacePattern::exactly(&Namespace::new("project:x").expect("fits"));
    let elsewhere = limited(Limits { namespaces: vec![project], ..Limits::default() });
    let any = ConversationQuery::default();
    let (mine, other) = (conversation(0, "a", "t", &["tea", "milk"]), conversation(1, "a", "t", &["tea"]));
    for mine in [&mine, &other] {
        assert!(store.create_conversation(&cursor, mine).await.expect("created"));
    }
    let alone = hits(store, &cursor, "tea", &any).await;
    assert_eq!((alone.conversations, alone.entries, alone.hits.len()), (2, 5, 2));
    for number in 2..8 {
        save(store, &conversation(number, "a", "t", &["tea", "more tea", "and more"])).await;
    }
    assert_eq!(hits(store, &cursor, "tea", &any).await, alone);
    assert_eq!(hits(store, &elsewhere, "tea", &any).await, WordHits::default());
    let all = hits(store, &BY, "tea", &any).await;
    assert_eq!((all.conversations, all.entries, all.hits.len()), (8, 29, 8));
    let pks: Vec<i64> = all.hits.iter().map(|hit| hit.pk).collect();
    for (by, seen) in [(&cursor, &pks[..2]), (&elsewhere, &[][..])] {
        assert_eq!(store.admitted_conversations(by, &any, &pks).await.expect("read"), seen);
        let found = store.found_conversations(by, &keywords("tea"), &pks).await.expect("read");
        assert_eq!(found.iter().map(|found| found.pk).collect::<Vec<_>>(), seen);
    }
}

/// Deleted and replaced conversations are found no more, and their words count no more.
pub async fn what_is_gone_is_not_found(store: &dyn Store) {
    let (first, second) =
        (conversation(1, "a", "one", &["tea", "milk"]), conversation(2, "a", "two", &["tea"]));
    save(store, &first).await;
    save(store, &second).await;
    assert!(store.delete_conversation(&BY, first.id, NOW).await.expect("deleted").done().is_some());
    let left = hits(store, &BY, "tea milk one", &ConversationQuery::default()).await;
    assert_eq!((left.conversations, left.entries, left.hits.len()), (1, 2, 1));
    let changed = conversation(2, "a", "two", &["coffee", "sugar"]);
    store
        .import_conversations(&BY, vec![changed.clone(), first], Conflict::Overwrite, Indexing::AtOnce, NOW)
        .await
        .expect("imported");
    assert_eq!(found(store, &BY, "tea").await.len(), 1);
    assert_eq!(found(store, &BY, "coffee").await[0].conversation, changed);
    let now = hits(store, &BY, "coffee", &ConversationQuery::default()).await;
    assert_eq!((now.conversations, now.entries), (2, 6));
}

/// What an import leaves for later is read and listed at once, found as soon as it is
/// indexed, and gone for good when it is removed before.
pub async fn what_is_indexed_later_waits(store: &dyn Store) {
    let all: Vec<_> = (0..9).map(|number| conversation(number, "a", "t", &["tea"])).collect();
    let import = |all: Vec<Conversation>| async move {
        store
            .import_conversations(&BY, all, Conflict::Overwrite, Indexing::Later, NOW)
            .await
            .expect("imported");
    };
    import(all.clone()).await;
    assert_eq!(store.get_conversation(&BY, all[3].id).await.expect("read").as_ref(), Some(&all[3]));
    let told = || async {
        let hits = hits(store, &BY, "tea", &ConversationQuery::default()).await;
        (hits.waiting, hits.hits.len())
    };
    assert_eq!(told().await, (9, 0));
    assert!(store.delete_conversation(&BY, all[3].id, NOW).await.expect("deleted").done().is_some());
    // One that comes again waits once.
    import(all[..2].to_vec()).await;
    assert_eq!(told().await, (8, 0));
    while store.index_conversations(3).await.expect("indexed") {}
    assert_eq!(told().await, (0, 8));
}

/// The heir of a user finds what was theirs, as soon as it is indexed again.
pub async fn what_is_handed_over_is_found_by_the_heir(store: &dyn Store) {
    let new = NewUser { name: UserName::new("guest").expect("fits"), admin: false };
    let guest = store.create_user(&BY, &new, NOW).await.expect("ran").expect("a free name");
    let theirs = Principal::everything(guest);
    for number in 0..30 {
        let talk = conversation(number, "a", "t", &["tea"]);
        assert!(store.create_conversation(&theirs, &talk).await.expect("created"));
    }
    assert_eq!(found(store, &theirs, "tea").await.len(), 30);
    let mut moved = 0;
    loop {
        let step = store.remove_user(&BY, guest, Some(OWNER), 100, NOW).await.expect("a step");
        moved += step.removed.conversations;
        if step.done {
            break;
        }
    }
    assert_eq!(moved, 30);
    assert_eq!(hits(store, &BY, "tea", &ConversationQuery::default()).await.waiting, 30);
    while store.index_conversations(7).await.expect("indexed") {}
    let now = hits(store, &BY, "tea", &ConversationQuery::default()).await;
    assert_eq!((now.waiting, now.conversations, now.hits.len()), (0, 30, 30));
    assert_eq!(found(store, &theirs, "tea").await, []);
}

/// Owners take turns: what one of them brings keeps nobody else waiting. Of each the one stored last comes first.
pub async fn owners_take_turns(store: &dyn Store) {
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let slot = store.open_vector_space(&model).await.expect("a space").slot;
    let mut owners = vec![BY.clone()];
    for name in ["guest", "other"] {
        let new = NewUser { name: UserName::new(name).expect("fits"), admin: false };
        let user = store.create_user(&BY, &new, NOW).await.expect("ran").expect("a free name");
        owners.push(Principal::everything(user));
    }
    for (at, by) in (0..).zip(&owners) {
        let all = (0..3).map(|number| conversation(10 * at + number, "a", &number.to_string(), &["tea"]));
        store
            .import_conversations(by, all.collect(), Conflict::Overwrite, Indexing::Later, NOW)
            .await
            .expect("imported");
    }
    for (round, topic) in ["2", "1", "0"].into_iter().enumerate() {
        let mut served = BTreeSet::new();
        for _ in &owners {
            assert!(store.index_conversations(1).await.expect("indexed"));
            let pending = store.conversation_backlog(slot, 1).await.expect("read");
            assert_eq!((pending.len(), pending[0].conversation.topic.as_str()), (1, topic));
            served.insert(owner_of(pending[0].pk));
            let none = Passages { pk: pending[0].pk, ..Passages::default() };
            store.put_passages(slot, vec![none]).await.expect("stored");
        }
        assert_eq!(served.len(), owners.len());
        for by in &owners {
            let told = hits(store, by, "tea", &ConversationQuery::default()).await;
            assert_eq!((told.hits.len(), told.waiting), (round + 1, 2 - round as u64));
        }
    }
    assert!(!store.index_conversations(1).await.expect("indexed"));
    assert_eq!(store.conversation_backlog(slot, 1).await.expect("read"), []);
}

/// Vectors: who waits for them, and that they go with their conversation.
pub async fn passages_follow_their_conversation(store: &dyn Store) {
    let before = conversation(1, "a", "one", &["tea"]);
    save(store, &before).await;
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let space = store.open_vector_space(&model).await.expect("a space");
    let after = conversation(2, "a", "two", &["milk", "honey"]);
    save(store, &after).await;
    assert_eq!(store.count_conversation_backlog(space.slot).await.expect("counted"), 2);
    let pending = store.conversation_backlog(space.slot, 10).await.expect("read");
    let waiting: Vec<_> = pending.iter().map(|one| &one.conversation).collect();
    assert_eq!(waiting, [&after, &before], "the one stored last first");
    let of = |at: usize, turns: &[u16]| Passages {
        pk: pending[at].pk,
        turns: turns.to_vec(),
        vectors: turns.iter().flat_map(|turn| [1.0, f32::from(*turn)]).collect(),
    };
    let (new, old) = (of(0, &[0, 1]), of(1, &[0]));
    let nothing = Passages { pk: i64::MAX, turns: vec![0], vectors: vec![1.0, 1.0] };
    store.put_passages(space.slot, vec![new.clone(), nothing]).await.expect("stored");
    store.put_passages(space.slot, vec![old.clone()]).await.expect("stored");
    store.put_passages(space.slot, vec![of(1, &[0, 1])]).await.expect("too late: it waits no more");
    assert_eq!(store.count_conversation_backlog(space.slot).await.expect("counted"), 0);
    let read = |seq| async move { store.passages_since(OWNER, space.slot, seq, 10).await.expect("read") };
    let all = read(0).await;
    assert_eq!(all.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>(), [new.clone(), old.clone()]);
    assert_eq!(read(all[0].0).await, all[1..]);
    let other = store.passages_since(crate::OwnerId(9), space.slot, 0, 10).await.expect("read");
    assert_eq!(other, []);
    let some = store.passages(OWNER, space.slot, &[new.pk, i64::MAX]).await.expect("read");
    assert_eq!(some, std::slice::from_ref(&new));
    assert!(store.delete_conversation(&BY, after.id, NOW).await.expect("deleted").done().is_some());
    assert_eq!(read(0).await.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>(), [old]);

    // Another model's space: everything waits again, and the first one goes when it is active.
    let model = SpaceModel { revision: "2".into(), ..model };
    let second = store.open_vector_space(&model).await.expect("a space");
    assert_ne!(second.slot, space.slot);
    assert_eq!(store.count_conversation_backlog(second.slot).await.expect("counted"), 1);
    store.activate_vector_space(second.slot).await.expect("activated");
    assert_eq!(read(0).await, []);
    assert_eq!(store.count_conversation_backlog(Slot(space.slot.0)).await.expect("counted"), 0);
}
