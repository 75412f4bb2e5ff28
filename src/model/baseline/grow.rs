//! Growing the tree: at each node linfa-trees fits one cut to that node's rows alone.
//!
//! Fitted whole, linfa-trees 0.8.1 compares a row with the next one of the whole data set even if that one is in
//! another node, so it skips cuts between tied values and the order of rows decides the tree. A fit of depth one
//! has no other node. Equal rows are merged into one with a weight first: clinical data has few distinct rows, so
//! this also makes a million of them fast.

use super::{Cut, FitError, Node, TreeOptions};
use crate::model::{data_set::MAX_ROWS, examples::Examples};
use linfa::{DatasetBase, traits::Fit};
use linfa_trees::DecisionTree;
use ndarray::{Array1, Array2};

/// Deepest tree: its JSON stays within serde_json's nesting limit of 128.
const MAX_DEPTH: u32 = 30;

/// Smallest decrease of Gini impurity worth a cut: linfa computes it in `f32`, whose rounding is below this.
const MIN_GAIN: f64 = 1e-6;

/// Distinct rows in ascending order, each with its class and how often it occurs.
struct Table<'a> {
    rows: Vec<(&'a [f64], bool, u32)>,
    columns: usize,
}

pub(super) fn grow(examples: &Examples, options: &TreeOptions) -> Result<Node, FitError> {
    check(examples, options)?;
    let table = merge(examples);
    let all = (0..table.rows.len()).collect();
    table.node(all, options.max_depth, options)
}

fn check(examples: &Examples, options: &TreeOptions) -> Result<(), FitError> {
    let (rows, columns) = (examples.features.len(), examples.columns.len());
    if options.max_depth > MAX_DEPTH {
        return Err(FitError::TooDeep { depth: options.max_depth, most: MAX_DEPTH });
    }
    if rows == 0 {
        return Err(FitError::NoRows);
    }
    if rows > MAX_ROWS {
        return Err(FitError::TooManyRows { most: MAX_ROWS });
    }
    if rows != examples.labels.len() {
        return Err(FitError::Shape { row: rows.min(examples.labels.len()) + 1, columns });
    }
    for (row, values) in (1..).zip(&examples.features) {
        if values.len() != columns {
            return Err(FitError::Shape { row, columns });
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(FitError::NotFinite { row });
        }
    }
    Ok(())
}

fn merge(examples: &Examples) -> Table<'_> {
    let mut sorted: Vec<(&[f64], bool)> =
        examples.features.iter().map(Vec::as_slice).zip(examples.labels.iter().copied()).collect();
    sorted.sort_unstable_by(|(a, a_label), (b, b_label)| {
        let mut values = a.iter().zip(*b).map(|(a, b)| a.total_cmp(b));
        values.find(|order| order.is_ne()).unwrap_or_else(|| a_label.cmp(b_label))
    });
    let count = |rows: &[_]| u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let rows = sorted
        .chunk_by(PartialEq::eq)
        .map(|equal| (equal[0].0, equal[0].1, count(equal)))
        .collect();
    Table { rows, columns: examples.columns.len() }
}

impl Table<'_> {
    /// The tree over `members`, at most `depth` cuts deep.
    fn node(
        &self,
        members: Vec<usize>,
        depth: u32,
        options: &TreeOptions,
    ) -> Result<Node, FitError> {
        let (mut rows, mut positives) = (0, 0);
        for member in &members {
            let (_, label, weight) = self.rows[*member];
            rows += weight;
            positives += if label { weight } else { 0 };
        }
        let leaf = Node { rows, positives, cut: None };
        if depth == 0 || positives == 0 || positives == rows {
            return Ok(leaf);
        }
        let Some((feature, at_most)) = self.best_cut(&members, options)? else {
            return Ok(leaf);
        };
        let (below, above): (Vec<usize>, Vec<usize>) =
            members.into_iter().partition(|member| self.rows[*member].0[feature] <= at_most);
        if below.is_empty() || above.is_empty() {
            return Ok(leaf);
        }
        let below = self.node(below, depth - 1, options)?;
        let above = self.node(above, depth - 1, options)?;
        Ok(Node { cut: Some(Box::new(Cut { feature, at_most, below, above })), ..leaf })
    }

    /// The cut of `members` that lowers the Gini impurity most; of equal ones the first feature's lowest. linfa's
    /// leaf labels depend on a hash map's order when classes tie, but the cut does not, and only that is read.
    fn best_cut(
        &self,
        members: &[usize],
        options: &TreeOptions,
    ) -> Result<Option<(usize, f64)>, FitError> {
        let values =
            members.iter().flat_map(|member| self.rows[*member].0.iter().copied()).collect();
        let records = Array2::from_shape_vec((members.len(), self.columns), values)
            .map_err(|error| FitError::Linfa(error.to_string()))?;
        let labels: Array1<bool> = members.iter().map(|member| self.rows[*member].1).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts up to 2^24 are exact")]
        let weights: Array1<f32> =
            members.iter().map(|member| self.rows[*member].2 as f32).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts up to 2^24 are exact")]
        let min_leaf = options.min_leaf.max(1) as f32;
        let stump = DecisionTree::params()
            .max_depth(Some(1))
            .min_weight_leaf(min_leaf)
            .min_impurity_decrease(MIN_GAIN)
            .fit(&DatasetBase::new(records, labels).with_weights(weights))
            .map_err(|error| FitError::Linfa(error.to_string()))?;
        let (feature, at_most, gain) = stump.root_node().split();
        Ok((gain > 0.0).then_some((feature, at_most)))
    }
}
