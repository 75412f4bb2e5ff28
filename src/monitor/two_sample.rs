//! Compares one column of a batch with the same column of its baseline, knowing how many values each has.
//!
//! Up to 2,048 rows a sketch holds every number and the tests are exact, or nearly. Above, the counts are estimates:
//! the sketch's own error is added to the sampling error as if the column had fewer rows, so that a sketch is never
//! trusted more than it deserves.

use super::{
    distance::largest_gap,
    kolmogorov,
    profile::Content,
    sample::{Sample, side_by_side},
    shares::{self, Kind},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers with up to this many different values, in both samples together, are compared as categories.
pub(super) const FEW_VALUES: usize = 20;
/// The rank error of a sketch that 99 of 100 keep below, as a share of the rows: `2.446 / k^0.9433` for k = 2,048
/// (Apache DataSketches, the normalised rank error of a KLL sketch for both sides).
const RANK_ERROR: f64 = 0.00184;
/// Standard errors that 99 of 100 keep below.
const Z_99: f64 = 2.576;

/// Which test compared a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftTest {
    /// Numbers: the largest difference between the cumulative shares.
    KolmogorovSmirnov,
    /// Categories, and numbers with few different values; rare ones pooled.
    ChiSquare,
    /// The same where two categories are left.
    FisherExact,
}

/// What the comparison of a column found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub(super) test: DriftTest,
    pub(super) statistic: f64,
    pub(super) p_value: f64,
    /// Largest difference of cumulative shares, or total variation: 0 to 1, whatever the number of rows.
    pub(super) distance: f64,
    /// Counts by category, if categories were compared.
    pub(super) categories: Option<Vec<(String, [f64; 2])>>,
}

/// `None` where one side has nothing to compare, or one is text and the other is not.
pub(super) fn compare(before: &Content, now: &Content) -> Option<Comparison> {
    match (before, now) {
        (Content::Numbers { sample: before, .. }, Content::Numbers { sample: now, .. }) => {
            Some(numbers(before, now))
        }
        (Content::Texts(before), Content::Texts(now)) => Some(texts(before, now)),
        // texts that happen to be numbers in a small batch
        (Content::Texts(before), Content::Numbers { sample, .. }) => {
            let count = |(number, count): &(f64, u64)| (number.to_string(), *count);
            Some(texts(before, &sample.points().iter().map(count).collect()))
        }
        _ => None,
    }
}

fn numbers(before: &Sample, now: &Sample) -> Comparison {
    let points = side_by_side(before, now);
    let sizes = [effective_size(before), effective_size(now)];
    if points.len() <= FEW_VALUES {
        let scales = [scale(before, sizes[0]), scale(now, sizes[1])];
        let scaled = points.into_iter().map(|(number, counts)| {
            (number.to_string(), [weigh(counts[0], scales[0]), weigh(counts[1], scales[1])])
        });
        return categories(scaled.collect());
    }
    let counts: Vec<[u64; 2]> = points.into_iter().map(|(_, counts)| counts).collect();
    let gap = largest_gap(&counts);
    let estimate = before.is_estimate() || now.is_estimate();
    let exact = if estimate { None } else { kolmogorov::exact(&counts) };
    Comparison {
        test: DriftTest::KolmogorovSmirnov,
        statistic: gap,
        p_value: exact.unwrap_or_else(|| kolmogorov::asymptotic(gap, sizes[0], sizes[1])),
        distance: gap,
        categories: None,
    }
}

