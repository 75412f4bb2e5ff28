//! Where lines are shipped to.

use super::LogEvent;
use futures_util::future::BoxFuture;
use std::{collections::BTreeSet, fmt::Debug, ops::RangeInclusive, time::Duration};

/// A log service, as narrow as the shipper needs it. The group is the sink's own; streams are named per call.
pub trait LogSink: Debug + Send + Sync {
    /// Opens the way there, as far as that can be done before there is a line.
    ///
    /// Whatever stands in the way is met again by the first line, and told then.
    fn open(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Makes sure that the group and a stream are there.
    fn ensure<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<(), SinkError>>;

    /// Puts one legal batch: 1 to 10,000 events in the order of time, at most 1,048,576 bytes with 26 for each event,
    /// at most 24 hours long. Must not retry by itself: a put whose answer was lost may have arrived.
    fn put<'a>(
        &'a self,
        stream: &'a str,
        batch: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>>;

    /// Which of these lines have arrived, by their `seq`. The first of them is of `from_ms`; a stream can be too long to
    /// be read from its beginning.
    fn arrived<'a>(
        &'a self,
        stream: &'a str,
        lines: RangeInclusive<u64>,
        from_ms: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>>;

    /// How long after a put its lines can be read back for sure.
    fn settling(&self) -> Duration;
}

/// How many events of a batch the service threw away, by its reason. It took the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PutOutcome {
    /// Older than the service takes.
    pub too_old: u64,
    /// Older than the group keeps.
    pub expired: u64,
    /// Further in the future than the service takes.
    pub too_new: u64,
}

/// The service did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    /// What follows from it.
    pub fault: SinkFault,
    /// What the service said.
    pub message: String,
}

/// What follows from a service's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkFault {
    /// Group or stream are not there: nothing was stored; make them and try again.
    Missing,
    /// Too much at once: nothing was stored; try again later.
    Busy,
    /// The agent may not: nothing was stored; try again later, with new credentials.
    Denied,
    /// The batch is not legal: nothing was stored; never try again unchanged.
    Refused,
    /// Nobody knows whether it was stored: read back.
    Unknown,
    /// What was stored cannot be read back, now or later.
    Unreadable,
}
