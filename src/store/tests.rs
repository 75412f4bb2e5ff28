//! The store on real files, its clock turned by hand.

use super::*;
use crate::clock::SimulatedClock;
use crate::flow::{Event, Outcome};
use crate::ids::{Attempt, EnvName};
use crate::queue::Lane;
use crate::spec::Pipeline;
use serde_json::json;
use tempfile::TempDir;

struct Memory {
    store: Store,
    clock: SimulatedClock,
    folder: TempDir,
}

async fn memory() -> Memory {
    let folder = TempDir::new().unwrap();
    let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let store =
        Store::open(&folder.path().join("store.db"), Arc::new(clock.clone())).await.unwrap();
    Memory { store, clock, folder }
}

impl Memory {
    async fn reopened(&self) -> Result<Store, StoreError> {
        Store::open(&self.folder.path().join("store.db"), Arc::new(self.clock.clone())).await
    }

    async fn run(&self) -> RunRecord {
        self.store.create_or_find(new_run(), Ask::Again).await.unwrap().into_run()
    }
}

fn prod() -> EnvName {
    "prod".parse().unwrap()
}

fn new_run() -> NewRun {
    NewRun {
        repository: "/repo".into(),
        reference: "main".into(),
        commit: "0123456789012345678901234567890123456789".parse().unwrap(),
        environment: prod(),
        facts: Facts {
            event: "manual".into(),
            changed_paths: vec!["data/a.csv".into()],
            by: None,
            plan: None,
        },
        pipeline: Pipeline { name: "p".into(), environments: Vec::new(), stages: Vec::new() },
        reused: Vec::new(),
    }
}

fn lane() -> Lane {
    Lane::deploying("p", &prod())
}

fn claim(lane: &Lane) -> Claim<'_> {
    Claim { lane, claimant: Claimant::Run, environment: None }
}

fn started() -> Event {
    Event::StageStarted { stage: "a".parse().unwrap(), attempt: Attempt::FIRST }
}

fn finished() -> Event {
    Event::RunFinished { outcome: Outcome::Succeeded }
}

#[tokio::test]
async fn a_commit_gets_one_run_per_environment_unless_asked_again() {
    let memory = memory().await;
    let first = memory.store.create_or_find(new_run(), Ask::Once).await.unwrap();
    let Found::New(first) = first else { panic!("it was there before it was made") };
    let same = memory.reopened().await.unwrap().create_or_find(new_run(), Ask::Once).await.unwrap();
    assert_eq!(same, Found::Existing(first.clone()));
    let again = memory.store.create_or_find(new_run(), Ask::Again).await.unwrap().into_run();
    assert_eq!((again.ask, again.id == first.id), (1, false));
    let latest = memory.store.create_or_find(new_run(), Ask::Once).await.unwrap().into_run();
    assert_eq!(latest.id, again.id);
    let elsewhere = NewRun { environment: "dev".parse().unwrap(), ..new_run() };
    assert!(matches!(
        memory.store.create_or_find(elsewhere, Ask::Once).await.unwrap(),
        Found::New(_)
    ));
}

#[tokio::test]
async fn many_at_once_make_one_run() {
    let memory = memory().await;
    let asks = (0..8).map(|_| memory.store.create_or_find(new_run(), Ask::Once));
    let found = futures_util::future::join_all(asks).await;
    let new = found.iter().filter(|found| matches!(found, Ok(Found::New(_)))).count();
    assert_eq!((new, memory.store.newest_runs(10).await.unwrap().len()), (1, 1));
}

#[tokio::test]
async fn events_come_back_in_order_and_the_last_closes_the_run() {
    let memory = memory().await;
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    assert_eq!(memory.store.open_runs().await.unwrap(), std::slice::from_ref(&run));
    memory.store.append(&lease, 1, &[started()]).await.unwrap();
    memory.clock.advance(Duration::from_secs(5));
    memory.store.append(&lease, 2, &[finished()]).await.unwrap();
    let events = memory.reopened().await.unwrap().events(&run.id).await.unwrap();
    let expected = [Event::RunCreated, started(), finished()];
    assert!(events.iter().map(|stored| &stored.event).eq(&expected));
    assert_eq!(events.iter().map(|stored| stored.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events[2].at.duration_since(events[1].at).as_secs(), 5);
    assert!(memory.store.open_runs().await.unwrap().is_empty());
    let last = memory.store.run(&run.id).await.unwrap();
    assert_eq!(last.outcome, Some(Outcome::Succeeded));
}

#[tokio::test]
async fn a_place_in_the_log_is_written_once() {
    let memory = memory().await;
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    let twice = memory.store.append(&lease, 0, &[started(), finished()]).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost(_))));
    assert_eq!(memory.store.events(&run.id).await.unwrap().len(), 1, "all or none");
}

