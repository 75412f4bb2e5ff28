//! Agents, and which runs they may take.

use super::*;
use relevo::clock::{Clock as _, SimulatedClock, SystemClock};
use relevo::dispatch::pass;
use relevo::ids::Label;
use relevo::queue::{Reason, Room};
use relevo::spec::{EnvironmentRule, Pipeline};
use sqlx::{AnyConnection, Connection as _, Executor as _};
use std::{collections::BTreeSet, sync::Arc};

on_both!(
    agents_are_known_until_they_are_forgotten,
    a_run_is_offered_to_who_may_take_it_and_only_while_nobody_has_it,
    repositories_take_turns,
);

fn labels(names: &[&str]) -> BTreeSet<Label> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn agents_are_known_until_they_are_forgotten(memory: Memory) {
    let new = NewAgent {
        name: "blue".parse().ok(),
        version: "0.1.0".to_owned(),
        labels: labels(&["vpc"]),
    };
    let (one, other) = (memory.elsewhere("one"), memory.elsewhere("other"));
    let first = one.enlist(&new).await.unwrap();
    memory.clock.advance(Duration::from_secs(1));
    let second = other.enlist(&new).await.unwrap();
    one.acquire(&memory.run().await.id).await.unwrap();
    other.drains(&second).await.unwrap();
    let told = |agents: Vec<AgentRecord>| -> Vec<_> {
        agents.into_iter().map(|agent| (agent.id, agent.presence, agent.runs)).collect()
    };
    let agents = memory.store.agents().await.unwrap();
    assert_eq!(
        (agents[0].labels.clone(), agents[0].version.as_str(), agents[0].name.clone()),
        (new.labels.clone(), "0.1.0", new.name.clone())
    );
    let both = [(first.clone(), Presence::Working, 1), (second.clone(), Presence::Draining, 0)];
    assert_eq!(told(agents), both);
    memory.clock.advance(LEASE_DURATION * 2);
    other.is_there().await.unwrap();
    let lost = [(first, Presence::Lost, 0), (second.clone(), Presence::Draining, 0)];
    assert_eq!(told(memory.store.agents().await.unwrap()), lost);
    memory.clock.advance(Duration::from_secs(24 * 60 * 60));
    other.is_there().await.unwrap();
    let third = memory.elsewhere("third").enlist(&new).await.unwrap();
    memory.store.discharge(&second).await.unwrap();
    let left = [(third, Presence::Working, 0)];
    assert_eq!(told(memory.store.agents().await.unwrap()), left);
}

async fn a_run_is_offered_to_who_may_take_it_and_only_while_nobody_has_it(memory: Memory) {
    let rule = EnvironmentRule {
        supersede: relevo::spec::Supersede::default(),
        windows: None,
        name: prod(),
        branch: "main".to_owned(),
        after: None,
        runs_on: labels(&["vpc"]),
    };
    let pipeline = Pipeline { environments: vec![rule], ..new_run().pipeline };
    let run = NewRun { pipeline, ..new_run() };
    let run = memory.store.create_or_find(run, Ask::Once).await.unwrap().into_run();
    let offered = async |names: &[&str]| memory.store.claimable_runs(&labels(names)).await;
    assert!(offered(&[]).await.unwrap().is_empty());
    assert_eq!(offered(&["gpu", "vpc"]).await.unwrap(), std::slice::from_ref(&run.id));
    let lease = memory.elsewhere("one").acquire(&run.id).await.unwrap();
    assert!(offered(&["vpc"]).await.unwrap().is_empty());
    memory.clock.advance(LEASE_DURATION);
    assert_eq!(
        offered(&["vpc"]).await.unwrap(),
        std::slice::from_ref(&run.id),
        "its agent is lost"
    );
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    assert!(offered(&["vpc"]).await.unwrap().is_empty());
}

