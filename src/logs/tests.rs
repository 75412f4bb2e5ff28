//! Logs on real files, shipped to a service that fails on purpose.

use super::*;
use crate::clock::{Clock as _, SimulatedClock};
use crate::exec::{Ending, LONGEST_LINE};
use crate::ids::{RunId, StageName};
use crate::spec::Pipeline;
use crate::store::{Ask, Facts, Lease, NewRun, Reused, RunRecord, Store};
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Write as _,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the service does with the next put.
#[derive(Debug, Clone, Copy)]
enum Mood {
    FailBefore(SinkFault),
    FailAfter(SinkFault),
    LoseTheNewest,
    Hang,
}

/// A log service that checks every batch, and fails when told to.
#[derive(Debug)]
struct Service {
    clock: SimulatedClock,
    moods: Mutex<VecDeque<Mood>>,
    puts: Mutex<Vec<Vec<LogEvent>>>,
    streams: Mutex<BTreeSet<String>>,
}

impl Service {
    fn at(clock: &SimulatedClock) -> Arc<Self> {
        let clock = clock.clone();
        let (moods, puts, streams) = Default::default();
        Arc::new(Self { clock, moods, puts, streams })
    }

    fn is_told(&self, moods: impl IntoIterator<Item = Mood>) {
        self.moods.lock().unwrap().extend(moods);
    }

    fn lines(&self) -> Vec<LogLine> {
        let puts = self.puts.lock().unwrap();
        puts.iter().flatten().map(|event| serde_json::from_str(&event.message).unwrap()).collect()
    }

    fn seqs(&self) -> Vec<u64> {
        self.lines().iter().map(|line| line.seq).collect()
    }

    fn take(&self, batch: &[LogEvent]) {
        let bytes: usize = batch.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
        assert!((1..=MOST_EVENTS).contains(&batch.len()) && bytes <= MOST_BYTES);
        assert!(batch.iter().all(|event| (1..=LONGEST_EVENT).contains(&event.message.len())));
        assert!(batch.is_sorted_by_key(|event| event.timestamp_ms));
        let span = batch[batch.len() - 1].timestamp_ms - batch[0].timestamp_ms;
        assert!(span <= 24 * 60 * 60 * 1000);
        self.puts.lock().unwrap().push(batch.to_vec());
    }
}

fn fault(fault: SinkFault) -> SinkError {
    SinkError { fault, message: "on purpose".into() }
}

impl LogSink for Service {
    fn ensure<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        self.streams.lock().unwrap().insert(stream.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        batch: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        Box::pin(async move {
            if !self.streams.lock().unwrap().contains(stream) {
                return Err(fault(SinkFault::Missing));
            }
            if batch.iter().any(|event| event.message.contains("poison")) {
                return Err(fault(SinkFault::Refused));
            }
            let mood = self.moods.lock().unwrap().pop_front();
            match mood {
                None => self.take(batch),
                Some(Mood::FailBefore(class)) => return Err(fault(class)),
                Some(Mood::FailAfter(class)) => {
                    self.take(batch);
                    return Err(fault(class));
                }
                Some(Mood::LoseTheNewest) => {
                    if let [taken @ .., _] = batch
                        && !taken.is_empty()
                    {
                        self.take(taken);
                    }
                    return Ok(PutOutcome { too_new: 1, ..PutOutcome::default() });
                }
                Some(Mood::Hang) => {
                    self.clock.advance(HOUR);
                    std::future::pending::<()>().await;
                }
            }
            Ok(PutOutcome::default())
        })
    }

    fn arrived<'a>(
        &'a self,
        stream: &'a str,
        lines: RangeInclusive<u64>,
        from_ms: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        let since = |line: &LogLine| {
            line.time.as_millisecond() >= from_ms && stream.ends_with(&format!("/{}", line.stage))
        };
        let read: Vec<LogLine> = self.lines().into_iter().filter(since).collect();
        assert!(read.len() <= 2 * MOST_EVENTS, "asked for more than a service gives");
        let seqs = read.into_iter().map(|line| line.seq);
        let arrived = seqs.filter(|seq| lines.contains(seq)).collect();
        Box::pin(async { Ok(arrived) })
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}

struct World {
    clock: SimulatedClock,
    folder: LogFolder,
    store: Store,
    run: RunRecord,
    lease: Lease,
    service: Arc<Service>,
    _temp: TempDir,
}

fn train() -> StageName {
    "train".parse().unwrap()
}

