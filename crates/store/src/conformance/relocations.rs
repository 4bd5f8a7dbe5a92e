//! Moving everything to another store: what such a move must bring, and what must not disturb it.

use std::sync::atomic::{AtomicBool, Ordering};

use omp_model::conversation::{Message, NewConversation, Role};
use omp_model::transfer::Conflict;
use omp_model::{
    Content, Conversation, ConversationId, Dedupe, Embedding, HistoryQuery, KeyId, Limits, Memory,
    MemoryPatch, Metadata, ModelName, Namespace, NamespacePattern, NewUser, OsRandom, OwnerId, Principal,
    Scope, Scopes, ShareAccess, SystemClock, Timestamp, Topic, UserName,
};

use super::{BY, NOW, OWNER, memory, tagged, within};
use crate::relocation::{MoveError, Moved, Rows, Snapshot, Table, relocate, tables};
use crate::{
    Addition, ImportChunk, ImportItem, Indexing, KeyChange, NewVector, Original, Relocation, SpaceModel,
    Store, StoredKey,
};

/// A store that can be moved.
pub trait Whole: Store + Relocation {}

impl<T: Store + Relocation> Whole for T {}

fn at(seconds: i64) -> Timestamp {
    NOW.plus_millis(seconds * 1_000)
}

fn namespace(text: &str) -> Namespace {
    Namespace::new(text).expect("fits")
}

fn conversation(number: i64) -> Conversation {
    let message = Message {
        role: Role::User,
        content: Content::new(format!("hello {number}")).expect("fits"),
        origin: None,
    };
    let new = NewConversation {
        model: ModelName::new("claude").expect("fits"),
        topic: Topic::new("greetings").expect("fits"),
        messages: vec![message],
        source_url: None,
    };
    new.into_conversation(ConversationId::derive(&[&number.to_string()]), at(number))
}

/// A key; its hash is made of its number.
pub fn key(number: u8, owner: OwnerId, user: &str) -> StoredKey {
    StoredKey {
        id: KeyId::from_body(&format!("{number:016}")).expect("an id"),
        owner,
        user: UserName::new(user).expect("fits"),
        administers: owner == OWNER,
        name: omp_model::Text::new(format!("key {number}")).expect("fits"),
        hash: [number; 32],
        former: None,
        scopes: Scopes::new([Scope::Read, Scope::Write]),
        limits: Limits {
            namespaces: vec![NamespacePattern::new("home").expect("a pattern")],
            ..Limits::default()
        },
        default_namespace: Some(namespace("home")),
        created_at: at(i64::from(number)),
        expires_at: Some(at(1_000_000)),
        last_used_at: None,
        revoked_at: None,
    }
}

async fn user(store: &dyn Whole, name: &str) -> OwnerId {
    let new = NewUser { name: UserName::new(name).expect("fits"), admin: false };
    store.create_user(&BY, &new, NOW).await.expect("stored").expect("free")
}

async fn say(store: &dyn Whole, by: &Principal, number: i64, text: &str, after: i64) {
    let patch = MemoryPatch { content: Some(Content::new(text).expect("fits")), ..MemoryPatch::default() };
    let changed = store.update_memory(by, memory(number, "x").id, patch, at(after)).await.expect("ran");
    assert!(changed.done().is_some(), "{number}");
}

async fn import(store: &dyn Whole, numbers: std::ops::Range<i64>, original: Option<Original>) {
    let item = |number: i64| ImportItem {
        memory: tagged(memory(number, &format!("imported number {number}")), &["import", "bulk"]),
        original: original.clone(),
        date_assumed: false,
    };
    let items = numbers.map(item).collect();
    let chunk = ImportChunk::plain(items, Conflict::Skip);
    store.import_memories(&BY, chunk, NOW).await.expect("imported");
}

/// Vectors for so many of the memories that wait; one has nothing to embed.
async fn embed(store: &dyn Whole, model: &SpaceModel, count: u32) {
    let space = store.open_vector_space(model).await.expect("opened");
    let pending = store.backlog(space.slot, count).await.expect("read");
    let vectors = pending.iter().enumerate().map(|(index, pending)| NewVector {
        pk: pending.pk,
        seq: pending.seq,
        windows: if index == 0 { Vec::new() } else { vec![0.6, f32::MIN_POSITIVE] },
    });
    store.put_vectors(&space, vectors.collect()).await.expect("stored");
}

