//! Times as the wires write them.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Number, Value};

/// `2026-01-31T12:00:00.000Z`, as XML carries it.
pub(super) fn iso(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `2026-01-31T12:00:00Z`, as events carry it.
pub(super) fn iso_seconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-31T12:00:00.000+0000`, as Lambda writes it.
pub(super) fn iso_offset(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`, as HTTP headers carry it.
pub(super) fn http(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Seconds since 1970 with a fraction, as awsJson carries it.
pub(super) fn epoch_seconds(time: Timestamp) -> Value {
    // Milliseconds are all that AWS gives; f64 holds them exactly for millennia.
    Number::from_f64(time.as_millisecond() as f64 / 1000.0).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wire_has_its_own_form() {
        let time = Timestamp::from_millisecond(1_769_860_800_250).unwrap();
        assert_eq!(iso(time), "2026-01-31T12:00:00.250Z");
        assert_eq!(iso_seconds(time), "2026-01-31T12:00:00Z");
        assert_eq!(iso_offset(time), "2026-01-31T12:00:00.250+0000");
        assert_eq!(http(time), "Sat, 31 Jan 2026 12:00:00 GMT");
        assert_eq!(epoch_seconds(time).to_string(), "1769860800.25");
    }
}
