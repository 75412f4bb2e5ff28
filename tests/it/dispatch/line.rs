//! Looks at the line.

use super::*;
use relevo::{
    dispatch::Standing,
    ids::KeeperId,
    queue::Shortage,
    store::{NewAgent, Says},
};
use std::path::Path;

#[tokio::test]
async fn the_newest_supersedes_what_waits_and_every_run_says_what_became_of_it() {
    let world = World::new().await;
    let mut runs = Vec::new();
    for commit in 1..=4 {
        runs.push(world.run(commit, pipeline(Supersede::Newest, false)).await);
    }
    let lease = world.store.acquire(&runs[0]).await.unwrap();
    let (start, waiting) = world.look().await;
    assert!(start.is_empty());
    assert_eq!(waiting, [(runs[3].clone(), Reason::Run { run: runs[0].clone() })]);
    for old in &runs[1..3] {
        let by = runs[3].clone();
        assert_eq!(world.outcome(old).await, Some(Outcome::Superseded { by }));
    }
    let stands = world.desk.queue().await.unwrap();
    let told: Vec<String> = stands.iter().map(|stand| stand.standing.to_string()).collect();
    assert_eq!(told[0], "running");
    assert_eq!(told[1], format!("waiting: run {} comes first", runs[0].short()));
    world.store.append(&lease, 1, &succeeded(&["approve", "deploy"])).await.unwrap();
    world.store.release(&lease).await.unwrap();
    assert_eq!(world.look().await.0, [runs[3].clone()]);
}

#[tokio::test]
async fn a_run_that_is_being_driven_here_is_not_started_twice() {
    let world = World::new().await;
    let run = world.run(1, pipeline(Supersede::Every, false)).await;
    let ours = BTreeSet::from([run]);
    let looked =
        pass(&world.store, world.clock.now(), ROOM, &ours, &BTreeSet::new()).await.unwrap();
    assert!(looked.start.is_empty() && looked.waiting.is_empty());
}

#[tokio::test]
async fn whoever_looks_is_told_what_the_agents_lack() {
    let world = World::new().await;
    world.run(1, pipeline(Supersede::Every, false)).await;
    let standing = async || world.desk.queue().await.unwrap().remove(0).standing;
    let (version, labels) = ("0".to_owned(), BTreeSet::new());
    world.store.enlist(&NewAgent { name: None, version, labels }).await.unwrap();
    assert_eq!(standing().await, Standing::Next);
    let why = Reason::Room { shortage: Shortage::Disk { free: 1 << 20, least: 512 << 20 } };
    world.store.note_obstacle(Some(&why)).await.unwrap();
    assert_eq!(standing().await, Standing::Waiting { why });
    world.store.note_obstacle(None).await.unwrap();
    assert_eq!(standing().await, Standing::Next);
}

#[tokio::test]
async fn what_nobody_answered_in_time_expires() {
    let world = World::new().await;
    let run = world.parked(1, world.request()).await;
    assert_eq!(world.look().await.1, [(run.clone(), Reason::Approval)]);
    let stand = world.desk.queue().await.unwrap().remove(0);
    assert_eq!(stand.standing, Standing::Waiting { why: Reason::Approval });
    assert_eq!(stand.request.unwrap().changes, 3);
    world.clock.advance(HOUR);
    assert_eq!(world.look().await, (Vec::new(), Vec::new()));
    assert_eq!(world.outcome(&run).await, Some(Outcome::Expired));
}

#[tokio::test]
async fn what_was_approved_in_time_goes_on_however_late_an_agent_looks() {
    let world = World::new().await;
    let run = world.parked(1, world.request()).await;
    world.desk.approve(&person("ada"), (&run, None), None).await.unwrap();
    world.clock.advance(HOUR);
    assert_eq!(world.look().await.0, [run]);
}

#[tokio::test]
async fn answers_about_another_plan_are_void_and_say_why() {
    let world = World::new().await;
    let run = world.parked(1, world.request()).await;
    world.desk.approve(&person("ada"), (&run, None), None).await.unwrap();
    let lease = world.store.acquire(&run).await.unwrap();
    let stage = "approve".parse().unwrap();
    let another = Digest::of("another plan");
    world.store.void_answers(&lease, (&stage, &another), "the plan is another").await.unwrap();
    let answers = world.store.answers(&run).await.unwrap();
    assert_eq!(answers[0].says, Says::Approve);
    assert_eq!(answers[0].void.as_deref(), Some("the plan is another"));
}

#[tokio::test]
async fn a_run_that_always_kills_its_agent_is_given_up_with_a_reason() {
    let world = World::new().await;
    let run = world.run(1, pipeline(Supersede::Every, false)).await;
    let keeper = KeeperId::from(uuid::Uuid::now_v7());
    for _ in 0..MOST_STRIKES {
        assert_eq!(world.look().await.0, std::slice::from_ref(&run));
        world.store.take_up(&run, (&keeper, Path::new("/logs"))).await.unwrap();
        world.clock.advance(LEASE_DURATION);
    }
    assert_eq!(world.look().await, (Vec::new(), Vec::new()));
    let outcome = world.outcome(&run).await.unwrap();
    assert!(matches!(&outcome, Outcome::Unfit { why } if why.contains("100 times")), "{outcome}");
}

#[tokio::test]
async fn a_lock_keeps_everything_from_starting_and_the_line_says_so() {
    let world = World::new().await;
    let run = world.run(1, pipeline(Supersede::Every, false)).await;
    let lock = world.desk.lock(&person("ada"), &prod(), "migration", None).await.unwrap();
    assert_eq!(world.look().await, (Vec::new(), vec![(run.clone(), Reason::Lock { lock })]));
    world.desk.unlock(&person("ada"), &prod()).await.unwrap();
    assert_eq!(world.look().await.0, [run]);
}

#[tokio::test]
async fn an_unreadable_store_starts_nothing() {
    let world = World::new().await;
    world.run(1, pipeline(Supersede::Every, false)).await;
    world.store.close().await;
    let looked =
        pass(&world.store, world.clock.now(), ROOM, &BTreeSet::new(), &BTreeSet::new()).await;
    assert!(looked.is_err());
}
