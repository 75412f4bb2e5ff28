//! `rate(n unit)`.

use super::Problem;
use jiff::SignedDuration;

const HINT: &str = "write rate(1 minute|hour|day) or rate(n minutes|hours|days) with n above 1";

/// Reads what stands inside `rate(…)`.
pub(super) fn parse(fields: &str) -> Result<SignedDuration, Problem> {
    let Some((number, unit)) = fields.split_once(' ') else {
        return Err(Problem::new("a rate is a number, one blank and a unit", HINT));
    };
    let count = match number.parse::<i64>() {
        Ok(count) if count > 0 && number.bytes().all(|b| b.is_ascii_digit()) => count,
        _ => return Err(Problem::new(format!("'{number}' is not a positive whole number"), HINT)),
    };
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let seconds = match singular {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return Err(Problem::new(format!("'{unit}' is not a unit"), HINT)),
    };
    let expected = if count == 1 { singular.to_owned() } else { format!("{singular}s") };
    if unit != expected {
        return Err(Problem::new(
            format!("{count} takes '{expected}', not '{unit}'"),
            format!("write rate({count} {expected})"),
        ));
    }
    count
        .checked_mul(seconds)
        .map(SignedDuration::from_secs)
        .ok_or_else(|| Problem::new(format!("{count} {unit} is beyond any calendar"), HINT))
}
