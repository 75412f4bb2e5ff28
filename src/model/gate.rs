//! The gate: may this candidate be promoted? A verdict with numbers, sample sizes and reasons, kept as evidence.

use super::{
    auc::{Auc, MetricError, auc},
    difference::{Difference, difference},
};
use crate::spec::{GatePolicy, Metric};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rows of each class without which no candidate is judged: below about ten, DeLong's normal approximation no
/// longer holds and one patient moves the AUC by a tenth.
pub const MIN_ROWS_PER_CLASS: usize = 10;

/// What the gate says and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// May the candidate go on?
    pub decision: Decision,
    /// Every reason for a refusal; empty for an acceptance.
    pub reasons: Vec<Reason>,
    /// What was asked.
    pub policy: GatePolicy,
    /// Rows the models were judged on.
    pub rows: usize,
    /// The numbers; absent if the rows did not allow any.
    pub evidence: Option<Evidence>,
}

/// The numbers behind a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The candidate's AUC.
    pub candidate: Auc,
    /// The baseline's AUC on the same rows.
    pub baseline: Auc,
    /// Candidate less baseline.
    pub difference: Difference,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The candidate may be promoted.
    Accepted,
    /// It may not.
    Refused,
}

/// Why a candidate is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// The figure is under the floor.
    #[error(
        "the candidate's AUC {value:.4} (95 % interval from {lower:.4}) is below the floor {floor}"
    )]
    BelowFloor {
        /// The candidate's AUC.
        value: f64,
        /// Lower end of its 95 % interval.
        lower: f64,
        /// What was asked.
        floor: f64,
    },
    /// The baseline is better by more than is tolerated.
    #[error(
        "the candidate's AUC is {deficit:.4} worse than the baseline's; at most {margin} is allowed"
    )]
    WorseThanBaseline {
        /// Baseline less candidate.
        deficit: f64,
        /// What was allowed.
        margin: f64,
    },
    /// There is nothing to judge.
    #[error("no {what}: {address} is not there")]
    NoEvidence {
        /// What is missing, for people.
        what: String,
        /// Where it should lie.
        address: String,
    },
    /// Too few rows to tell.
    #[error(
        "{positives} positive and {negatives} negative rows are too few to judge on: each class needs {least}"
    )]
    TooFewRows {
        /// Rows with label 1.
        positives: usize,
        /// Rows with label 0.
        negatives: usize,
        /// The least number of each.
        least: usize,
    },
    /// The scores cannot be judged.
    #[error("the scores cannot be judged: {problem}")]
    Unusable {
        /// What is wrong with them.
        problem: String,
    },
}

/// Judges `candidate` scores against the policy and against the `baseline`'s scores on the same rows. Floor and
/// margin are compared with the estimates; the intervals are reported beside them.
#[must_use]
pub fn judge(policy: &GatePolicy, labels: &[bool], candidate: &[f64], baseline: &[f64]) -> Verdict {
    let (reasons, evidence) = match measure(policy.metric, labels, candidate, baseline) {
        Ok(evidence) => (objections(policy, &evidence), Some(evidence)),
        Err(reason) => (vec![reason], None),
    };
    let decision = if reasons.is_empty() { Decision::Accepted } else { Decision::Refused };
    Verdict { decision, reasons, policy: *policy, rows: labels.len(), evidence }
}

impl Verdict {
    /// What is said of a candidate whose evidence is not there.
    #[must_use]
    pub fn without_evidence(policy: &GatePolicy, missing: Vec<Reason>) -> Self {
        Self {
            decision: Decision::Refused,
            reasons: missing,
            policy: *policy,
            rows: 0,
            evidence: None,
        }
    }
}

fn measure(
    metric: Metric,
    labels: &[bool],
    candidate: &[f64],
    baseline: &[f64],
) -> Result<Evidence, Reason> {
    let positives = labels.iter().filter(|label| **label).count();
    let negatives = labels.len() - positives;
    if positives.min(negatives) < MIN_ROWS_PER_CLASS {
        return Err(Reason::TooFewRows { positives, negatives, least: MIN_ROWS_PER_CLASS });
    }
    let unusable = |error: MetricError| Reason::Unusable { problem: error.to_string() };
    match metric {
        Metric::Auc => Ok(Evidence {
            candidate: auc(candidate, labels).map_err(unusable)?,
            baseline: auc(baseline, labels).map_err(unusable)?,
            difference: difference(labels, candidate, baseline).map_err(unusable)?,
        }),
    }
}