fn model(name: &str) -> SpaceModel {
    SpaceModel { name: name.to_owned(), revision: "1".to_owned(), dimensions: 2 }
}

/// Something in every table.
pub async fn fill(store: &dyn Whole) {
    store.open_vector_space(&model("first")).await.expect("opened");
    let (anna, ben) = (user(store, "anna").await, user(store, "ben").await);
    let (anna_by, ben_by) = (Principal::everything(anna), Principal::everything(ben));
    for number in 0..12 {
        let mut one = tagged(memory(number, &format!("Número {number} — 茶 and tea")), &["drinks", "t"]);
        one.metadata = Metadata::parse(r#"{"n":1.50,"deep":{"x":[1,2]}}"#).expect("valid");
        one.expires_at = (number % 5 == 0).then(|| at(5_000 + number));
        if number % 3 == 0 {
            one = within(one, "home");
            one.embedding = Embedding::new(vec![0.25, -0.5, 1e-7]).ok();
        }
        for by in [&BY, &anna_by, &ben_by] {
            store.create_memory(by, &one, NOW).await.expect("created");
        }
    }
    say(store, &BY, 1, "changed once", 10).await;
    say(store, &BY, 1, "changed twice", 20).await;
    say(store, &anna_by, 2, "changed by anna", 30).await;
    let addition = Addition { supersedes: Some(memory(3, "x").id), dedupe: Dedupe::Off };
    store.add_memory(&BY, &memory(20, "in its place"), addition, at(40)).await.expect("added");
    let addition = Addition { supersedes: Some(memory(20, "x").id), dedupe: Dedupe::Off };
    store.add_memory(&BY, &memory(21, "and in that one's"), addition, at(41)).await.expect("added");
    store.delete_memory(&BY, memory(4, "x").id, at(50)).await.expect("deleted");
    let envelope = store.save_envelope(OWNER, "test", "{\"all\": 1}", NOW).await.expect("saved");
    let original = Original {
        format: "test".into(),
        envelope: Some(envelope),
        raw: Some("{\"x\": 1}".into()),
        head: None,
    };
    import(store, 100..103, Some(original.clone())).await;
    let part = Original { raw: None, head: Some(memory(100, "x").id), ..original };
    import(store, 103..104, Some(part)).await;
    embed(store, &model("first"), 40).await;
    embed(store, &model("second"), 4).await;
    for number in 0..5 {
        for by in [&BY, &anna_by] {
            store.create_conversation(by, &conversation(number)).await.expect("created");
        }
    }
    for (number, owner, name) in [(1, OWNER, "owner"), (2, anna, "anna"), (3, anna, "anna"), (4, ben, "ben")]
    {
        store.create_key(&BY, &key(number, owner, name)).await.expect("created");
    }
    let rotation = KeyChange::Rotate { hash: [99; 32], former_until: at(9_000) };
    assert!(store.change_key(&BY, None, key(2, anna, "anna").id, rotation, at(60)).await.expect("ran"));
    let revoked = key(3, anna, "anna").id;
    assert!(store.change_key(&BY, None, revoked, KeyChange::Revoke, at(61)).await.expect("ran"));
    store.touch_key(key(1, OWNER, "owner").id, at(62)).await.expect("touched");
    for (guest, access) in [(anna, ShareAccess::Read), (ben, ShareAccess::Write)] {
        assert!(store.share(&BY, &namespace("home"), guest, access, at(63)).await.expect("ran"));
    }
}

/// Changes of every sort to a store that was filled; `round` keeps them apart.
pub async fn go_on(store: &dyn Whole, round: i64) {
    let anna = Principal::everything(OwnerId(2));
    let first = 1_000 * round;
    say(store, &BY, 5, &format!("changed in round {round}"), first).await;
    store.create_memory(&BY, &memory(first, "new"), at(first)).await.expect("created");
    store.create_memory(&anna, &tagged(memory(first, "new"), &["new"]), at(first)).await.expect("created");
    store.delete_memory(&anna, memory(round, "x").id, at(first)).await.expect("deleted");
    // The gap closes, and what was imported as one record is several now: neither has a text of its own that changed.
    store.delete_memory(&BY, memory(20, "x").id, at(first)).await.expect("deleted");
    store.delete_memory(&BY, memory(103, "x").id, at(first)).await.expect("deleted");
    store.delete_conversation(&BY, conversation(round).id, at(first)).await.expect("deleted");
    let mut again = conversation(0);
    again.topic = Topic::new(format!("round {round}")).expect("fits");
    let all = vec![again, conversation(first)];
    store
        .import_conversations(&BY, all, Conflict::Overwrite, Indexing::AtOnce, at(first))
        .await
        .expect("imported");
    let name = format!("carla{round}");
    let carla = user(store, &name).await;
    let number = 10 + u8::try_from(round).expect("few rounds");
    store.create_key(&BY, &key(number, carla, &name)).await.expect("created");
    store.change_key(&BY, None, key(4, anna.owner, "ben").id, KeyChange::Revoke, NOW).await.expect("ran");
    store.unshare(&BY, &namespace("home"), anna.owner, NOW).await.expect("ran");
    while !store
        .move_namespace(&BY, &namespace("home"), Some(&namespace("away")), 3, at(first))
        .await
        .expect("moved")
        .done
    {}
    let ben = OwnerId(3);
    while store.users(NOW).await.expect("read").iter().any(|stored| stored.owner == ben) {
        store.remove_user(&BY, ben, Some(OWNER), 5, at(first)).await.expect("removed");
    }
    let second = store.open_vector_space(&model("second")).await.expect("opened");
    embed(store, &model("second"), 8).await;
    if !second.active {
        store.activate_vector_space(second.slot).await.expect("activated");
    }
}

async fn rows(of: &dyn Snapshot, root: Table, owner: Option<OwnerId>) -> Rows {
    let (first, last) = root.bounds(owner);
    of.page(root, owner, first, last).await.expect("read")
}

/// Two stores hold the same rows in every table that goes over, and what follows from them is in order.
pub async fn assert_same(here: &dyn Relocation, there: &dyn Relocation) {
    let (one, other) = (here.snapshot().await.expect("read"), there.snapshot().await.expect("read"));
    for table in [Table::Owners, Table::Keys, Table::Shares, Table::Spaces] {
        assert_eq!(cells(&*one, table).await, cells(&*other, table).await, "{}", table.name());
    }
    let users = one.whole(Table::Owners).await.expect("read");
    let mut all = 0;
    for user in &users {
        let owner = OwnerId(u32::try_from(user.position()).expect("a number"));
        for root in [Table::Envelopes, Table::Memories, Table::Conversations, Table::Tombstones] {
            let (ours, theirs) =
                (rows(&*one, root, Some(owner)).await, rows(&*other, root, Some(owner)).await);
            all += ours.len();
            assert!(ours == theirs, "{} of {owner:?}: {} and {} rows", root.name(), ours.len(), theirs.len());
        }
    }
    assert!(all > 0, "there is nothing to compare");
    assert!(rows(&*one, Table::Audit, None).await == rows(&*other, Table::Audit, None).await, "the audit");
    drop((one, other));
    for store in [here, there] {
        let checks = store.check().await.expect("checks run");
        let problems: Vec<_> = checks.into_iter().filter(|check| check.problem.is_some()).collect();
        assert_eq!(problems, [], "{}", store.place());
    }
}

async fn cells(of: &dyn Snapshot, table: Table) -> Vec<Vec<String>> {
    let text = |cell: &crate::relocation::Cell| match cell {
        crate::relocation::Cell::Null => "nothing".to_owned(),
        crate::relocation::Cell::Int(value) => value.to_string(),
        crate::relocation::Cell::Text(value) => value.clone(),
        crate::relocation::Cell::Bytes(value) => format!("{value:?}"),
    };
    let rows = of.whole(table).await.expect("read");
    rows.iter().map(|row| row.0.iter().map(text).collect()).collect()
}

/// Moves, and says nothing of how far it is.
pub async fn carry(source: &dyn Relocation, target: &dyn Relocation) -> Result<Moved, MoveError> {
    relocate(source, target, &SystemClock, &OsRandom, &|_| {}).await
}

/// What a store answers.
async fn answers(store: &dyn Whole) -> (Vec<Memory>, Vec<Vec<String>>, String, Vec<Conversation>) {
    let page =
        crate::transfer::ExportPage { after: None, limit: 1_000, with_embedding: true, with_original: true };
    let exported = store.export_memories(&BY, page, NOW).await.expect("exported");
    let mut found = Vec::new();
    for words in ["tea", "茶", "imported number", "changed"] {
        found.push(super::searches::search(store, OWNER, words).await);
    }
    let history = store.history(&BY, memory(1, "x").id, HistoryQuery::default(), NOW).await.expect("read");
    let keys = store.keys().await.expect("read");
    let counts = store.counts(&BY, crate::Counted::Tags, NOW).await.expect("counted");
    let namespaces = store.namespaces(OWNER, 10).await.expect("read");
    let rest = format!(
        "{history:?} {:?} {counts:?} {namespaces:?} {:?} {:?}",
        keys.iter().map(|key| (key.id, key.hash, key.former, key.scopes)).collect::<Vec<_>>(),
        store.shares().await.expect("read").len(),
        store.users(NOW).await.expect("read"),
    );
    let conversations = store.export_conversations(&BY, None, 100).await.expect("exported");
    (exported.into_iter().map(|one| one.memory).collect(), found, rest, conversations)
}

/// Every row arrives as it was, what follows from rows is made, and on the way back it is the same once more.
pub async fn everything_goes_over_and_back(source: &dyn Whole, target: &dyn Whole, back: &dyn Whole) {
    fill(source).await;
    let moved = carry(source, target).await.expect("moved");
    assert_same(source, target).await;
    assert_eq!(answers(target).await, answers(source).await);
    assert_eq!((moved.owners.len(), moved.keys, moved.shares, moved.corrected), (3, 4, 2, 0));
    assert!(!moved.source_changed);
    let tables: Vec<&str> = moved.owners[0].rows.keys().copied().collect();
    assert_eq!(
        tables,
        [
            "backlog",
            "conversations",
            "embeddings",
            "envelopes",
            "memories",
            "originals",
            "tombstones",
            "vectors",
            "versions"
        ],
        "the filling leaves a table empty"
    );
    let returned = carry(target, back).await.expect("moved back");
    assert_same(source, back).await;
    assert_eq!(answers(back).await, answers(source).await);
    assert_eq!(
        returned.owners.iter().map(|owner| &owner.digest).collect::<Vec<_>>(),
        moved.owners.iter().map(|owner| &owner.digest).collect::<Vec<_>>()
    );
    // It is a store like any other: numbers go on where they were.
    for store in [source, back] {
        store.create_memory(&BY, &memory(7_000, "later"), at(7_000)).await.expect("created");
        store.save_envelope(OWNER, "test", "another", at(7_000)).await.expect("saved");
        store.create_conversation(&BY, &conversation(7_000)).await.expect("created");
        user(store, "dora").await;
    }
    assert_same(source, back).await;
}

/// A second run brings what came after the first, of whatever sort, and takes away what went.
pub async fn a_second_run_catches_up(source: &dyn Whole, target: &dyn Whole) {
    fill(source).await;
    carry(source, target).await.expect("moved");
    for round in 1..4 {
        go_on(source, round).await;
        assert!(
            source.check().await.expect("checks run").iter().all(|check| check.problem.is_none()),
            "the source, round {round}"
        );
        let moved = carry(source, target).await.expect("caught up");
        assert!(moved.corrected < 40, "numbers tell most of it: {}", moved.corrected);
        assert_same(source, target).await;
    }
    assert_eq!(answers(target).await, answers(source).await);
    let again = carry(source, target).await.expect("nothing to do");
    assert_eq!(again.corrected, 0);
}

/// Where nobody ever made a user or a key, everybody comes in; so it is in
/// the new place. Where somebody did, nobody does.
pub async fn the_door_stays_as_it_was(source: &dyn Whole, target: &dyn Whole) {
    source.create_memory(&BY, &memory(0, "mine"), NOW).await.expect("created");
    carry(source, target).await.expect("moved");
    let opened = target.access_version().await.expect("read");
    assert_eq!(opened.0, 0, "nobody would come in any more");
    assert!(opened.1 > 0, "who has it open does not notice");
    user(source, "anna").await;
    carry(source, target).await.expect("caught up");
    let locked = target.access_version().await.expect("read");
    assert!(locked.0 > 0 && locked.1 > opened.1, "{opened:?} {locked:?}");
}

/// Memories that a program was about to put on the backlog of a new space get there in the new place.
pub async fn what_is_yet_to_wait_goes_over(source: &dyn Whole, target: &dyn Whole) {
    for number in 0..3 {
        source.create_memory(&BY, &memory(number, "text"), NOW).await.expect("created");
    }
    super::vectors::open_and_go(source, &model("first")).await;
    carry(source, target).await.expect("moved");
    let space = target.open_vector_space(&model("first")).await.expect("opened");
    assert_eq!(target.count_backlog(space.slot).await.expect("counted"), 3);
}

/// Conversations that went over before the source had a model wait for its vectors.
pub async fn conversations_wait_for_a_later_model(source: &dyn Whole, target: &dyn Whole) {
    for number in 0..3 {
        source.create_conversation(&BY, &conversation(number)).await.expect("created");
    }
    carry(source, target).await.expect("moved");
    for name in ["first", "second"] {
        source.open_vector_space(&model(name)).await.expect("opened");
        carry(source, target).await.expect("caught up");
        let space = target.open_vector_space(&model(name)).await.expect("it came over");
        let waiting = target.count_conversation_backlog(space.slot).await.expect("counted");
        assert_eq!(waiting, 3, "{name}");
    }
}

/// While it goes on, people write. What they wrote before the last pass is there; the next run brings the rest.
pub async fn a_source_may_be_written_to_meanwhile(source: &dyn Whole, target: &dyn Whole) {
    fill(source).await;
    for chunk in 0..5 {
        import(source, 10_000 + chunk * 1_000..11_000 + chunk * 1_000, None).await;
    }
    let (moving, begun) = (AtomicBool::new(true), tokio::sync::Notify::new());
    let write = async {
        begun.notified().await;
        let mut number: i64 = 20_000;
        while moving.load(Ordering::SeqCst) {
            number += 1;
            source.create_memory(&BY, &memory(number, "written meanwhile"), NOW).await.expect("created");
            say(source, &BY, 10_000 + number % 4_000, &format!("changed {number}"), number).await;
            source.delete_memory(&BY, memory(14_000 + number % 900, "x").id, NOW).await.expect("ran");
            source.create_conversation(&BY, &conversation(number)).await.expect("created");
            source.delete_conversation(&BY, conversation(number - 3).id, NOW).await.expect("ran");
        }
        number
    };
    let carrying = async {
        let tell = |_| begun.notify_one();
        let moved = relocate(source, target, &SystemClock, &OsRandom, &tell).await;
        moving.store(false, Ordering::SeqCst);
        moved
    };
    let (moved, written) = tokio::join!(carrying, write);
    let moved = moved.expect("moved");
    assert!(written > 20_000 && moved.source_changed, "nobody wrote");
    let moved = carry(source, target).await.expect("caught up");
    assert!(!moved.source_changed);
    assert_same(source, target).await;
}

/// What is somebody's stays as it is.
pub async fn only_an_empty_target_or_a_move_of_the_same_source_is_filled(
    source: &dyn Whole,
    target: &dyn Whole,
    full: &dyn Whole,
) {
    fill(source).await;
    full.create_memory(&BY, &memory(0, "mine"), NOW).await.expect("created");
    let refused = carry(source, full).await;
    assert!(matches!(&refused, Err(MoveError::NotEmpty(place)) if *place == full.place()), "{refused:?}");
    assert!(matches!(carry(source, source).await, Err(MoveError::Same(_))));
    carry(source, target).await.expect("moved");
    target.create_memory(&BY, &memory(900, "written in the new place"), NOW).await.expect("created");
    let refused = carry(source, target).await;
    assert!(matches!(refused, Err(MoveError::Used(_))), "{refused:?}");
    assert!(target.get_memory(&BY, memory(900, "x").id, false, NOW).await.expect("read").is_some());
}

/// The tables of a database, each with its columns, are those that go over or stay, and no others.
pub fn assert_every_table_is_known<'a>(found: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) {
    use std::collections::BTreeSet;
    for (table, columns) in found {
        if tables::STAYS.iter().any(|(name, _)| *name == table) {
            continue;
        }
        let known = Table::ALL.into_iter().find(|known| known.name() == table);
        let known = known.unwrap_or_else(|| {
            panic!("does the table {table} go over to another database? say so in relocation/tables.rs")
        });
        let mut expected: BTreeSet<&str> = known.column_names().collect();
        // It follows from the row number, where there is one.
        expected.insert("owner");
        for (table, column, _) in tables::STAYS_COLUMNS {
            if table == known.name() {
                expected.insert(column);
            }
        }
        let unknown: Vec<&&str> = columns.iter().filter(|column| !expected.contains(**column)).collect();
        assert!(unknown.is_empty(), "{table} has columns that would be lost: {unknown:?}");
    }
}
