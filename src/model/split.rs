//! Train, validation and test parts, the same for the same rows and seed whatever the rows' order.

use super::{
    data_set::{DataSet, Row},
    number,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The seed of `templates/pipelines/train.json.hbs`, so that a split made here is the one made there.
pub const DEFAULT_SEED: u64 = 200;

/// Percent of the rows in train, validation and test.
const SHARES: [i64; 3] = [70, 15, 15];

/// The three parts of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What the model learns from.
    pub train: DataSet,
    /// What stops the learning.
    pub validation: DataSet,
    /// What the model is judged on.
    pub test: DataSet,
}

/// Rows with the same features, whatever their labels: one side of the split gets them all.
struct Group<'a> {
    features: &'a [Option<f64>],
    /// Rows of each class.
    counts: [i64; 2],
}

/// Splits `data` 70/15/15. Rows with equal features stay together, because a model that has seen one knows the
/// other; each group goes, in the order of SHA-256(seed, features), where it brings both classes closest to their
/// share in the sense of least squares.
#[must_use]
pub fn split(data: &DataSet, seed: u64) -> Split {
    let groups = group(data, seed);
    let positives = data.positives();
    let totals = [data.rows.len() - positives, positives]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let mut have = [[0_i64; 2]; 3];
    let mut parts: [Vec<Row>; 3] = Default::default();
    for group in groups.values() {
        let lack =
            |part: usize, class: usize| SHARES[part] * totals[class] - 100 * have[part][class];
        let gain = |part: usize| group.counts[0] * lack(part, 0) + group.counts[1] * lack(part, 1);
        // of equal gains the first part wins
        let part = (1..3).fold(0, |best, part| if gain(part) > gain(best) { part } else { best });
        for (class, label) in [(0, false), (1, true)] {
            have[part][class] += group.counts[class];
            let row = || Row { features: group.features.to_vec(), label };
            parts[part].extend((0..group.counts[class]).map(|_| row()));
        }
    }
    let [train, validation, test] =
        parts.map(|rows| DataSet { columns: data.columns.clone(), rows });
    Split { train, validation, test }
}

/// The groups of `data` in the order of their digest, which is as good as random and depends on no other row.
fn group(data: &DataSet, seed: u64) -> BTreeMap<[u8; 32], Group<'_>> {
    let mut groups = BTreeMap::new();
    for row in &data.rows {
        let text = format!("{seed}\n{}", number::row_text(row.features.iter().copied()));
        let group = groups
            .entry(Sha256::digest(text.as_bytes()).into())
            .or_insert_with(|| Group { features: &row.features, counts: [0, 0] });
        group.counts[usize::from(row.label)] += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn data_sets() -> impl Strategy<Value = DataSet> {
        let row = (proptest::option::of(1_u8..9), proptest::option::of(1_u8..5), any::<bool>());
        proptest::collection::vec(row, 1..300).prop_map(|rows| DataSet {
            columns: vec!["Age".to_owned(), "Shape".to_owned()],
            rows: rows
                .into_iter()
                .map(|(a, b, label)| Row {
                    features: vec![a.map(f64::from), b.map(f64::from)],
                    label,
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn equal_patients_never_straddle(data in data_sets(), seed in any::<u64>()) {
            let Split { train, validation, test } = split(&data, seed);
            for row in &test.rows {
                for other in train.rows.iter().chain(&validation.rows) {
                    prop_assert_ne!(&row.features, &other.features);
                }
            }
            prop_assert_eq!(train.rows.len() + validation.rows.len() + test.rows.len(), data.rows.len());
        }

        #[test]
        fn the_order_of_rows_does_not_matter(data in data_sets(), seed in any::<u64>()) {
            let mut turned = data.clone();
            turned.rows.reverse();
            prop_assert_eq!(split(&data, seed), split(&turned, seed));
        }
    }

    #[test]
    fn each_class_is_shared_out_seventy_fifteen_fifteen() {
        let row = |n: u32| Row { features: vec![Some(f64::from(n))], label: n.is_multiple_of(4) };
        let data = DataSet { columns: vec!["Age".to_owned()], rows: (0..1000).map(row).collect() };
        let parts = split(&data, 7);
        let counts = [&parts.train, &parts.validation, &parts.test]
            .map(|part| (part.rows.len(), part.positives()));
        assert_eq!(counts, [(700, 175), (151, 38), (149, 37)]);
    }

    #[test]
    fn another_seed_is_another_split() {
        let row = |n: u32| Row { features: vec![Some(f64::from(n))], label: n.is_multiple_of(2) };
        let data = DataSet { columns: vec!["Age".to_owned()], rows: (0..100).map(row).collect() };
        assert_ne!(split(&data, 1).test, split(&data, 2).test);
    }
}
