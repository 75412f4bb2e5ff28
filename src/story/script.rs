//! The script: which day brings what, and at which moments of simulated time.
//!
//! A day is one firing of the inference schedule with the morning before it; where the schedule fires once a week, the
//! story's days are a week apart.

use crate::schedule::Schedule;
use jiff::{SignedDuration, Timestamp};

/// Days of the story as it is told without further wishes; fewer cannot hold it.
pub const FEWEST_DAYS: u32 = 8;
/// Days a story may have: a year, and a few.
pub const MOST_DAYS: u32 = 370;
/// Clean nights before the drift, in the shortest story.
const NIGHTS_BEFORE: u32 = 3;
/// People act this long before the schedule fires, or halfway between two firings if those are closer.
const MORNING: SignedDuration = SignedDuration::from_hours(12);

/// One day: what people do first, and what has come in by the time the schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Counted from 0.
    pub number: u32,
    /// What people do.
    pub morning: Morning,
    /// What the schedule finds.
    pub batch: Incoming,
}

/// What people do before the schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Morning {
    /// The commit is promoted, and the alert address confirmed.
    Promote,
    /// The first version is approved, and the next plan enables the schedule.
    ApproveFirst,
    /// Nothing.
    Quiet,
    /// Champion and challenger are compared; nobody decides yet.
    Compare,
    /// The challenger is approved.
    ApproveChallenger,
    /// The environment goes back to the first version.
    RollBack,
}

/// What lies in the bucket when the schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming {
    /// No batch: the schedule must not fire either.
    Nothing,
    /// Rows drawn from the training data.
    Clean,
    /// The rows the story is about: shifted, or brought by the user.
    Drifted,
}

/// When a day's two halves are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// When people act.
    pub morning: Timestamp,
    /// When the schedule fires.
    pub night: Timestamp,
}

/// A story of `count` days, brought between [`FEWEST_DAYS`] and [`MOST_DAYS`]. Further days are clean nights: half of
/// them before the drift, a quarter on the new model, the rest after the rollback.
#[must_use]
pub fn days(count: u32) -> Vec<Day> {
    let more = count.clamp(FEWEST_DAYS, MOST_DAYS) - FEWEST_DAYS;
    let before = more.div_ceil(2);
    let on_new = (more - before).div_ceil(2);
    let quiet = |nights: u32| (0..nights).map(|_| (Morning::Quiet, Incoming::Clean));
    let mut days = vec![(Morning::Promote, Incoming::Nothing)];
    days.push((Morning::ApproveFirst, Incoming::Clean));
    days.extend(quiet(NIGHTS_BEFORE - 1 + before));
    days.push((Morning::Quiet, Incoming::Drifted));
    days.push((Morning::Compare, Incoming::Clean));
    days.push((Morning::ApproveChallenger, Incoming::Clean));
    days.extend(quiet(on_new));
    days.push((Morning::RollBack, Incoming::Clean));
    days.extend(quiet(more - before - on_new));
    let numbered = (0..).zip(days);
    numbered.map(|(number, (morning, batch))| Day { number, morning, batch }).collect()
}

