//! Runs that wait: for people, for a lock, for a stage of another run; and runs that are stopped from elsewhere.

use super::*;
use relevo::dispatch::{Desk, Person, Via};
use relevo::queue::{Hold, Progress};
use relevo::store::Lease;

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), via: Via::Cli }
}

fn desk(world: &World) -> Desk {
    Desk::new(world.engine.store.clone(), world.engine.clock.clone())
}

fn asking() -> Vec<Stage> {
    vec![stage("ask", &[]), stage("deploy", &["ask"])]
}

async fn progress(world: &World, run: &RunId) -> Progress {
    let line = world.engine.store.line().await.unwrap();
    line.into_iter().find(|open| open.run.id == *run).unwrap().progress
}

#[tokio::test]
async fn who_asks_people_holds_nothing_and_goes_on_when_they_have_answered() {
    let world = World::new().await;
    let (first, second) = (world.run(asking()).await, world.run(diamond()).await);
    let until = world.clock.now() + HOUR;
    world.told("ask", [Act::Ask(until)]);
    assert_eq!(world.drive(&first, Cancel::never()).await.unwrap().outcome, None);
    assert_eq!(progress(&world, &first).await, Progress::Parked);
    assert!(matches!(world.standing(&first, "ask").await, Standing::Parked(_)));
    assert_eq!(world.outcome(&second).await, Outcome::Succeeded, "the environment is free");
    desk(&world).approve(&person("ada"), (&first, None), None).await.unwrap();
    assert_eq!(progress(&world, &first).await, Progress::Awoken);
    world.attempts();
    assert_eq!(world.outcome(&first).await, Outcome::Succeeded);
    assert_eq!(world.attempts(), [("ask".to_owned(), 2), ("deploy".to_owned(), 1)]);
}

async fn taken_up(world: &World, run: &RunId) -> Lease {
    let (keeper, logs) = (world.engine.logs.keeper().unwrap(), world.engine.logs.path());
    world.engine.store.take_up(run, (&keeper, logs)).await.unwrap().lease
}

#[tokio::test]
async fn an_answer_that_comes_while_the_run_is_being_parked_is_not_missed() {
    let world = World::new().await;
    let run = world.run(asking()).await;
    world.told("ask", [Act::Ask(world.clock.now() + HOUR)]);
    world.drive(&run, Cancel::never()).await.unwrap();
    desk(&world).approve(&person("ada"), (&run, None), None).await.unwrap();
    // The agent that goes on reads what was said, asks again, and is told meanwhile.
    let lease = taken_up(&world, &run).await;
    world.engine.store.park(&lease, world.clock.now() + HOUR).await.unwrap();
    world.engine.store.release(&lease).await.unwrap();
    assert_eq!(progress(&world, &run).await, Progress::Parked, "it was read");
    let lease = taken_up(&world, &run).await;
    desk(&world).approve(&person("bob"), (&run, None), None).await.unwrap();
    world.engine.store.park(&lease, world.clock.now() + HOUR).await.unwrap();
    world.engine.store.release(&lease).await.unwrap();
    assert_eq!(progress(&world, &run).await, Progress::Awoken, "it was not");
}

#[tokio::test]
async fn a_run_is_stopped_by_a_word_in_the_store() {
    let world = World::new().await;
    let run = world.run(with_tidying()).await;
    let begun = Arc::new(Notify::new());
    world.told("a", [Act::Hang(Arc::clone(&begun))]);
    let elsewhere = async {
        begun.notified().await;
        let so_far = desk(&world).cancel(&person("ada"), &run, Stop::Forced).await.unwrap();
        assert_eq!(so_far, relevo::dispatch::Cancelling::Told);
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = world.outcome(&run) => assert_eq!(outcome, Outcome::Cancelled),
        () = elsewhere => {}
    }
}

#[tokio::test]
async fn what_was_stopped_before_it_was_taken_up_begins_nothing() {
    let world = World::new().await;
    let run = world.run(diamond()).await;
    world.engine.store.tell_to_stop(&run, Stop::Gentle).await.unwrap();
    assert_eq!(world.outcome(&run).await, Outcome::Cancelled);
    assert_eq!(world.attempts(), []);
}

#[tokio::test]
async fn a_locked_environment_keeps_a_run_waiting_until_it_is_unlocked() {
    let world = World::new().await;
    let run = world.run(diamond()).await;
    let prod = "prod".parse().unwrap();
    let hold = desk(&world).lock(&person("ada"), &prod, "migration", None).await.unwrap();
    assert_eq!(hold, Hold { environment: prod.clone(), ..hold.clone() });
    let people = async {
        world.witness.waiting.notified().await;
        assert_eq!(world.attempts(), [], "nothing begins");
        desk(&world).unlock(&person("bob"), &prod).await.unwrap();
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = world.outcome(&run) => assert_eq!(outcome, Outcome::Succeeded),
        () = people => {}
    }
    let acts = world.engine.store.acts(1, 9).await.unwrap();
    let told: Vec<&str> = acts.iter().map(|record| record.act.act.as_str()).collect();
    assert_eq!(told, ["lock", "unlock"]);
}

#[tokio::test]
async fn two_runs_of_different_environments_train_one_after_the_other() {
    let world = World::new().await;
    let training = |environment: &str| {
        let dev = Some("dev".parse().unwrap());
        let stage = Stage { environment: dev, ..super::training("train", &[]) };
        (environment.parse().unwrap(), stage)
    };
    let mut runs = Vec::new();
    for (environment, stage) in [training("prod"), training("dev")] {
        let run = world.run_in(environment, vec![stage]).await;
        runs.push(run);
    }
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    world.told("train", [Act::Announce(Arc::clone(&begun), Arc::clone(&end))]);
    let first = world.outcome(&runs[0]);
    let second = async {
        begun.notified().await;
        world.outcome(&runs[1]).await
    };
    let others = async {
        // The second has started its stage, and says for whom it waits.
        while !world.has_log(&runs[1], "train") {
            tokio::task::yield_now().await;
        }
        let waits = format!("waiting for run {}", runs[0].short());
        assert_eq!(world.log(&runs[1], "train"), [waits]);
        end.notify_one();
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcomes = async { tokio::join!(first, second) } => {
            assert_eq!(outcomes, (Outcome::Succeeded, Outcome::Succeeded));
        }
        () = others => {}
    }
}
