//! A clock that is off, told apart from credentials that are wrong: AWS answers both with the same code.

use super::{CloudError, ErrorClass};
use crate::preflight::{self, Outcome};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::sdk_config::SharedTimeSource;
use jiff::{Timestamp, fmt::rfc2822};

/// Stands in place of AWS's code where the clock is the cause.
pub(super) const CLOCK_OFF: &str = "ClockOff";

/// What AWS says of a signature that it does not accept, for its time or its secret.
const SIGNATURE: [&str; 5] = [
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "RequestTimeTooSkewed",
    "RequestExpired",
    "IncompleteSignature",
];

/// The error with its cause, if `answer` was given at another time than it is here.
pub(super) fn clock_off(
    error: &CloudError,
    answer: Option<&HttpResponse>,
    now: &SharedTimeSource,
) -> Option<CloudError> {
    if !SIGNATURE.contains(&error.code.as_str()) {
        return None;
    }
    let there = rfc2822::parse(answer?.headers().get("date")?).ok()?.timestamp();
    let why = too_far(now, there)?;
    Some(CloudError {
        class: ErrorClass::Denied,
        code: CLOCK_OFF.to_owned(),
        message: format!("{why}; {}", error.message),
        ..error.clone()
    })
}

/// Refuses to go on with a clock that AWS would not accept. The SDK signs by AWS's time once it was told that, so calls
/// may work all the same; but when sessions end, what is due and which log lines are too old is told by this machine.
pub(super) fn demand_time(
    operation: &'static str,
    there: Option<Timestamp>,
    now: Option<&SharedTimeSource>,
) -> Result<(), CloudError> {
    let (Some(there), Some(now)) = (there, now) else { return Ok(()) };
    match too_far(now, there) {
        None => Ok(()),
        Some(message) => Err(CloudError {
            class: ErrorClass::Denied,
            code: CLOCK_OFF.to_owned(),
            operation,
            resource: "the session".to_owned(),
            message,
        }),
    }
}

fn too_far(now: &SharedTimeSource, there: Timestamp) -> Option<String> {
    match preflight::skew(Timestamp::try_from(now.now()).ok()?, there) {
        Outcome::Failed { why, .. } => Some(why),
        Outcome::Ok { .. } | Outcome::Warning { .. } | Outcome::Unknown { .. } => None,
    }
}
