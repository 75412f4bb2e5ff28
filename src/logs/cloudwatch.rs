//! An environment's log group in CloudWatch Logs, as the shipper sees it.

use super::{LogEvent, LogLine, LogSink, MOST_EVENTS, PutOutcome, SinkError, SinkFault};
use crate::{
    aws::{self, Access, CloudError, ErrorClass, Purpose},
    ids::RunId,
    spec::Environment,
};
use futures_util::future::BoxFuture;
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};
use tokio::sync::OnceCell;

/// How long CloudWatch may take to show a line that it took, generously: it promises seconds and no number.
const SETTLING: Duration = Duration::from_secs(20);
/// What CloudWatch says where lines of a group's class (INFREQUENT_ACCESS) cannot be read back.
const UNREADABLE: &str = "InvalidOperationException";
/// Lines read back at most: those of one put, and as many again that were written in its first millisecond.
const MOST_READ_BACK: usize = 2 * MOST_EVENTS;

/// The log group of one environment, reached with a session that may do nothing but write it. The session is taken
/// beside the run or when the first line is shipped, so a cloud that is away delays no run.
#[derive(Debug)]
pub struct CloudWatch {
    access: Access,
    environment: Environment,
    run: RunId,
    settling: Duration,
    logs: OnceCell<aws::Logs>,
}

impl CloudWatch {
    /// The group of `environment`, for the lines of `run`.
    #[must_use]
    pub fn new(access: Access, environment: Environment, run: RunId) -> Self {
        Self { access, environment, run, settling: SETTLING, logs: OnceCell::new() }
    }

    /// The same group in a cloud that shows a line as soon as it took it.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { settling: Duration::ZERO, ..self }
    }

    async fn logs(&self) -> Result<&aws::Logs, SinkError> {
        // Boxed, because taking a role is a large future and this one is inside every other.
        let session = Box::pin(async {
            let assumed = self.access.assume(&self.environment, &self.run, Purpose::Logs).await?;
            Ok::<_, CloudError>(assumed.logs())
        });
        self.logs.get_or_try_init(|| session).await.map_err(unreached)
    }

    fn group(&self) -> &str {
        &self.environment.log_group.name
    }

    async fn put_batch(&self, stream: &str, batch: &[LogEvent]) -> Result<PutOutcome, SinkError> {
        let put = self.logs().await?.put(self.group(), stream, batch).await.map_err(put_fault)?;
        let aws::Rejected { too_old, expired, too_new } = put.rejected;
        let count = |events: usize| u64::try_from(events).unwrap_or(u64::MAX);
        Ok(PutOutcome { too_old: count(too_old), expired: count(expired), too_new: count(too_new) })
    }

    async fn read_back(
        &self,
        stream: &str,
        lines: RangeInclusive<u64>,
        from_ms: i64,
    ) -> Result<BTreeSet<u64>, SinkError> {
        let read = self.logs().await?.read(self.group(), stream, from_ms, MOST_READ_BACK).await;
        let ours = read.map_err(unread)?.into_iter().filter(|event| event.stream == stream);
        let seq = |message: &str| Some(serde_json::from_str::<LogLine>(message).ok()?.seq);
        Ok(ours.filter_map(|event| seq(&event.message)).filter(|seq| lines.contains(seq)).collect())
    }
}

impl LogSink for CloudWatch {
    fn open(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { drop(self.logs().await) })
    }

    fn ensure<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let logs = self.logs().await?;
            match logs.ensure_stream(self.group(), stream).await {
                Err(error) if error.class == ErrorClass::NotFound => {
                    logs.ensure_group(&self.environment.log_group).await.map_err(fault)?;
                    logs.ensure_stream(self.group(), stream).await.map_err(fault)
                }
                made => made.map_err(fault),
            }
        })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        batch: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        Box::pin(self.put_batch(stream, batch))
    }

    fn arrived<'a>(
        &'a self,
        stream: &'a str,
        lines: RangeInclusive<u64>,
        from_ms: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        Box::pin(self.read_back(stream, lines, from_ms))
    }

    fn settling(&self) -> Duration {
        self.settling
    }
}