async fn repositories_take_turns(memory: Memory) {
    let mut made = Vec::new();
    for repository in ["/busy", "/busy", "/rare"] {
        memory.clock.advance(Duration::from_secs(1));
        let new = NewRun { repository: repository.to_owned(), ..new_run() };
        made.push(memory.store.create_or_find(new, Ask::Again).await.unwrap().into_run());
    }
    let offered = async || {
        let runs = memory.store.claimable_runs(&BTreeSet::new()).await.unwrap();
        runs.into_iter().map(|run| made.iter().position(|made| made.id == run).unwrap()).collect()
    };
    let at_first: Vec<usize> = offered().await;
    assert_eq!(at_first, [0, 2, 1]);
    let lease = memory.store.acquire(&made[0].id).await.unwrap();
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    let then: Vec<usize> = offered().await;
    assert_eq!(then, [2, 1], "the others were served last");
}

#[tokio::test]
async fn an_agent_starts_what_it_has_the_labels_for_in_turn() {
    let Some(memory) = Memory::postgres().await else { return };
    let with = async |repository: &str, asked: &[&str]| {
        memory.clock.advance(Duration::from_secs(1));
        let rule = EnvironmentRule {
            supersede: relevo::spec::Supersede::Every,
            windows: None,
            name: prod(),
            branch: "main".to_owned(),
            after: None,
            runs_on: labels(asked),
        };
        let name = repository.replace('/', "");
        let pipeline = Pipeline { name, environments: vec![rule], ..new_run().pipeline };
        let new = NewRun { repository: repository.to_owned(), pipeline, ..new_run() };
        memory.store.create_or_find(new, Ask::Again).await.unwrap().into_run().id
    };
    let served = with("/served", &[]).await;
    let lease = memory.store.acquire(&served).await.unwrap();
    memory.store.append(&lease, 1, &[finished()]).await.unwrap();
    let (busy, special) = (with("/served", &[]).await, with("/special", &["vpc"]).await);
    let rare = with("/rare", &[]).await;
    let look = async |has: &[&str], slots| {
        let room = Room { slots, shortage: None };
        let (now, ours) = (memory.clock.now(), BTreeSet::new());
        let looked = pass(&memory.store, now, room, &ours, &labels(has)).await.unwrap();
        let start: Vec<_> = looked.start.into_iter().map(|run| run.id).collect();
        (start, looked.waiting)
    };
    let missing = Reason::Labels { labels: labels(&["vpc"]) };
    let expected = [(busy.clone(), Reason::Slot), (special.clone(), missing)];
    assert_eq!(look(&[], 1).await, (vec![rare.clone()], expected.to_vec()), "the rare one's turn");
    let new = NewAgent { name: None, version: "1".to_owned(), labels: labels(&["gpu", "vpc"]) };
    memory.elsewhere("other").enlist(&new).await.unwrap();
    let elsewhere = vec![(special.clone(), Reason::Elsewhere)];
    assert_eq!(look(&[], 2).await, (vec![busy.clone(), rare.clone()], elsewhere));
    assert_eq!(look(&["vpc"], 9).await, (vec![busy, special, rare], Vec::new()));
}

