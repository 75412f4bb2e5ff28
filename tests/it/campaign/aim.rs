//! When somebody is killed: at any moment, or at one that is aimed at.

use super::wiretap::{Point, Side};
use crate::cli::kill::Moments;
use std::time::Duration;

/// Longest wait for a moment that is not aimed at.
const LONGEST: u64 = 2_500;

/// One moment, as drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// So long from now.
    Time(Duration),
    /// So many milliseconds after a delivery was sent.
    Delivery(u64),
    /// When so many rows have been added to a table.
    Rows(&'static str, i64),
    /// When something in the mirror or in a checkout has changed, and so many milliseconds later.
    Files(u64),
    /// In the conversation with the clouds.
    Clouds(Point, Side, usize),
    /// In the conversation with GitHub.
    GitHub(Point, Side, usize),
}

const TABLES: [&str; 5] = [
    "SELECT COUNT(*) FROM events",
    "SELECT COUNT(*) FROM deliveries",
    "SELECT COUNT(*) FROM evidence",
    "SELECT COUNT(*) FROM outbox",
    "SELECT CAST(COALESCE(SUM(position), 0) AS BIGINT) FROM log_cursors",
];

impl Aim {
    pub(super) fn draw(moments: &mut Moments) -> Self {
        let side = if moments.next(2) == 0 { Side::Before } else { Side::After };
        match moments.next(16) {
            0..3 => Self::Time(Duration::from_millis(moments.next(LONGEST) as u64)),
            3 => Self::Delivery(moments.next(12) as u64),
            4 | 5 => {
                let table = TABLES[moments.next(TABLES.len() as u64)];
                Self::Rows(table, 1 + i64::try_from(moments.next(8)).unwrap())
            }
            6 | 7 => Self::Files(moments.next(6) as u64),
            8 => Self::Clouds(Point::Session, side, moments.next(4)),
            9 | 10 => Self::Clouds(Point::Change, side, moments.next(10)),
            11 => Self::Clouds(Point::Execution, side, moments.next(2)),
            12 | 13 => Self::Clouds(Point::Ship, side, moments.next(6)),
            14 | 15 if matches!(side, Side::After) => {
                Self::GitHub(Point::Making, side, moments.next(2))
            }
            14 => Self::GitHub(Point::Change, side, moments.next(3)),
            _ => Self::GitHub(Point::Any, side, moments.next(4)),
        }
    }

    /// What it is called in what is told about a round.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Time(_) => "any moment",
            Self::Delivery(_) | Self::Rows(..) => "store",
            Self::Files(_) => "checkout",
            Self::Clouds(Point::Ship, ..) => "ship",
            Self::Clouds(Point::Execution, ..) => "train",
            Self::Clouds(..) => "apply",
            Self::GitHub(..) => "report",
        }
    }
}
