//! Import and export.

use std::sync::Arc;

use omp_model::transfer::Conflict;
use omp_model::{Memory, MemoryId};

use super::{BY, NOW, OWNER, memory};
use crate::transfer::ExportPage;
use crate::{Exported, ImportChunk, ImportItem, ImportOutcome, Original, Records, Store};

const EVERYTHING: ExportPage =
    ExportPage { after: None, limit: 1_000, with_embedding: false, with_original: true };

fn items(texts: &[&str]) -> Vec<ImportItem> {
    (0..)
        .zip(texts)
        .map(|(number, text)| ImportItem {
            memory: memory(number, text),
            original: None,
            date_assumed: false,
        })
        .collect()
}

async fn import(store: &dyn Store, items: Vec<ImportItem>, conflict: Conflict) -> Vec<ImportOutcome> {
    let chunk = ImportChunk::plain(items, conflict);
    store.import_memories(&BY, chunk, NOW).await.expect("imported")
}

async fn export(store: &dyn Store) -> Vec<Exported> {
    store.export_memories(&BY, EVERYTHING, NOW).await.expect("exported")
}

/// Skip keeps, overwrite replaces, whatever is equal is left alone.
pub async fn conflicts_are_settled_as_asked(store: &dyn Store) {
    use ImportOutcome::{Imported, Skipped, Unchanged, Updated};
    assert_eq!(import(store, items(&["a", "b"]), Conflict::Skip).await, [Imported, Imported]);
    assert_eq!(import(store, items(&["a", "B", "c"]), Conflict::Skip).await, [Unchanged, Skipped, Imported]);
    assert_eq!(
        import(store, items(&["a", "B", "c"]), Conflict::Overwrite).await,
        [Unchanged, Updated, Unchanged]
    );
    let contents: Vec<String> =
        export(store).await.into_iter().map(|e| e.memory.content.into_string()).collect();
    assert_eq!(contents, ["a", "B", "c"]);
    assert_eq!(super::searches::search(store, OWNER, "b").await, ["B"]);
}

/// The second time everything is unchanged, and no change is numbered.
pub async fn importing_twice_changes_nothing(store: &dyn Store) {
    import(store, items(&["a", "b", "c"]), Conflict::Overwrite).await;
    let (seq, before) = (store.last_seq(OWNER).await.expect("read"), export(store).await);
    import(store, items(&["a", "b", "c"]), Conflict::Overwrite).await;
    assert_eq!((store.last_seq(OWNER).await.expect("read"), export(store).await), (seq, before));
}

/// A dry run tells what would happen.
pub async fn a_dry_run_writes_nothing(store: &dyn Store) {
    import(store, items(&["a"]), Conflict::Skip).await;
    let (items, conflict) = (items(&["a", "b"]), Conflict::Skip);
    let chunk = ImportChunk { dry_run: true, ..ImportChunk::plain(items, conflict) };
    let outcomes = store.import_memories(&BY, chunk, NOW).await.expect("ran");
    assert_eq!(outcomes, [ImportOutcome::Unchanged, ImportOutcome::Imported]);
    assert_eq!(export(store).await.len(), 1);
}

/// What a memory was imported from is kept beside it, through a change of the memory too.
pub async fn originals_come_back(store: &dyn Store) {
    let envelope = store.save_envelope(OWNER, "test", "{}", NOW).await.expect("saved");
    let original = Original {
        format: "test".into(),
        envelope: Some(envelope),
        raw: Some("{\"x\":1}".into()),
        head: None,
    };
    let item = ImportItem { memory: memory(0, "a"), original: Some(original.clone()), date_assumed: false };
    import(store, vec![item], Conflict::Skip).await;
    let patch =
        omp_model::MemoryPatch { content: omp_model::Content::new("changed").ok(), ..Default::default() };
    store.update_memory(&BY, memory(0, "a").id, patch, NOW).await.expect("updated");
    let exported = export(store).await;
    assert_eq!(exported[0].original.as_ref(), Some(&original));
    store.delete_memory(&BY, memory(0, "a").id, NOW).await.expect("deleted");
    store.create_memory(&BY, &memory(0, "a"), NOW).await.expect("created");
    assert_eq!(export(store).await[0].original, None, "a new memory does not inherit it");
}

