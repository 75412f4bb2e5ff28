//! Shipping a run's logs: exactly once, or counted as rejected.
//!
//! Before a put the cursor notes what is about to be put; after it the cursor moves. Whoever finds such a note
//! (after a crash or a lost answer) reads back which lines have arrived: if any did, the batch was taken, as the
//! service takes batches whole; if none did, it is put again.

use super::batch::{self, Batch, Extent, MOST_EVENTS};
use super::{
    LogEvent, LogFolder, LogReader, LogSink, PutOutcome, ShipError, Shipment, SinkError, SinkFault,
    Unsent,
};
use crate::clock::{Clock, later, timeout, until};
use crate::ids::StageName;
use crate::store::{Lease, LogCursor, RunRecord, Store, StoreError};
use std::{collections::BTreeMap, convert::Infallible, fs, io, sync::Arc, time::Duration};

/// Pause between two passes while lines arrive: what a reader in the cloud waits longer for them.
const BETWEEN_PASSES: Duration = Duration::from_secs(1);
/// Wait after the first failed pass; doubles with each further one …
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Ships the logs of one run; the run must be leased.
#[derive(Debug)]
pub struct Shipper {
    store: Store,
    clock: Arc<dyn Clock>,
    folder: LogFolder,
    sink: Arc<dyn LogSink>,
    lease: Lease,
    stream_prefix: String,
    stages: BTreeMap<StageName, Shipping>,
}

/// Where the log of one stage stands.
#[derive(Debug)]
struct Shipping {
    cursor: LogCursor,
    most_events: usize,
}

impl Shipper {
    /// A shipper for a leased run, which goes on where the last one stopped.
    ///
    /// # Errors
    /// If the cursors cannot be read.
    pub async fn new(
        shipment: Shipment,
        run: &RunRecord,
        lease: Lease,
    ) -> Result<Self, StoreError> {
        let Shipment { store, clock, folder, sink } = shipment;
        let shipping = |cursor: LogCursor| {
            (cursor.stage.clone(), Shipping { cursor, most_events: MOST_EVENTS })
        };
        let stages = store.log_cursors(&run.id).await?.into_iter().map(shipping).collect();
        // A stream name may hold neither ':' nor '*'; a '/' would look like another level.
        let pipeline = run.pipeline.name.replace([':', '*', '/'], "-");
        let stream_prefix = format!("{}/{pipeline}/{}", run.environment, run.id);
        Ok(Self { store, clock, folder, sink, lease, stream_prefix, stages })
    }

    /// Ships for ever: pass after pass, with growing waits while they fail. Dropping the future is safe at any point.
    pub async fn keep_shipping(&mut self) -> Infallible {
        let mut failures = 0;
        loop {
            failures = if self.ship_once().await.is_ok() { 0 } else { failures + 1 };
            self.clock.sleep(pause(failures)).await;
        }
    }

    /// Ships what is left, for at most `deadline`, and tells what remains.
    ///
    /// # Errors
    /// If the files cannot be counted or the end not be noted.
    pub async fn drain(&mut self, deadline: Duration) -> Result<Unsent, ShipError> {
        let clock = Arc::clone(&self.clock);
        let mut error = None;
        let passes = async {
            for failures in 1.. {
                match self.ship_once().await {
                    Ok(()) => {
                        error = None;
                        break;
                    }
                    Err(reason) => error = Some(reason),
                }
                clock.sleep(pause(failures)).await;
            }
        };
        let late = timeout(clock.as_ref(), deadline, passes).await;
        if let (Err(elapsed), None) = (late, &error) {
            error = Some(ShipError::Late(elapsed));
        }
        let (lines, rejected) = (self.unsent()?, self.rejected());
        if lines == 0 {
            self.store.logs_are_shipped(&self.lease).await?;
        }
        Ok(Unsent { lines, rejected, error })
    }

    /// One pass over every stage's log, until there is nothing left to ship or something fails.
    ///
    /// # Errors
    /// The first failure; stages whose turn had not come wait for the next pass.
    pub async fn ship_once(&mut self) -> Result<(), ShipError> {
        for stage in self.folder.stages(&self.lease.run)? {
            while self.ship_batch(&stage).await? {}
        }
        Ok(())
    }

    /// Ships the next batch of a stage's log. Returns whether there was one.
    async fn ship_batch(&mut self, stage: &StageName) -> Result<bool, ShipError> {
        let file = self.folder.of_stage(&self.lease.run, stage);
        let shipping = self.stages.entry(stage.clone()).or_insert_with(|| Shipping {
            cursor: LogCursor::start(stage.clone()),
            most_events: MOST_EVENTS,
        });
        if fs::metadata(&file)?.len() <= shipping.cursor.position {
            return Ok(false);
        }
        let mut reader = LogReader::open(&file, shipping.cursor.position)?;
        let extent = match shipping.cursor.intent {
            Some((through, _)) => Extent::Through(through),
            None => Extent::Fresh(shipping.most_events, self.clock.now()),
        };
        let mut cursor = shipping.cursor.clone();
        match batch::take(|| reader.next(), extent)? {
            Batch::Empty => return Ok(false),
            Batch::Reject { lines, reason, last_seq, end } => {
                reject(&mut cursor, reason, lines);
                advance(&mut cursor, last_seq, end);
                self.keep(cursor).await?;
            }
            Batch::Put { events, last_seq, end } => match cursor.intent {
                Some((_, since)) => {
                    let settled = later(since, self.sink.settling());
                    self.clock.sleep(until(self.clock.now(), settled)).await;
                    self.settle(cursor, &events, (last_seq, end)).await?;
                }
                None => {
                    cursor.intent = Some((last_seq, self.clock.now()));
                    self.keep(cursor.clone()).await?;
                    self.put(cursor, &events, end).await?;
                }
            },
        }
        Ok(true)
    }

