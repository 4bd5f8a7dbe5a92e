//! How often somebody may do something, counted by all processes that can count together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

/// Budgets that are full again are forgotten each time this many were spent.
const FORGET_EACH: u32 = 100_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Whose, and for what.
    pub name: String,
    /// How many may be spent at once.
    pub at_once: u32,
    /// How long it takes until one comes back.
    pub each: Duration,
}

/// Budgets by their names.
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// Spends one. `Some` means that none is left and nothing was taken: how long until there is one again.
    ///
    /// Where several servers share a store they spend from one budget, and each may go beyond it by what comes back in
    /// a tenth of a second, or by one if that is less; what was spent too much comes back later. Where the store cannot
    /// be asked, each counts for itself.
    async fn spend(&self, budget: &Budget) -> Option<Duration>;
}

/// Budgets of one process.
#[derive(Default)]
pub(crate) struct Budgets(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// When each is full again; those that are not here are full.
    full_at: HashMap<String, Instant>,
    spent: u32,
}

impl Budgets {
    /// Spends one, as [`BudgetStore::spend`].
    pub(crate) fn spend(&self, budget: &Budget, now: Instant) -> Option<Duration> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.spent = inner.spent.wrapping_add(1);
        if inner.spent.is_multiple_of(FORGET_EACH) {
            inner.full_at.retain(|_, at| *at > now);
        }
        let full = inner.full_at.get(&budget.name).map_or(now, |at| (*at).max(now)) + budget.each;
        let longest = budget.each * budget.at_once;
        let wait = (full - now).saturating_sub(longest);
        if !wait.is_zero() {
            return Some(wait);
        }
        inner.full_at.insert(budget.name.clone(), full);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(name: &str) -> Budget {
        Budget { name: name.into(), at_once: 20, each: Duration::from_millis(500) }
    }

    #[test]
    fn who_spends_too_fast_waits_and_others_do_not() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        assert_eq!((0..100).filter(|_| budgets.spend(&budget("one"), now).is_none()).count(), 20);
        assert_eq!(budgets.spend(&budget("one"), now), Some(Duration::from_millis(500)));
        assert_eq!(budgets.spend(&budget("two"), now), None);
        let later = now + Duration::from_millis(1_250);
        assert_eq!((0..100).filter(|_| budgets.spend(&budget("one"), later).is_none()).count(), 2);
        assert_eq!(budgets.spend(&budget("one"), later), Some(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        budgets.spend(&budget("one"), now);
        let much_later = now + Duration::from_mins(1);
        for _ in 1..FORGET_EACH {
            budgets.spend(&budget("two"), much_later);
        }
        let inner = budgets.0.lock().unwrap();
        assert_eq!(inner.full_at.keys().collect::<Vec<_>>(), ["two"]);
    }
}