/// What a memory does not hold can change too: the record that it came from.
pub async fn a_changed_original_replaces_the_old_one(store: &dyn Store) {
    let item = |raw: &str| {
        let original = Original { format: "test".into(), envelope: None, raw: Some(raw.into()), head: None };
        vec![ImportItem { memory: memory(0, "a"), original: Some(original), date_assumed: false }]
    };
    import(store, item("1"), Conflict::Overwrite).await;
    assert_eq!(import(store, item("1"), Conflict::Overwrite).await, [ImportOutcome::Unchanged]);
    assert_eq!(import(store, item("2"), Conflict::Skip).await, [ImportOutcome::Unchanged]);
    assert_eq!(import(store, item("2"), Conflict::Overwrite).await, [ImportOutcome::Updated]);
    let raw = export(store).await.remove(0).original.and_then(|original| original.raw);
    assert_eq!(raw.as_deref(), Some("2"));
}

/// Reads records of the form `what it says|its neighbours`; each word is a part.
struct Words;

impl Records for Words {
    fn say_the_same(&self, stored: &str, new: &str) -> bool {
        stored.split('|').next() == new.split('|').next()
    }

    fn became(&self, record: &str, parts: &[&Memory]) -> bool {
        let said = record.split('|').next().unwrap_or_default();
        said.split(' ').eq(parts.iter().map(|part| part.content.as_str()))
    }

    fn part(&self, head: MemoryId, index: usize) -> MemoryId {
        MemoryId::derive(&["part", head.body(), &index.to_string()])
    }
}

/// A record for [`Words`], last changed so many seconds after [`NOW`]; without a date as well if it is `undated`.
async fn bring(store: &dyn Store, record: &str, changed: i64, undated: bool) -> Vec<ImportOutcome> {
    let said = record.split('|').next().unwrap_or_default();
    let head = memory(0, "x").id;
    let item = |(index, word): (usize, &str)| {
        let mut memory = memory(0, word);
        (memory.created_at, memory.updated_at) = (NOW, NOW.plus_millis(changed * 1_000));
        let original = Original {
            format: "test".into(),
            envelope: None,
            raw: (index == 0).then(|| record.to_owned()),
            head: (index > 0).then_some(head),
        };
        if index > 0 {
            memory.id = Words.part(head, index);
        }
        ImportItem { memory, original: Some(original), date_assumed: undated }
    };
    let items = said.split(' ').enumerate().map(item).collect();
    let chunk = ImportChunk { records: Arc::new(Words), ..ImportChunk::plain(items, Conflict::Newer) };
    let dry = ImportChunk {
        items: chunk.items.clone(),
        records: Arc::new(Words),
        ..ImportChunk::plain(Vec::new(), Conflict::Newer)
    };
    let told = store.import_memories(&BY, ImportChunk { dry_run: true, ..dry }, NOW).await.expect("ran");
    let outcomes = store.import_memories(&BY, chunk, NOW).await.expect("imported");
    assert_eq!(told, outcomes, "a dry run tells what happens");
    outcomes
}

async fn edit(store: &dyn Store, id: MemoryId, text: &str, after: i64) {
    let patch = omp_model::MemoryPatch { content: omp_model::Content::new(text).ok(), ..Default::default() };
    store.update_memory(&BY, id, patch, NOW.plus_millis(after * 1_000)).await.expect("updated");
}

async fn texts(store: &dyn Store) -> Vec<String> {
    export(store).await.into_iter().map(|exported| exported.memory.content.into_string()).collect()
}

