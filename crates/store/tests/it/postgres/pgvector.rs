//! Searches by vectors in the database itself. Where the server has no pgvector
//! (`OMP_TEST_PGVECTOR=0` says so), only what it says then is tested.

use std::collections::{BTreeMap, BTreeSet};

use omp_model::{Content, MemoryPatch, Namespace, NewUser, Principal, SearchFilter, Tag, Tags, UserName};
use omp_store::candidates::{Candidates, Found, Wanted};
use omp_store::conformance::{BY, NOW, OWNER, databases, memory, tagged, within};
use omp_store::{
    AccessStore, CandidateStore, Maintenance, MemoryStore, NewVector, PostgresOptions, PostgresStore, Slot,
    SpaceModel, VectorSpace, VectorStore,
};

use super::suite::open;

pub(super) const DIMENSIONS: u32 = 8;
/// Every tenth memory has a tag, every hundredth a namespace.
const MANY: i64 = 600;

pub(super) fn there_is_pgvector() -> bool {
    std::env::var("OMP_TEST_PGVECTOR").as_deref() != Ok("0")
}

/// Numbers that look random and are the same each time.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    #[expect(clippy::cast_precision_loss, reason = "some number between -1 and 1")]
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(super) fn vector(&mut self, dimensions: u32) -> Vec<f32> {
        let vector: Vec<f32> = (0..dimensions).map(|_| self.next()).collect();
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter().map(|value| value / norm).collect()
    }
}

pub(super) fn model(name: &str, dimensions: u32) -> SpaceModel {
    SpaceModel { name: name.into(), revision: "1".into(), dimensions }
}

pub(super) async fn with_graphs_from(url: &str, graph_from: u64) -> PostgresStore {
    PostgresStore::open(&PostgresOptions { graph_from, ..PostgresOptions::new(url, NOW) }).await.unwrap()
}

/// Gives what waits in a space its vectors: two windows for every fifth. All of them, by row.
pub(super) async fn embed(
    store: &PostgresStore,
    slot: Slot,
    dimensions: u32,
    most: u32,
    numbers: &mut Numbers,
) -> BTreeMap<i64, Vec<f32>> {
    let mut all = BTreeMap::new();
    let pending = store.backlog(slot, most).await.unwrap();
    let mut vectors = Vec::new();
    for pending in pending {
        let mut windows = numbers.vector(dimensions);
        if pending.pk % 5 == 0 {
            windows.extend(numbers.vector(dimensions));
        }
        all.insert(pending.pk, windows.clone());
        vectors.push(NewVector { pk: pending.pk, seq: pending.seq, windows });
    }
    store.put_vectors(&space_of(store, slot).await, vectors).await.unwrap();
    all
}

async fn space_of(store: &PostgresStore, slot: Slot) -> VectorSpace {
    let spaces = store.vector_spaces().await.unwrap();
    spaces.into_iter().find(|space| space.slot == slot).unwrap()
}

pub(super) async fn tend(store: &PostgresStore) {
    while store.tend_candidates().await.unwrap() {}
}

pub(super) async fn ask(
    store: &PostgresStore,
    by: &Principal,
    slot: Slot,
    vector: &[f32],
    filter: &SearchFilter,
    depth: u32,
) -> Found {
    let wanted = Wanted { slot, vector, keywords: None, filter, depth, alike: 0.2 };
    store.candidates(by, wanted, NOW.plus_millis(1)).await.unwrap()
}

pub(super) fn found(found: Found) -> Candidates {
    match found {
        Found::Candidates(candidates) => candidates,
        Found::Unable(reason) => panic!("{reason:?}"),
    }
}

pub(super) fn pks(candidates: &Candidates) -> BTreeSet<i64> {
    candidates.memories.iter().map(|one| one.pk).collect()
}

/// The best of the candidates, as whoever asked puts them in order.
pub(super) fn best(candidates: &Candidates, question: &[f32], count: usize) -> BTreeSet<i64> {
    let all = candidates.memories.iter().map(|one| (one.pk, one.windows.clone())).collect();
    nearest(&all, question, count)
}

pub(super) fn cosine(question: &[f32], windows: &[f32]) -> f32 {
    omp_search::shard::exact_cosine(question, windows).unwrap()
}

