//! Shipping a run's logs: exactly once, or counted as rejected.
//!
//! Each stage has a stream of its own, into which each part of its log is shipped by whoever has its file; some are shipped at the same time, and trouble with one holds up no other.
//! Stages write to their files and know nothing of this: however slow the service is, no stage waits for it.

use super::stream::{Stream, Way, stream_prefix};
use super::{LogReader, ShipError, Shipment, StagePart, Unsent};
use crate::clock::timeout;
use crate::store::{Lease, LogCursor, RunRecord, StoreError};
use futures_util::{
    FutureExt as _,
    stream::{self, StreamExt as _},
};
use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

/// Pause between two passes while lines arrive: what a reader in the cloud waits longer for them.
const BETWEEN_PASSES: Duration = Duration::from_secs(1);
/// Wait after the first failed pass; doubles with each further one …
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Passes in a row that were denied before a drain ends: what denies (a permission, a session that is over, a clock) is
/// mended by people. More than one, as a session may end between two passes.
const MOST_DENIALS: u32 = 3;

/// Stages whose logs are shipped at the same time: each holds a batch of about a megabyte.
const MOST_STREAMS: usize = 4;

/// Ships the logs of one run; the run must be leased.
#[derive(Debug)]
pub struct Shipper {
    way: Way,
    streams: BTreeMap<StagePart, Stream>,
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
        let cursors = store.log_cursors(&run.id).await?.into_iter();
        let file =
            |cursor: &LogCursor| StagePart { stage: cursor.stage.clone(), part: cursor.part };
        let streams = cursors.map(|cursor| (file(&cursor), Stream::at(cursor))).collect();
        let stream_prefix = stream_prefix(&run.environment, &run.pipeline.name, &run.id);
        Ok(Self { way: Way { store, clock, folder, sink, lease, stream_prefix }, streams })
    }

    /// Ships for ever: pass after pass, with growing waits while they fail. Dropping the future is safe at any point.
    pub async fn keep_shipping(&mut self) -> Infallible {
        let mut failures = 0;
        self.way.sink.open().await;
        loop {
            failures = if self.ship_once().await.is_ok() { 0 } else { failures + 1 };
            self.way.clock.sleep(pause(failures)).await;
        }
    }

    /// Ships what is left, for at most `deadline`, and tells what remains. Ends sooner where every pass is denied, as time
    /// does not mend that.
    ///
    /// # Errors
    /// If the files cannot be counted or the end not be noted.
    pub async fn drain(&mut self, deadline: Duration) -> Result<Unsent, ShipError> {
        let clock = Arc::clone(&self.way.clock);
        let mut error = None;
        let passes = async {
            let mut denials = 0;
            for failures in 1.. {
                error = self.ship_once().await.err();
                let Some(failure) = &error else { break };
                denials = if failure.is_denial() { denials + 1 } else { 0 };
                if denials == MOST_DENIALS {
                    break;
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
            let keeper = self.way.folder.keeper()?;
            self.way.store.logs_are_shipped(&self.way.lease, &keeper).await?;
        }
        let perhaps_twice = self.streams.values().map(|stream| stream.cursor.perhaps_twice).sum();
        Ok(Unsent { lines, rejected, perhaps_twice, error })
    }

    /// Marks how far the files are accounted for: those of a run that is over may go when room is needed.
    ///
    /// # Errors
    /// If the mark cannot be written.
    pub fn mark(&self) -> io::Result<()> {
        let accounted = self.streams.iter().map(|(file, log)| (file.clone(), log.cursor.position));
        self.way.folder.mark_shipped(&self.way.lease.run, &accounted.collect())
    }

    /// One pass over every stage's log, [`MOST_STREAMS`] at the same time, each until there is nothing left to ship or
    /// something fails.
    ///
    /// # Errors
    /// The first failure; the other stages' logs are shipped all the same.
    pub async fn ship_once(&mut self) -> Result<(), ShipError> {
        for file in self.way.folder.files(&self.way.lease.run)? {
            self.streams.entry(file).or_insert_with_key(|file| Stream::start(file.clone()));
        }
        let way = &self.way;
        // Boxed, as each would be held in full by every future above.
        let passes = self.streams.values_mut().map(|stream| stream.ship(way).boxed());
        let passes: Vec<_> = passes.collect();
        let ended: Vec<_> = stream::iter(passes).buffer_unordered(MOST_STREAMS).collect().await;
        ended.into_iter().collect()
    }

    fn unsent(&self) -> io::Result<u64> {
        let mut lines = 0;
        for file in self.way.folder.files(&self.way.lease.run)? {
            let position = self.streams.get(&file).map_or(0, |stream| stream.cursor.position);
            let file = self.way.folder.of(&self.way.lease.run, &file);
            let mut reader = LogReader::open(&file, position)?;
            while reader.next_raw()?.is_some() {
                lines += 1;
            }
        }
        Ok(lines)
    }

    fn rejected(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (reason, lines) in self.streams.values().flat_map(|stream| &stream.cursor.rejected) {
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
