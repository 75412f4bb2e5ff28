//! A challenger against the champion, the model in use until now, on the same test rows.
//!
//! The rows are the challenger's test part, so the champion may have learned some of them: they are left out, by their
//! features alone. To look at the label as well would leave out just those rows that the champion remembers rightly.
//! Rows are compared as the splitting step wrote them, imputed cells included. What comes out are counts and figures.

use super::{
    auc::{Auc, auc},
    difference::{Difference, difference},
    examples::Scores,
    gate::MIN_ROWS_PER_CLASS,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt};

/// Below this probability, a difference counts as one.
pub const SIGNIFICANCE: f64 = 0.05;

/// What both models said about the same rows, and what the champion had learned from.
#[derive(Debug, Clone, Copy)]
pub struct Contest<'a> {
    /// The rows, as `test.csv` holds them: label first, no header.
    pub test: &'a str,
    /// The challenger's scores of these rows.
    pub challenger: &'a Scores,
    /// The champion's scores of these rows.
    pub champion: &'a Scores,
    /// The files that the champion was trained and validated on, in the form of `test`.
    pub champion_saw: &'a [&'a str],
}

/// How the challenger stands against the champion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Standing {
    /// Significantly better.
    Better(Figures),
    /// No difference that chance alone could not make.
    NotDistinguishable(Figures),
    /// Significantly worse.
    Worse(Figures),
    /// The files allow no comparison.
    NotComparable {
        /// Why.
        reason: Incomparable,
    },
}

/// The numbers behind a standing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The challenger's AUC.
    pub challenger: Auc,
    /// The champion's AUC on the same rows.
    pub champion: Auc,
    /// Challenger less champion.
    pub difference: Difference,
    /// Test rows both were judged on.
    pub rows: usize,
    /// Test rows that were left out because the champion had seen their features.
    pub seen: usize,
}

/// Why two models cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Incomparable {
    /// No file has the champion's scores of these rows.
    #[error("the champion was not scored on the challenger's test rows")]
    NotScored,
    /// Rows and scores do not belong together.
    #[error("the scores are not of the same rows")]
    OtherRows,
    /// Too few rows that the champion has not seen.
    #[error(
        "{positives} positive and {negatives} negative test rows that the champion has not seen are too few ({seen} it has seen): each class needs {least}"
    )]
    TooFew {
        /// Unseen rows with label 1.
        positives: usize,
        /// Unseen rows with label 0.
        negatives: usize,
        /// Rows left out.
        seen: usize,
        /// The least number of each class.
        least: usize,
    },
    /// A file is missing or cannot be read.
    #[error("{what}")]
    Unreadable {
        /// Which, and why; never what stands in it.
        what: String,
    },
}

impl Standing {
    /// Nothing can be said, for this reason.
    #[must_use]
    pub fn none(reason: Incomparable) -> Self {
        Self::NotComparable { reason }
    }

    /// The numbers, where there are any.
    #[must_use]
    pub fn figures(&self) -> Option<&Figures> {
        match self {
            Self::Better(figures) | Self::NotDistinguishable(figures) | Self::Worse(figures) => {
                Some(figures)
            }
            Self::NotComparable { .. } => None,
        }
    }
}

/// Compares the models on the rows that the champion has not seen, by DeLong's test at [`SIGNIFICANCE`].
#[must_use]
pub fn compare(contest: &Contest<'_>) -> Standing {
    match figures(contest) {
        Err(reason) => Standing::none(reason),
        Ok(figures) if figures.difference.p_value >= SIGNIFICANCE => {
            Standing::NotDistinguishable(figures)
        }
        Ok(figures) if figures.difference.value > 0.0 => Standing::Better(figures),
        Ok(figures) => Standing::Worse(figures),
    }
}

fn figures(contest: &Contest<'_>) -> Result<Figures, Incomparable> {
    let Contest { test, challenger, champion, champion_saw } = contest;
    let rows: Vec<(&str, &str)> = test.lines().map(cells).collect();
    let labels = rows.iter().map(|(label, _)| *label == "1");
    if !labels.eq(challenger.labels.iter().copied()) || challenger.labels != champion.labels {
        return Err(Incomparable::OtherRows);
    }
    let learned: HashSet<&str> =
        champion_saw.iter().flat_map(|file| file.lines()).map(|line| cells(line).1).collect();
    let unseen: Vec<usize> = (0..rows.len()).filter(|n| !learned.contains(rows[*n].1)).collect();
    let seen = rows.len() - unseen.len();
    let labels: Vec<bool> = unseen.iter().map(|n| challenger.labels[*n]).collect();
    let positives = labels.iter().filter(|label| **label).count();
    let negatives = labels.len() - positives;
    if positives.min(negatives) < MIN_ROWS_PER_CLASS {
        return Err(Incomparable::TooFew { positives, negatives, seen, least: MIN_ROWS_PER_CLASS });
    }
    let of = |scores: &Scores| -> Vec<f64> { unseen.iter().map(|n| scores.scores[*n]).collect() };
    let (ours, theirs) = (of(challenger), of(champion));
    let unusable =
        |error: super::auc::MetricError| Incomparable::Unreadable { what: error.to_string() };
    Ok(Figures {
        challenger: auc(&ours, &labels).map_err(unusable)?,
        champion: auc(&theirs, &labels).map_err(unusable)?,
        difference: difference(&labels, &ours, &theirs).map_err(unusable)?,
        rows: labels.len(),
        seen,
    })
}

