//! The area under the ROC curve as the Mann-Whitney statistic, with DeLong's variance.
//!
//! E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837-845, by placements counted in one
//! pass over the sorted scores, so in O(n log n).

use super::normal::Z_95;
use serde::{Deserialize, Serialize};

/// Rows of each class without which a variance between rows does not exist.
const MIN_FOR_VARIANCE: usize = 2;

/// How well scores tell the classes apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Auc {
    /// Probability that a random positive row scores above a random negative one; ties count one half.
    pub value: f64,
    /// DeLong standard deviation of `value`.
    pub standard_error: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end of the 95 % interval.
    pub upper: f64,
    /// Rows with label 1.
    pub positives: usize,
    /// Rows with label 0.
    pub negatives: usize,
}

/// Why a figure does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// Labels and scores are not about the same rows.
    #[error("there are {labels} labels but {scores} scores")]
    Lengths {
        /// Number of labels.
        labels: usize,
        /// Number of scores.
        scores: usize,
    },
    /// A score is infinite or not a number.
    #[error("the score of row {row} is not a finite number")]
    NotFinite {
        /// From 1.
        row: usize,
    },
    /// One class is missing or too small for a variance.
    #[error(
        "{positives} positive and {negatives} negative rows are too few: each class needs {least}"
    )]
    TooFew {
        /// Rows with label 1.
        positives: usize,
        /// Rows with label 0.
        negatives: usize,
        /// The least number of each.
        least: usize,
    },
}

/// The AUC of `scores`. The interval is symmetric on the logit scale, so it stays inside 0 to 1 and covers better
/// near 1 than the plain one; where every pair is ordered right (or wrong) and DeLong's variance is therefore
/// zero, it is the exact bound for the smaller class's number of independent pairs.
///
/// # Errors
/// [`MetricError`] instead of a NaN.
pub fn auc(scores: &[f64], labels: &[bool]) -> Result<Auc, MetricError> {
    let placements = Placements::of(scores, labels)?;
    let value = placements.auc();
    let standard_error =
        variance_of_mean(&placements.positives) + variance_of_mean(&placements.negatives);
    let rows = [placements.positives.len(), placements.negatives.len()];
    Auc::known(value, standard_error.sqrt(), rows)
}

impl Auc {
    /// An AUC that was computed elsewhere, with its interval.
    ///
    /// # Errors
    /// [`MetricError::TooFew`] if a class has too few rows for a variance.
    pub fn known(
        value: f64,
        standard_error: f64,
        [positives, negatives]: [usize; 2],
    ) -> Result<Self, MetricError> {
        let least = MIN_FOR_VARIANCE;
        if positives.min(negatives) < least {
            return Err(MetricError::TooFew { positives, negatives, least });
        }
        let (lower, upper) = interval(value, standard_error, positives.min(negatives));
        Ok(Self { value, standard_error, lower, upper, positives, negatives })
    }
}

fn interval(value: f64, standard_error: f64, pairs: usize) -> (f64, f64) {
    // the true probability p of a right order with p^pairs = 2.5 %
    let exact = 0.025_f64.powf(1.0 / to_f64(pairs));
    if value >= 1.0 {
        return (exact, 1.0);
    }
    if value <= 0.0 {
        return (0.0, 1.0 - exact);
    }
    let logit = (value / (1.0 - value)).ln();
    let reach = Z_95 * standard_error / (value * (1.0 - value));
    let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    (back(logit - reach), back(logit + reach))
}

/// For each row the share of the other class that it stands above (positives) or below (negatives), ties one half;
/// both lists in row order.
pub(super) struct Placements {
    pub(super) positives: Vec<f64>,
    pub(super) negatives: Vec<f64>,
    /// Twice the number of pairs in right order, exactly.
    doubled: u64,
}

impl Placements {
    pub(super) fn of(scores: &[f64], labels: &[bool]) -> Result<Self, MetricError> {
        check(scores, labels)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        // twice the number of the other class below, per row; halves stay whole
        let mut below = vec![0_u64; scores.len()];
        let mut passed = [0_u64; 2];
        // 0.0 and -0.0 tie although total_cmp tells them apart
        for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
            let mut counts = [0_u64; 2];
            tied.iter().for_each(|row| counts[usize::from(labels[*row])] += 1);
            for row in tied {
                let other = usize::from(!labels[*row]);
                below[*row] = 2 * passed[other] + counts[other];
            }
            passed = [passed[0] + counts[0], passed[1] + counts[1]];
        }
        Ok(Self::scaled(&below, labels, passed))
    }

    fn scaled(below: &[u64], labels: &[bool], totals: [u64; 2]) -> Self {
        let [negatives, positives] = totals.map(|count| 2.0 * to_f64(count));
        let mut placements = Self { positives: Vec::new(), negatives: Vec::new(), doubled: 0 };
        for (below, label) in below.iter().zip(labels) {
            if *label {
                placements.doubled += below;
                placements.positives.push(to_f64(*below) / negatives);
            } else {
                placements.negatives.push(1.0 - to_f64(*below) / positives);
            }
        }
        placements
    }

    pub(super) fn auc(&self) -> f64 {
        to_f64(self.doubled) / (2.0 * to_f64(self.positives.len()) * to_f64(self.negatives.len()))
    }
}