#[tokio::test]
async fn a_lease_is_exclusive_until_it_ends_and_its_old_owner_then_writes_nothing() {
    let memory = memory().await;
    let run = memory.run().await;
    let old = memory.store.acquire(&run.id).await.unwrap();
    let held = memory.store.acquire(&run.id).await;
    assert!(matches!(held, Err(StoreError::LeaseHeld { .. })), "{held:?}");
    memory.clock.advance(LEASE_DURATION / 2);
    memory.store.renew(&old).await.unwrap();
    memory.clock.advance(LEASE_DURATION / 2);
    assert!(memory.store.acquire(&run.id).await.is_err(), "it was renewed");
    memory.clock.advance(LEASE_DURATION / 2);
    let new = memory.store.acquire(&run.id).await.unwrap();

    let lost = |result: Result<(), StoreError>| matches!(result, Err(StoreError::LeaseLost(_)));
    assert!(lost(memory.store.renew(&old).await));
    assert!(lost(memory.store.append(&old, 1, &[started()]).await.map(|_| ())));
    assert!(lost(memory.store.keep_evidence(&old, "plan", &json!({})).await));
    assert!(lost(memory.store.queue_for(&old, claim(&lane())).await.map(|_| ())));
    let cursor = LogCursor::start("a".parse().unwrap());
    assert!(lost(memory.store.keep_log_cursor(&old, &cursor).await));
    memory.store.release(&old).await.unwrap();
    memory.store.append(&new, 1, &[started()]).await.unwrap();
}

#[tokio::test]
async fn the_lease_of_a_dead_process_is_taken_at_once() {
    let memory = memory().await;
    let run = memory.run().await;
    let dead = Owner { pid: u32::MAX, ..Owner::this_process().unwrap() };
    let dying = Store { owner: dead, ..memory.store.clone() };
    let old = dying.acquire(&run.id).await.unwrap();
    memory.store.acquire(&run.id).await.unwrap();
    assert!(matches!(dying.renew(&old).await, Err(StoreError::LeaseLost(_))));
}

#[tokio::test]
async fn a_living_process_keeps_its_lease_however_long_it_was_busy() {
    let memory = memory().await;
    let run = memory.run().await;
    // The parent of every test process is a living process that is not this one.
    let parent = std::os::unix::process::parent_id();
    let stat = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    let started = fields.split_whitespace().nth(19).unwrap().parse().unwrap();
    let busy = Owner { pid: parent, started, ..Owner::this_process().unwrap() };
    Store { owner: busy, ..memory.store.clone() }.acquire(&run.id).await.unwrap();
    memory.clock.advance(LEASE_DURATION * 100);
    let held = memory.store.acquire(&run.id).await;
    assert!(matches!(held, Err(StoreError::LeaseHeld { .. })), "{held:?}");
}

#[tokio::test]
async fn runs_to_one_environment_take_turns_in_the_order_they_asked() {
    let memory = memory().await;
    let runs = [memory.run().await, memory.run().await, memory.run().await];
    let mut leases = Vec::new();
    for run in &runs {
        leases.push(memory.store.acquire(&run.id).await.unwrap());
    }
    let lane = lane();
    let place = |index: usize| memory.store.queue_for(&leases[index], claim(&lane));
    assert_eq!(place(0).await.unwrap(), Place::Held);
    assert_eq!(place(1).await.unwrap(), Place::Behind(runs[0].id.clone()));
    assert_eq!(place(2).await.unwrap(), Place::Behind(runs[0].id.clone()));
    assert_eq!(place(0).await.unwrap(), Place::Held, "asking again changes nothing");
    memory.store.append(&leases[0], 1, &[finished()]).await.unwrap();
    assert_eq!(place(2).await.unwrap(), Place::Behind(runs[1].id.clone()));
    assert_eq!(place(1).await.unwrap(), Place::Held);
}

#[tokio::test]
async fn a_dead_holder_loses_the_environment_and_queues_again() {
    let memory = memory().await;
    let (dead, next) = (memory.run().await, memory.run().await);
    let lease = memory.store.acquire(&dead.id).await.unwrap();
    assert_eq!(memory.store.queue_for(&lease, claim(&lane())).await.unwrap(), Place::Held);
    memory.clock.advance(LEASE_DURATION);
    let taker = memory.store.acquire(&next.id).await.unwrap();
    assert_eq!(memory.store.queue_for(&taker, claim(&lane())).await.unwrap(), Place::Held);
    let resumed = memory.store.acquire(&dead.id).await.unwrap();
    let place = memory.store.queue_for(&resumed, claim(&lane())).await.unwrap();
    assert_eq!(place, Place::Behind(next.id));
}

