//! The best few of many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Keeps the `limit` best by score; among equal scores, by key, the higher first.
pub(crate) struct Top<K = i64> {
    limit: usize,
    worst_first: BinaryHeap<Reverse<(u32, K)>>,
}

/// The best of a shard: after the key, which tells them apart, where it is found.
pub(crate) type TopDocuments = Top<(i64, u32)>;

impl<K: Ord + Copy> Top<K> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, worst_first: BinaryHeap::new() }
    }

    /// What a score must reach to be worth offering (it may still lose by its key).
    pub(crate) fn floor(&self) -> u32 {
        match self.worst_first.peek() {
            Some(&Reverse((worst, _))) if self.worst_first.len() == self.limit => worst,
            _ => 0,
        }
    }

    pub(crate) fn offer(&mut self, score: u32, key: K) {
        if self.worst_first.len() < self.limit {
            self.worst_first.push(Reverse((score, key)));
        } else if let Some(mut worst) = self.worst_first.peek_mut()
            && worst.0 < (score, key)
        {
            *worst = Reverse((score, key));
        }
    }

    /// The best of both.
    pub(crate) fn merged(mut self, other: Self) -> Self {
        other.worst_first.into_iter().for_each(|Reverse((score, key))| self.offer(score, key));
        self
    }

    /// Best first.
    pub(crate) fn into_sorted(self) -> impl Iterator<Item = (u32, K)> {
        self.worst_first.into_sorted_vec().into_iter().map(|Reverse(hit)| hit)
    }
}

/// A number that compares as the float does.
pub(crate) fn sortable(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The float that [`sortable`] was made of.
pub(crate) fn unsortable(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_stay_and_ties_go_to_the_higher_key() {
        let mut top = Top::new(3);
        assert_eq!(top.floor(), 0);
        for (score, key) in [(5, 1), (2, 2), (5, 9), (5, 3), (1, 99), (7, -4)] {
            top.offer(score, key);
        }
        assert_eq!(top.floor(), 5);
        assert_eq!(top.into_sorted().collect::<Vec<_>>(), [(7, -4), (5, 9), (5, 3)]);
        let mut none = Top::new(0);
        none.offer(1, 1);
        assert_eq!(none.into_sorted().count(), 0);
    }

    #[test]
    fn floats_keep_their_order_as_numbers() {
        let floats = [-1.0, -0.5, -0.0, 0.0, 1e-9, 0.5, 1.0];
        assert!(floats.map(sortable).is_sorted());
        assert!(floats.iter().all(|float| unsortable(sortable(*float)).to_bits() == float.to_bits()));
    }
}
