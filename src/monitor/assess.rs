//! The verdict on a batch: drift, defect or neither, from what Model Monitor left of the baseline and of the batch.
//!
//! The analyser's own word for drift, a `baseline_drift_check`, is kept as evidence but decides nothing. `Simple`
//! looks at a distance and not at the number of rows: of batches of 48 rows from the very distribution of the
//! baseline it flags four in five. `Robust` subtracts so wide a margin that such a batch must have moved by more than
//! a third to be noticed. Here a column has drifted if both hold: chance alone shows as much less often than
//! `significance`, all columns taken together, and the change is larger than the threshold of the constraints. The
//! first keeps small batches from raising false alarms, the second keeps large ones from raising true but
//! meaningless ones. benches/drift.rs measures all three.
//!
//! A violation of any other check is a defect of the data, not drift, and outranks everything: training on a batch
//! with a lost column or with text where numbers were would make the model worse. Only a share of blanks that a
//! sample of this size has by chance is no defect, if the baseline has blanks itself.

use super::{
    CheckKind, MonitorError, Verdict, Violation,
    drift::{FeatureDrift, Judged, probability},
    profile::{Content, Profile, Profiles},
    settings::Settings,
    shares, two_sample,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What a batch is judged by. No row is needed, and none is repeated.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// `statistics.json` of the baseline.
    pub baseline_statistics: &'a Value,
    /// `statistics.json` of the batch.
    pub batch_statistics: &'a Value,
    /// What the analyser found in the batch.
    pub violations: &'a [Violation],
    /// `constraints.json` of the baseline, for its thresholds; 0.1 without it.
    pub constraints: Option<&'a Value>,
    /// Names for people of headerless columns: the first is that of `_c0`. May be empty.
    pub names: &'a [String],
    /// When to call it drift.
    pub limits: Limits,
}

/// When a difference is called drift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Rows below which nothing is said about drift.
    pub minimum_rows: u64,
    /// The share of clean batches that may be called drifted, between 0 and 1 (the family-wise error rate).
    pub significance: f64,
}

impl Default for Limits {
    /// 20 rows, 1 %.
    fn default() -> Self {
        Self { minimum_rows: 20, significance: 0.01 }
    }
}

/// A judged batch, as evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// What it comes to.
    pub verdict: Verdict,
    /// Rows of the batch.
    pub rows: u64,
    /// Rows of the baseline.
    pub baseline_rows: u64,
    /// What it was judged by.
    pub limits: Limits,
    /// Every column that could be compared, in the order of the baseline.
    pub features: Vec<FeatureDrift>,
    /// Columns that could not: free text, or nothing in the baseline.
    pub not_compared: Vec<String>,
    /// What is wrong with the data, a line each.
    pub defects: Vec<String>,
    /// Violations that a batch of this size shows by chance, a line each.
    pub by_chance: Vec<String>,
    /// What the analyser found.
    pub violations: Vec<Violation>,
}

/// Judges a batch.
///
/// # Errors
/// [`MonitorError`] if a file lacks what the judgement needs: better no verdict than a wrong one.
pub fn assess(evidence: &Evidence<'_>) -> Result<Assessment, MonitorError> {
    let baseline = Profiles::read(evidence.baseline_statistics)?;
    let batch = Profiles::read(evidence.batch_statistics)?;
    let pairs = Pairs { evidence, baseline: &baseline, batch: &batch };
    let (features, not_compared) = pairs.features()?;
    let (mut defects, by_chance) = pairs.violated();
    defects.extend(pairs.differences_of_shape());
    let verdict = if !defects.is_empty() {
        Verdict::DataDefect
    } else if batch.rows < evidence.limits.minimum_rows {
        Verdict::TooFewRows
    } else if features.iter().any(|feature| feature.drifted) {
        Verdict::Drift
    } else {
        Verdict::Clean
    };
    Ok(Assessment {
        verdict,
        rows: batch.rows,
        baseline_rows: baseline.rows,
        limits: evidence.limits,
        features,
        not_compared,
        defects,
        by_chance,
        violations: evidence.violations.to_vec(),
    })
}

/// Baseline and batch side by side.
struct Pairs<'a> {
    evidence: &'a Evidence<'a>,
    baseline: &'a Profiles,
    batch: &'a Profiles,
}

