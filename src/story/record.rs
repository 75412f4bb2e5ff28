//! What happened, day by day: the one record that timeline, plot and report are made of.
//!
//! Nothing in it depends on chance or on the machine's clock: no identifier that the cloud makes up, no moment but
//! the script's. The same story gives the same record.

use crate::monitor::{Assessment, Verdict};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

/// The column that speaks most against a batch.
///
/// It has drifted if chance alone shows as much less often than the significance, and the change is larger than its
/// threshold. The figure is how far it goes beyond both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// The column it is about.
    pub feature: String,
    /// How often chance alone shows as much, all columns taken together.
    pub adjusted_p_value: f64,
    /// How large the change is, 0 to 1.
    pub distance: f64,
    /// The smaller of `-log10` of the p-value and the distance, each in multiples of its own threshold: above 1 it is
    /// drift.
    pub figure: f64,
}

/// A p-value of 0 is one too small to be written; this is the smallest that can be.
const SMALLEST_P: f64 = f64::MIN_POSITIVE;

impl Measure {
    /// The measure of a column, held against a significance and a distance that matters.
    #[must_use]
    pub fn new(feature: &str, found: (f64, f64), limits: (f64, f64)) -> Self {
        let (adjusted_p_value, distance) = found;
        let (significance, threshold) = limits;
        let by_chance = adjusted_p_value.max(SMALLEST_P).log10() / significance.log10();
        let figure = by_chance.min(distance / threshold).max(0.0);
        // Adding zero turns -0 into 0.
        let figure = if figure.is_finite() { figure + 0.0 } else { 0.0 };
        Self { feature: feature.to_owned(), adjusted_p_value, distance, figure }
    }

    /// The largest measure of a judged batch, if any column could be compared.
    #[must_use]
    pub fn largest(assessment: &Assessment) -> Option<Self> {
        let significance = assessment.limits.significance;
        let measures = assessment.features.iter().map(|feature| {
            let found = (feature.adjusted_p_value, feature.distance);
            Self::new(&feature.name, found, (significance, feature.threshold))
        });
        measures.max_by(|one, other| one.figure.total_cmp(&other.figure))
    }
}

/// One firing of the schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Night {
    /// The model version that predicted, if the execution came that far.
    pub version: Option<i32>,
    /// Rows that came in.
    pub rows: u64,
    /// Rows that were predicted.
    pub predictions: u64,
    /// What the monitor made of them.
    pub verdict: Verdict,
    /// Its largest figure, where the rows were judged.
    pub measure: Option<Measure>,
}

/// Something that stands out in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "turn")]
pub enum Turn {
    /// The commit was promoted.
    Promoted,
    /// A person approved a version.
    Approved {
        /// Which one.
        version: i32,
    },
    /// A person rejected a version.
    Rejected {
        /// Which one.
        version: i32,
    },
    /// The schedule was enabled.
    Scheduled,
    /// An alert was delivered.
    Alerted,
    /// A training was started.
    Retrained {
        /// The version it registered, if it did.
        version: Option<i32>,
    },
    /// The environment went back to an earlier version.
    RolledBack {
        /// To which one.
        version: i32,
    },
}

impl std::fmt::Display for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Promoted => f.write_str("promoted"),
            Self::Approved { version } => write!(f, "version {version} approved"),
            Self::Rejected { version } => write!(f, "version {version} rejected"),
            Self::Scheduled => f.write_str("schedule enabled"),
            Self::Alerted => f.write_str("alert"),
            Self::Retrained { version: Some(version) } => write!(f, "retrained: version {version}"),
            Self::Retrained { version: None } => f.write_str("retrained"),
            Self::RolledBack { version } => write!(f, "back to version {version}"),
        }
    }
}

/// One day of the story as it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayRecord {
    /// Counted from 0.
    pub day: u32,
    /// Its date, UTC.
    pub date: Date,
    /// What stands out, in order.
    pub turns: Vec<Turn>,
    /// What the schedule did, if it fired.
    pub night: Option<Night>,
}

impl DayRecord {
    /// A day of which nothing is known yet.
    #[must_use]
    pub fn new(day: u32, night: Timestamp) -> Self {
        let date = night.to_zoned(TimeZone::UTC).date();
        Self { day, date, turns: Vec::new(), night: None }
    }

    /// What stands out, in one line; a night that was not clean is told too.
    #[must_use]
    pub fn happened(&self) -> String {
        let turns: Vec<String> = self.turns.iter().map(ToString::to_string).collect();
        turns.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_above_one_only_beyond_both_limits() {
        let figure = |p, distance| Measure::new("Age", (p, distance), (0.01, 0.1)).figure;
        assert!(figure(1e-6, 0.05) < 1.0, "certain, but too small to matter");
        assert!(figure(0.2, 0.5) < 1.0, "large, but it may be chance");
        assert!((figure(1e-6, 0.25) - 2.5).abs() < 1e-9);
        assert!((figure(1e-3, 0.9) - 1.5).abs() < 1e-9);
        assert!((figure(0.0, 0.4) - 4.0).abs() < 1e-9);
        assert!(figure(1.0, 0.0).abs() < 1e-9);
    }
}

#[cfg(test)]
pub(super) mod examples {
    use super::*;

    /// The nights of a story as they might be: clean, with one drift in the middle.
    pub(crate) fn story(days: u32) -> Vec<DayRecord> {
        let first: Timestamp = "2026-11-02T23:00:00Z".parse().unwrap();
        super::super::script::days(days).into_iter().map(|day| of(day, first)).collect()
    }

    fn of(day: super::super::script::Day, first: Timestamp) -> DayRecord {
        use super::super::script::{Incoming, Morning};
        let at = first + jiff::SignedDuration::from_hours(24 * i64::from(day.number));
        let mut record = DayRecord::new(day.number, at);
        record.turns = match day.morning {
            Morning::Promote => vec![Turn::Promoted],
            Morning::ApproveFirst => vec![Turn::Approved { version: 1 }, Turn::Scheduled],
            Morning::ApproveChallenger => vec![Turn::Approved { version: 2 }],
            Morning::RollBack => vec![Turn::RolledBack { version: 1 }],
            Morning::Quiet | Morning::Compare => Vec::new(),
        };
        let (verdict, value) = match day.batch {
            Incoming::Nothing => return record,
            Incoming::Clean => (Verdict::Clean, 0.1 + f64::from(day.number % 5) * 0.12),
            Incoming::Drifted => {
                record.turns.extend([Turn::Alerted, Turn::Retrained { version: Some(2) }]);
                (Verdict::Drift, 4.21)
            }
        };
        let on_second = day.morning == Morning::ApproveChallenger;
        let measure = Measure::new("Age", (1e-20, value / 10.0), (0.01, 0.1));
        let version = Some(if on_second { 2 } else { 1 });
        record.night =
            Some(Night { version, rows: 48, predictions: 48, verdict, measure: Some(measure) });
        record
    }
}