/// What was asked is always legal, so a group that calls it wrong gives no events at all.
fn unread(error: CloudError) -> SinkError {
    if error.operation != "FilterLogEvents" {
        return unreached(error);
    }
    if error.code == UNREADABLE || error.class == ErrorClass::Invalid {
        return SinkError { fault: SinkFault::Unreadable, message: error.to_string() };
    }
    fault(error)
}

/// A put takes a new session where the last one is over; if that fails, nothing was put.
fn put_fault(error: CloudError) -> SinkError {
    if error.operation == "PutLogEvents" { fault(error) } else { unreached(error) }
}

/// Where no session was to be had nothing was put, and what is wrong is wrong with no line.
fn unreached(error: CloudError) -> SinkError {
    let fault = match error.class {
        ErrorClass::Denied
        | ErrorClass::Expired
        | ErrorClass::WrongAccount
        | ErrorClass::Invalid
        | ErrorClass::NotFound => SinkFault::Denied,
        ErrorClass::Throttled
        | ErrorClass::LimitExceeded
        | ErrorClass::Conflict
        | ErrorClass::AlreadyExists
        | ErrorClass::Unavailable
        | ErrorClass::Other => SinkFault::Busy,
    };
    SinkError { fault, message: error.to_string() }
}

fn fault(error: CloudError) -> SinkError {
    let fault = match error.class {
        ErrorClass::NotFound => SinkFault::Missing,
        ErrorClass::Throttled | ErrorClass::LimitExceeded | ErrorClass::Conflict => SinkFault::Busy,
        ErrorClass::Denied | ErrorClass::Expired | ErrorClass::WrongAccount => SinkFault::Denied,
        ErrorClass::Invalid => SinkFault::Refused,
        ErrorClass::AlreadyExists | ErrorClass::Unavailable | ErrorClass::Other => {
            SinkFault::Unknown
        }
    };
    SinkError { fault, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(operation: &'static str, class: ErrorClass) -> CloudError {
        let (code, message) = ("Code".to_owned(), "no".to_owned());
        CloudError { class, code, operation, resource: "jenkins-log".to_owned(), message }
    }

    #[test]
    fn a_group_that_gives_no_events_is_told_from_one_that_is_busy() {
        let refused = CloudError {
            code: UNREADABLE.to_owned(),
            ..error("FilterLogEvents", ErrorClass::Other)
        };
        assert_eq!(unread(refused).fault, SinkFault::Unreadable);
        for (operation, class, fault) in [
            ("FilterLogEvents", ErrorClass::Invalid, SinkFault::Unreadable),
            ("FilterLogEvents", ErrorClass::Throttled, SinkFault::Busy),
            ("FilterLogEvents", ErrorClass::Denied, SinkFault::Denied),
            ("AssumeRole", ErrorClass::Invalid, SinkFault::Denied),
        ] {
            assert_eq!(unread(error(operation, class)).fault, fault, "{operation} {class:?}");
        }
    }

    #[test]
    fn a_session_that_is_not_to_be_had_costs_no_line() {
        for class in [ErrorClass::Invalid, ErrorClass::NotFound, ErrorClass::Expired] {
            assert_eq!(put_fault(error("AssumeRole", class)).fault, SinkFault::Denied);
        }
        for class in [ErrorClass::Unavailable, ErrorClass::Other, ErrorClass::Throttled] {
            assert_eq!(put_fault(error("AssumeRole", class)).fault, SinkFault::Busy);
        }
        assert_eq!(
            put_fault(error("PutLogEvents", ErrorClass::Unavailable)).fault,
            SinkFault::Unknown
        );
        assert_eq!(put_fault(error("PutLogEvents", ErrorClass::Invalid)).fault, SinkFault::Refused);
    }
}
