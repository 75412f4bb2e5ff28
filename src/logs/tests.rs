//! Logs on real files, shipped to a service that fails on purpose.

use super::*;
use crate::clock::{Clock as _, SimulatedClock};
use crate::exec::{Ending, LONGEST_LINE};
use crate::ids::{RunId, StageName};
use crate::spec::Pipeline;
use crate::store::{Ask, Facts, Lease, NewRun, RunRecord, Store};
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
            reused: Vec::new(),
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

#[tokio::test]
async fn a_drain_ends_with_its_deadline_and_says_what_is_unsent() {
    let world = World::new().await;
    world.write(4);
    world.service.ensure(&format!("prod/a-b/{}/train", world.run.id)).await.unwrap();
    world.service.is_told([Mood::Hang]);
    let unsent = world.drained().await;
    assert_eq!(unsent.lines, 4);
    assert!(matches!(unsent.error, Some(ShipError::Late(_))), "{:?}", unsent.error);
    assert_eq!(world.drained().await.lines, 0, "the next agent sends them");
    assert_eq!(world.service.seqs(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_failing_service_is_tried_again_with_growing_waits() {
    let world = World::new().await;
    world.write(1);
    world.service.is_told([
        Mood::FailBefore(SinkFault::Busy),
        Mood::FailBefore(SinkFault::Denied),
        Mood::FailBefore(SinkFault::Busy),
    ]);
    let started = world.clock.now();
    let mut shipper = world.shipper().await;
    let time = async {
        loop {
            if world.clock.sleepers() > 1 {
                // The deadline of the drain is the last sleeper; the waits come before it.
                let _ = world.clock.advance_to_next();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        unsent = shipper.drain(HOUR) => assert_eq!(unsent.unwrap().lines, 0),
        () = time => {}
    }
    let waited = world.clock.now().duration_since(started);
    assert_eq!(waited.as_millis(), 500 + 1000 + 2000);
}

fn moods() -> impl Strategy<Value = Vec<Option<Mood>>> {
    let faults =
        prop_oneof![Just(SinkFault::Busy), Just(SinkFault::Denied), Just(SinkFault::Missing)];
    let mood = prop_oneof![
        Just(None),
        faults.prop_map(|fault| Some(Mood::FailBefore(fault))),
        Just(Some(Mood::FailBefore(SinkFault::Unknown))),
        Just(Some(Mood::FailAfter(SinkFault::Unknown))),
        Just(Some(Mood::LoseTheNewest)),
    ];
    proptest::collection::vec(mood, 0..8)
}

/// What happens between two looks at a world.
#[derive(Debug, Clone)]
enum Turn {
    /// A stage (by number) writes lines.
    Write(usize, u64),
    /// The shipper passes over all logs.
    Ship,
    /// The agent dies in the middle of a pass, after it was polled so often, and another one goes on.
    Die(usize),
    /// Time passes: lines get older, perhaps too old.
    Wait(Duration),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => (0..3_usize, 1..5_u64).prop_map(|(stage, lines)| Turn::Write(stage, lines)),
        3 => Just(Turn::Ship),
        2 => (0..40_usize).prop_map(Turn::Die),
        1 => (1..400_u32).prop_map(|hours| Turn::Wait(hours * HOUR)),
    ];
    proptest::collection::vec(turn, 1..16)
}

/// Polls `future` so often and drops it, as a death does.
async fn cut_short<F: Future>(future: F, polls: usize) {
    let (mut future, mut left) = (Box::pin(future), polls);
    std::future::poll_fn(|context| {
        let is_over = left == 0 || future.as_mut().poll(context).is_ready();
        left = left.saturating_sub(1);
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_line_of_any_stream_is_lost_or_doubled_whatever_fails_and_whoever_dies(
        turns in turns(), moods in moods(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let stages: Vec<StageName> =
                ["gate", "plan", "train"].map(|name| name.parse().unwrap()).to_vec();
            let mut written: BTreeMap<StageName, u64> = BTreeMap::new();
            world.service.is_told(moods.into_iter().flatten());
            let mut shipper = world.shipper().await;
            for turn in turns {
                match turn {
                    Turn::Write(stage, lines) => {
                        let log = world.log_of(&stages[stage]);
                        for number in 0..lines {
                            log.line(Level::Info, &format!("line {number}")).unwrap();
                        }
                        *written.entry(stages[stage].clone()).or_default() += lines;
                    }
                    // A pass may fail: that is the point.
                    Turn::Ship => drop(shipper.ship_once().await),
                    Turn::Die(polls) => {
                        cut_short(shipper.ship_once(), polls).await;
                        shipper = world.shipper().await;
                    }
                    Turn::Wait(time) => world.clock.advance(time),
                }
            }
            while shipper.ship_once().await.is_err() {}
            world.is_accounted_for(&written).await;
        });
    }
}

impl World {
    /// Lines written are lines in the group and lines counted as rejected; in order, none twice.
    async fn is_accounted_for(&self, written: &BTreeMap<StageName, u64>) {
        let cursors = self.store.log_cursors(&self.run.id).await.unwrap();
        let arrived = self.service.lines();
        for (stage, written) in written {
            let seqs: Vec<u64> =
                arrived.iter().filter(|line| line.stage == *stage).map(|line| line.seq).collect();
            assert!(seqs.is_sorted_by(|one, next| one < next), "{stage}: {seqs:?}");
            let cursor = cursors.iter().find(|cursor| cursor.stage == *stage).unwrap();
            let rejected: u64 = cursor.rejected.values().sum();
            assert_eq!(seqs.len() as u64 + rejected, *written, "{stage}: {seqs:?} {cursor:?}");
            assert_eq!((cursor.sent, cursor.next_seq), (seqs.len() as u64, written + 1));
        }
    }
}

fn small_line() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z€ ]{0,40}", Just(String::new()), "[€\u{1}\"]{100,300}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_reader_gets_every_line_back_however_it_was_cut(
        lines in proptest::collection::vec((small_line(), 0..3_usize, any::<bool>()), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let log = world.log();
            let mut streams = [log.stream(Level::Info), log.stream(Level::Warning)];
            let mut expected = Vec::new();
            for (text, long, is_error) in lines {
                let pieces: Vec<String> = (0..long).map(|_| text.repeat(900)).collect();
                let stream = &mut streams[usize::from(is_error)];
                for piece in &pieces {
                    stream.piece(piece, Ending::Continued).unwrap();
                    // Somebody else writes in between.
                    log.line(Level::Debug, "between").unwrap();
                }
                stream.piece(&text, Ending::Complete).unwrap();
                let whole = pieces.concat() + &text;
                expected.push(if whole.is_empty() { " ".to_owned() } else { whole });
            }
            let kept = world.kept();
            assert!(kept.iter().all(|line| !line.message.is_empty()));
            let whole = joined(kept).into_iter().filter(|line| line.level != Level::Debug);
            assert_eq!(whole.map(|line| line.message).collect::<Vec<_>>(), expected);
            assert_eq!(world.drained().await.lines, 0);
        });
    }
}

#[test]
fn what_was_never_continued_is_not_joined() {
    let line = |seq, message: &str| LogLine {
        run: "01234567-89ab-7def-8123-456789abcdef".parse().unwrap(),
        stage: train(),
        seq,
        level: Level::Info,
        time: jiff::Timestamp::UNIX_EPOCH,
        message: message.to_owned(),
    };
    let lines = [line(1, "half …[continues]"), line(2, "other"), line(3, "[continued]… alone")];
    let messages: Vec<String> =
        joined(lines.clone()).into_iter().map(|line| line.message).collect();
    assert_eq!(messages, lines.map(|line| line.message));
}

#[tokio::test]
async fn trouble_with_one_stream_holds_up_no_other_and_no_stage() {
    let world = World::new().await;
    for stage in ["gate", "plan", "train", "validate", "z"] {
        let stage = stage.parse().unwrap();
        world.log_of(&stage).line(Level::Info, "a line").unwrap();
        let stream = format!("prod/a-b/{}/{stage}", world.run.id);
        world.service.ensure(&stream).await.unwrap();
    }
    world.service.is_told([Mood::Hang]);
    let mut shipper = world.shipper().await;
    let others_arrived = async {
        while world.service.lines().len() < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = shipper.ship_once() => panic!("one hangs, yet {ended:?}"),
        () = others_arrived => {}
    }
    assert_eq!(world.service.lines().len(), 4, "one hangs");
    // The stage whose stream hangs goes on writing, and so do the others.
    world.write(2);
    shipper.ship_once().await.unwrap();
    assert_eq!(world.service.lines().len(), 7);
}

fn limits(stage: u64, folder: u64) -> Limits {
    Limits { stage, folder, reserve: 500 }
}

#[tokio::test]
async fn a_stage_that_writes_without_end_is_told_and_the_agent_can_still_say_why() {
    let mut world = World::new().await;
    world.folder = world.folder.clone().within(limits(5_000, 1_000_000));
    let log = world.log();
    let mut stream = log.stream(Level::Info);
    let refused = (0..1_000).find_map(|_| stream.piece("again", Ending::Complete).err()).unwrap();
    assert!(refused.to_string().contains("has reached its limit of 5000 bytes"), "{refused}");
    log.line(Level::Error, "the stage ends").unwrap();
    assert_eq!(world.messages().last().unwrap(), "the stage ends");
    assert_eq!(world.drained().await.lines, 0);
    assert_eq!(world.service.seqs().len(), world.kept().len(), "what was taken is not lost");
}

#[tokio::test]
async fn a_full_folder_loses_the_oldest_runs_that_are_in_the_cloud_and_no_other() {
    let mut world = World::new().await;
    world.folder = world.folder.clone().within(limits(1_000_000, 30_000));
    let earlier: Vec<RunId> = (1..4)
        .map(|number| format!("0000000{number}-89ab-7def-8123-456789abcdef").parse().unwrap())
        .collect();
    for run in &earlier {
        let clock = Arc::new(world.clock.clone());
        let ids = (run, &train());
        let log = StageLog::open(&world.folder, ids, Masker::default(), clock, Arc::new(|_| {}));
        log.unwrap().line(Level::Info, &"x".repeat(8_000)).unwrap();
    }
    // The first run's lines are on this machine only.
    world.folder.note_shipped(&earlier[1]).unwrap();
    world.folder.note_shipped(&earlier[2]).unwrap();
    let is_there = |run: &RunId| world.folder.of_stage(run, &train()).exists();
    let log = world.log();
    log.line(Level::Info, &"x".repeat(8_000)).unwrap();
    assert_eq!(earlier.iter().map(is_there).collect::<Vec<_>>(), [true, false, true]);
    assert!(world.folder.was_removed(&earlier[1]) && !world.folder.was_removed(&earlier[2]));
    log.line(Level::Info, &"x".repeat(8_000)).unwrap();
    assert_eq!(earlier.iter().map(is_there).collect::<Vec<_>>(), [true, false, false]);
    let refused = log.line(Level::Info, &"x".repeat(8_000)).unwrap_err();
    assert!(refused.to_string().contains("the folder of all logs has reached"), "{refused}");
    assert!(is_there(&earlier[0]) && world.kept().len() == 2);
    world.drained().await;
    drop(log);
    world.log();
    assert!(!world.folder.of_run(&world.run.id).join("shipped").exists(), "new lines may come");
}

fn raw_lines() -> impl Strategy<Value = Vec<RawLine>> {
    let step = prop_oneof![6 => 0..5_000_i64, 1 => 3_600_000..200_000_000_i64];
    let size =
        prop_oneof![8 => 1..300_usize, 1 => 100_000..600_000_usize, 1 => 999_990..1_000_010_usize];
    proptest::collection::vec((step, size), 1..60).prop_map(|lines| {
        let mut time = 1_767_225_600_000;
        let mut end = 0;
        let of = |(at, (step, size)): (usize, (i64, usize))| {
            time += step;
            end += size as u64 + 1;
            let time = jiff::Timestamp::from_millisecond(time).unwrap();
            RawLine { seq: at as u64 + 1, time, text: "x".repeat(size), end }
        };
        lines.into_iter().enumerate().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_batch_keeps_every_rule_and_none_could_be_longer(
        lines in raw_lines(), most in 1..80_usize, now in 0..30_i64,
    ) {
        let last = lines.last().unwrap().time;
        let now = last + jiff::SignedDuration::from_hours(24 * now);
        let (mut done, mut rejected) = (0, 0);
        while done < lines.len() {
            let mut rest = lines[done..].iter().cloned();
            let taken = batch::take(|| Ok(rest.next()), batch::Extent::Fresh(most, now)).unwrap();
            let too_old = |line: &RawLine| now.duration_since(line.time).as_hours() >= 14 * 24
                && now.duration_since(line.time) > jiff::SignedDuration::from_hours(14 * 24);
            match taken {
                batch::Batch::Empty => unreachable!("there are lines"),
                batch::Batch::Reject { lines: count, reason, last_seq, end } => {
                    let gone = &lines[done..done + count as usize];
                    for line in gone {
                        let fits = if reason == "too long" { line.text.len() <= LONGEST_EVENT } else { !too_old(line) };
                        prop_assert!(!fits, "{}", reason);
                    }
                    done += gone.len();
                    rejected += gone.len();
                    prop_assert_eq!((last_seq, end), (done as u64, lines[done - 1].end));
                }
                batch::Batch::Put { events, last_seq, end } => {
                    let size = |events: &[LogEvent]| events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum::<usize>();
                    let span = events[events.len() - 1].timestamp_ms - events[0].timestamp_ms;
                    prop_assert!(events.len() <= most.min(MOST_EVENTS) && size(&events) <= MOST_BYTES);
                    prop_assert!(events.is_sorted_by_key(|event| event.timestamp_ms) && span <= 24 * 3_600_000);
                    for (event, line) in events.iter().zip(&lines[done..]) {
                        prop_assert_eq!((&event.message, event.timestamp_ms), (&line.text, line.time.as_millisecond()));
                        prop_assert!(event.message.len() <= LONGEST_EVENT && !too_old(line));
                    }
                    done += events.len();
                    prop_assert_eq!((last_seq, end), (done as u64, lines[done - 1].end));
                    if let Some(next) = lines.get(done) {
                        let span = next.time.as_millisecond() - events[0].timestamp_ms;
                        let is_full = events.len() == most
                            || size(&events) + next.text.len() + EVENT_OVERHEAD > MOST_BYTES
                            || span > 23 * 3_600_000
                            || next.text.len() > LONGEST_EVENT;
                        prop_assert!(is_full, "{} lines, then {:?}", events.len(), next.time);
                    }
                }
            }
        }
        prop_assert_eq!(done, lines.len());
        prop_assert!(rejected <= done);
    }
}
