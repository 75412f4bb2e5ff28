//! Durations as people write them: `90s`, `15m`, `1h 30m`, `2d`.

use jiff::{Span, SpanRelativeTo};
use std::time::Duration;

/// Nothing that the agent waits for takes longer: SageMaker ends a job after 28 days at most
/// (`MaxRuntimeInSeconds`, quota), and a run holds its environment's lock meanwhile.
pub(super) const LONGEST: Duration = Duration::from_hours(28 * 24);

/// Older data says little about today's patients, and a window is no place for a typing error.
pub(super) const LONGEST_WINDOW: Duration = Duration::from_hours(3_650 * 24);

/// Reads a duration longer than nothing and not longer than `longest`; the error says what is wrong.
pub(super) fn parse(text: &str, longest: Duration) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "not a duration".to_owned())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .ok_or_else(|| "not a duration of days, hours, minutes and seconds".to_owned())?;
    if length.is_zero() {
        return Err("no time at all".to_owned());
    }
    if length > longest {
        return Err(format!("longer than {} days", longest.as_secs() / 86_400));
    }
    Ok(length)
}

/// What a person should write.
pub(super) const HELP: &str = "write a number with its unit, as in 90s, 15m, 2h, 1h 30m or 2d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| parse(text, LONGEST).unwrap().as_secs();
        assert_eq!(seconds("90s"), 90);
        assert_eq!(seconds("2h"), 7_200);
        assert_eq!(seconds("1h 30m"), 5_400);
        assert_eq!(seconds("1h30m"), 5_400);
        assert_eq!(seconds("2d"), 172_800);
        assert_eq!(parse("250ms", LONGEST).unwrap(), Duration::from_millis(250));
    }

    #[test]
    fn a_window_may_be_longer_than_a_wait() {
        assert!(parse("90d", LONGEST).is_err());
        assert_eq!(parse("90d", LONGEST_WINDOW).unwrap(), Duration::from_hours(90 * 24));
        assert!(parse("3651d", LONGEST_WINDOW).is_err());
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for text in ["", "30", "h", "-2h", "2h ago", "1 month", "29d", "0s", "2x", "99999999999h"] {
            assert!(parse(text, LONGEST).is_err(), "{text}");
        }
    }
}
