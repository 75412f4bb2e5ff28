//! Orders things by what must come before them, and finds the circles that prevent it.

/// The order of a graph's nodes, and the circles in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sorted {
    /// Every node behind all it needs; among equals, the order in which they were given. Nodes on a
    /// circle come where the circle was cut.
    pub(super) order: Vec<usize>,
    /// Each circle as its nodes in the direction of need, the first given node of it first.
    pub(super) circles: Vec<Vec<usize>>,
}

/// Sorts the nodes `0..needs.len()`; `needs[n]` are the nodes that must come before `n`.
pub(super) fn sort(needs: &[Vec<usize>]) -> Sorted {
    let mut sorted = Sorted { order: Vec::with_capacity(needs.len()), circles: Vec::new() };
    let mut done = vec![false; needs.len()];
    while sorted.order.len() < needs.len() {
        let ready = |n: &usize| !done[*n] && needs[*n].iter().all(|need| done[*need]);
        if let Some(next) = (0..needs.len()).find(ready) {
            done[next] = true;
            sorted.order.push(next);
        } else {
            let circle = circle(needs, &done);
            for node in &circle {
                done[*node] = true;
            }
            sorted.order.extend(&circle);
            sorted.circles.push(circle);
        }
    }
    sorted
}

/// Follows unmet needs until a node comes up again. Called only when every node that is left has one.
fn circle(needs: &[Vec<usize>], done: &[bool]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = done.iter().position(|done| !done).unwrap_or(0);
    loop {
        if let Some(begin) = path.iter().position(|node| *node == at) {
            let mut circle = path.split_off(begin);
            let first = circle.iter().enumerate().min_by_key(|(_, node)| **node);
            let first = first.map_or(0, |(index, _)| index);
            circle.rotate_left(first);
            return circle;
        }
        path.push(at);
        match needs[at].iter().find(|need| !done[**need]) {
            Some(next) => at = *next,
            None => return path,
        }
    }
}

/// For every node, all that must come before it, directly or not. `order` is that of [`sort`]
/// of a graph without circles.
pub(super) fn ancestors(needs: &[Vec<usize>], order: &[usize]) -> Vec<Vec<bool>> {
    let mut before = vec![vec![false; needs.len()]; needs.len()];
    for node in order {
        let mut above = vec![false; needs.len()];
        for need in &needs[*node] {
            above[*need] = true;
            for (seen, inherited) in above.iter_mut().zip(&before[*need]) {
                *seen |= inherited;
            }
        }
        before[*node] = above;
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn circles_are_found_once_each() {
        let needs = vec![vec![1], vec![2], vec![0], vec![3], vec![0, 5], vec![]];
        let sorted = sort(&needs);
        assert_eq!(sorted.circles, [vec![0, 1, 2], vec![3]]);
        assert_eq!(sorted.order.len(), 6);
    }

    proptest! {
        #[test]
        fn without_circles_everything_stands_behind_its_needs(
            edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..40)
        ) {
            let mut needs = vec![Vec::new(); 12];
            for (a, b) in edges {
                // An edge from a larger to a smaller number cannot close a circle.
                if a != b {
                    needs[a.max(b)].push(a.min(b));
                }
            }
            let sorted = sort(&needs);
            prop_assert!(sorted.circles.is_empty());
            let place = |n: usize| sorted.order.iter().position(|m| *m == n).unwrap();
            let before = ancestors(&needs, &sorted.order);
            for n in 0..12 {
                for need in &needs[n] {
                    prop_assert!(place(*need) < place(n));
                    prop_assert!(before[n][*need]);
                }
            }
        }
    }
}
