//! What becomes of runs when agents die, meet or wait.

use super::*;
use relevo::engine::{AtRest, Order, end_at_rest};
use relevo::{flow::MOST_INTERRUPTIONS, ids::Attempt};
use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

#[tokio::test]
async fn a_run_is_driven_by_one_agent_and_taken_over_when_that_is_dead() {
    let world = World::new().await;
    let hangs = Arc::new(Notify::new());
    world.told("c", [Act::Hang(Arc::clone(&hangs))]);
    let run = world.run(diamond()).await;
    tokio::select! {
        _ = world.drive(&run, Cancel::never()) => panic!("it hangs"),
        () = hangs.notified() => {}
    }
    let held = world.drive(&run, Cancel::never()).await;
    assert!(matches!(held, Err(EngineError::Store(_))), "the lease outlives its owner: {held:?}");
    world.attempts();
    world.clock.advance(LEASE_DURATION);
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    let again: Vec<_> = world.attempts().into_iter().filter(|(stage, _)| stage != "b").collect();
    assert_eq!(again, [("c".to_owned(), 2), ("d".to_owned(), 1)], "finished stages stay finished");
    assert_eq!(world.log(&run, "c"), ["performing", "performing"]);
}

/// The end of a run as far as it must not depend on crashes.
async fn end(world: &World, run: &RunId) -> Vec<(StageName, Standing)> {
    let state = world.state(run).await;
    state.stages().iter().map(|(name, stage)| (name.clone(), stage.standing.clone())).collect()
}

#[tokio::test]
async fn a_crash_after_any_stored_event_leads_to_the_same_end() {
    let stages = || {
        let retry = Retry {
            attempts: 2,
            backoff: Duration::from_secs(5),
            classes: vec![FailureClass::CloudError],
        };
        let mut stages = diamond();
        stages[1].retry = retry;
        stages.push(Stage { on: On::Failure, ..stage("never", &["d"]) });
        stages
    };
    let whole = World::new().await;
    whole.told("b", [Act::Fail(FailureClass::CloudError)]);
    let first = whole.run(stages()).await;
    assert_eq!(whole.outcome(&first).await, Outcome::Succeeded);
    let events: Vec<Event> = whole.witness.events.lock().unwrap().clone();
    assert!(events.len() > 10, "{events:?}");
    for length in 0..events.len() {
        let world = World::new().await;
        let run = world.run(stages()).await;
        let dead = world.engine.store.acquire(&run).await.unwrap();
        let before = &events[..length];
        world.engine.store.append(&dead, 1, before).await.unwrap();
        world.clock.advance(LEASE_DURATION);
        assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
        assert_eq!(end(&world, &run).await, end(&whole, &first).await, "after {length} events");
        for (stage, _) in world.attempts() {
            let done = |event: &Event| matches!(event, Event::StageSucceeded { stage: s, .. } if s.as_str() == stage);
            assert!(!before.iter().any(done), "{stage} ran again after {length} events");
        }
    }
}

/// Renames a table of a store, which is there or away by that.
async fn rename(store: PathBuf, from: &str, to: &str) {
    use sqlx::{ConnectOptions as _, Executor as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(store);
    let rename = sqlx::AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    options.connect().await.unwrap().execute(sqlx::raw_sql(rename)).await.unwrap();
}

/// A clock on which a pause of half a second is over at once; after so many of them there is a table for evidence again.
#[derive(Debug)]
struct Napping {
    clock: SimulatedClock,
    store: OnceLock<PathBuf>,
    naps: AtomicU32,
    back_after: u32,
}

impl Clock for Napping {
    fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration != Duration::from_millis(500) {
            return self.clock.sleep(duration);
        }
        let naps = self.naps.fetch_add(1, Ordering::Relaxed) + 1;
        let store = self.store.get().filter(|_| naps == self.back_after).cloned();
        Box::pin(async {
            if let Some(store) = store {
                rename(store, "away", "evidence").await;
            }
        })
    }
}

