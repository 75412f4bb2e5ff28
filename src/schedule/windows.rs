//! Deploy windows: when an environment may be deployed to, in the time of the people who look after it.
//!
//! Open is what some `allow` covers, or everything if there is none, less what any `deny` covers. Civil times mean what
//! the clock on the wall shows: a window from 9 to 17 has eight hours on every day, also on those on which the clocks are
//! changed. A time that the change leaves out is taken as much later as the clocks are put forward.

#[cfg(test)]
mod tests;

use super::cron;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that one window made by `cron` may last.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(7 * 24);
/// How far ahead the next opening is looked for: a yearly window is found, and the end of a long freeze.
const HORIZON: Duration = Duration::from_hours(3_660 * 24);
/// Days that are looked at for hours of the week: each day comes twice.
const FORTNIGHT: usize = 15;
/// Edges that are looked at until then, at most.
const MOST_EDGES: usize = 10_000;
/// No time zone changes its clocks by more.
const LARGEST_CHANGE: Duration = Duration::from_hours(3);

/// When an environment may be deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Name of a time zone of the IANA database.
    pub time_zone: String,
    /// Open then; always if there is none.
    pub allow: Vec<Period>,
    /// Closed then in any case.
    pub deny: Vec<Period>,
}

/// A time that comes again, or one that comes once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// From each time that the fields of a `cron(…)` name.
    Cron {
        /// `minutes hours day-of-month month day-of-week year`, checked.
        fields: String,
        /// For as long as this.
        length: Duration,
    },
    /// Between two times of certain days; past midnight if the second is not after the first.
    Hours {
        /// The days on which it begins, 1 for Monday.
        days: Vec<i8>,
        /// From then on.
        from: Time,
        /// Until then.
        to: Time,
    },
    /// Between two moments.
    Dates {
        /// From then on.
        from: DateTime,
        /// Until then.
        to: DateTime,
    },
}

/// Fields of a `cron(…)` that EventBridge would refuse: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct CronError {
    /// What is wrong.
    pub problem: String,
    /// What to write.
    pub hint: String,
}

impl Period {
    /// A window that begins at each time that `text` names: `cron(…)` or its six fields alone.
    ///
    /// # Errors
    /// If they are not such fields.
    pub fn cron(text: &str, length: Duration) -> Result<Self, CronError> {
        let inside = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
        let fields = inside.unwrap_or(text).to_owned();
        let refuse = |super::Problem { problem, hint }| CronError { problem, hint };
        cron::parse(&fields).map_err(refuse)?;
        Ok(Self::Cron { fields, length })
    }

    /// The windows that end after `from`, earliest first.
    fn spans(
        &self,
        zone: &TimeZone,
        from: Timestamp,
    ) -> Box<dyn Iterator<Item = (Timestamp, Timestamp)>> {
        let moment = {
            let zone = zone.clone();
            move |civil: DateTime| zone.to_ambiguous_timestamp(civil).compatible().ok()
        };
        match self {
            Self::Cron { fields, length } => {
                let Ok(cron) = cron::parse(fields) else { return Box::new(std::iter::empty()) };
                let earlier = from.saturating_sub(*length + LARGEST_CHANGE);
                let begin = zone.to_datetime(earlier.unwrap_or(Timestamp::MIN));
                let next = move |last: &DateTime| cron.find_next_occurrence(last, false).ok();
                let length = *length;
                let starts = std::iter::successors(next(&begin), next).filter_map(moment);
                Box::new(starts.filter_map(move |start| {
                    let end = start.saturating_add(length).ok()?;
                    (end > from).then_some((start, end))
                }))
            }
            Self::Hours { days, from: opens, to } => {
                let first = zone.to_datetime(from).date();
                let first = first.checked_sub(1.day()).unwrap_or(first);
                let (days, opens, to) = (days.clone(), *opens, *to);
                let dates = std::iter::successors(Some(first), |date: &Date| date.tomorrow().ok());
                let chosen = dates
                    .take(FORTNIGHT)
                    .filter(move |date| days.contains(&number(date.weekday())));
                Box::new(chosen.filter_map(move |date| {
                    let last = if to > opens { date } else { date.tomorrow().ok()? };
                    let (start, end) =
                        (moment(date.to_datetime(opens))?, moment(last.to_datetime(to))?);
                    (end > from).then_some((start, end))
                }))
            }
            Self::Dates { from: opens, to } => {
                let span = moment(*opens).zip(moment(*to)).filter(|(_, end)| *end > from);
                Box::new(span.into_iter())
            }
        }
    }
}

/// 1 for Monday.
fn number(day: Weekday) -> i8 {
    day.to_monday_one_offset()
}

impl Windows {
    /// May the environment be deployed to at `moment`? Never in a time zone that this machine does not know.
    #[must_use]
    pub fn is_open(&self, moment: Timestamp) -> bool {
        let Some(zone) = self.zone() else { return false };
        let covers = |period: &Period| covering(period, &zone, moment).is_some();
        (self.allow.is_empty() || self.allow.iter().any(covers)) && !self.deny.iter().any(covers)
    }

    /// The first moment from `now` on at which it may be deployed to; none if there is none within ten years.
    #[must_use]
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = self.zone()?;
        let horizon = now.saturating_add(HORIZON).ok()?;
        let mut moment = now;
        for _ in 0..MOST_EDGES {
            if moment > horizon {
                return None;
            }
            if self.is_open(moment) {
                return Some(moment);
            }
            let denied = self.deny.iter().filter_map(|deny| covering(deny, &zone, moment)).max();
            moment = match denied {
                Some(end) => end,
                None => {
                    let next = |allow: &Period| {
                        let mut starts = allow.spans(&zone, moment).map(|(start, _)| start);
                        starts.find(|start| *start > moment)
                    };
                    self.allow.iter().filter_map(next).min()?
                }
            };
        }
        None
    }

    fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(&self.time_zone).ok()
    }
}

/// The end of the window that covers `moment`, if one does.
fn covering(period: &Period, zone: &TimeZone, moment: Timestamp) -> Option<Timestamp> {
    let (start, end) = period.spans(zone, moment).next()?;
    (start <= moment).then_some(end)
}