impl World {
    async fn new() -> Self {
        let temp = TempDir::new().unwrap();
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let store = Store::open(&temp.path().join("db"), Arc::new(clock.clone())).await.unwrap();
        let new = NewRun {
            repository: "/repo".into(),
            reference: "main".into(),
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            environment: "prod".parse().unwrap(),
            facts: Facts::default(),
            pipeline: Pipeline { name: "a:b".into(), environments: vec![], stages: vec![] },
            reused: Reused::default(),
        };
        let run = store.create_or_find(new, Ask::Once).await.unwrap().into_run();
        let lease = store.acquire(&run.id).await.unwrap();
        let folder = LogFolder::at(temp.path().join("logs"));
        let service = Service::at(&clock);
        Self { clock, folder, store, run, lease, service, _temp: temp }
    }

    fn log(&self) -> StageLog {
        self.log_of(&train())
    }

    fn log_of(&self, stage: &StageName) -> StageLog {
        let clock = Arc::new(self.clock.clone());
        let masker = Masker::of(["hunter2-secret"]);
        let ids = (&self.run.id, stage);
        StageLog::open(&self.folder, ids, masker, clock, Arc::new(|_| {})).unwrap()
    }

    fn write(&self, lines: u64) {
        let log = self.log();
        for number in 0..lines {
            log.line(Level::Info, &format!("line {number}")).unwrap();
        }
    }

    fn kept(&self) -> Vec<LogLine> {
        let path = self.folder.of_stage(&self.run.id, &train());
        let mut reader = LogReader::open(&path, 0).unwrap();
        std::iter::from_fn(|| reader.next().unwrap()).map(|piece| piece.line).collect()
    }

    fn messages(&self) -> Vec<String> {
        self.kept().into_iter().map(|line| line.message).collect()
    }

    /// A shipper as a fresh agent would have it.
    async fn shipper(&self) -> Shipper {
        let shipment = Shipment {
            store: self.store.clone(),
            clock: Arc::new(self.clock.clone()),
            folder: self.folder.clone(),
            sink: Arc::clone(&self.service) as Arc<dyn LogSink>,
        };
        Shipper::new(shipment, &self.run, self.lease.clone()).await.unwrap()
    }

    async fn drained(&self) -> Unsent {
        self.shipper().await.drain(HOUR).await.unwrap()
    }

