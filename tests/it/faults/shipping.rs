//! Log lines on their way to the group while things go wrong: each is there exactly once.

use super::{
    proxy::{Fault, Planned},
    world::World,
};
use relevo::{
    aws::Purpose,
    clock::SimulatedClock,
    ids::StageName,
    logs::{
        Archive, CloudWatch, Extent, Level, LogFolder, LogLine, Masker, Search, Shipment, Shipper,
        StageLog,
    },
    spec::{LogGroupClass, Pipeline},
    store::{Ask, Facts, Lease, NewRun, Reused, RunRecord, Store},
};
use std::{sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Passes before a log is given up; each ends at the first thing that goes wrong.
const MOST_PASSES: usize = 100;

/// A run that writes lines, and the agent that ships them.
pub(super) struct Writer {
    clock: SimulatedClock,
    folder: LogFolder,
    store: Store,
    run: RunRecord,
    lease: Lease,
}

impl Writer {
    pub(super) async fn new(world: &World) -> Self {
        let clock = SimulatedClock::at(world.bench.now());
        let file = world.bench.folder.path().join("store.sqlite");
        let store = Store::open(&file, Arc::new(clock.clone())).await.unwrap();
        let new = NewRun {
            repository: "/repository".into(),
            reference: "main".into(),
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            environment: "prod".parse().unwrap(),
            facts: Facts::default(),
            pipeline: Pipeline { name: "mammo".into(), environments: vec![], stages: vec![] },
            reused: Reused::default(),
        };
        let run = store.create_or_find(new, Ask::Once).await.unwrap().into_run();
        let lease = store.acquire(&run.id).await.unwrap();
        let folder = LogFolder::at(world.bench.folder.path().join("logs"));
        Self { clock, folder, store, run, lease }
    }

    pub(super) fn write(&self, stage: &str, lines: usize) {
        let stage: StageName = stage.parse().unwrap();
        let clock = Arc::new(self.clock.clone());
        let ids = (&self.run.id, &stage);
        let log =
            StageLog::open(&self.folder, ids, Masker::default(), clock, Arc::new(|_| {})).unwrap();
        for number in 0..lines {
            log.line(Level::Info, &format!("line {number}")).unwrap();
        }
    }

    /// A fresh agent's shipper, as after a crash.
    pub(super) async fn shipper(&self, world: &World) -> Shipper {
        let (access, run) = (world.access.clone(), self.run.id.clone());
        let shipment = Shipment {
            store: self.store.clone(),
            clock: Arc::new(self.clock.clone()),
            folder: self.folder.clone(),
            sink: Arc::new(CloudWatch::new(access, world.prod.clone(), run).settled()),
        };
        Shipper::new(shipment, &self.run, self.lease.clone()).await.unwrap()
    }

    /// Ships all there is, with a new shipper after each failure. Returns the number of failures.
    pub(super) async fn shipped(&self, world: &World) -> usize {
        for failures in 0..MOST_PASSES {
            let mut shipper = self.shipper(world).await;
            if Box::pin(shipper.ship_once()).await.is_ok() {
                return failures;
            }
        }
        panic!("never shipped");
    }

    /// Every line is in its stream, once and in order.
    pub(super) async fn all_arrived(&self, world: &World, lines: &[(&str, usize)]) {
        let logs = world.past(Purpose::Logs).await.logs();
        for (stage, lines) in lines {
            let stream = format!("prod/mammo/{}/{stage}", self.run.id);
            let read = logs.read("jenkins-log", &stream, 0, usize::MAX).await.unwrap();
            let seqs: Vec<u64> = read
                .iter()
                .map(|event| serde_json::from_str::<LogLine>(&event.message).unwrap().seq)
                .collect();
            assert_eq!(seqs, (1..=*lines as u64).collect::<Vec<_>>(), "{stage}");
        }
    }
}

/// Everything that shipping calls.
const CALLS: [&str; 6] = [
    "AssumeRole",
    "GetCallerIdentity",
    "CreateLogGroup",
    "PutRetentionPolicy",
    "CreateLogStream",
    "PutLogEvents",
];

/// Spoils each call of shipping four times over: more often than any is tried.
async fn survives(fault: Fault) {
    let (world, lines) = (World::new().await, [("plan", 30), ("train", 7)]);
    let writer = Writer::new(&world).await;
    // one stream is there when things begin to go wrong, the other is not
    writer.write("plan", 3);
    writer.shipped(&world).await;
    writer.write("plan", 27);
    writer.write("train", 7);
    world.proxy.plan(CALLS.iter().chain(&["FilterLogEvents"]).map(|call| Planned {
        operation: Some((*call).to_owned()),
        after: 0,
        times: 4,
        fault,
    }));
    let failures = writer.shipped(&world).await;
    assert!(failures > 0);
    assert!(world.proxy.spoilt() >= CALLS.len());
    world.proxy.plan([]);
    writer.all_arrived(&world, &lines).await;
    assert_eq!(writer.shipped(&world).await, 0);
    assert!(!world.proxy.heard().contains(&"PutLogEvents".to_owned()));
}

#[tokio::test]
async fn lines_survive_a_service_that_fails() {
    survives(Fault::Fails(500)).await;
}

#[tokio::test]
async fn lines_survive_throttling() {
    survives(Fault::Throttles(Some(9))).await;
}

#[tokio::test]
async fn lines_survive_connections_that_are_reset_before_anything_is_done() {
    survives(Fault::ResetBefore).await;
}

#[tokio::test]
async fn lines_survive_connections_that_are_reset_after_it_was_done() {
    survives(Fault::ResetAfter).await;
}

#[tokio::test]
async fn lines_survive_answers_that_break_off() {
    survives(Fault::Truncated).await;
}

#[tokio::test]
async fn lines_survive_a_session_that_ends() {
    survives(Fault::Expired).await;
}

#[tokio::test]
async fn lines_that_arrived_are_found_behind_an_empty_page() {
    let world = World::new().await;
    let writer = Writer::new(&world).await;
    writer.write("plan", 5);
    writer.shipped(&world).await;
    writer.write("plan", 5);
    let lost = |operation: &str, times, fault| Planned {
        operation: Some(operation.to_owned()),
        after: 0,
        times,
        fault,
    };
    world.proxy.plan([
        lost("PutLogEvents", 1, Fault::ResetAfter),
        lost("FilterLogEvents", 3, Fault::EmptyPage("events")),
    ]);
    assert_eq!(writer.shipped(&world).await, 1);
    assert_eq!(world.proxy.spoilt(), 4);
    let puts = world.proxy.heard().iter().filter(|call| *call == "PutLogEvents").count();
    assert_eq!(puts, 1, "what has arrived is not put again");
    writer.all_arrived(&world, &[("plan", 10)]).await;
}

/// Nothing can be read there, so a lost answer leaves nothing to decide by.
#[tokio::test]
async fn lines_of_a_group_that_cannot_be_read_arrive_and_are_counted_as_perhaps_twice() {
    let mut world = World::new().await;
    world.prod.log_group.class = LogGroupClass::InfrequentAccess;
    let writer = Writer::new(&world).await;
    writer.write("plan", 3);
    writer.shipped(&world).await;
    writer.write("plan", 5);
    world.proxy.plan([Planned {
        operation: Some("PutLogEvents".to_owned()),
        after: 0,
        times: 1,
        fault: Fault::ResetAfter,
    }]);
    assert_eq!(writer.shipped(&world).await, 1);
    let puts = world.proxy.heard().iter().filter(|call| *call == "PutLogEvents").count();
    assert_eq!(puts, 2, "better twice than not at all");
    let cursors = writer.store.log_cursors(&writer.run.id).await.unwrap();
    assert_eq!((cursors[0].sent, cursors[0].perhaps_twice), (8, 5));
    let unsent = writer.shipper(&world).await.drain(HOUR).await.unwrap();
    let told = unsent.told().unwrap();
    assert!(told.starts_with("5 log lines may be in the cloud twice"), "{told}");
}

#[tokio::test]
async fn a_search_ends_at_its_bound_and_says_so() {
    let world = World::new().await;
    let writer = Writer::new(&world).await;
    for stage in ["plan", "train"] {
        writer.write(stage, 3);
    }
    writer.shipped(&world).await;
    let archive = Archive::open(&world.access, &world.prod, &writer.run.id).await.unwrap();
    for (text, most, found, extent) in [
        ("line", 7, 6, Extent::Whole),
        ("line", 6, 6, Extent::Whole),
        ("line", 5, 5, Extent::Cut),
        ("line 1", 1, 1, Extent::Cut),
        ("line 1", 2, 2, Extent::Whole),
        ("nowhere", 1, 0, Extent::Whole),
    ] {
        let (text, stream_prefix) = (text.to_owned(), String::new());
        let search = Search { text, stream_prefix, from_ms: 0, most };
        let told = archive.search(&search).await.unwrap();
        assert_eq!((told.lines.len(), told.extent), (found, extent), "{search:?}");
        assert!(told.lines.is_sorted_by_key(|line| line.time));
    }
}
