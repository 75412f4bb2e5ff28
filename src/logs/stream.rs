//! Shipping one stage's log: batch after batch, each settled before the next begins.
//!
//! Before a put the cursor notes what is about to be put; after it the cursor moves. Whoever finds such a note
//! (after a crash or a lost answer) reads back which lines have arrived: if any did, the batch was taken, as the
//! service takes batches whole; if none did, it is put again. Where nothing can be read back (a group of the class for
//! infrequent access) it is put again too, and its lines are counted as perhaps there twice.

use super::batch::{self, Batch, Extent, MOST_EVENTS};
use super::mark::length;
use super::{
    LogEvent, LogFolder, LogReader, LogSink, PutOutcome, ShipError, SinkError, SinkFault, StagePart,
};
use crate::clock::{Clock, later, until};
use crate::ids::{EnvName, RunId};
use crate::store::{Lease, LogCursor, Store};
use std::sync::Arc;

/// What all stages of a run share on their way to the cloud.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) folder: LogFolder,
    pub(super) sink: Arc<dyn LogSink>,
    pub(super) lease: Lease,
    pub(super) stream_prefix: String,
}

/// How the names of a run's streams begin; `/` and the stage follow. No such name may hold ':' or '*', and another '/'
/// would look like another level.
#[must_use]
pub fn stream_prefix(environment: &EnvName, pipeline: &str, run: &RunId) -> String {
    format!("{environment}/{}/{run}", pipeline.replace([':', '*', '/'], "-"))
}

/// Where the log of one stage stands.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) cursor: LogCursor,
    most_events: usize,
}

impl Stream {
    /// A log that was shipped as far as `cursor` says.
    pub(super) fn at(cursor: LogCursor) -> Self {
        Self { cursor, most_events: MOST_EVENTS }
    }

    /// A log of which nothing was shipped.
    pub(super) fn start(StagePart { stage, part }: StagePart) -> Self {
        Self::at(LogCursor::start(stage, part))
    }

    /// Which file it is in.
    fn file(&self) -> StagePart {
        StagePart { stage: self.cursor.stage.clone(), part: self.cursor.part }
    }

    /// Ships until there is nothing left or something fails.
    pub(super) async fn ship(&mut self, way: &Way) -> Result<(), ShipError> {
        while self.ship_batch(way).await? {}
        Ok(())
    }

    /// Ships the next batch of the log. Returns whether there was one.
    async fn ship_batch(&mut self, way: &Way) -> Result<bool, ShipError> {
        let file = way.folder.of(&way.lease.run, &self.file());
        if length(&file)? <= self.cursor.position {
            return Ok(false);
        }
        let mut reader = LogReader::open(&file, self.cursor.position)?;
        let extent = match self.cursor.intent {
            Some((through, _)) => Extent::Through(through),
            None => Extent::Fresh(self.most_events, way.clock.now()),
        };
        let mut cursor = self.cursor.clone();
        match batch::take(|| reader.next_raw(), extent)? {
            Batch::Empty => return Ok(false),
            Batch::Reject { lines, reason, last_seq, end } => {
                reject(&mut cursor, reason, lines);
                advance(&mut cursor, last_seq, end);
                self.keep(way, cursor).await?;
            }
            Batch::Put { events, last_seq, end } => match cursor.intent {
                Some((_, since)) => {
                    let settled = later(since, way.sink.settling());
                    way.clock.sleep(until(way.clock.now(), settled)).await;
                    self.settle(way, cursor, &events, (last_seq, end)).await?;
                }
                None => {
                    cursor.intent = Some((last_seq, way.clock.now()));
                    self.keep(way, cursor.clone()).await?;
                    self.put(way, cursor, (&events, end)).await?;
                }
            },
        }
        Ok(true)
    }