/// The nearest by comparing everything here.
pub(super) fn nearest(all: &BTreeMap<i64, Vec<f32>>, question: &[f32], count: usize) -> BTreeSet<i64> {
    let mut order: Vec<(i64, f32)> =
        all.iter().map(|(pk, windows)| (*pk, cosine(question, windows))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order.into_iter().take(count).map(|(pk, _)| pk).collect()
}

pub(super) fn filters() -> [(i64, SearchFilter); 3] {
    let namespaces = Namespace::new("hundredth").into_iter().collect();
    [
        (100, SearchFilter { namespaces, ..SearchFilter::default() }),
        (
            10,
            SearchFilter {
                tags: Tags::new([Tag::new("tenth").unwrap()]).unwrap(),
                ..SearchFilter::default()
            },
        ),
        (1, SearchFilter::default()),
    ]
}

/// A store with many memories that have vectors; those by their place in the order of creation.
pub(super) async fn many(url: &str, graph_from: u64) -> (PostgresStore, Slot, Vec<(i64, Vec<f32>)>) {
    let store = with_graphs_from(url, graph_from).await;
    let slot = store.open_vector_space(&model("m", DIMENSIONS)).await.unwrap().slot;
    for number in 0..MANY {
        let mut new = memory(-number, "text");
        if number % 10 == 0 {
            new = tagged(new, &["tenth"]);
        }
        if number % 100 == 0 {
            new = within(new, "hundredth");
        }
        assert!(store.create_memory(&BY, &new, NOW).await.unwrap());
    }
    let vectors = embed(&store, slot, DIMENSIONS, 1_000, &mut Numbers(1)).await;
    assert_eq!(vectors.len(), usize::try_from(MANY).unwrap());
    (store, slot, vectors.into_iter().collect())
}

/// Those of the vectors that one in so many has.
pub(super) fn one_in(vectors: &[(i64, Vec<f32>)], every: i64) -> BTreeMap<i64, Vec<f32>> {
    let every = usize::try_from(every).unwrap();
    vectors.iter().step_by(every).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn without_a_graph_the_nearest_are_exactly_the_nearest() {
    if !there_is_pgvector() {
        return;
    }
    let (store, slot, vectors) = many(&databases::required().await, u64::MAX).await;
    let mut numbers = Numbers(2);
    for (every, filter) in filters() {
        let admitted = one_in(&vectors, every);
        for _ in 0..5 {
            let question = numbers.vector(DIMENSIONS);
            let candidates = found(ask(&store, &BY, slot, &question, &filter, 20).await);
            assert!(candidates.exhaustive);
            assert_eq!(pks(&candidates), nearest(&admitted, &question, 20), "one in {every}");
            let alike = admitted.values().filter(|windows| cosine(&question, windows) >= 0.2).count() as u64;
            assert!(candidates.alike.abs_diff(alike) <= 1, "{} {alike}", candidates.alike);
            for one in &candidates.memories {
                assert_eq!(one.windows, admitted[&one.pk], "the vector itself, bit by bit");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn an_owner_with_many_is_answered_from_a_graph_whatever_is_filtered() {
    if !there_is_pgvector() {
        return;
    }
    let url = databases::required().await;
    let (store, slot, vectors) = many(&url, 50).await;
    tend(&store).await;
    let mut numbers = Numbers(3);
    for (every, filter) in filters() {
        let admitted = one_in(&vectors, every);
        let (mut hits, mut wanted) = (0, 0);
        for _ in 0..10 {
            let question = numbers.vector(DIMENSIONS);
            let candidates = found(ask(&store, &BY, slot, &question, &filter, 100).await);
            // So few are compared one by one.
            assert_eq!(candidates.exhaustive, every == 100, "one in {every}");
            let expected = nearest(&admitted, &question, 10);
            assert_eq!(
                candidates.memories.len(),
                admitted.len().min(100),
                "one in {every}: as many as there are"
            );
            wanted += expected.len();
            hits += best(&candidates, &question, 10).intersection(&expected).count();
        }
        assert!(hits * 100 >= wanted * 95, "one in {every}: {hits} of {wanted}");
    }
    // The engine really went by the index. What it counts comes a moment later.
    let client = databases::client(&url).await;
    let sql = "SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_indexes \
         WHERE schemaname = current_schema AND indexrelname LIKE 'vector_graph_%'";
    for round in 0.. {
        let used: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        if used > 0 {
            break;
        }
        assert!(round < 20_000, "no graph was used");
        client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
    }
    assert_eq!(store.check().await.unwrap().into_iter().filter(|check| check.problem.is_some()).count(), 0);
}

/// A walk that ends too early would give fewer than there are: then all are compared.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_filter_that_no_counter_knows_gives_no_fewer_answers() {
    if !there_is_pgvector() {
        return;
    }
    let (store, slot, vectors) = many(&databases::required().await, 50).await;
    tend(&store).await;
    // Only the ten that were created last.
    let filter = SearchFilter { created_after: Some(NOW.plus_millis(-9_000)), ..SearchFilter::default() };
    let question = Numbers(4).vector(DIMENSIONS);
    let candidates = found(ask(&store, &BY, slot, &question, &filter, 20).await);
    let last: BTreeSet<i64> = vectors.iter().take(10).map(|(pk, _)| *pk).collect();
    assert_eq!(pks(&candidates), last);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn while_another_model_is_made_ready_the_first_one_answers() {
    if !there_is_pgvector() {
        return;
    }
    let url = databases::required().await;
    let store = with_graphs_from(&url, 10).await;
    let first = store.open_vector_space(&model("first", 4)).await.unwrap().slot;
    for number in 0..30 {
        store.create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    let old = embed(&store, first, 4, 100, &mut Numbers(5)).await;
    let second = store.open_vector_space(&model("second", 6)).await.unwrap().slot;
    let mut new = embed(&store, second, 6, 12, &mut Numbers(6)).await;
    tend(&store).await;
    let (question, other) = (Numbers(7).vector(4), Numbers(7).vector(6));
    let everything = SearchFilter::default();
    let candidates = found(ask(&store, &BY, first, &question, &everything, 100).await);
    assert_eq!(best(&candidates, &question, 10), nearest(&old, &question, 10));
    // Vectors of one model are never compared with those of another.
    assert_eq!(ask(&store, &BY, first, &other, &everything, 10).await, Found::Unable(None));
    new.extend(embed(&store, second, 6, 100, &mut Numbers(8)).await);
    store.activate_vector_space(second).await.unwrap();
    let candidates = found(ask(&store, &BY, second, &other, &everything, 100).await);
    assert_eq!(best(&candidates, &other, 10), nearest(&new, &other, 10));
    assert_eq!(ask(&store, &BY, first, &question, &everything, 10).await, Found::Unable(None));
    // Another server looks after the graphs from here on: that of the first model goes.
    let another = with_graphs_from(&url, 10).await;
    tend(&another).await;
    let client = databases::client(&url).await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema::regnamespace \
         AND relname LIKE 'vector_graph_%'";
    let graphs: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(graphs, [format!("vector_graph_{}_{}_6", OWNER.0, second.0)]);
    let candidates = found(ask(&another, &BY, second, &other, &everything, 100).await);
    assert_eq!(best(&candidates, &other, 10), nearest(&new, &other, 10));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn an_owner_never_sees_the_vectors_of_another() {
    if !there_is_pgvector() {
        return;
    }
    let url = databases::required().await;
    let store = with_graphs_from(&url, 10).await;
    let slot = store.open_vector_space(&model("m", 4)).await.unwrap().slot;
    let new = NewUser { name: UserName::new("anna").unwrap(), admin: false };
    let anna = store.create_user(&BY, &new, NOW).await.unwrap().unwrap();
    let owners = [(OWNER, BY.clone()), (anna, Principal::everything(anna))];
    for (_, by) in &owners {
        for number in 0..20 {
            store.create_memory(by, &memory(number, "text"), NOW).await.unwrap();
        }
    }
    let all = embed(&store, slot, 4, 100, &mut Numbers(9)).await;
    assert_eq!(all.len(), 40);
    tend(&store).await;
    let client = databases::client(&url).await;
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let forgetful = "SELECT count(*) FROM vector_windows";
    assert_eq!(count(forgetful).await, 0, "nobody was told");
    for (owner, by) in &owners {
        let own = |pk: &i64| pk >> 40 == i64::from(owner.0);
        // The question is what another owner's memory says, word for word.
        let theirs = all.iter().find(|(pk, _)| !own(pk)).unwrap().1;
        let candidates = found(ask(&store, by, slot, &theirs[..4], &SearchFilter::default(), 100).await);
        assert_eq!(candidates.memories.len(), 20);
        assert!(candidates.memories.iter().all(|one| own(&one.pk)), "{owner:?}");
        // The second wall, where a statement forgets the owner.
        client.batch_execute(&format!("SET omp.owner = '{}'", owner.0)).await.unwrap();
        let others = format!("SELECT count(*) FROM vector_windows WHERE owner <> {}", owner.0);
        assert!(count(forgetful).await >= 20);
        assert_eq!(count(&others).await, 0);
        let rows =
            "SELECT pk FROM vector_windows ORDER BY v::halfvec(4) <=> '[1,0,0,0]'::halfvec(4) LIMIT 40";
        let rows = client.query(rows, &[]).await.unwrap();
        assert!(rows.iter().all(|row| own(&row.get::<_, i64>(0))));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_changed_deleted_or_inherited_takes_its_vectors_along() {
    if !there_is_pgvector() {
        return;
    }
    let store = open(&databases::required().await).await.unwrap();
    let slot = store.open_vector_space(&model("m", 4)).await.unwrap().slot;
    let new = NewUser { name: UserName::new("anna").unwrap(), admin: false };
    let anna = store.create_user(&BY, &new, NOW).await.unwrap().unwrap();
    let by_anna = Principal::everything(anna);
    for number in 0..3 {
        store.create_memory(&by_anna, &memory(number, "text"), NOW).await.unwrap();
    }
    let all = embed(&store, slot, 4, 100, &mut Numbers(10)).await;
    let question = Numbers(11).vector(4);
    let near = async |by: &Principal| {
        found(ask(&store, by, slot, &question, &SearchFilter::default(), 10).await).memories.len()
    };
    assert_eq!((all.len(), near(&by_anna).await), (3, 3));
    let patch = MemoryPatch { content: Content::new("another text").ok(), ..MemoryPatch::default() };
    store.update_memory(&by_anna, memory(0, "x").id, patch, NOW).await.unwrap();
    assert_eq!(near(&by_anna).await, 2);
    store.delete_memory(&by_anna, memory(1, "x").id, NOW).await.unwrap();
    assert_eq!(near(&by_anna).await, 1);
    while !store.remove_user(&BY, anna, Some(OWNER), 100, NOW).await.unwrap().done {}
    assert_eq!(near(&BY).await, 1);
    assert_eq!(store.check().await.unwrap().into_iter().filter(|check| check.problem.is_some()).count(), 0);
}

/// A database of its own, in which our user may make tables in one schema and nothing else.
pub(super) struct Confined {
    pub(super) admin: String,
    name: String,
    pub(super) url: String,
}

impl Confined {
    pub(super) async fn make(purpose: &str) -> Self {
        let admin = std::env::var("OMP_TEST_DATABASE_ADMIN_URL").unwrap();
        let name = format!("confined_{purpose}_{}", std::process::id());
        let client = databases::client(&admin).await;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let of = |url: &str| format!("{}/{name}", url.rsplit_once('/').unwrap().0);
        let admin = of(&admin);
        let user = "CREATE SCHEMA confined AUTHORIZATION omp";
        databases::client(&admin).await.batch_execute(user).await.unwrap();
        let url = of(&std::env::var(databases::VARIABLE).unwrap());
        Self { admin, name, url: format!("{url}?options=-csearch_path%3Dconfined%2Cpublic") }
    }

    pub(super) async fn remove(self) {
        let client = databases::client(&std::env::var("OMP_TEST_DATABASE_ADMIN_URL").unwrap()).await;
        client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn without_the_extension_everything_else_works_and_it_is_taken_up_when_it_appears() {
    let confined = Confined::make("without").await;
    let before = open(&confined.url).await.unwrap();
    let slot = before.open_vector_space(&model("m", 4)).await.unwrap().slot;
    for number in 0..20 {
        before.create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    let mut all = embed(&before, slot, 4, 100, &mut Numbers(12)).await;
    assert!(!before.tend_candidates().await.unwrap());
    let question = Numbers(13).vector(4);
    let everything = SearchFilter::default();
    let Found::Unable(Some(reason)) = ask(&before, &BY, slot, &question, &everything, 10).await else {
        panic!("there is no extension yet")
    };
    assert!(reason.contains("let a superuser run CREATE EXTENSION vector"), "{reason}");
    assert!(before.info().await.unwrap().engine.ends_with("without pgvector"));
    assert_eq!(before.vectors(slot, &[*all.first_key_value().unwrap().0]).await.unwrap().len(), 1);
    if !there_is_pgvector() {
        assert!(reason.contains("the database server has no pgvector"), "{reason}");
        return confined.remove().await;
    }
    assert!(reason.contains("not enabled in this database"), "{reason}");

    databases::client(&confined.admin).await.batch_execute("CREATE EXTENSION vector").await.unwrap();
    let after = open(&confined.url).await.unwrap();
    assert!(after.info().await.unwrap().engine.contains("with pgvector 0."));
    // These are few: as long as they are not taken in, they are compared one by one.
    let candidates = found(ask(&after, &BY, slot, &question, &everything, 10).await);
    assert_eq!(best(&candidates, &question, 10), nearest(&all, &question, 10));
    tend(&after).await;
    let candidates = found(ask(&after, &BY, slot, &question, &everything, 10).await);
    assert_eq!(pks(&candidates), nearest(&all, &question, 10));

    // A server that was started before goes on without it; what it stores is made up for.
    before.create_memory(&BY, &memory(20, "text"), NOW).await.unwrap();
    all.extend(embed(&before, slot, 4, 100, &mut Numbers(14)).await);
    assert_eq!(all.len(), 21);
    tend(&after).await;
    let candidates = found(ask(&after, &BY, slot, &question, &everything, 21).await);
    assert_eq!(pks(&candidates), all.keys().copied().collect());
    let problems: Vec<_> =
        after.check().await.unwrap().into_iter().filter_map(|check| check.problem).collect();
    assert_eq!(problems, Vec::<String>::new());
    confined.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn words_and_vectors_bring_up_candidates_together() {
    if !there_is_pgvector() {
        return;
    }
    let store = open(&databases::required().await).await.unwrap();
    let space = store.open_vector_space(&model("m", 2)).await.unwrap();
    let slot = space.slot;
    let texts = ["green tea", "a walk by the sea", "tea tea tea", "nothing of the kind"];
    for (number, text) in (0..).zip(texts) {
        store.create_memory(&BY, &memory(number, text), NOW).await.unwrap();
    }
    let vector = |text: &str| if text.contains("sea") { vec![1.0, 0.0] } else { vec![0.0, 1.0] };
    let pending = store.backlog(slot, 10).await.unwrap();
    let vectors = pending.iter().map(|one| NewVector {
        pk: one.pk,
        seq: one.seq,
        windows: vector(one.memory.content.as_str()),
    });
    store.put_vectors(&space, vectors.collect()).await.unwrap();
    let (keywords, filter) = (omp_search::keywords("tea of green leaves"), SearchFilter::default());
    let wanted = Wanted {
        slot,
        vector: &[1.0, 0.0],
        keywords: Some(&keywords),
        filter: &filter,
        depth: 1,
        alike: 0.2,
    };
    let candidates = found(store.candidates(&BY, wanted, NOW).await.unwrap());
    let by_pk = |text: &str| pending.iter().find(|one| one.memory.content.as_str() == text).unwrap().pk;
    // One of each side.
    assert_eq!(pks(&candidates), [by_pk("green tea"), by_pk("a walk by the sea")].into());
    assert_eq!((candidates.by_words, candidates.alike), (2, 1));
    for one in &candidates.memories {
        let green = one.pk == by_pk("green tea");
        assert_eq!(one.keyword > 0.0, green);
        let terms: Vec<&str> = keywords.terms().iter().map(|term| term.token.as_str()).collect();
        let held = (0..terms.len()).filter(|place| one.matched >> place & 1 == 1).map(|place| terms[place]);
        let mut held: Vec<&str> = held.collect();
        held.sort_unstable();
        assert_eq!(held, if green { vec!["green", "tea"] } else { Vec::new() });
        assert_eq!(one.windows.len(), 2);
    }
}
