//! Budgets.

use std::time::Duration;

use crate::{Budget, Store};

fn budget(name: &str, each: Duration) -> Budget {
    Budget { name: name.into(), at_once: 3, each }
}

/// What is there can be spent, by its name, and then it is told when there is more.
pub async fn a_budget_is_spent_up_and_others_are_not(store: &dyn Store) {
    let each = Duration::from_hours(1);
    for _ in 0..3 {
        assert_eq!(store.spend(&budget("one", each)).await, None);
    }
    for _ in 0..3 {
        let wait = store.spend(&budget("one", each)).await.expect("it is spent up");
        assert!(wait <= each && wait > each / 2, "refused spendings cost nothing: {wait:?}");
    }
    assert_eq!(store.spend(&budget("two", each)).await, None);
}

/// After the time that was told there is one.
pub async fn what_was_spent_comes_back(store: &dyn Store) {
    let budget = budget("one", Duration::from_millis(300));
    for _ in 0..1_000 {
        if let Some(wait) = store.spend(&budget).await {
            tokio::time::sleep(wait).await;
            assert_eq!(store.spend(&budget).await, None, "after {wait:?}");
            return;
        }
    }
    panic!("three at once, and then one each {:?}", budget.each);
}