fn objections(policy: &GatePolicy, evidence: &Evidence) -> Vec<Reason> {
    let Auc { value, lower, .. } = evidence.candidate;
    let (floor, margin, deficit) =
        (policy.at_least, policy.not_worse_than_baseline_by, -evidence.difference.value);
    let below = (value < floor).then_some(Reason::BelowFloor { value, lower, floor });
    let worse = (deficit > margin).then_some(Reason::WorseThanBaseline { deficit, margin });
    below.into_iter().chain(worse).collect()
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, auc) in [("candidate", self.candidate), ("baseline", self.baseline)] {
            writeln!(
                f,
                "{name:<10} AUC {:.4} (95 % {:.4} to {:.4})",
                auc.value, auc.lower, auc.upper
            )?;
        }
        let Difference { value, lower, upper, p_value, .. } = self.difference;
        write!(f, "difference {value:+.4} (95 % {lower:+.4} to {upper:+.4}, p = {p_value:.3})")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GatePolicy { metric: Metric::Auc, at_least, not_worse_than_baseline_by: margin } =
            self.policy;
        writeln!(
            f,
            "{}: AUC at least {at_least}, not worse than the baseline by more than {margin}",
            self.decision
        )?;
        for reason in &self.reasons {
            writeln!(f, "because    {reason}")?;
        }
        match &self.evidence {
            Some(evidence) => {
                let Auc { positives, negatives, .. } = evidence.candidate;
                write!(
                    f,
                    "{evidence}\nrows       {} ({positives} positive, {negatives} negative)",
                    self.rows
                )
            }
            None => write!(f, "rows       {}", self.rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: GatePolicy =
        GatePolicy { metric: Metric::Auc, at_least: 0.8, not_worse_than_baseline_by: 0.02 };

    /// Labels, and scores of which every `wrong`-th positive row is lost among the negatives.
    fn rows(wrong: usize) -> (Vec<bool>, Vec<f64>) {
        let labels: Vec<bool> = (0..200).map(|n| n % 2 == 0).collect();
        let score = |n: usize| {
            if n.is_multiple_of(2) && !(n / 2).is_multiple_of(wrong) { 0.9 } else { 0.1 }
        };
        (labels, (0..200).map(score).collect())
    }

    #[test]
    fn a_good_candidate_is_accepted_with_its_numbers() {
        let (labels, scores) = rows(10);
        let verdict = judge(&POLICY, &labels, &scores, &scores);
        assert_eq!(verdict.decision, Decision::Accepted);
        insta::assert_snapshot!(verdict.to_string(), @"
        accepted: AUC at least 0.8, not worse than the baseline by more than 0.02
        candidate  AUC 0.9500 (95 % 0.9107 to 0.9725)
        baseline   AUC 0.9500 (95 % 0.9107 to 0.9725)
        difference +0.0000 (95 % +0.0000 to +0.0000, p = 1.000)
        rows       200 (100 positive, 100 negative)
        ");
    }

    #[test]
    fn a_poor_candidate_is_told_every_reason() {
        let (labels, good) = rows(10);
        let (_, poor) = rows(2);
        let verdict = judge(&POLICY, &labels, &poor, &good);
        assert_eq!(verdict.decision, Decision::Refused);
        let reasons: Vec<String> = verdict.reasons.iter().map(Reason::to_string).collect();
        assert_eq!(
            reasons,
            [
                "the candidate's AUC 0.7500 (95 % interval from 0.6976) is below the floor 0.8",
                "the candidate's AUC is 0.2000 worse than the baseline's; at most 0.02 is allowed",
            ]
        );
    }

    #[test]
    fn too_few_rows_or_one_class_is_a_refusal_without_numbers() {
        let labels: Vec<bool> = (0..100).map(|n| n < 9).collect();
        let verdict = judge(&POLICY, &labels, &[0.5; 100], &[0.5; 100]);
        assert_eq!(
            verdict.reasons,
            [Reason::TooFewRows { positives: 9, negatives: 91, least: 10 }]
        );
        let verdict = judge(&POLICY, &[true; 100], &[0.5; 100], &[0.5; 100]);
        assert_eq!((verdict.decision, verdict.evidence), (Decision::Refused, None));
        assert!(!serde_json::to_string(&verdict).unwrap().contains("NaN"));
    }

    #[test]
    fn a_nan_score_is_a_refusal() {
        let (labels, mut scores) = rows(10);
        let baseline = scores.clone();
        scores[3] = f64::NAN;
        let verdict = judge(&POLICY, &labels, &scores, &baseline);
        let problem = "the score of row 4 is not a finite number".to_owned();
        assert_eq!(verdict.reasons, [Reason::Unusable { problem }]);
    }

    #[test]
    fn survives_json() {
        let (labels, scores) = rows(3);
        let verdict = judge(&POLICY, &labels, &scores, &scores);
        let text = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    }
}
