//! How far a batch is from its baseline, as the analyser measures it.
//!
//! The analyser measures with `Distance` of awslabs/deequ. Its manual defines the distance of numbers as the largest
//! difference between the two cumulative distributions, and that is what is computed here; deequ's own code builds a
//! map from number to weight first and so keeps one of several equal numbers.

use super::{
    sample::{Sample, side_by_side},
    settings::Method,
};
use std::collections::{BTreeMap, BTreeSet};

/// deequ's c(alpha) for alpha = 0.003: what two samples of one distribution differ by chance, in units of
/// `sqrt((n + m) / (n m))`.
const C_ALPHA: f64 = 1.8;

/// The distance of numbers by `method`.
pub(super) fn numerical(method: Method, baseline: &Sample, batch: &Sample) -> f64 {
    let simple = largest_gap(
        &side_by_side(baseline, batch).into_iter().map(|(_, counts)| counts).collect::<Vec<_>>(),
    );
    corrected(method, simple, baseline.size(), batch.size())
}

/// The largest difference between shares of one text, by `method`.
pub(super) fn categorical(
    method: Method,
    baseline: &BTreeMap<String, u64>,
    batch: &BTreeMap<String, u64>,
) -> f64 {
    let (n, m) = (baseline.values().sum(), batch.values().sum());
    let texts: BTreeSet<&String> = baseline.keys().chain(batch.keys()).collect();
    let count = |counts: &BTreeMap<String, u64>, text| counts.get(text).copied().unwrap_or(0);
    let simple = texts
        .into_iter()
        .map(|text| (share(count(baseline, text), n) - share(count(batch, text), m)).abs())
        .fold(0.0, f64::max);
    corrected(method, simple, n, m)
}

/// The largest difference between the cumulative shares of two columns of counts.
pub(super) fn largest_gap(counts: &[[u64; 2]]) -> f64 {
    let totals = counts.iter().fold([0; 2], |sum: [u64; 2], [a, b]| [sum[0] + a, sum[1] + b]);
    let mut below = [0; 2];
    counts.iter().fold(0.0, |gap: f64, [a, b]| {
        below = [below[0] + a, below[1] + b];
        gap.max((share(below[0], totals[0]) - share(below[1], totals[1])).abs())
    })
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
pub(super) fn share(count: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { count as f64 / total as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn corrected(method: Method, simple: f64, n: u64, m: u64) -> f64 {
    let (n, m) = (n as f64, m as f64);
    match method {
        Method::Simple => simple,
        Method::Robust => (simple - C_ALPHA * ((n + m) / (n * m)).sqrt()).max(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(numbers: &[f64]) -> Sample {
        Sample::of_sketch(&[numbers.to_vec()])
    }

    fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
        counts.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
    }

    #[test]
    fn the_distances_are_those_of_deequs_own_tests() {
        // KLLDistanceTest: linf_simple and linf_robust of numbers and of categories
        let (one, other) = (sample(&[1.0, 2.0, 3.0, 4.0]), sample(&[2.0, 3.0, 4.0, 5.0]));
        assert!((numerical(Method::Simple, &one, &other) - 0.25).abs() < 1e-12);
        assert!(numerical(Method::Robust, &one, &other).abs() < 1e-12);
        let one = counts(&[("a", 10), ("b", 20), ("c", 25), ("d", 10), ("e", 5)]);
        let other = counts(&[("a", 11), ("b", 20), ("c", 25), ("d", 10), ("e", 10)]);
        assert!(
            (categorical(Method::Simple, &one, &other) - 0.060_150_375_939_849_62).abs() < 1e-12
        );
        assert!(categorical(Method::Robust, &one, &other).abs() < 1e-12);
    }

    #[test]
    fn chance_is_subtracted_from_a_large_distance() {
        let baseline: Vec<f64> = (0..640).map(f64::from).collect();
        let batch: Vec<f64> = (320..368).map(f64::from).collect();
        let (baseline, batch) = (sample(&baseline), sample(&batch));
        let simple = numerical(Method::Simple, &baseline, &batch);
        let robust = numerical(Method::Robust, &baseline, &batch);
        assert!((simple - 0.5).abs() < 1e-12);
        assert!((simple - robust - 1.8 * (688.0_f64 / (640.0 * 48.0)).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_numbers_count_each() {
        let (one, other) = (sample(&[1.0, 1.0, 1.0, 2.0]), sample(&[1.0, 2.0, 2.0, 2.0]));
        assert!((numerical(Method::Simple, &one, &other) - 0.5).abs() < 1e-12);
    }
}
