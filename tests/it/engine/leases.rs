//! What becomes of a command whose agent can no longer be sure of the run.

use super::*;
use crate::postgres;
use relevo::store::{Owner, StoreAddress, StoreError};
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::task::yield_now;

/// A world whose store is a fleet's, and a way to it that no agent uses.
async fn of_a_fleet() -> Option<(World, AnyConnection)> {
    let url = postgres::fresh().await?;
    let mut world = World::new().await;
    let (address, time) = (StoreAddress::postgres(&url).unwrap(), world.engine.clock.clone());
    let store = Store::connect(address, time).await.unwrap();
    world.engine.store = store.with_time_of_agents();
    Some((world, AnyConnection::connect(&url).await.unwrap()))
}

/// A stage whose first attempt goes on for ever, in its group and beside it; and where its processes are told of.
fn endless(world: &World) -> (Stage, std::path::PathBuf) {
    let told = world.temp.path().join("processes");
    let text = format!(
        "[ $RELEVO_ATTEMPT = 1 ] || exit 0
         setsid tail -f /dev/null >/dev/null 2>&1 &
         echo $! $$ > '{0}.part'; mv '{0}.part' '{0}'; exec tail -f /dev/null",
        told.display()
    );
    (script("deploy", &[], &text), told)
}

async fn begun(told: &Path) -> Vec<u32> {
    loop {
        match std::fs::read_to_string(told) {
            Ok(pids) => return pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect(),
            Err(_) => yield_now().await,
        }
    }
}

/// Does the process live, and not merely wait to be reaped?
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn ended_at(world: &World, pid: u32) -> jiff::Timestamp {
    while lives(pid) {
        yield_now().await;
    }
    world.clock.now()
}

/// When the lease ends that stands in the table which is called so now.
async fn lease_end(database: &mut AnyConnection, table: &str) -> jiff::Timestamp {
    let question = format!("SELECT MAX(expires_at) FROM {table}");
    let end = sqlx::query_scalar(sqlx::AssertSqlSafe(question)).fetch_one(database).await;
    jiff::Timestamp::from_millisecond(end.unwrap()).unwrap()
}

/// Whatever is asked about leases fails from now on.
async fn is_silent(database: &mut AnyConnection) {
    database.execute("ALTER TABLE leases RENAME TO away").await.unwrap();
}

async fn is_back(database: &mut AnyConnection) {
    database.execute("ALTER TABLE away RENAME TO leases").await.unwrap();
}

async fn goes_on(world: &World) -> std::convert::Infallible {
    loop {
        world.clock.advance(Duration::from_millis(10));
        yield_now().await;
    }
}

#[tokio::test]
async fn a_command_ends_before_another_agent_can_have_its_run_and_not_for_a_short_silence() {
    let Some((world, mut database)) = of_a_fleet().await else { return };
    let (deploy, told) = endless(&world);
    let run = world.run(vec![deploy]).await;
    let beat = LEASE_DURATION / 4;
    let silence = async {
        let [beside, leader] = begun(&told).await[..] else { panic!("not two") };
        let before = lease_end(&mut database, "leases").await;
        is_silent(&mut database).await;
        world.clock.advance(beat);
        yield_now().await;
        is_back(&mut database).await;
        // The next beat is due within the time of one, whenever it was that the silence was noticed.
        while lease_end(&mut database, "leases").await == before {
            world.clock.advance(beat / 1000);
            yield_now().await;
        }
        is_silent(&mut database).await;
        let first = lease_end(&mut database, "away").await - LEASE_DURATION;
        // Step by step: the renewal's answer may still be on its way.
        while world.clock.now() < first + 3 * beat {
            world.clock.advance(beat / 1000);
            yield_now().await;
        }
        assert!(lives(leader) && lives(beside), "the silence was short");
        world.clock.advance(LEASE_DURATION / 8);
        let ended = ended_at(&world, leader).await.max(ended_at(&world, beside).await);
        assert!(ended < first + LEASE_DURATION, "{ended}");
        goes_on(&world).await
    };
    let driven = tokio::select! {
        driven = world.drive(&run, Cancel::never()) => driven,
        never = silence => match never {},
    };
    let let_go = matches!(driven, Err(EngineError::Store(StoreError::LeaseUncertain { .. })));
    assert!(let_go, "{driven:?}");
    is_back(&mut database).await;
    world.clock.advance(LEASE_DURATION);
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded, "whoever has it next goes on");
    let attempt = world.state(&run).await.stage(&name("deploy")).unwrap().attempt;
    assert_eq!(attempt, Some(relevo::ids::Attempt(2)));
}

#[tokio::test]
async fn an_agent_that_wakes_after_its_lease_kills_its_command_and_does_nothing_more() {
    let Some((world, mut database)) = of_a_fleet().await else { return };
    let (deploy, told) = endless(&world);
    let run = world.run(vec![deploy, stage("after", &["deploy"])]).await;
    let freeze = async {
        let [_, leader] = begun(&told).await[..] else { panic!("not two") };
        let until = lease_end(&mut database, "leases").await;
        world.clock.advance(LEASE_DURATION);
        ended_at(&world, leader).await;
        assert!(world.clock.now() >= until);
        goes_on(&world).await
    };
    let driven = tokio::select! {
        driven = world.drive(&run, Cancel::never()) => driven,
        never = freeze => match never {},
    };
    assert!(matches!(driven, Err(EngineError::Store(StoreError::LeaseLost(_)))), "{driven:?}");
    assert_eq!(world.attempts(), []);
    let other = Owner { boot: "elsewhere".to_owned(), ..Owner::this_process().unwrap() };
    world.engine.store.clone().as_seen_by(other).acquire(&run).await.unwrap();
    // What went its own way may be another agent's by now, so it was left alone.
    let marks = [("RELEVO_RUN", run.as_str())];
    relevo::exec::kill_survivors(&marks, &SystemClock).await.unwrap();
}