fn check(scores: &[f64], labels: &[bool]) -> Result<(), MetricError> {
    if scores.len() != labels.len() {
        return Err(MetricError::Lengths { labels: labels.len(), scores: scores.len() });
    }
    if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MetricError::NotFinite { row: index + 1 });
    }
    let positives = labels.iter().filter(|label| **label).count();
    let negatives = labels.len() - positives;
    let least = MIN_FOR_VARIANCE;
    if positives.min(negatives) < least {
        Err(MetricError::TooFew { positives, negatives, least })
    } else {
        Ok(())
    }
}

/// The sample variance of `values` divided by their number.
pub(super) fn variance_of_mean(values: &[f64]) -> f64 {
    let count = to_f64(values.len());
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs of at most 2^24 rows are exact")]
fn to_f64(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
        proptest::collection::vec((-20_i8..20, any::<bool>()), 4..80)
            .prop_map(|rows| {
                rows.into_iter().map(|(score, label)| (f64::from(score), label)).unzip()
            })
            .prop_filter("both classes", |(scores, labels): &(Vec<f64>, Vec<bool>)| {
                auc(scores, labels).is_ok()
            })
    }

    fn by_pairs(scores: &[f64], labels: &[bool]) -> f64 {
        let of = |class: bool| {
            scores.iter().zip(labels).filter(move |(_, l)| **l == class).map(|(s, _)| *s)
        };
        let pairs = of(true).flat_map(|p| of(false).map(move |n| (p, n)));
        let won: Vec<f64> =
            pairs.map(|(p, n)| f64::from(p > n) + 0.5 * f64::from(p == n)).collect();
        won.iter().sum::<f64>() / to_f64(won.len())
    }

    proptest! {
        #[test]
        fn is_the_share_of_pairs_in_right_order((scores, labels) in rows()) {
            prop_assert!((auc(&scores, &labels).unwrap().value - by_pairs(&scores, &labels)).abs() < 1e-12);
        }

        #[test]
        fn negated_scores_mirror_it((scores, labels) in rows()) {
            let negated: Vec<f64> = scores.iter().map(|score| -score).collect();
            let (one, other) = (auc(&scores, &labels).unwrap(), auc(&negated, &labels).unwrap());
            prop_assert!((one.value + other.value - 1.0).abs() < 1e-12);
            prop_assert!((one.standard_error - other.standard_error).abs() < 1e-12);
            prop_assert!((one.lower + other.upper - 1.0).abs() < 1e-9);
        }

        #[test]
        fn only_the_order_of_scores_counts((scores, labels) in rows()) {
            let bent: Vec<f64> = scores.iter().map(|score| (score / 3.0).exp() + 5.0).collect();
            prop_assert_eq!(auc(&scores, &labels), auc(&bent, &labels));
        }

        #[test]
        fn the_interval_holds_the_value_and_stays_in_range((scores, labels) in rows()) {
            let auc = auc(&scores, &labels).unwrap();
            prop_assert!(0.0 <= auc.lower && auc.lower <= auc.value + 1e-12);
            prop_assert!(auc.value <= auc.upper + 1e-12 && auc.upper <= 1.0);
        }
    }

    #[test]
    fn scores_of_exactly_zero_count_like_any_other() {
        let labels = [true, false, true, false];
        assert_eq!(auc(&[0.0, -0.0, 0.0, 0.0], &labels).unwrap().value, 0.5);
    }

    #[test]
    fn a_perfect_order_is_not_certainty() {
        let labels: Vec<bool> = (0..20).map(|n| n >= 10).collect();
        let scores: Vec<f64> = (0..20).map(f64::from).collect();
        let perfect = auc(&scores, &labels).unwrap();
        assert_eq!((perfect.value, perfect.upper), (1.0, 1.0));
        assert!((perfect.lower - 0.6915).abs() < 1e-4, "{}", perfect.lower);
    }

    #[test]
    fn one_class_or_a_nan_is_an_error() {
        let too_few = MetricError::TooFew { positives: 3, negatives: 0, least: 2 };
        assert_eq!(auc(&[0.1, 0.2, 0.3], &[true; 3]), Err(too_few));
        assert_eq!(auc(&[0.1, f64::NAN], &[true, false]), Err(MetricError::NotFinite { row: 2 }));
        assert_eq!(auc(&[0.1], &[]), Err(MetricError::Lengths { labels: 0, scores: 1 }));
    }
}
