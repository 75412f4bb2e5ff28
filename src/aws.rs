//! AWS, one small file per service; the SDK's types stop here.
//!
//! [`Access`] says how clouds are reached; [`Access::assume`] makes a [`Session`] for one purpose in
//! one environment, and only after AWS itself has named the account, so whoever holds a session
//! writes where the environment says and nowhere else. Each adapter is a plain struct; what it
//! answers are the plan's own records. Errors are [`CloudError`]s, classed by their code and never by their text. Exactly one
//! layer retries: the SDK, three attempts; `PutLogEvents` alone is sent once, because it is not idempotent.

mod access;
mod administrator;
mod attribution;
mod classes;
mod connections;
mod credentials;
mod ecr;
mod error;
mod events;
mod iam;
mod keys;
mod kms;
mod lambda;
mod logs;
mod policy;
mod probe;
mod s3;
mod remedy;
mod sagemaker;
mod session;
mod skew;
mod sns;
mod sts;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use administrator::Administrator;
pub use attribution::Cause;
pub use classes::ErrorClass;
pub use ecr::Ecr;
pub use error::CloudError;
pub use events::Events;
pub use iam::Iam;
pub use keys::Keys;
pub use kms::Kms;
pub use lambda::{Created, Lambda};
pub use logs::{LogEvent, LogFilter, Logs, PutOutcome, ReadEvent, Rejected};
pub use policy::Purpose;
pub use probe::{Caller, Unlocked};
pub use s3::{Buckets, Copied, ObjectRecord, Put, S3};
pub use sagemaker::{
    Approval, Decision, ExecutionRecord, ExecutionStatus, Halt, Job, JobKind, JobRecord, JobStatus,
    LifeCycle, ModelPackage, ModelPackageSummary, NewExecution, NewJob, PastExecution, SageMaker,
    StepDetail, StepRecord, StepStatus,
};
pub use session::Session;
pub use sns::Sns;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// Pages read from one listing before it is called endless: at 100 entries a page, 20,000 entries.
const MOST_PAGES: usize = 200;

/// AWS counts seconds in doubles, so what is behind the microseconds is noise.
fn timestamp(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    let exact = Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()?;
    exact.round(jiff::Unit::Microsecond).ok()
}