#[tokio::test]
async fn evidence_and_cursors_are_kept_and_replaced() {
    let memory = memory().await;
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    for auc in [0.8, 0.9] {
        memory.store.keep_evidence(&lease, "gate", &json!({ "auc": auc })).await.unwrap();
    }
    assert_eq!(memory.store.evidence(&run.id, "gate").await.unwrap(), Some(json!({"auc": 0.9})));
    assert_eq!(memory.store.all_evidence(&run.id).await.unwrap().len(), 1);

    let mut cursor = LogCursor::start("a".parse().unwrap());
    cursor.intent = Some((7, memory.clock.now()));
    cursor.rejected.insert("too old".into(), 2);
    memory.store.keep_log_cursor(&lease, &cursor).await.unwrap();
    assert_eq!(memory.store.log_cursors(&run.id).await.unwrap(), [cursor]);
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    assert_eq!(memory.store.runs_with_unsent_logs(9).await.unwrap(), std::slice::from_ref(&run.id));
    memory.store.logs_are_shipped(&lease).await.unwrap();
    assert!(memory.store.runs_with_unsent_logs(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_is_found_by_its_last_digits() {
    let memory = memory().await;
    let run = memory.run().await;
    assert_eq!(memory.store.run_by_digits(run.id.short()).await.unwrap(), run);
    assert_eq!(memory.store.run_by_digits(run.id.as_str()).await.unwrap(), run);
    for unknown in ["", "%", "ffffffffffffffff"] {
        let found = memory.store.run_by_digits(unknown).await;
        assert!(matches!(found, Err(StoreError::NoSuchRun(_))), "{unknown}");
    }
}

#[tokio::test]
async fn a_store_of_a_newer_agent_is_left_alone() {
    let memory = memory().await;
    sqlx::query("UPDATE schema_version SET version = 99")
        .execute(&memory.store.pool)
        .await
        .unwrap();
    let reopened = memory.reopened().await;
    assert!(matches!(reopened, Err(StoreError::Newer { found: 99, .. })), "{reopened:?}");
}

fn watched(number: i64, progress: Progress) -> WatchedExecution {
    WatchedExecution {
        execution: format!("arn:{number}"),
        began: Timestamp::from_second(number).unwrap(),
        verdict: "drift".to_owned(),
        evidence: json!({ "rows": 48 }),
        answer: json!({ "do": "nothing" }),
        progress,
        training: None,
        told: None,
    }
}

#[tokio::test]
async fn what_was_seen_is_remembered_until_it_is_done() {
    let memory = memory().await;
    let (store, env) = (&memory.store, prod());
    assert_eq!(store.watched_since(&env).await.unwrap(), None);
    let lease = store.acquire_watch(&env).await.unwrap();
    assert_eq!(store.watched_since(&env).await.unwrap(), None);
    for (number, progress) in
        [(1, Progress::Done), (2, Progress::Supplied), (3, Progress::Intended)]
    {
        store.keep_watched(&lease, &watched(number, progress)).await.unwrap();
    }
    let since = Timestamp::from_second(2).unwrap();
    store.watch_since(&lease, since).await.unwrap();
    let again = memory.reopened().await.unwrap();
    assert_eq!(again.watched_since(&env).await.unwrap(), Some(since));
    let half: Vec<i64> = again
        .half_answered(&env, 9)
        .await
        .unwrap()
        .iter()
        .map(|one| one.began.as_second())
        .collect();
    assert_eq!(half, [2, 3]);
    let known = again.watched_executions(&env, since).await.unwrap();
    assert!(known.contains(&("arn:3".to_owned(), Timestamp::from_second(3).unwrap())));
    assert_eq!(known.len(), 2);
    let before = again.watched_before(&env, since).await.unwrap().unwrap();
    assert_eq!(before, watched(1, Progress::Done));

    let done = WatchedExecution {
        training: Some("arn:t".to_owned()),
        told: Some(since),
        ..watched(2, Progress::Done)
    };
    store.keep_watched(&lease, &done).await.unwrap();
    let third = Timestamp::from_second(3).unwrap();
    assert_eq!(store.watched_before(&env, third).await.unwrap(), Some(done));
    assert_eq!(store.half_answered(&env, 9).await.unwrap().len(), 1);
    assert!(store.half_answered(&"dev".parse().unwrap(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_watcher_that_was_replaced_changes_nothing() {
    let memory = memory().await;
    let first = memory.store.acquire_watch(&prod()).await.unwrap();
    let refused = memory.store.acquire_watch(&prod()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Watched { .. }), "{refused:?}");
    memory.clock.advance(LEASE_DURATION / 2);
    memory.store.keep_watched(&first, &watched(1, Progress::Intended)).await.unwrap();
    memory.clock.advance(LEASE_DURATION / 2);
    assert!(memory.store.acquire_watch(&prod()).await.is_err(), "writing keeps the lease");
    memory.clock.advance(LEASE_DURATION);
    let second = memory.store.acquire_watch(&prod()).await.unwrap();
    for lost in [
        memory.store.keep_watched(&first, &watched(1, Progress::Done)).await,
        memory.store.watch_since(&first, Timestamp::UNIX_EPOCH).await,
    ] {
        assert!(matches!(lost, Err(StoreError::WatchLost(_))), "{lost:?}");
    }
    memory.store.release_watch(&first).await.unwrap();
    memory.store.keep_watched(&second, &watched(1, Progress::Started)).await.unwrap();
    memory.store.release_watch(&second).await.unwrap();
    memory.store.acquire_watch(&prod()).await.unwrap();
}
