//! Is it here as late as at AWS?

use super::Outcome;
use jiff::{SignedDuration, Timestamp};

/// From then on AWS refuses signatures (Signature Version 4: five minutes; S3 alone takes fifteen).
const REFUSED: SignedDuration = SignedDuration::from_mins(5);
/// A clock that somebody looks after is nearer than this; the answer itself takes a second or two.
const DOUBTFUL: SignedDuration = SignedDuration::from_secs(30);

const FIX: &str =
    "let the machine ask a time server: timedatectl set-ntp true, then chronyc tracking";

/// How far our clock is from theirs.
#[must_use]
pub fn skew(ours: Timestamp, theirs: Timestamp) -> Outcome {
    let skew = ours.duration_since(theirs);
    let seconds = skew.as_secs().unsigned_abs();
    let way = if skew.is_negative() { "behind" } else { "ahead of" };
    if skew.abs() >= REFUSED {
        Outcome::failed(
            format!(
                "our clock is {} {way} AWS's: requests are refused from 5 minutes on",
                told(seconds)
            ),
            FIX,
        )
    } else if skew.abs() >= DOUBTFUL {
        Outcome::warning(format!("our clock is {} {way} AWS's", told(seconds)), FIX)
    } else {
        Outcome::ok(format!("within {} s of AWS's", seconds.max(1)))
    }
}

fn told(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_hours_off_is_told_as_two_hours() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let there = now - SignedDuration::from_hours(2);
        let Outcome::Failed { why, .. } = skew(now, there) else { panic!() };
        assert!(why.contains("2 h ahead"), "{why}");
        assert!(matches!(skew(now, now), Outcome::Ok { .. }));
        assert!(matches!(skew(now, now + SignedDuration::from_secs(31)), Outcome::Warning { .. }));
    }

    proptest! {
        #[test]
        fn either_way_is_as_bad(seconds in 0_i64..100_000) {
            let now = Timestamp::UNIX_EPOCH;
            let other = now + SignedDuration::from_secs(seconds);
            let kind = |outcome: &Outcome| std::mem::discriminant(outcome);
            prop_assert_eq!(kind(&skew(now, other)), kind(&skew(other, now)));
        }
    }
}