/// Label and features of a line.
fn cells(line: &str) -> (&str, &str) {
    line.split_once(',').unwrap_or((line, ""))
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, auc) in [("challenger", self.challenger), ("champion", self.champion)] {
            let Auc { value, lower, upper, .. } = auc;
            writeln!(f, "{name:<10} AUC {value:.4} (95 % {lower:.4} to {upper:.4})")?;
        }
        let Difference { value, lower, upper, p_value, .. } = self.difference;
        writeln!(f, "difference {value:+.4} (95 % {lower:+.4} to {upper:+.4}, p = {p_value:.3})")?;
        write!(f, "rows       {}, without {} that the champion has seen", self.rows, self.seen)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, figures) = match self {
            Self::Better(figures) => ("the challenger is better", figures),
            Self::NotDistinguishable(figures) => ("the two are not distinguishable", figures),
            Self::Worse(figures) => ("the challenger is worse", figures),
            Self::NotComparable { reason } => return write!(f, "not comparable: {reason}"),
        };
        write!(f, "{words}\n{figures}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 120 test rows, each of its own features.
    fn test() -> String {
        (0..120).map(|n| format!("{},{n},3\n", n % 2)).collect()
    }

    /// Scores of these rows of which every `wrong`-th positive one is lost among the negatives.
    fn scores(wrong: usize) -> Scores {
        let labels: Vec<bool> = (0..120).map(|n| n % 2 == 1).collect();
        let score = |n: usize| {
            let right = n % 2 == 1 && !(n / 2).is_multiple_of(wrong);
            f64::from(u8::from(right)) + f64::from(u32::try_from(n % 7).unwrap()) / 100.0
        };
        Scores { labels, scores: (0..120).map(score).collect() }
    }

    fn standing(challenger: &Scores, champion: &Scores, saw: &[&str]) -> Standing {
        let test = test();
        compare(&Contest { test: &test, challenger, champion, champion_saw: saw })
    }

    #[test]
    fn a_better_a_like_and_a_worse_challenger_are_told_apart() {
        let (good, poor) = (scores(20), scores(2));
        assert!(matches!(standing(&good, &poor, &[]), Standing::Better(_)));
        assert!(matches!(standing(&good, &good, &[]), Standing::NotDistinguishable(_)));
        assert!(matches!(standing(&poor, &good, &[]), Standing::Worse(_)));
    }

    #[test]
    fn rows_that_the_champion_has_seen_are_left_out_whatever_their_label() {
        let learned: String = (0..60).map(|n| format!("{},{n},3\n", n % 3 % 2)).collect();
        let validated = "1,60,3\n0,61,3\n0,1000,3\n";
        let standing = standing(&scores(20), &scores(2), &[&learned, validated]);
        let figures = standing.figures().unwrap();
        assert_eq!((figures.rows, figures.seen), (58, 62));
        insta::assert_snapshot!(standing, @"
        the challenger is better
        challenger AUC 0.9869 (95 % 0.9079 to 0.9983)
        champion   AUC 0.7515 (95 % 0.6008 to 0.8587)
        difference +0.2354 (95 % +0.1064 to +0.3645, p = 0.000)
        rows       58, without 62 that the champion has seen
        ");
    }

    #[test]
    fn a_champion_that_has_seen_nearly_all_cannot_be_compared() {
        let learned: String = (0..101).map(|n| format!("0,{n},3\n")).collect();
        let reason = Incomparable::TooFew { positives: 10, negatives: 9, seen: 101, least: 10 };
        assert_eq!(standing(&scores(9), &scores(8), &[&learned]), Standing::none(reason));
    }

    #[test]
    fn scores_of_other_rows_are_no_evidence() {
        let mut other = scores(9);
        other.labels[7] = false;
        for (one, two) in [(&other, &scores(9)), (&scores(9), &other), (&other, &other)] {
            assert_eq!(standing(one, two, &[]), Standing::none(Incomparable::OtherRows));
        }
        let mut short = scores(9);
        short.labels.pop();
        assert_eq!(standing(&short, &short, &[]), Standing::none(Incomparable::OtherRows));
    }

    #[test]
    fn survives_json() {
        for standing in
            [standing(&scores(20), &scores(2), &[]), Standing::none(Incomparable::NotScored)]
        {
            let text = serde_json::to_string(&standing).unwrap();
            assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), standing);
        }
    }

    proptest! {
        #[test]
        fn changing_sides_turns_the_standing_round(wrong in 2_usize..30, other in 2_usize..30) {
            let turned = match standing(&scores(wrong), &scores(other), &[]) {
                Standing::Better(_) => "worse",
                Standing::Worse(_) => "better",
                Standing::NotDistinguishable(_) | Standing::NotComparable { .. } => "not-distinguishable",
            };
            let back = serde_json::to_value(standing(&scores(other), &scores(wrong), &[])).unwrap();
            prop_assert_eq!(&back["verdict"], turned);
        }
    }
}