/// How a run ends whose stage keeps evidence, where there is a table for that only after so many pauses; and how many
/// there were.
async fn kept_after(back_after: u32) -> (Outcome, u32) {
    let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let (store, naps) = Default::default();
    let time = Arc::new(Napping { clock: clock.clone(), store, naps, back_after });
    let world = World::with_time(&clock, Arc::clone(&time) as Arc<dyn Clock>).await;
    let file = world.temp.path().join("store.db");
    time.store.set(file.clone()).unwrap();
    world.told("a", [Act::Keep]);
    let run = world.run(vec![stage("a", &[])]).await;
    rename(file, "evidence", "away").await;
    (world.outcome(&run).await, time.naps.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_database_that_is_away_for_a_moment_fails_no_stage() {
    assert_eq!(kept_after(3).await, (Outcome::Succeeded, 3));
}

#[tokio::test]
async fn a_database_that_stays_away_is_not_waited_for_for_ever() {
    let failed = Outcome::Failed { stage: name("a"), class: FailureClass::AgentError };
    assert_eq!(kept_after(u32::MAX).await, (failed, 59));
}

#[tokio::test]
async fn a_cancel_that_was_stored_outlives_the_agent() {
    let world = World::new().await;
    let run = world.run(with_tidying()).await;
    let dead = world.engine.store.acquire(&run).await.unwrap();
    let cancel = Event::CancelRequested { stop: Stop::Gentle };
    world.engine.store.append(&dead, 1, &[cancel]).await.unwrap();
    world.engine.store.release(&dead).await.unwrap();
    assert_eq!(world.outcome(&run).await, Outcome::Cancelled);
    assert_eq!(world.attempts(), once(&["tidy"]));
}

#[tokio::test]
async fn what_was_stopped_while_nobody_drove_it_is_called_off_and_not_gone_on_with() {
    for stop in [Stop::Gentle, Stop::Forced] {
        let world = World::new().await;
        let run = world.run(vec![training("t", &[]), stage("after", &["t"])]).await;
        let dead = world.engine.store.acquire(&run).await.unwrap();
        let started = Event::StageStarted { stage: name("t"), attempt: Attempt::FIRST };
        world.engine.store.append(&dead, 1, &[started]).await.unwrap();
        world.engine.store.release(&dead).await.unwrap();
        let store = &world.engine.store;
        store.tell_to_stop(&run, stop).await.unwrap();
        let rest = end_at_rest(store, &run, Order::Stop, world.clock.now()).await.unwrap();
        assert_eq!(rest, AtRest::Acts, "only an agent reaches the cloud");
        assert_eq!(world.outcome(&run).await, Outcome::Cancelled);
        assert_eq!((world.attempts(), world.called_off()), (vec![], vec![("t".to_owned(), 2)]));
        assert_eq!(world.log(&run, "t"), ["called off"]);
    }
}

#[tokio::test]
async fn what_a_stage_has_left_that_kills_every_agent_is_called_off() {
    let world = World::new().await;
    let run = world.run(vec![training("t", &[])]).await;
    let dead = world.engine.store.acquire(&run).await.unwrap();
    let mut events = Vec::new();
    for number in 1..=MOST_INTERRUPTIONS {
        let (stage, attempt) = (name("t"), Attempt(number));
        let interrupted = Event::StageInterrupted { stage: stage.clone(), attempt };
        events.extend([Event::StageStarted { stage, attempt }, interrupted]);
    }
    events.pop();
    world.engine.store.append(&dead, 1, &events).await.unwrap();
    world.engine.store.release(&dead).await.unwrap();
    let failed = Outcome::Failed { stage: name("t"), class: FailureClass::AgentError };
    assert_eq!(world.outcome(&run).await, failed);
    let called_off = vec![("t".to_owned(), MOST_INTERRUPTIONS)];
    assert_eq!((world.attempts(), world.called_off()), (vec![], called_off));
}

/// An attempt that its agent died in counts against no retry: the next try goes on with what this one has left.
#[tokio::test]
async fn what_a_stage_has_left_is_there_for_its_next_try_after_a_crash_as_well() {
    let world = World::new().await;
    let failure = || Act::Fail(FailureClass::CloudError);
    world.told("t", [failure(), failure()]);
    let classes = vec![FailureClass::CloudError];
    let retry = Retry { attempts: 2, backoff: Duration::from_secs(5), classes };
    let run = world.run(vec![Stage { retry, ..training("t", &[]) }]).await;
    let dead = world.engine.store.acquire(&run).await.unwrap();
    let started = Event::StageStarted { stage: name("t"), attempt: Attempt::FIRST };
    world.engine.store.append(&dead, 1, &[started]).await.unwrap();
    world.engine.store.release(&dead).await.unwrap();
    let failed = Outcome::Failed { stage: name("t"), class: FailureClass::CloudError };
    assert_eq!(world.outcome(&run).await, failed);
    assert_eq!(world.attempts(), [("t".to_owned(), 2), ("t".to_owned(), 3)]);
    assert_eq!(world.called_off(), [("t".to_owned(), 3)], "the second try stops nothing");
}

#[tokio::test]
async fn a_run_that_cannot_be_driven_says_what_may_still_run() {
    let world = World::new().await;
    let run = world.run(vec![training("t", &[])]).await;
    let dead = world.engine.store.acquire(&run).await.unwrap();
    let started = Event::StageStarted { stage: name("t"), attempt: Attempt::FIRST };
    world.engine.store.append(&dead, 1, &[started]).await.unwrap();
    world.engine.store.release(&dead).await.unwrap();
    let order = Order::Unfit("it has no pipeline".to_owned());
    let rest = end_at_rest(&world.engine.store, &run, order, world.clock.now()).await.unwrap();
    let why = "it has no pipeline; what 't' started in the cloud may still run there".to_owned();
    assert_eq!(rest, AtRest::Over(Outcome::Unfit { why }));
}

#[tokio::test]
async fn runs_to_one_environment_follow_each_other() {
    let world = World::new().await;
    let (first, second) = (world.run(diamond()).await, world.run(diamond()).await);
    let go = Arc::new(Notify::new());
    world.told("a", [Act::Await(Arc::clone(&go))]);
    let one = world.outcome(&first);
    let two = async {
        while world.state(&first).await.stage(&name("a")).unwrap().attempt.is_none() {
            tokio::task::yield_now().await;
        }
        world.outcome(&second).await
    };
    let time = async {
        world.witness.waiting.notified().await;
        assert_eq!(world.attempts(), once(&["a"]), "the second waits");
        go.notify_one();
        while *world.state(&first).await.phase() == Phase::Open {
            tokio::task::yield_now().await;
        }
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcomes = async { tokio::join!(one, two) } => {
            assert_eq!(outcomes, (Outcome::Succeeded, Outcome::Succeeded));
        }
        () = time => {}
    }
    assert_eq!(world.attempts(), once(&["b", "c", "d", "a", "b", "c", "d"]));
}

#[tokio::test]
async fn a_run_stopped_while_it_waits_for_its_environment_does_nothing() {
    let world = World::new().await;
    let (holder, run) = (world.run(diamond()).await, world.run(with_tidying()).await);
    let lease = world.engine.store.acquire(&holder).await.unwrap();
    hold(&world, &lease).await;
    let (canceller, cancel) = Canceller::new();
    let (driven, ()) = tokio::join!(world.drive(&run, cancel), async {
        world.witness.waiting.notified().await;
        canceller.press();
    });
    assert_eq!(driven.unwrap().outcome, Some(Outcome::Cancelled));
    assert_eq!(world.attempts(), []);
}

async fn hold(world: &World, lease: &relevo::store::Lease) {
    let lane = relevo::queue::Lane::deploying("p", &"prod".parse().unwrap());
    let claimant = relevo::store::Claimant::Run;
    let claim = relevo::store::Claim { lane: &lane, claimant, environment: None };
    world.engine.store.queue_for(lease, claim).await.unwrap();
}
