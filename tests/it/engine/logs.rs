//! Two agents with a folder of logs each and one store: what a run's lines come to when it changes hands.

use super::*;
use relevo::engine::Orders;

/// Takes everything, unless it is away.
#[derive(Debug, Default)]
struct Group {
    lines: Mutex<Vec<(String, LogLine)>>,
    is_away: std::sync::atomic::AtomicBool,
}

impl LogSink for Group {
    fn ensure<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        batch: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        let is_away = self.is_away.load(std::sync::atomic::Ordering::Relaxed);
        if is_away {
            let message = "away".to_owned();
            let fault = relevo::logs::SinkFault::Denied;
            return Box::pin(async move { Err(SinkError { fault, message }) });
        }
        let line = |event: &LogEvent| serde_json::from_str(&event.message).unwrap();
        let lines = batch.iter().map(|event| (stream.to_owned(), line(event)));
        self.lines.lock().unwrap().extend(lines);
        Box::pin(async { Ok(PutOutcome::default()) })
    }

    fn arrived<'a>(
        &'a self,
        stream: &'a str,
        range: RangeInclusive<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        let lines = self.lines.lock().unwrap();
        let there = lines.iter().filter(|(of, line)| of == stream && range.contains(&line.seq));
        let there: BTreeSet<u64> = there.map(|(_, line)| line.seq).collect();
        Box::pin(async { Ok(there) })
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}

impl Group {
    fn is_away(&self, is_away: bool) {
        self.is_away.store(is_away, std::sync::atomic::Ordering::Relaxed);
    }

    /// The numbers of a stage's lines, in their order; each line is of the stage's one stream.
    fn seqs(&self, stage: &str) -> Vec<u64> {
        let lines = self.lines.lock().unwrap();
        let of_stage = lines.iter().filter(|(_, line)| line.stage.as_str() == stage);
        let mut seqs: Vec<u64> = of_stage
            .map(|(stream, line)| {
                assert!(stream.ends_with(&format!("{}/{stage}", line.run)), "{stream}");
                line.seq
            })
            .collect();
        seqs.sort_unstable();
        seqs
    }
}

/// An agent on another machine.
fn elsewhere(world: &World) -> Engine {
    let at = |folder: &str| world.temp.path().join("elsewhere").join(folder);
    Engine { logs: LogFolder::at(at("logs")), work: at("work"), ..world.engine.clone() }
}

fn orders(group: &Arc<Group>) -> Orders {
    Orders { cancel: Cancel::never(), sink: Some(Arc::clone(group) as Arc<dyn LogSink>) }
}

#[tokio::test]
async fn a_run_that_changes_hands_loses_and_doubles_no_line() {
    let world = World::new().await;
    let (here, there) = (&world.engine, elsewhere(&world));
    let (group, hangs) = (Arc::new(Group::default()), Arc::new(Notify::new()));
    let ship = async |engine: &Engine| {
        let sink = |_: &RunRecord| Some(Arc::clone(&group) as Arc<dyn LogSink>);
        engine.ship_leftovers(&sink, 9).await.unwrap()
    };
    world.told("c", [Act::Hang(Arc::clone(&hangs))]);
    let run = world.run(diamond()).await;
    group.is_away(true);
    tokio::select! {
        _ = here.drive(&run, orders(&group)) => panic!("it hangs"),
        () = hangs.notified() => {}
    }
    assert!(group.lines.lock().unwrap().is_empty(), "it died before it shipped");
    // the other agent goes on with a log of its own: it knows nothing of what is in the dead one's files
    world.clock.advance(LEASE_DURATION);
    group.is_away(false);
    let driven = there.drive(&run, orders(&group)).await.unwrap();
    assert_eq!((driven.outcome, driven.unsent.lines), (Some(Outcome::Succeeded), 0));
    assert_eq!(group.seqs("c"), [1_000_000_001], "not the byte where the dead one's file ended");
    assert!(group.seqs("a").is_empty());
    assert_eq!(ship(&there).await, 0);
    let missing = here.store.runs_with_unsent_logs(&here.logs.keeper().unwrap(), 9).await.unwrap();
    assert_eq!(missing, std::slice::from_ref(&run), "what the other one ships is not all");
    // the dead one is back
    world.clock.advance(LEASE_DURATION);
    assert_eq!(ship(here).await, 0);
    assert_eq!(group.seqs("a"), [1]);
    assert_eq!(group.seqs("c"), [1, 1_000_000_001]);
    for engine in [here, &there] {
        assert_eq!(ship(engine).await, 0);
        let keeper = engine.logs.keeper().unwrap();
        assert!(engine.store.runs_with_unsent_logs(&keeper, 9).await.unwrap().is_empty());
    }
    for stage in ["a", "b", "c", "d"] {
        let seqs = group.seqs(stage);
        assert!(seqs.is_sorted_by(|one, next| one < next), "{stage}: {seqs:?}");
    }
}

