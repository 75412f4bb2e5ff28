//! Two models on the same rows: DeLong's test of the difference of their AUCs.

use super::{
    auc::{MetricError, Placements, variance_of_mean},
    normal::{Z_95, two_sided},
};
use serde::{Deserialize, Serialize};

/// How much better the first model is than the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// AUC of the first less AUC of the second.
    pub value: f64,
    /// DeLong standard deviation of `value`, with the models' correlation.
    pub standard_error: f64,
    /// Lower end of the 95 % interval, not below -1.
    pub lower: f64,
    /// Upper end of the 95 % interval, not above 1.
    pub upper: f64,
    /// Two-sided probability of such a difference between equally good models.
    pub p_value: f64,
}

/// Compares the scores of models `a` and `b` on the same rows.
///
/// # Errors
/// [`MetricError`] instead of a NaN.
pub fn difference(labels: &[bool], a: &[f64], b: &[f64]) -> Result<Difference, MetricError> {
    let (a, b) = (Placements::of(a, labels)?, Placements::of(b, labels)?);
    let apart =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let value = a.auc() - b.auc();
    let variance = variance_of_mean(&apart(&a.positives, &b.positives))
        + variance_of_mean(&apart(&a.negatives, &b.negatives));
    let standard_error = variance.sqrt();
    let p_value = if standard_error > 0.0 {
        two_sided(value / standard_error)
    } else if value == 0.0 {
        1.0
    } else {
        0.0
    };
    let reach = Z_95 * standard_error;
    let (lower, upper) = ((value - reach).max(-1.0), (value + reach).min(1.0));
    Ok(Difference { value, standard_error, lower, upper, p_value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [bool; 6] = [true, true, true, false, false, false];

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let scores = [0.9, 0.4, 0.8, 0.3, 0.5, 0.1];
        let same = difference(&LABELS, &scores, &scores).unwrap();
        assert_eq!((same.value, same.standard_error, same.p_value), (0.0, 0.0, 1.0));
    }

    #[test]
    fn swapping_the_models_turns_the_sign() {
        let (a, b) = ([0.9, 0.4, 0.8, 0.3, 0.5, 0.1], [0.2, 0.4, 0.8, 0.3, 0.5, 0.1]);
        let (ab, ba) = (difference(&LABELS, &a, &b).unwrap(), difference(&LABELS, &b, &a).unwrap());
        assert_eq!((ab.value, ab.lower, ab.p_value), (-ba.value, -ba.upper, ba.p_value));
        assert!(ab.value > 0.0 && ab.p_value > 0.05);
    }
}
