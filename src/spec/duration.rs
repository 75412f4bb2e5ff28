//! Durations as people write them: `90s`, `15m`, `1h 30m`, `2d`.

use jiff::{Span, SpanRelativeTo};
use std::time::Duration;

/// Nothing that the agent waits for takes longer: SageMaker ends a job after 28 days at most
/// (`MaxRuntimeInSeconds`, quota), and a run holds its environment's lock meanwhile.
pub(super) const LONGEST: Duration = Duration::from_hours(28 * 24);

/// Reads a duration longer than nothing and not longer than [`LONGEST`]; the error says what is wrong.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "not a duration".to_owned())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .ok_or_else(|| "not a duration of days, hours, minutes and seconds".to_owned())?;
    if length.is_zero() {
        return Err("no time at all".to_owned());
    }
    if length > LONGEST {
        return Err(format!("longer than {} days", LONGEST.as_secs() / 86_400));
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
        let seconds = |text| parse(text).unwrap().as_secs();
        assert_eq!(seconds("90s"), 90);
        assert_eq!(seconds("2h"), 7_200);
        assert_eq!(seconds("1h 30m"), 5_400);
        assert_eq!(seconds("1h30m"), 5_400);
        assert_eq!(seconds("2d"), 172_800);
        assert_eq!(parse("250ms").unwrap(), Duration::from_millis(250));
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for text in ["", "30", "h", "-2h", "2h ago", "1 month", "29d", "0s", "2x", "99999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