#[tokio::test]
async fn a_run_that_comes_back_goes_on_behind_what_the_other_agent_wrote() {
    let world = World::new().await;
    let (here, there) = (&world.engine, elsewhere(&world));
    let (group, hangs) = (Arc::new(Group::default()), Arc::new(Notify::new()));
    world.told("a", (0..2).map(|_| Act::Hang(Arc::clone(&hangs))));
    let run = world.run(vec![stage("a", &[])]).await;
    for engine in [here, &there] {
        tokio::select! {
            _ = engine.drive(&run, orders(&group)) => panic!("it hangs"),
            () = hangs.notified() => {}
        }
        world.clock.advance(LEASE_DURATION);
    }
    let driven = here.drive(&run, orders(&group)).await.unwrap();
    assert_eq!((driven.outcome, driven.unsent.lines), (Some(Outcome::Succeeded), 0));
    // what is here is shown in its order
    let mut tail = relevo::logs::Tail::new(here.logs.clone(), run.clone(), None);
    tail.look().unwrap();
    let seqs: Vec<u64> = std::iter::from_fn(|| tail.next().unwrap()).map(|line| line.seq).collect();
    assert_eq!(seqs, [1, 2_000_000_001]);
    let sink = |_: &RunRecord| Some(Arc::clone(&group) as Arc<dyn LogSink>);
    assert_eq!(there.ship_leftovers(&sink, 9).await.unwrap(), 0);
    assert_eq!(group.seqs("a"), [1, 1_000_000_001, 2_000_000_001]);
}

#[tokio::test]
async fn a_line_that_a_frozen_agent_writes_behind_what_was_shipped_is_shipped_too() {
    let world = World::new().await;
    let (here, there) = (&world.engine, elsewhere(&world));
    let (group, hangs) = (Arc::new(Group::default()), Arc::new(Notify::new()));
    world.told("a", [Act::Hang(Arc::clone(&hangs))]);
    let run = world.run(vec![stage("a", &[])]).await;
    tokio::select! {
        _ = here.drive(&run, orders(&group)) => panic!("it hangs"),
        () = hangs.notified() => {}
    }
    // what the frozen agent has open, and writes to once it goes on
    let (masker, clock) = (Masker::default(), Arc::clone(&here.clock));
    let ids = (&run, &"a".parse().unwrap());
    let frozen = StageLog::open(&here.logs, ids, masker, clock, Arc::new(|_| {})).unwrap();
    world.clock.advance(LEASE_DURATION);
    let driven = there.drive(&run, orders(&group)).await.unwrap();
    assert_eq!(driven.outcome, Some(Outcome::Succeeded));
    let sink = |_: &RunRecord| Some(Arc::clone(&group) as Arc<dyn LogSink>);
    let ship = async || here.ship_leftovers(&sink, 9).await.unwrap();
    assert_eq!((ship().await, group.seqs("a")), (0, vec![1, 1_000_000_001]));
    frozen.line(Level::Info, "late").unwrap();
    here.ship_leftovers(&|_: &RunRecord| None, 9).await.unwrap();
    let parts = here.store.log_parts(&run).await.unwrap();
    let shipped: Vec<bool> = parts.iter().map(|part| part.is_shipped).collect();
    assert_eq!(shipped, [false, true], "it is known, though nobody knows where to yet");
    assert_eq!((ship().await, group.seqs("a")), (0, vec![1, 2, 1_000_000_001]));
    // and again, for a process may be frozen more than once
    frozen.line(Level::Info, "later").unwrap();
    assert_eq!((ship().await, group.seqs("a")), (0, vec![1, 2, 3, 1_000_000_001]));
    assert_eq!((ship().await, group.lines.lock().unwrap().len()), (0, 4), "each once");
}

#[tokio::test]
async fn the_files_of_a_run_that_waits_for_people_do_not_go_to_make_room() {
    let world = World::new().await;
    let group = Arc::new(Group::default());
    let until = world.engine.clock.now() + HOUR;
    world.told("ask", [Act::Ask(until)]);
    let run = world.run(vec![stage("ask", &[])]).await;
    let mark = world.engine.logs.of_run(&run).join("shipped");
    let parked = world.engine.drive(&run, orders(&group)).await.unwrap();
    assert_eq!((parked.outcome, parked.unsent.lines, group.seqs("ask")), (None, 0, vec![1]));
    assert!(!mark.exists(), "it goes on in the same files");
    let driven = world.engine.drive(&run, orders(&group)).await.unwrap();
    assert_eq!((driven.outcome, group.seqs("ask")), (Some(Outcome::Succeeded), vec![1, 2]));
    assert!(mark.exists());
}
