//! Exact likeness for the few that the scan of bytes brought up.

use simsimd::SpatialSimilarity;

use super::Hit;
use super::top::{Top, sortable, unsortable};
use super::vectors::Cosine;

/// How many more than wanted the scan brings up, so that the exactly best are among them.
pub const SPARE: usize = 30;

/// The best `limit` of `candidates` by the exact cosine of their best window.
///
/// `fetch` is called once, with the keys of all candidates, and calls its second argument with each key it still finds
/// and that memory's windows, one after the other, `query.len()` numbers each. What has no vector any more drops out.
///
/// # Errors
///
/// Those of `fetch`.
pub fn rescore<E>(
    query: &[f32],
    candidates: &[Hit],
    limit: usize,
    fetch: impl FnOnce(&[i64], &mut dyn FnMut(i64, &[f32])) -> Result<(), E>,
) -> Result<Vec<Hit>, E> {
    let keys: Vec<i64> = candidates.iter().map(|hit| hit.key).collect();
    let mut top = Top::new(limit);
    fetch(&keys, &mut |key, windows| {
        if let Some(cosine) = exact_cosine(query, windows) {
            top.offer(sortable(cosine), key);
        }
    })?;
    Ok(top.into_sorted().map(|(score, key)| Hit { key, score: unsortable(score) }).collect())
}

/// The exact cosine of a query and the most like of `windows`, which lie one after the other. `None` if there are none,
/// or if one side has no direction.
pub fn exact_cosine(query: &[f32], windows: &[f32]) -> Option<f32> {
    let norm = |vector| f32::dot(vector, vector).map(f64::sqrt).filter(|norm| norm.is_normal());
    let query_norm = norm(query)?;
    let cosine = |window| Some(f32::dot(query, window)? / (query_norm * norm(window)?));
    #[expect(clippy::cast_possible_truncation, reason = "a cosine")]
    Cosine::of(windows.chunks_exact(query.len()).filter_map(cosine).map(|cosine| cosine as f32))
        .map(Cosine::whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_order_replaces_the_approximate_one() {
        let candidates = [(1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6)].map(|(key, score)| Hit { key, score });
        let rows = |key: i64| match key {
            1 => vec![0.0, 1.0],
            2 => vec![1.0, 1.0, 3.0, 0.0],
            3 => vec![2.0, 0.0],
            _ => Vec::new(),
        };
        let found = rescore(&[1.0, 0.0], &candidates, 2, |keys, each| {
            assert_eq!(keys, [1, 2, 3, 4]);
            for &key in keys {
                each(key, &rows(key));
            }
            Ok::<(), ()>(())
        });
        assert_eq!(found, Ok(vec![Hit { key: 3, score: 1.0 }, Hit { key: 2, score: 0.94 }]));
        assert_eq!(rescore(&[1.0], &candidates, 2, |_, _| Err("no store")), Err("no store"));
    }

    #[test]
    fn what_has_no_direction_has_no_cosine() {
        assert_eq!(exact_cosine(&[0.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(exact_cosine(&[], &[]), None);
        assert_eq!(exact_cosine(&[1.0, 0.0], &[0.0, 0.0]), None);
        assert_eq!(exact_cosine(&[1.0, 0.0], &[0.0, 0.0, -2.0, 0.0]), Some(-1.0));
    }
}