    /// Puts a batch whose intent is kept.
    async fn put(
        &mut self,
        way: &Way,
        mut cursor: LogCursor,
        (events, end): (&[LogEvent], u64),
    ) -> Result<(), ShipError> {
        let stream = format!("{}/{}", way.stream_prefix, cursor.stage);
        let last_seq = cursor.intent.map_or(cursor.next_seq, |(through, _)| through);
        // before anything of a log was put there is no stream, as a rule
        let mut outcome = match cursor.position {
            0 => put_into_new(way, &stream, events).await,
            _ => way.sink.put(&stream, events).await,
        };
        if matches!(&outcome, Err(error) if error.fault == SinkFault::Missing) {
            outcome = put_into_new(way, &stream, events).await;
        }
        match outcome {
            Ok(PutOutcome { too_old, expired, too_new }) => {
                for (reason, lines) in
                    [("too old", too_old), ("expired", expired), ("too new", too_new)]
                {
                    reject(&mut cursor, reason, lines);
                }
                cursor.sent += (events.len() as u64).saturating_sub(too_old + expired + too_new);
                advance(&mut cursor, last_seq, end);
                self.most_events = MOST_EVENTS;
                self.keep(way, cursor).await
            }
            Err(error) => self.put_failed(way, cursor, (events.len(), end), error).await,
        }
    }

    async fn put_failed(
        &mut self,
        way: &Way,
        mut cursor: LogCursor,
        (events, end): (usize, u64),
        error: SinkError,
    ) -> Result<(), ShipError> {
        match error.fault {
            // The note of the intent stays: the next pass reads back.
            SinkFault::Unknown | SinkFault::Unreadable => return Err(error.into()),
            SinkFault::Missing | SinkFault::Busy | SinkFault::Denied => {
                cursor.intent = None;
                self.keep(way, cursor).await?;
                return Err(error.into());
            }
            SinkFault::Refused if events > 1 => {
                // One line spoils the batch; halving finds it.
                cursor.intent = None;
                self.most_events = events / 2;
            }
            SinkFault::Refused => {
                reject(&mut cursor, "refused", 1);
                let seq = cursor.next_seq;
                advance(&mut cursor, seq, end);
                self.most_events = MOST_EVENTS;
            }
        }
        self.keep(way, cursor).await
    }

    /// Finds out what became of a put whose end is not known.
    async fn settle(
        &mut self,
        way: &Way,
        mut cursor: LogCursor,
        events: &[LogEvent],
        (last_seq, end): (u64, u64),
    ) -> Result<(), ShipError> {
        let stream = format!("{}/{}", way.stream_prefix, cursor.stage);
        let first_seq = cursor.next_seq;
        let from_ms = events.first().map_or(0, |first| first.timestamp_ms);
        let arrived = match way.sink.arrived(&stream, first_seq..=last_seq, from_ms).await {
            Ok(arrived) => arrived.range(first_seq..=last_seq).count() as u64,
            // Without a stream nothing can have arrived.
            Err(SinkError { fault: SinkFault::Missing, .. }) => 0,
            // Better there twice than not at all: each line has its number.
            Err(SinkError { fault: SinkFault::Unreadable, .. }) => {
                cursor.perhaps_twice += last_seq - first_seq + 1;
                0
            }
            Err(error) => return Err(error.into()),
        };
        cursor.intent = None;
        if arrived > 0 {
            cursor.sent += arrived;
            reject(&mut cursor, "not taken", last_seq - first_seq + 1 - arrived);
            advance(&mut cursor, last_seq, end);
        }
        self.keep(way, cursor).await
    }

    async fn keep(&mut self, way: &Way, cursor: LogCursor) -> Result<(), ShipError> {
        way.store.keep_log_cursor(&way.lease, &cursor).await?;
        self.cursor = cursor;
        Ok(())
    }
}

/// Makes the stream, if it is not there, and puts a batch into it.
async fn put_into_new(
    way: &Way,
    stream: &str,
    events: &[LogEvent],
) -> Result<PutOutcome, SinkError> {
    match way.sink.ensure(stream).await {
        Ok(()) => way.sink.put(stream, events).await,
        Err(error) if error.fault == SinkFault::Denied => Err(error),
        // Nothing has been put, whatever became of the stream.
        Err(error) => Err(SinkError { fault: SinkFault::Busy, ..error }),
    }
}

fn advance(cursor: &mut LogCursor, last_seq: u64, end: u64) {
    cursor.next_seq = last_seq + 1;
    cursor.position = end;
    cursor.intent = None;
}

fn reject(cursor: &mut LogCursor, reason: &str, lines: u64) {
    if lines > 0 {
        *cursor.rejected.entry(reason.to_owned()).or_insert(0) += lines;
    }
}
