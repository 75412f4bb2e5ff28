//! EventBridge schedule expressions: `cron(…)` and `rate(…)`, and when they fire next.
//!
//! EventBridge refuses a wrong expression only when the rule is put, long after the file was
//! written, and never says when a right one will fire. So an expression is read here with
//! EventBridge's own rules (user guide, "Creating a rule that runs on a schedule"): six fields, UTC,
//! one-minute precision, exactly one of day-of-month and day-of-week is `?`. A [`Schedule`] exists
//! only if EventBridge would take its text.

mod cron;
mod rate;
mod windows;
#[cfg(test)]
mod tests;

pub use windows::{CronError, LONGEST_WINDOW, Period, Windows};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// The longest expression EventBridge takes, in characters (PutRule, `ScheduleExpression`).
const LONGEST_EXPRESSION: usize = 256;

/// A checked schedule expression.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    timing: Timing,
}

#[derive(Debug, Clone)]
enum Timing {
    Cron(Box<croner::Cron>),
    Rate(SignedDuration),
}

/// An expression EventBridge would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule '{expression}': {problem}")]
pub struct ScheduleError {
    /// The refused expression.
    pub expression: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

/// What is wrong, and what to write instead; the expression itself is added by [`Schedule::parse`].
struct Problem {
    problem: String,
    hint: String,
}

impl Problem {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }
}

impl Schedule {
    /// Reads `cron(minutes hours day-of-month month day-of-week year)` or `rate(n unit)`.
    ///
    /// # Errors
    /// If EventBridge would refuse the expression.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let refuse = |Problem { problem, hint }| ScheduleError {
            expression: text.chars().take(LONGEST_EXPRESSION).collect(),
            problem,
            hint,
        };
        timing(text).map(|timing| Self { text: text.to_owned(), timing }).map_err(refuse)
    }

    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The next `count` times after `from`, earliest first; fewer if the years run out.
    ///
    /// A rate counts from the moment its rule is enabled, which only AWS knows: its times are
    /// those of a rule enabled at `from`.
    #[must_use]
    pub fn next_after(&self, from: Timestamp, count: usize) -> Vec<Timestamp> {
        match &self.timing {
            Timing::Cron(cron) => cron_times(cron, from, count),
            Timing::Rate(period) => {
                let later = |last: &Timestamp| last.checked_add(*period).ok();
                std::iter::successors(later(&from), later).take(count).collect()
            }
        }
    }

    /// The first time after `after` at which a rule fires that was enabled at `since`.
    #[must_use]
    pub fn next_since(&self, since: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match &self.timing {
            Timing::Cron(cron) => cron_times(cron, after.max(since), 1).first().copied(),
            Timing::Rate(period) => rate_time(*period, since, after),
        }
    }
}

/// The first of the times `since + period`, `since + 2 * period`, … after `after`.
fn rate_time(period: SignedDuration, since: Timestamp, after: Timestamp) -> Option<Timestamp> {
    let (period, passed) = (period.as_millis(), after.duration_since(since).as_millis());
    let number = passed.max(0).checked_div(period)? + 1;
    let offset = i64::try_from(number.checked_mul(period)?).ok()?;
    since.checked_add(SignedDuration::from_millis(offset)).ok()
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

fn timing(text: &str) -> Result<Timing, Problem> {
    if text.len() > LONGEST_EXPRESSION {
        return Err(Problem::new(
            format!("{} characters, the limit is {LONGEST_EXPRESSION}", text.len()),
            "shorten the lists by ranges and steps",
        ));
    }
    let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(fields) = inside("cron") {
        cron::parse(fields).map(|cron| Timing::Cron(Box::new(cron)))
    } else if let Some(fields) = inside("rate") {
        rate::parse(fields).map(Timing::Rate)
    } else {
        Err(Problem::new(
            "neither cron(…) nor rate(…)",
            "write for example cron(0 23 * * ? *) or rate(1 day), in lower case and without blanks around",
        ))
    }
}

fn cron_times(cron: &croner::Cron, from: Timestamp, count: usize) -> Vec<Timestamp> {
    let later = |last: &DateTime| cron.find_next_occurrence(last, false).ok();
    std::iter::successors(later(&from.to_zoned(TimeZone::UTC).datetime()), later)
        .map_while(|time| TimeZone::UTC.to_timestamp(time).ok())
        .take(count)
        .collect()
}
