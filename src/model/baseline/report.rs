//! The tree for people: rules line by line, and which feature did how much of the work.

use super::{Baseline, Cut, Node};
use std::fmt;

impl Baseline {
    /// Each feature's share of the decrease in Gini impurity, largest first; all zero for a tree of one leaf.
    #[must_use]
    pub fn importance(&self) -> Vec<(&str, f64)> {
        let mut gains = vec![0.0; self.columns.len()];
        add_gains(&self.root, &mut gains);
        let total: f64 = gains.iter().sum();
        let share = |gain: f64| if total > 0.0 { gain / total } else { 0.0 };
        let names = self.columns.iter().map(String::as_str);
        let mut shares: Vec<(&str, f64)> = names.zip(gains.into_iter().map(share)).collect();
        shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        shares
    }

    /// Number of leaves.
    #[must_use]
    pub fn leaves(&self) -> usize {
        fn leaves(node: &Node) -> usize {
            node.cut.as_ref().map_or(1, |cut| leaves(&cut.below) + leaves(&cut.above))
        }
        leaves(&self.root)
    }

    fn write_node(&self, node: &Node, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} positive, score {:.3}",
            node.positives,
            node.rows,
            self.score_of(node)
        )?;
        let Some(cut) = &node.cut else {
            return Ok(());
        };
        let Cut { feature, at_most, below, above } = cut.as_ref();
        let name = self.columns.get(*feature).map_or("?", String::as_str);
        let indent = "  ".repeat(depth + 1);
        for (sign, child) in [("<=", below), ("> ", above)] {
            write!(f, "{indent}{name} {sign} {at_most}: ")?;
            self.write_node(child, depth + 1, f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_node(&self.root, 0, f)
    }
}

fn add_gains(node: &Node, gains: &mut [f64]) {
    let Some(cut) = &node.cut else {
        return;
    };
    if let Some(gain) = gains.get_mut(cut.feature) {
        *gain += impurity(node) - impurity(&cut.below) - impurity(&cut.above);
    }
    add_gains(&cut.below, gains);
    add_gains(&cut.above, gains);
}

/// Gini impurity times the number of rows.
fn impurity(node: &Node) -> f64 {
    let (rows, positives) = (f64::from(node.rows), f64::from(node.positives));
    if node.rows == 0 { 0.0 } else { 2.0 * positives * (rows - positives) / rows }
}