    /// The same while time passes, as far as somebody waits for it.
    async fn drained_in_time(&self) -> Unsent {
        let mut shipper = self.shipper().await;
        let time = async {
            loop {
                if self.clock.sleepers() > 1 {
                    // The deadline of the drain is the last sleeper; the waits come before it.
                    let _ = self.clock.advance_to_next();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            unsent = shipper.drain(HOUR) => unsent.unwrap(),
            () = time => unreachable!("time passes for ever"),
        }
    }
}

#[tokio::test]
async fn numbers_and_times_go_on_after_a_restart() {
    let world = World::new().await;
    world.write(2);
    world.write(1);
    let seqs: Vec<u64> = world.kept().iter().map(|line| line.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let late = SimulatedClock::at("2025-01-01T00:00:00Z".parse().unwrap());
    let clock: Arc<SimulatedClock> = Arc::new(late);
    let ids = (&world.run.id, &train());
    let log =
        StageLog::open(&world.folder, ids, Masker::default(), clock, Arc::new(|_| {})).unwrap();
    log.line(Level::Info, "the clock was set back").unwrap();
    assert!(world.kept().is_sorted_by_key(|line| line.time));
}

#[tokio::test]
async fn half_a_line_at_the_end_was_never_written() {
    let world = World::new().await;
    world.write(2);
    let path = world.folder.of_stage(&world.run.id, &train());
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"run\":\"01").unwrap();
    let mut shipper = world.shipper().await;
    shipper.ship_once().await.unwrap();
    assert_eq!(world.service.seqs(), [1, 2], "only whole lines are shipped");
    world.write(1);
    assert_eq!(world.messages(), ["line 0", "line 1", "line 0"]);
    shipper.ship_once().await.unwrap();
    assert_eq!(world.service.seqs(), [1, 2, 3]);
}

#[tokio::test]
async fn secrets_never_reach_the_file_even_across_pieces() {
    let world = World::new().await;
    let log = world.log();
    log.line(Level::Info, "the password is hunter2-secret\nsecond").unwrap();
    let mut stream = log.stream(Level::Info);
    let filler = "x".repeat(LONGEST_LINE - 7);
    stream.piece(&format!("{filler}hunter2"), Ending::Continued).unwrap();
    stream.piece("-secret end", Ending::Complete).unwrap();
    let messages = world.messages();
    assert_eq!(messages[..2], ["the password is ***", "second"]);
    let text: String = messages[2..].concat();
    assert!(!text.contains("hunter2") && text.ends_with("*** end"), "{}", &text[text.len() - 60..]);
}

#[tokio::test]
async fn a_long_message_becomes_marked_lines_that_cut_no_character() {
    let world = World::new().await;
    world.log().line(Level::Info, &"€".repeat(100_000)).unwrap();
    let messages = world.messages();
    assert_eq!(messages.len(), 3);
    assert!(messages[0].ends_with(" …[continues]") && messages[1].starts_with("[continued]… "));
    let euros: usize = messages.iter().map(|message| message.matches('€').count()).sum();
    assert_eq!(euros, 100_000);
    // The worst text there is still fits an event.
    world.log().line(Level::Info, &"\u{1}".repeat(200_000)).unwrap();
    assert_eq!((world.drained().await.lines, world.service.seqs().len()), (0, 5));
}

#[tokio::test]
async fn every_line_arrives_once_in_the_stream_of_its_stage() {
    let world = World::new().await;
    world.write(3);
    let unsent = world.drained().await;
    assert!(unsent.lines == 0 && unsent.rejected.is_empty() && unsent.error.is_none());
    assert_eq!(world.service.lines(), world.kept());
    let stream = format!("prod/a-b/{}/train", world.run.id);
    assert_eq!(*world.service.streams.lock().unwrap(), BTreeSet::from([stream]));
    world.write(2);
    world.drained().await;
    assert_eq!(world.service.seqs(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn more_lines_than_a_batch_holds_become_several() {
    let world = World::new().await;
    world.write(10_001);
    assert_eq!(world.drained().await.lines, 0);
    let sizes: Vec<usize> = world.service.puts.lock().unwrap().iter().map(Vec::len).collect();
    assert!(sizes.len() > 1 && sizes.iter().sum::<usize>() == 10_001, "{sizes:?}");
}

#[tokio::test]
async fn an_outage_longer_than_a_day_is_cut_into_days() {
    let world = World::new().await;
    for _ in 0..3 {
        world.write(1);
        world.clock.advance(13 * HOUR);
    }
    assert_eq!(world.drained().await.lines, 0);
    assert_eq!(world.service.puts.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn lines_too_old_for_the_service_are_counted_and_the_others_arrive() {
    let world = World::new().await;
    world.write(3);
    world.clock.advance(15 * 24 * HOUR);
    world.write(2);
    let unsent = world.drained().await;
    assert_eq!((unsent.lines, unsent.rejected["too old"]), (0, 3));
    assert_eq!(world.service.seqs(), [4, 5]);
}

#[tokio::test]
async fn what_a_service_throws_away_is_counted_with_its_reason() {
    let world = World::new().await;
    world.write(3);
    world.service.ensure(&format!("prod/a-b/{}/train", world.run.id)).await.unwrap();
    world.service.is_told([Mood::LoseTheNewest]);
    assert_eq!(world.drained().await.rejected["too new"], 1);
    assert_eq!(world.service.seqs(), [1, 2]);
}

#[tokio::test]
async fn one_line_that_the_service_refuses_does_not_hold_the_others_up() {
    let world = World::new().await;
    world.write(6);
    world.log().line(Level::Info, "poison").unwrap();
    world.write(6);
    let unsent = world.drained().await;
    assert_eq!((unsent.lines, unsent.rejected["refused"]), (0, 1));
    assert_eq!(world.service.seqs(), (1..=13).filter(|seq| *seq != 7).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_lost_answer_late_in_a_long_log_is_looked_for_where_it_belongs() {
    let world = World::new().await;
    let batch = MOST_EVENTS as u64;
    for _ in 0..3 {
        world.write(batch);
        world.clock.advance(Duration::from_secs(1));
    }
    world.service.ensure(&format!("prod/a-b/{}/train", world.run.id)).await.unwrap();
    let mut shipper = world.shipper().await;
    shipper.ship_once().await.unwrap();
    world.write(1);
    world.service.is_told([Mood::FailAfter(SinkFault::Unknown)]);
    assert!(shipper.ship_once().await.is_err());
    assert_eq!(world.drained().await.lines, 0);
    assert_eq!(world.service.seqs(), (1..=3 * batch + 1).collect::<Vec<_>>());
}

mod bounds;
mod drains;
mod streams;
mod writers;
