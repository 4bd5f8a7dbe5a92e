//! Spaces of vectors, and what waits in them.

use std::pin::pin;
use std::task::Poll;

use super::{BY, NOW, memory};
use crate::{NewVector, SpaceModel, Store, StoreError};

fn model(revision: &str) -> SpaceModel {
    SpaceModel { name: "m".into(), revision: revision.into(), dimensions: 2 }
}

async fn create(store: &dyn Store, numbers: std::ops::Range<i64>) {
    for number in numbers {
        assert!(store.create_memory(&BY, &memory(number, "text"), NOW).await.expect("created"));
    }
}

/// Opens a space, and goes away as soon as that is there.
pub(super) async fn open_and_go(store: &dyn Store, model: &SpaceModel) {
    let mut opening = pin!(store.open_vector_space(model));
    loop {
        // One step, then time for what it asked for: its next step may be that all waits in the new space.
        let step = std::future::poll_fn(|context| Poll::Ready(opening.as_mut().poll(context)));
        assert!(step.await.is_pending(), "it was faster than anybody could look");
        for _ in 0..300 {
            let spaces = store.vector_spaces().await.expect("read");
            if spaces.iter().any(|space| space.model == *model) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// A program that is killed right after it has made a space leaves the rest to the next one.
pub async fn what_was_there_before_waits_even_if_the_opening_was_cut_short(store: &dyn Store) {
    create(store, 0..20).await;
    open_and_go(store, &model("1")).await;
    create(store, 20..23).await;
    let space = store.open_vector_space(&model("1")).await.expect("opened");
    assert!(space.active);
    assert_eq!(store.count_backlog(space.slot).await.expect("counted"), 23);
    open_and_go(store, &model("2")).await;
    let second = store.vector_spaces().await.expect("read").into_iter().find(|space| !space.active);
    let second = second.expect("it is there").slot;
    assert!(store.count_backlog(second).await.expect("counted") > 0, "it would be used as it is");
    store.activate_vector_space(second).await.expect("activated");
    assert_eq!(store.count_backlog(second).await.expect("counted"), 23);
}

/// Who opens a space again does not begin anew.
pub async fn what_has_its_vector_does_not_wait_again(store: &dyn Store) {
    create(store, 0..3).await;
    let space = store.open_vector_space(&model("1")).await.expect("opened");
    let pending = store.backlog(space.slot, 2).await.expect("read");
    let vector = |one: &crate::Pending| NewVector { pk: one.pk, seq: one.seq, windows: vec![0.6, 0.8] };
    store.put_vectors(&space, pending.iter().map(vector).collect()).await.expect("stored");
    assert_eq!(store.open_vector_space(&model("1")).await.expect("opened"), space);
    assert_eq!(store.count_backlog(space.slot).await.expect("counted"), 1);
}

/// Who still makes vectors of a model that gave way to another one's does not put them in that one's place.
pub async fn vectors_of_a_model_that_gave_way_are_refused(store: &dyn Store) {
    create(store, 0..2).await;
    store.open_vector_space(&model("1")).await.expect("opened");
    let before = store.open_vector_space(&model("2")).await.expect("opened");
    let pending = store.backlog(before.slot, 1).await.expect("read");
    let vector = |one: &crate::Pending| NewVector { pk: one.pk, seq: one.seq, windows: vec![0.6, 0.8] };
    let late: Vec<NewVector> = pending.iter().map(vector).collect();
    let after = store.open_vector_space(&model("3")).await.expect("opened");
    assert_eq!(after.slot, before.slot);
    let refused = store.put_vectors(&before, late.clone()).await;
    assert_eq!(refused, Err(StoreError::OtherModel));
    assert_eq!(store.count_backlog(after.slot).await.expect("counted"), 2);
    store.put_vectors(&after, late).await.expect("stored");
    assert_eq!(store.count_backlog(after.slot).await.expect("counted"), 1);
}