#[tokio::test]
async fn many_may_begin_at_the_same_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![StoreAddress::file(&folder.path().join("store.db"))];
    let postgres = postgres::fresh().await;
    places.extend(postgres.map(|url| StoreAddress::postgres(&url).unwrap()));
    for place in places {
        let open = || Store::connect(place.clone(), Arc::new(SystemClock));
        let opened = futures_util::future::join_all((0..6).map(|_| open())).await;
        for store in opened {
            assert_eq!(store.unwrap().open_runs().await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn a_store_shows_no_password() {
    let Some(url) = postgres::fresh().await else { return };
    let address = StoreAddress::postgres(&format!("{url}&password=hunter2-pw")).unwrap();
    let store = Store::connect(address, Arc::new(SystemClock)).await.unwrap();
    assert!(!format!("{store:?} {}", store.address()).contains("hunter2"), "{store:?}");
}

/// Two machines of a fleet whose clocks differ by decades: only the database's counts.
async fn fast_and_slow() -> Option<(Store, Store)> {
    let address = StoreAddress::postgres(&postgres::fresh().await?).unwrap();
    let at = async |year: u16| {
        let clock = SimulatedClock::at(format!("{year}-01-01T00:00:00Z").parse().unwrap());
        let store = Store::connect(address.clone(), Arc::new(clock)).await.unwrap();
        let owner = Owner { boot: year.to_string(), ..Owner::this_process().unwrap() };
        store.as_seen_by(owner)
    };
    Some((at(2040).await, at(2010).await))
}

#[tokio::test]
async fn the_newer_push_supersedes_the_older_though_a_slow_clock_heard_of_it() {
    let Some((fast, slow)) = fast_and_slow().await else { return };
    let rule = EnvironmentRule {
        supersede: relevo::spec::Supersede::Newest,
        windows: None,
        name: prod(),
        branch: "main".to_owned(),
        after: None,
        runs_on: BTreeSet::new(),
    };
    let pipeline = Pipeline { environments: vec![rule], ..new_run().pipeline };
    let push = async |store: &Store, digit: &str| {
        let (commit, pipeline) = (digit.repeat(40).parse().unwrap(), pipeline.clone());
        let new = NewRun { commit, pipeline, ..new_run() };
        store.create_or_find(new, Ask::Once).await.unwrap().into_run()
    };
    let (older, newer) = (push(&fast, "1").await, push(&slow, "2").await);
    let now = SystemClock.now();
    assert!((newer.created_at - now).abs().total(jiff::Unit::Hour).unwrap() < 1.0);
    for store in [&fast, &slow] {
        let room = Room { slots: 2, shortage: None };
        let looked = pass(store, now, room, &BTreeSet::new(), &BTreeSet::new()).await.unwrap();
        let start: Vec<_> = looked.start.into_iter().map(|run| run.id).collect();
        assert_eq!(start, std::slice::from_ref(&newer.id));
        let older = store.run(&older.id).await.unwrap();
        let by = newer.id.clone();
        assert_eq!(older.outcome, Some(relevo::flow::Outcome::Superseded { by }));
    }
}

#[tokio::test]
async fn clocks_that_differ_end_no_lease() {
    let Some((fast, slow)) = fast_and_slow().await else { return };
    for (one, other) in [(&fast, &slow), (&slow, &fast)] {
        let run = one.create_or_find(new_run(), Ask::Again).await.unwrap().into_run();
        let lease = one.acquire(&run.id).await.unwrap();
        assert!(matches!(other.acquire(&run.id).await, Err(StoreError::LeaseHeld { .. })));
        assert!(other.claimable_runs(&BTreeSet::new()).await.unwrap().is_empty());
        one.append(&lease, 1, &[finished()]).await.unwrap();
        let outbox = one.acquire_outbox().await.unwrap().unwrap();
        assert_eq!(other.acquire_outbox().await.unwrap(), None);
        one.renew_outbox(&outbox).await.unwrap();
        assert_eq!(other.acquire_outbox().await.unwrap(), None);
        one.release_outbox(&outbox).await.unwrap();
    }
}

/// A process that is frozen within a write holds the lock that all writes wait for.
#[tokio::test]
async fn a_write_that_stands_still_does_not_hold_up_the_others() {
    let Some(memory) = Memory::postgres().await else { return };
    let mut frozen = AnyConnection::connect(&memory.url).await.unwrap();
    let settings = "SET idle_in_transaction_session_timeout = '3s'; BEGIN;
        SELECT pg_advisory_xact_lock(hashtext('relevo'), hashtext(current_schema()))";
    frozen.execute(sqlx::raw_sql(settings)).await.unwrap();
    memory.run().await;
    assert!(frozen.execute(sqlx::raw_sql("COMMIT")).await.is_err(), "it was ended");
}
