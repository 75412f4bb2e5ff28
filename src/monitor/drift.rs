//! What one column of a batch shows against its baseline, in numbers and in one line.

use super::{
    profile::{Content, Profile},
    two_sample::{Comparison, DriftTest},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most categories whose shares are told; those that changed most.
const MAX_SHARES: usize = 3;

/// One column of a batch held against its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureDrift {
    /// Its name for people.
    pub name: String,
    /// Its name in the files.
    pub column: String,
    /// How the two were compared.
    pub test: DriftTest,
    /// The test's statistic: the largest gap between cumulative shares, or Pearson's chi-square.
    pub statistic: f64,
    /// How often chance alone shows at least this much in this column.
    pub p_value: f64,
    /// The same for all columns together (Holm): compare this with the significance.
    pub adjusted_p_value: f64,
    /// How large the change is, 0 to 1, whatever the number of rows.
    pub distance: f64,
    /// The distance below which a change does not matter.
    pub threshold: f64,
    /// What changed.
    pub change: Change,
    /// More than chance shows, and more than does not matter.
    pub drifted: bool,
}

/// What changed, in terms of the column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// Numbers.
    Mean {
        /// In the baseline.
        baseline: f64,
        /// In the batch.
        batch: f64,
        /// The difference in standard deviations of the baseline; none where all its numbers are equal.
        deviations: Option<f64>,
    },
    /// Categories, the most changed first.
    Shares {
        /// At most three of them.
        categories: Vec<ShareChange>,
    },
}

/// How the share of one category changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareChange {
    /// The category; none for all that the baseline does not have: their text is data of the batch, and no
    /// evidence repeats it.
    pub category: Option<String>,
    /// Its share of the baseline, 0 to 1.
    pub baseline: f64,
    /// Its share of the batch.
    pub batch: f64,
}

/// A comparison and what it is held against.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) comparison: Comparison,
    pub(super) adjusted_p_value: f64,
    pub(super) significance: f64,
    pub(super) threshold: f64,
}

impl FeatureDrift {
    pub(super) fn new(name: String, before: &Profile, now: &Profile, judged: Judged) -> Self {
        let Judged { comparison, adjusted_p_value, significance, threshold } = judged;
        let drifted = adjusted_p_value < significance && comparison.distance > threshold;
        Self {
            name,
            column: before.name.clone(),
            test: comparison.test,
            statistic: comparison.statistic,
            p_value: comparison.p_value,
            adjusted_p_value,
            distance: comparison.distance,
            threshold,
            change: change(before, now, comparison.categories.unwrap_or_default()),
            drifted,
        }
    }
}

fn change(before: &Profile, now: &Profile, categories: Vec<(String, [f64; 2])>) -> Change {
    if let (
        true,
        Content::Numbers { mean: baseline, std_dev, .. },
        Content::Numbers { mean: batch, .. },
    ) = (categories.is_empty(), &before.content, &now.content)
    {
        let deviations = std_dev.filter(|sd| *sd > 0.0).map(|sd| (batch - baseline) / sd);
        return Change::Mean { baseline: *baseline, batch: *batch, deviations };
    }
    let totals = categories.iter().fold([0.0; 2], |sum, (_, [a, b])| [sum[0] + a, sum[1] + b]);
    let mut new = ShareChange { category: None, baseline: 0.0, batch: 0.0 };
    let mut shares = Vec::new();
    for (category, [a, b]) in categories {
        let (baseline, batch) = (a / totals[0], b / totals[1]);
        if a > 0.0 {
            shares.push(ShareChange { category: Some(category), baseline, batch });
        } else {
            new.batch += batch;
        }
    }
    if new.batch > 0.0 {
        shares.push(new);
    }
    let size = |share: &ShareChange| (share.batch - share.baseline).abs();
    shares.sort_by(|one, other| size(other).total_cmp(&size(one)));
    shares.truncate(MAX_SHARES);
    Change::Shares { categories: shares }
}

/// `Age: mean 55.5 -> 71.2 (+1.07 sd), KS 0.43, p 2e-7`, the p-value being that for all columns together.
impl fmt::Display for FeatureDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.change {
            Change::Mean { baseline, batch, deviations } => {
                write!(f, "mean {} -> {}", digits(*baseline), digits(*batch))?;
                if let Some(deviations) = deviations {
                    write!(f, " ({deviations:+.2} sd)")?;
                }
            }
            Change::Shares { categories } => {
                for (index, share) in categories.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let name = share
                        .category
                        .as_ref()
                        .map_or("new values".to_owned(), |c| format!("'{c}'"));
                    let [baseline, batch] =
                        [share.baseline, share.batch].map(|share| share * 100.0);
                    write!(f, "{comma}{name} {baseline:.0} % -> {batch:.0} %")?;
                }
            }
        }
        let test = match self.test {
            DriftTest::KolmogorovSmirnov => format!("KS {:.2}", self.statistic),
            DriftTest::ChiSquare => format!("chi-square {}", digits(self.statistic)),
            DriftTest::FisherExact => "exact test".to_owned(),
        };
        write!(f, ", {test}, p {}", probability(self.adjusted_p_value))
    }
}

/// Three digits, or all of a whole part that has more.
fn digits(number: f64) -> String {
    let size = number.abs();
    match size {
        _ if size >= 100.0 => format!("{number:.0}"),
        _ if size >= 10.0 => format!("{number:.1}"),
        _ if size >= 0.01 || size == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.2e}"),
    }
}

pub(super) fn probability(p: f64) -> String {
    match p {
        _ if p >= 0.01 => format!("{p:.2}"),
        _ if p >= 0.001 => format!("{p:.3}"),
        _ => format!("{p:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(test: DriftTest, statistic: f64, p: f64, change: Change) -> String {
        let drift = FeatureDrift {
            name: "Age".to_owned(),
            column: "_c0".to_owned(),
            test,
            statistic,
            p_value: p,
            adjusted_p_value: p,
            distance: statistic,
            threshold: 0.1,
            change,
            drifted: true,
        };
        drift.to_string()
    }

    #[test]
    fn a_drifted_column_is_told_in_one_line() {
        let mean = Change::Mean { baseline: 55.53, batch: 71.2, deviations: Some(1.071) };
        assert_eq!(
            drift(DriftTest::KolmogorovSmirnov, 0.4321, 2.1e-7, mean),
            "Age: mean 55.5 -> 71.2 (+1.07 sd), KS 0.43, p 2e-7"
        );
        let share = |category: Option<&str>, baseline, batch| ShareChange {
            category: category.map(str::to_owned),
            baseline,
            batch,
        };
        let shares = Change::Shares {
            categories: vec![share(Some("4"), 0.42, 0.81), share(None, 0.0, 0.1)],
        };
        assert_eq!(
            drift(DriftTest::ChiSquare, 23.456, 0.0042, shares),
            "Age: '4' 42 % -> 81 %, new values 0 % -> 10 %, chi-square 23.5, p 0.004"
        );
        let constant = Change::Mean { baseline: 0.0, batch: -1234.56, deviations: None };
        assert_eq!(
            drift(DriftTest::FisherExact, 1.0, 0.5, constant),
            "Age: mean 0.00 -> -1235, exact test, p 0.50"
        );
    }
}