/// The moments of each day of a story that begins at `start`; `None` where the schedule does not fire that often.
///
/// A rate counts from the moment its rule is enabled, which is the second morning.
#[must_use]
pub fn moments(schedule: &Schedule, start: Timestamp, count: usize) -> Option<Vec<Moments>> {
    let fires = schedule.next_after(start, count);
    let mut last = start;
    let mut moments = Vec::with_capacity(count);
    for fire in fires {
        let gap = fire.duration_since(last);
        let ahead = if gap / 2 < MORNING { gap / 2 } else { MORNING };
        let morning = fire.checked_sub(ahead).ok()?;
        moments.push(Moments { morning, night: fire });
        last = fire;
    }
    let is_rate = schedule.as_str().starts_with("rate");
    if let Some(enabled) = moments.get(1).map(|day| day.morning).filter(|_| is_rate) {
        let fires = schedule.next_after(enabled, count.saturating_sub(1));
        let mut morning = Some(enabled);
        for (day, fire) in moments.iter_mut().skip(1).zip(fires) {
            let ahead = day.night.duration_since(day.morning);
            day.morning = morning.take().unwrap_or(fire.checked_sub(ahead).ok()?);
            day.night = fire;
        }
    }
    (moments.len() == count).then_some(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        "2026-11-01T23:00:00Z".parse().unwrap()
    }

    fn count(days: &[Day], morning: Morning) -> usize {
        days.iter().filter(|day| day.morning == morning).count()
    }

    #[test]
    fn the_shortest_story_has_three_clean_nights_before_the_drift_and_three_after() {
        let days = days(FEWEST_DAYS);
        let batches: Vec<Incoming> = days.iter().map(|day| day.batch).collect();
        use Incoming::{Clean, Drifted, Nothing};
        assert_eq!(batches, [Nothing, Clean, Clean, Clean, Drifted, Clean, Clean, Clean]);
        assert_eq!(days.last().unwrap().morning, Morning::RollBack);
    }

    #[test]
    fn a_longer_story_has_each_turn_once_and_the_drift_in_its_middle() {
        for wanted in [0, 9, 30, 31, 32, MOST_DAYS, u32::MAX] {
            let days = days(wanted);
            assert_eq!(days.len() as u32, wanted.clamp(FEWEST_DAYS, MOST_DAYS));
            for morning in [
                Morning::Promote,
                Morning::ApproveFirst,
                Morning::Compare,
                Morning::ApproveChallenger,
                Morning::RollBack,
            ] {
                assert_eq!(count(&days, morning), 1, "{wanted}: {morning:?}");
            }
            let drift = days.iter().position(|day| day.batch == Incoming::Drifted).unwrap();
            assert!(drift.abs_diff(days.len() / 2) <= 1, "{wanted}: {drift}");
            assert_eq!(days[drift + 1].morning, Morning::Compare);
        }
    }

    #[test]
    fn people_act_in_the_morning_of_the_day_the_schedule_fires() {
        let schedule = Schedule::parse("cron(0 23 * * ? *)").unwrap();
        let moments = moments(&schedule, start(), 3).unwrap();
        assert_eq!(moments[0].morning.to_string(), "2026-11-02T11:00:00Z");
        assert_eq!(moments[0].night.to_string(), "2026-11-02T23:00:00Z");
        assert_eq!(moments[2].morning.to_string(), "2026-11-04T11:00:00Z");
    }

    #[test]
    fn moments_never_go_back_whatever_the_schedule() {
        for text in ["cron(0/5 * * * ? *)", "cron(0 8 1 * ? *)", "rate(1 minute)", "rate(7 days)"] {
            let schedule = Schedule::parse(text).unwrap();
            let moments = moments(&schedule, start(), 8).unwrap();
            let line: Vec<Timestamp> =
                moments.iter().flat_map(|day| [day.morning, day.night]).collect();
            assert!(line.is_sorted(), "{text}: {line:?}");
            assert!(moments.iter().all(|day| day.morning < day.night), "{text}: {line:?}");
        }
    }

    #[test]
    fn a_rate_counts_from_the_morning_its_rule_is_enabled() {
        let schedule = Schedule::parse("rate(1 day)").unwrap();
        let moments = moments(&schedule, start(), 3).unwrap();
        let period = SignedDuration::from_hours(24);
        assert_eq!(moments[1].night.duration_since(moments[1].morning), period);
        assert_eq!(moments[2].night.duration_since(moments[1].night), period);
    }

    #[test]
    fn a_schedule_that_ends_has_no_story() {
        let schedule = Schedule::parse("cron(0 23 * * ? 2026)").unwrap();
        assert!(moments(&schedule, start(), 300).is_none());
    }
}