impl Pairs<'_> {
    /// Every column compared, and the names of those that cannot be.
    fn features(&self) -> Result<(Vec<FeatureDrift>, Vec<String>), MonitorError> {
        let mut compared = Vec::new();
        let mut left_out = Vec::new();
        for before in &self.baseline.columns {
            let Some(now) = self.batch.column(&before.name) else { continue };
            match two_sample::compare(&before.content, &now.content) {
                Some(comparison) => compared.push((before, now, comparison)),
                None if lost(before, now).is_none() => {
                    left_out.push(self.display_name(&before.name));
                }
                None => {}
            }
        }
        let p_values: Vec<f64> = compared.iter().map(|(.., found)| found.p_value).collect();
        let features = compared
            .into_iter()
            .zip(two_sample::adjust(&p_values))
            .map(|((before, now, comparison), adjusted_p_value)| {
                let threshold = self.threshold(before)?;
                let significance = self.evidence.limits.significance;
                let judged = Judged { comparison, adjusted_p_value, significance, threshold };
                Ok(FeatureDrift::new(self.display_name(&before.name), before, now, judged))
            })
            .collect::<Result<_, _>>()?;
        Ok((features, left_out))
    }

    fn threshold(&self, column: &Profile) -> Result<f64, MonitorError> {
        let constraints = self.evidence.constraints.unwrap_or(&Value::Null);
        let features = constraints.get("features").and_then(Value::as_array).into_iter().flatten();
        let overrides = features
            .filter(|feature| feature.get("name").and_then(Value::as_str) == Some(&column.name))
            .find_map(|feature| feature.get("monitoringConfigOverrides"));
        let settings = Settings::read(constraints, overrides)?;
        Ok(match column.content {
            Content::Numbers { .. } => settings.distance,
            Content::Texts(_) | Content::FreeText | Content::Nothing => {
                settings.categorical_distance
            }
        })
    }

    /// Lines about the violations that are defects, and about those that are not.
    fn violated(&self) -> (Vec<String>, Vec<String>) {
        let (mut defects, mut by_chance) = (Vec::new(), Vec::new());
        for violation in self.evidence.violations {
            let name = self.display_name(&violation.feature_name);
            match &violation.constraint_check_type {
                CheckKind::BaselineDrift => {}
                CheckKind::Completeness => match self.blanks(&violation.feature_name) {
                    Some(chance) => by_chance.push(format!("{name}: {chance}")),
                    None => defects.push(format!("{name}: {}", violation.description)),
                },
                _ => defects.push(format!("{name}: {}", violation.description)),
            }
        }
        (defects, by_chance)
    }

    /// A baseline with blanks is a sample of how many there are; every second clean batch has a few more.
    fn blanks(&self, name: &str) -> Option<String> {
        let (before, now) = (self.baseline.column(name)?, self.batch.column(name)?);
        let counts =
            |rows: u64, column: &Profile| [rows.saturating_sub(column.present), column.present];
        let [before, now] = [counts(self.baseline.rows, before), counts(self.batch.rows, now)];
        #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
        let cell = |index: usize| [before[index] as f64, now[index] as f64];
        let p = shares::fisher(cell(0), cell(1));
        #[expect(clippy::cast_precision_loss, reason = "a data set has at most 2,000 columns")]
        let together = p * self.baseline.columns.len() as f64;
        let chance = before[0] > 0 && together >= self.evidence.limits.significance;
        chance.then(|| {
            let percent =
                |[blank, present]: [u64; 2]| 100.0 * super::distance::share(blank, blank + present);
            let (before, now, p) = (percent(before), percent(now), probability(p));
            format!("{before:.1} % blank -> {now:.1} %, exact test, p {p}")
        })
    }

    /// What the violations do not say by name, or do not say at all if their checks are switched off.
    fn differences_of_shape(&self) -> Vec<String> {
        let gone = self.baseline.columns.iter().filter_map(|before| {
            let what = match self.batch.column(&before.name) {
                None => "the column is missing",
                Some(now) => lost(before, now)?,
            };
            Some(format!("{}: {what}", self.display_name(&before.name)))
        });
        let new = self.batch.columns.iter().filter(|now| self.baseline.column(&now.name).is_none());
        gone.chain(new.map(|now| format!("{}: the baseline has no such column", now.name)))
            .collect()
    }

    /// `_c2` is the third of the names, if there are as many.
    fn display_name(&self, column: &str) -> String {
        let index = column.strip_prefix("_c").and_then(|index| index.parse::<usize>().ok());
        let name = index.and_then(|index| self.evidence.names.get(index));
        name.map_or_else(|| column.to_owned(), Clone::clone)
    }
}

/// What of the baseline's column the batch's no longer has.
fn lost(before: &Profile, now: &Profile) -> Option<&'static str> {
    match (&before.content, &now.content) {
        (Content::Nothing, _) => None,
        (_, Content::Nothing) => Some("every cell is blank"),
        (Content::Numbers { .. }, Content::Texts(_) | Content::FreeText) => {
            Some("some cells are text, the baseline has numbers only")
        }
        _ => None,
    }
}

impl fmt::Display for Assessment {
    /// The verdict, and a line for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} rows against {})", self.verdict, self.rows, self.baseline_rows)?;
        self.reasons().into_iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}

impl Assessment {
    /// Why the verdict is what it is, a line each: defects, or the columns that drifted. Empty for a clean batch.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        match self.verdict {
            Verdict::DataDefect => self.defects.clone(),
            Verdict::TooFewRows => {
                let (rows, least) = (self.rows, self.limits.minimum_rows);
                vec![format!("rows: {rows}, at least {least} are needed")]
            }
            Verdict::Drift => self.drifted().map(FeatureDrift::to_string).collect(),
            Verdict::Clean | Verdict::InfrastructureFailure => Vec::new(),
        }
    }

    /// The columns that drifted.
    pub fn drifted(&self) -> impl Iterator<Item = &FeatureDrift> {
        self.features.iter().filter(|feature| feature.drifted)
    }
}

#[cfg(test)]
mod tests;
