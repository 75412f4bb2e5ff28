//! What a shipper begins with, and what it says in the end.

use super::{LogFolder, LogSink, SinkError, SinkFault};
use crate::clock::{Clock, Elapsed};
use crate::store::{Store, StoreError};
use std::{collections::BTreeMap, error::Error, io, sync::Arc};

/// What a shipper works with.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// Keeps the cursors.
    pub store: Store,
    /// Waits and deadlines.
    pub clock: Arc<dyn Clock>,
    /// The log files.
    pub folder: LogFolder,
    /// Where to.
    pub sink: Arc<dyn LogSink>,
}

/// What was not shipped in time.
#[derive(Debug, Default)]
pub struct Unsent {
    /// Lines that are in the files only, for now.
    pub lines: u64,
    /// Lines that the service will never take, by reason; they stay in the files.
    pub rejected: BTreeMap<String, u64>,
    /// Lines that may be there twice.
    pub perhaps_twice: u64,
    /// Why the last pass failed, if it did.
    pub error: Option<ShipError>,
}

/// A pass did not come to its end. Nothing is lost; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// The cursors could not be read or moved.
    #[error("the log cursors could not be kept")]
    Store(#[from] StoreError),
    /// A log file could not be read.
    #[error("a log file could not be read")]
    File(#[from] io::Error),
    /// The service did not take the lines.
    #[error("the log service did not take the lines")]
    Sink(#[from] SinkError),
    /// The service did not answer.
    #[error("the log service did not answer in time")]
    Late(#[source] Elapsed),
}

impl Unsent {
    /// What has not reached the cloud, and why, in words; nothing if all has.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let mut notes = Vec::new();
        if self.lines > 0 || self.error.is_some() {
            let mut note = format!("{} log lines have not reached the cloud yet", self.lines);
            let first = self.error.as_ref().map(|error| error as &dyn Error);
            for cause in std::iter::successors(first, |error| (*error).source()) {
                note.push_str(&format!(", because: {cause}"));
            }
            notes.push(note);
        }
        let rejected: u64 = self.rejected.values().sum();
        if rejected > 0 {
            notes.push(format!("{rejected} log lines were refused and never will be in the cloud"));
        }
        if self.perhaps_twice > 0 {
            notes.push(format!(
                "{} log lines may be in the cloud twice, as an answer was lost and their group cannot be read",
                self.perhaps_twice
            ));
        }
        (!notes.is_empty()).then(|| notes.join(", "))
    }
}

impl ShipError {
    /// Was it refused for who asked, rather than for the moment?
    pub(super) fn is_denial(&self) -> bool {
        match self {
            Self::Sink(error) => error.fault == SinkFault::Denied,
            Self::Store(_) | Self::File(_) | Self::Late(_) => false,
        }
    }
}
