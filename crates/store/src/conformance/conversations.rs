//! Conversations.

use omp_model::conversation::{Message, NewConversation, Role};
use omp_model::transfer::Conflict;
use omp_model::{
    Content, Conversation, ConversationId, ConversationOrigin, ConversationQuery, ModelName, Topic,
};

use super::{BY, NOW};
use crate::ImportOutcome::{Imported, Skipped, Unchanged, Updated};
use crate::{Changed, Indexing, Store};

fn conversation(number: i64, model: &str) -> Conversation {
    let message = Message {
        role: Role::User,
        content: Content::new(format!("hello {number}")).expect("fits"),
        origin: None,
    };
    let new = NewConversation {
        model: ModelName::new(model).expect("fits"),
        topic: Topic::new("greetings").expect("fits"),
        messages: vec![message],
        source_url: None,
    };
    new.into_conversation(ConversationId::derive(&[&number.to_string()]), NOW.plus_millis(number))
}

/// Create, read, delete.
pub async fn saved_conversations_are_read_back(store: &dyn Store) {
    let saved = conversation(0, "claude");
    assert!(store.create_conversation(&BY, &saved).await.expect("created"));
    assert!(!store.create_conversation(&BY, &saved).await.expect("ran"));
    assert_eq!(store.get_conversation(&BY, saved.id).await.expect("read"), Some(saved.clone()));
    assert_eq!(
        store
            .get_conversation(&omp_model::Principal::everything(super::OwnerId(9)), saved.id)
            .await
            .expect("read"),
        None
    );
    assert!(store.delete_conversation(&BY, saved.id, NOW).await.expect("deleted").done().is_some());
    assert_eq!(store.delete_conversation(&BY, saved.id, NOW).await.expect("ran"), Changed::Missing);
}

/// The filters, the order and the total.
pub async fn conversations_are_filtered_by_model_and_time(store: &dyn Store) {
    for number in 0..20 {
        let model = if number % 4 == 0 { "claude" } else { "chatgpt" };
        store.create_conversation(&BY, &conversation(number, model)).await.expect("created");
    }
    let list = |query: ConversationQuery| async move {
        store.list_conversations(&BY, &query).await.expect("listed")
    };
    let claude = ModelName::new("claude").ok();
    let page =
        list(ConversationQuery { model: claude.clone(), limit: 2, ..ConversationQuery::default() }).await;
    assert_eq!(
        (page.items.iter().map(|c| c.id).collect::<Vec<_>>(), page.total),
        (vec![conversation(16, "x").id, conversation(12, "x").id], 5)
    );
    let since = Some(NOW.plus_millis(15));
    let page = list(ConversationQuery { exclude_model: claude, since, ..ConversationQuery::default() }).await;
    assert_eq!((page.items.len(), page.total), (4, 4));
    assert_eq!(list(ConversationQuery::default()).await.items.len(), 10);
}

/// An import passes over taken ids unless told to replace; what a conversation comes with is kept.
pub async fn imported_conversations_replace_only_when_asked(store: &dyn Store) {
    let import = |conversations: Vec<Conversation>, conflict, dry_run: bool| async move {
        let indexing = if dry_run { Indexing::DryRun } else { Indexing::AtOnce };
        store.import_conversations(&BY, conversations, conflict, indexing, NOW).await.expect("imported")
    };
    let both = || {
        let mut branched = conversation(0, "a");
        let branches = vec![branched.messages.clone()];
        let origin = ConversationOrigin { format: "f".into(), branches, ..ConversationOrigin::default() };
        branched.origin = Some(Box::new(origin));
        vec![branched, conversation(1, "a")]
    };
    assert_eq!(import(both(), Conflict::Skip, true).await, [Imported, Imported]);
    assert_eq!(import(both(), Conflict::Skip, false).await, [Imported, Imported]);
    assert_eq!(import(both(), Conflict::Newer, false).await, [Unchanged, Unchanged]);
    let stored = store.get_conversation(&BY, both()[0].id).await.expect("read");
    assert_eq!(stored.as_ref(), both().first());

    let mut answered_again = both().remove(0);
    answered_again.updated_at = answered_again.updated_at.plus_millis(1);
    let again = answered_again.messages.clone();
    answered_again.origin.as_mut().expect("has one").branches.push(again);
    assert_eq!(import(vec![answered_again.clone()], Conflict::Newer, false).await, [Updated]);
    let stored = store.get_conversation(&BY, answered_again.id).await.expect("read");
    assert_eq!(stored.as_ref(), Some(&answered_again), "a new branch is something new");
    assert_eq!(import(vec![both().remove(0)], Conflict::Overwrite, false).await, [Updated]);

    let changed = || conversation(0, "b");
    assert_eq!(import(vec![changed()], Conflict::Skip, false).await, [Skipped]);
    assert_eq!(import(vec![changed()], Conflict::Newer, false).await, [Skipped], "it was not changed later");
    let mut later = changed();
    later.updated_at = later.updated_at.plus_millis(1);
    assert_eq!(import(vec![later.clone()], Conflict::Newer, true).await, [Updated]);
    assert_eq!(import(vec![later], Conflict::Newer, false).await, [Updated]);
    assert_eq!(import(vec![conversation(0, "c")], Conflict::Overwrite, false).await, [Updated]);
    let mut ids = Vec::new();
    while let [next] =
        store.export_conversations(&BY, ids.last().copied(), 1).await.expect("exported").as_slice()
    {
        ids.push(next.id);
    }
    assert_eq!(ids.len(), 2);
}
