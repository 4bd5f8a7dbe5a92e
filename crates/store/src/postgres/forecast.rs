//! What an owner's numbers are likely to be when the next transaction begins: what they were when the last one ended.
//!
//! Who knows them can send all of a write at once, with a condition that fails if another server wrote meanwhile; who
//! does not has to ask first, and wait for the answer.

use std::collections::HashMap;

use omp_model::OwnerId;

use super::tx::Numbers;

/// After a wrong forecast so many writes ask first: where several servers write for
/// one owner, guessing costs more than it saves.
const DOUBT: u8 = 8;

/// Most owners that are remembered; who was forgotten is asked for.
const MOST: usize = 10_000;

/// The forecasts of one writer.
#[derive(Default)]
pub(super) struct Forecast(HashMap<OwnerId, Last>);

struct Last {
    numbers: Numbers,
    /// How many writes are still to ask first.
    doubt: u8,
}

impl Forecast {
    /// The numbers to expect, if there is reason to.
    pub(super) fn of(&self, owner: OwnerId) -> Option<Numbers> {
        self.0.get(&owner).filter(|last| last.doubt == 0).map(|last| last.numbers)
    }

    /// A transaction ended and left these.
    pub(super) fn learn(&mut self, owner: OwnerId, numbers: Numbers) {
        if self.0.len() >= MOST && !self.0.contains_key(&owner) {
            self.0.clear();
        }
        let last = self.0.entry(owner).or_insert(Last { numbers, doubt: 0 });
        *last = Last { numbers, doubt: last.doubt.saturating_sub(1) };
    }

    /// What was expected was not so.
    pub(super) fn was_wrong(&mut self, owner: OwnerId) {
        if let Some(last) = self.0.get_mut(&owner) {
            last.doubt = DOUBT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: OwnerId = OwnerId(3);

    fn numbers(seq: i64) -> Numbers {
        Numbers { next_pk: seq, seq }
    }

    #[test]
    fn what_the_last_transaction_left_is_expected() {
        let mut forecast = Forecast::default();
        assert_eq!(forecast.of(ANNA), None);
        forecast.learn(ANNA, numbers(1));
        forecast.learn(ANNA, numbers(2));
        assert_eq!(forecast.of(ANNA), Some(numbers(2)));
        assert_eq!(forecast.of(OwnerId(4)), None);
    }

    #[test]
    fn a_wrong_forecast_is_followed_by_writes_that_ask() {
        let mut forecast = Forecast::default();
        forecast.learn(ANNA, numbers(1));
        forecast.was_wrong(ANNA);
        for seq in 0..i64::from(DOUBT) {
            assert_eq!(forecast.of(ANNA), None);
            forecast.learn(ANNA, numbers(seq));
        }
        assert_eq!(forecast.of(ANNA), Some(numbers(i64::from(DOUBT) - 1)));
    }

    #[test]
    fn the_number_of_owners_does_not_grow_without_end() {
        let mut forecast = Forecast::default();
        for owner in 0..=u32::try_from(MOST).unwrap() {
            forecast.learn(OwnerId(owner), numbers(1));
        }
        assert!(forecast.0.len() <= MOST);
        assert_eq!(forecast.of(OwnerId(u32::try_from(MOST).unwrap())), Some(numbers(1)));
    }
}