/// The rows that would give a share the error that it has, sampling and sketch together.
#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn effective_size(sample: &Sample) -> f64 {
    let size = sample.size() as f64;
    if !sample.is_estimate() {
        return size;
    }
    // a share of one half has the variance 1 / (4 n)
    let sketch = (2.0 * RANK_ERROR / Z_99).powi(2);
    1.0 / (1.0 / size + sketch)
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn scale(sample: &Sample, size: f64) -> f64 {
    size / sample.size() as f64
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn weigh(count: u64, scale: f64) -> f64 {
    count as f64 * scale
}

fn texts(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Comparison {
    let mut counts: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
    for (side, texts) in [before, now].into_iter().enumerate() {
        for (text, count) in texts {
            counts.entry(text).or_default()[side] = weigh(*count, 1.0);
        }
    }
    categories(counts.into_iter().map(|(text, counts)| (text.to_owned(), counts)).collect())
}

fn categories(counted: Vec<(String, [f64; 2])>) -> Comparison {
    let counts: Vec<[f64; 2]> = counted.iter().map(|(_, counts)| *counts).collect();
    let found = shares::compare(&counts);
    Comparison {
        test: match found.test {
            Kind::ChiSquare => DriftTest::ChiSquare,
            Kind::FisherExact => DriftTest::FisherExact,
        },
        statistic: found.statistic,
        p_value: found.p_value,
        distance: shares::total_variation(&counts),
        categories: Some(counted),
    }
}

/// P-values of several tests, each raised so that all of them together err no more often than one would (Holm).
pub(super) fn adjust(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*one].total_cmp(&p_values[*other]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most as many as columns")]
        let left = (p_values.len() - rank) as f64;
        least = least.max(p_values[index] * left).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(numbers: Vec<f64>) -> Content {
        Content::Numbers { sample: Sample::of_sketch(&[numbers]), mean: 0.0, std_dev: None }
    }

    fn of(before: impl Iterator<Item = u32>, now: impl Iterator<Item = u32>) -> Comparison {
        compare(&content(before.map(f64::from).collect()), &content(now.map(f64::from).collect()))
            .unwrap()
    }

    #[test]
    fn many_different_numbers_are_compared_by_their_order() {
        let found = of(0..200, 40..80);
        assert_eq!(found.test, DriftTest::KolmogorovSmirnov);
        assert!((found.distance - 0.6).abs() < 1e-12);
        assert!(found.p_value < 1e-9);
    }

    #[test]
    fn few_different_numbers_are_categories() {
        let found = of((0..200).map(|n| n % 4), (0..40).map(|n| n % 2));
        assert_eq!(found.test, DriftTest::ChiSquare);
        assert!((found.distance - 0.5).abs() < 1e-12);
        assert!(found.p_value < 1e-6);
        assert_eq!(found.categories.unwrap()[1], ("1".to_owned(), [50.0, 20.0]));
    }

    #[test]
    fn a_constant_column_never_drifts_from_itself_and_always_from_another() {
        let same = of((0..100).map(|_| 3), (0..5).map(|_| 3));
        assert!((same.p_value - 1.0).abs() < 1e-12 && same.distance.abs() < 1e-12);
        let other = of((0..100).map(|_| 3), (0..5).map(|_| 4));
        assert_eq!(other.test, DriftTest::FisherExact);
        assert!(other.p_value < 1e-6 && (other.distance - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_row_is_never_enough() {
        assert!(of(0..1_000, 5_000..5_001).p_value > 1e-3);
    }

    #[test]
    fn texts_that_look_like_numbers_stay_texts() {
        let texts: BTreeMap<String, u64> =
            [("1".to_owned(), 50), ("2".to_owned(), 40), ("x".to_owned(), 10)].into();
        let found = compare(&Content::Texts(texts), &content(vec![1.0, 2.0, 2.0, 1.0])).unwrap();
        assert!(found.p_value > 0.5);
        assert!((found.distance - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_sketch_that_estimates_is_trusted_less() {
        let full = Sample::of_sketch(&[vec![1.0; 2_000]]);
        let estimate = Sample::of_sketch(&[vec![], vec![1.0; 1_000]]);
        assert!((effective_size(&full) - 2_000.0).abs() < 1e-9);
        assert!((1_900.0..2_000.0).contains(&effective_size(&estimate)));
        let large = Sample::of_sketch(&[vec![], vec![], vec![], vec![2.0], vec![1.0; 1 << 20]]);
        assert!(effective_size(&large) < 500_000.0);
    }

    #[test]
    fn several_tests_are_judged_together() {
        let adjusted = adjust(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(adjust(&[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn p_values_and_distances_are_shares(
            before in proptest::collection::vec(0_u32..60, 1..80),
            now in proptest::collection::vec(0_u32..60, 1..40),
        ) {
            let found = of(before.iter().copied(), now.iter().copied());
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
            prop_assert!((0.0..=1.0).contains(&found.distance), "{found:?}");
            let turned = of(now.into_iter(), before.into_iter());
            prop_assert!((found.p_value - turned.p_value).abs() < 1e-9);
        }
    }
}
