//! Messages that name what they answer: the path that was taken last, and what stands beside it.

use std::collections::HashMap;

use omp_model::Timestamp;

/// A message of a tree.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Node<'a> {
    pub(in crate::tools) id: Option<&'a str>,
    pub(in crate::tools) parent: Option<&'a str>,
    pub(in crate::tools) time: Option<Timestamp>,
}

/// The numbers of the nodes on the path to the newest leaf, and of those on every branch that leaves it. Nodes of which
/// none names another are in the order in which they stand.
pub(in crate::tools) fn paths(nodes: &[Node<'_>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let numbers: HashMap<&str, usize> =
        nodes.iter().enumerate().filter_map(|(number, node)| Some((node.id?, number))).collect();
    let parents: Vec<Option<usize>> = nodes
        .iter()
        .enumerate()
        .map(|(number, node)| numbers.get(node.parent?).copied().filter(|parent| *parent != number))
        .collect();
    if parents.iter().all(Option::is_none) {
        return ((0..nodes.len()).collect(), Vec::new());
    }
    let mut is_parent = vec![false; nodes.len()];
    for parent in parents.iter().flatten() {
        is_parent[*parent] = true;
    }
    let leaves: Vec<usize> = (0..nodes.len()).filter(|node| !is_parent[*node]).collect();
    let mut met = vec![false; nodes.len()];
    let mut up = |from: usize| {
        let (mut way, mut next) = (Vec::new(), Some(from));
        while let Some(node) = next.filter(|node| !met[*node]) {
            met[node] = true;
            way.push(node);
            next = parents[node];
        }
        way.reverse();
        way
    };
    // Of equals, and in a ring without a leaf, the last one.
    let newest = leaves.iter().copied().max_by_key(|leaf| (nodes[*leaf].time, *leaf));
    let path = up(newest.unwrap_or(nodes.len() - 1));
    let branches = leaves.into_iter().map(up).filter(|branch| !branch.is_empty()).collect();
    (path, branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes<'a>(all: &[(&'a str, &'a str, i64)]) -> Vec<Node<'a>> {
        let node = |(id, parent, time): &(&'a str, &'a str, i64)| Node {
            id: Some(id),
            parent: Some(*parent).filter(|parent| !parent.is_empty()),
            time: Some(Timestamp::from_millis(*time)),
        };
        all.iter().map(node).collect()
    }

    #[test]
    fn the_newest_leaf_ends_the_path() {
        let tree = nodes(&[("q", "", 1), ("a", "q", 2), ("b", "q", 3), ("c", "a", 9)]);
        assert_eq!(paths(&tree), (vec![0, 1, 3], vec![vec![2]]));
    }

    #[test]
    fn without_parents_the_order_stays_and_rings_end() {
        assert_eq!(paths(&nodes(&[("a", "", 2), ("b", "", 1)])), (vec![0, 1], vec![]));
        assert_eq!(paths(&nodes(&[("a", "b", 2), ("b", "a", 1)])).0, [0, 1]);
        assert_eq!(paths(&[]), (vec![], vec![]));
    }
}