    /// Puts a batch whose intent is kept.
    async fn put(
        &mut self,
        mut cursor: LogCursor,
        events: &[LogEvent],
        end: u64,
    ) -> Result<(), ShipError> {
        let stream = format!("{}/{}", self.stream_prefix, cursor.stage);
        let last_seq = cursor.intent.map_or(cursor.next_seq, |(through, _)| through);
        let mut outcome = self.sink.put(&stream, events).await;
        if matches!(&outcome, Err(error) if error.fault == SinkFault::Missing) {
            outcome = match self.sink.ensure(&stream).await {
                Ok(()) => self.sink.put(&stream, events).await,
                // Nothing has been put, whatever became of the stream.
                Err(error) => Err(SinkError { fault: SinkFault::Busy, ..error }),
            };
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
                self.limit(&cursor.stage, MOST_EVENTS);
                self.keep(cursor).await
            }
            Err(error) => self.put_failed(cursor, events.len(), end, error).await,
        }
    }

    async fn put_failed(
        &mut self,
        mut cursor: LogCursor,
        events: usize,
        end: u64,
        error: SinkError,
    ) -> Result<(), ShipError> {
        match error.fault {
            // The note of the intent stays: the next pass reads back.
            SinkFault::Unknown => return Err(error.into()),
            SinkFault::Missing | SinkFault::Busy | SinkFault::Denied => {
                cursor.intent = None;
                self.keep(cursor).await?;
                return Err(error.into());
            }
            SinkFault::Refused if events > 1 => {
                // One line spoils the batch; halving finds it.
                cursor.intent = None;
                self.limit(&cursor.stage, events / 2);
            }
            SinkFault::Refused => {
                reject(&mut cursor, "refused", 1);
                let seq = cursor.next_seq;
                advance(&mut cursor, seq, end);
                self.limit(&cursor.stage, MOST_EVENTS);
            }
        }
        self.keep(cursor).await
    }

    /// Finds out what became of a put whose end is not known.
    async fn settle(
        &mut self,
        mut cursor: LogCursor,
        events: &[LogEvent],
        (last_seq, end): (u64, u64),
    ) -> Result<(), ShipError> {
        let stream = format!("{}/{}", self.stream_prefix, cursor.stage);
        let first_seq = cursor.next_seq;
        let from_ms = events.first().map_or(0, |first| first.timestamp_ms);
        let arrived = match self.sink.arrived(&stream, first_seq..=last_seq, from_ms).await {
            Ok(arrived) => arrived.range(first_seq..=last_seq).count() as u64,
            // Without a stream nothing can have arrived.
            Err(SinkError { fault: SinkFault::Missing, .. }) => 0,
            Err(error) => return Err(error.into()),
        };
        cursor.intent = None;
        if arrived > 0 {
            cursor.sent += arrived;
            reject(&mut cursor, "not taken", last_seq - first_seq + 1 - arrived);
            advance(&mut cursor, last_seq, end);
        }
        self.keep(cursor).await
    }

    async fn keep(&mut self, cursor: LogCursor) -> Result<(), ShipError> {
        self.store.keep_log_cursor(&self.lease, &cursor).await?;
        if let Some(shipping) = self.stages.get_mut(&cursor.stage) {
            shipping.cursor = cursor;
        }
        Ok(())
    }

    fn limit(&mut self, stage: &StageName, most_events: usize) {
        if let Some(shipping) = self.stages.get_mut(stage) {
            shipping.most_events = most_events;
        }
    }

    fn unsent(&self) -> io::Result<u64> {
        let mut lines = 0;
        for stage in self.folder.stages(&self.lease.run)? {
            let position = self.stages.get(&stage).map_or(0, |shipping| shipping.cursor.position);
            let file = self.folder.of_stage(&self.lease.run, &stage);
            let mut reader = LogReader::open(&file, position)?;
            while reader.next()?.is_some() {
                lines += 1;
            }
        }
        Ok(lines)
    }

    fn rejected(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (reason, lines) in self.stages.values().flat_map(|shipping| &shipping.cursor.rejected) {
            *all.entry(reason.clone()).or_insert(0) += lines;
        }
        all
    }
}

fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => BETWEEN_PASSES,
        Some(doublings) => SHORTEST_BACKOFF
            .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(LONGEST_BACKOFF),
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