/// What was changed here stays when the item came again with other neighbours, and when nobody knows which is newer.
pub async fn a_local_change_outlasts_a_newer_import(store: &dyn Store) {
    use ImportOutcome::{Imported, Skipped, Unchanged, Updated};
    let id = memory(0, "x").id;
    assert_eq!(bring(store, "rows|first", 0, true).await, [Imported]);
    edit(store, id, "mine", 1).await;
    let before = store.last_seq(OWNER).await.expect("read");
    assert_eq!(bring(store, "rows|second", 5, true).await, [Unchanged]);
    assert_eq!(store.last_seq(OWNER).await.expect("read"), before, "no memory was changed");
    let raw = |exported: Vec<Exported>| exported[0].original.clone().and_then(|original| original.raw);
    assert_eq!(raw(export(store).await).as_deref(), Some("rows|second"), "the record is the newest");
    assert_eq!(bring(store, "sails|second", 9, true).await, [Skipped], "it has no date of its own");
    assert_eq!(bring(store, "sails|second", 9, false).await, [Updated], "its date is later");
    assert_eq!(bring(store, "reads|second", 8, true).await, [Updated], "nothing was changed here");
    assert_eq!(texts(store).await, ["reads"]);
}

/// A part of what was cut counts like the whole, and no part outlasts a text that has become shorter.
pub async fn parts_follow_their_record(store: &dyn Store) {
    use ImportOutcome::{Imported, Skipped, Unchanged, Updated};
    let head = memory(0, "x").id;
    assert_eq!(bring(store, "a b c d", 0, true).await, [Imported; 4]);
    assert_eq!(bring(store, "a b c d", 1, true).await, [Unchanged; 4]);
    assert_eq!(bring(store, "a B|", 2, true).await, [Updated, Updated]);
    assert_eq!(texts(store).await, ["a", "B"]);
    let original = export(store).await.remove(0).original.expect("kept");
    assert_eq!((original.raw.as_deref(), original.head), (Some("a B|"), None));
    edit(store, Words.part(head, 1), "mine", 1).await;
    assert_eq!(bring(store, "a B", 9, true).await, [Unchanged, Unchanged]);
    assert_eq!(bring(store, "x y z", 9, true).await, [Skipped; 3]);
    assert_eq!(texts(store).await, ["a", "mine"]);
    assert_eq!(bring(store, "x", 9, false).await, [Updated]);
    assert_eq!(texts(store).await, ["x"]);
}

/// Documents of memories have no other record; there the dates decide.
pub async fn without_a_record_the_later_memory_counts(store: &dyn Store) {
    import(store, items(&["a", "b"]), Conflict::Skip).await;
    let mut newer = items(&["A", "B"]);
    newer[0].memory.updated_at = NOW.plus_millis(60_000);
    let outcomes = import(store, newer, Conflict::Newer).await;
    assert_eq!(outcomes, [ImportOutcome::Updated, ImportOutcome::Skipped]);
}

/// Envelopes do not pile up, and are listed while a memory refers to them.
pub async fn the_same_envelope_is_kept_once(store: &dyn Store) {
    let save = |text: &'static str| store.save_envelope(OWNER, "test", text, NOW);
    let (a, b, again) = (
        save("{}").await.expect("saved"),
        save("[]").await.expect("saved"),
        save("{}").await.expect("saved"),
    );
    assert_eq!((a == again, a == b), (true, false));
    assert_eq!(store.envelopes(OWNER, "test").await.expect("read"), []);
    let original = Original { format: "test".into(), envelope: Some(b), raw: None, head: None };
    import(
        store,
        vec![ImportItem { memory: memory(0, "a"), original: Some(original), date_assumed: false }],
        Conflict::Skip,
    )
    .await;
    assert_eq!(store.envelopes(OWNER, "test").await.expect("read"), [(b, "[]".to_owned())]);
}

/// Pages continue where the last one ended, in the order of storing; expired memories are left out.
pub async fn exports_come_in_pages(store: &dyn Store) {
    let texts: Vec<String> = (0..25).map(|n| format!("text {n}")).collect();
    let mut all = items(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    all[3].memory.expires_at = Some(NOW);
    import(store, all.clone(), Conflict::Skip).await;
    let mut met: Vec<Memory> = Vec::new();
    let mut page = ExportPage { limit: 10, ..EVERYTHING };
    loop {
        let exported = store.export_memories(&BY, page, NOW).await.expect("exported");
        let Some(last) = exported.last() else { break };
        page.after = Some(last.position);
        met.extend(exported.into_iter().map(|e| e.memory));
    }
    all.remove(3);
    assert_eq!(met, all.into_iter().map(|item| item.memory).collect::<Vec<_>>());
}
