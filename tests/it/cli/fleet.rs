//! Several agents, one store: processes of the real binary, one of them frozen.

use super::kill::{is_as_if_nothing_had_happened, nothing_happens_any_more};
use crate::{postgres, world::World};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions as _, Executor as _, sqlite::SqliteConnectOptions};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// Time in which one of two agents finishes a run. The frozen one's lease ends after five seconds of it, however many
/// agents have been refused by then; the rest is for a slow machine.
pub(super) const MOST_PATIENCE: Duration = Duration::from_secs(120);

/// Starts an agent and freezes it as soon as it has said a line that begins so. Not in the middle of a write of the
/// rehearsal, whose file would stay locked: a cloud does not stand still with one of its callers.
fn frozen_at(world: &World, line: &str) -> (Child, impl std::io::BufRead + use<>) {
    let mut command = world.command(&["run", "--branch", "main"]);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(agent.stderr.take().unwrap());
    let found = said.by_ref().lines().any(|said| said.unwrap().starts_with(line));
    assert!(found, "it never said {line:?}");
    let pid = Pid::from_child(&agent);
    kill_process(pid, Signal::STOP).unwrap();
    while !is_free(&world.path(".agent/rehearsal.sqlite")) {
        kill_process(pid, Signal::CONT).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
    }
    (agent, said)
}

/// Can the file be written?
fn is_free(file: &Path) -> bool {
    let write = async {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::ZERO);
        let mut connection = options.connect().await?;
        connection.execute("BEGIN IMMEDIATE").await?;
        connection.execute("ROLLBACK").await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(write).is_ok()
}

/// Lets two agents compete for the run until one of them has finished it.
fn finished_by_one_of_two(world: &World) {
    let until = Instant::now() + MOST_PATIENCE;
    while Instant::now() < until {
        let resume = || {
            let mut agent = world.command(&["resume"]);
            agent.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let ended = [resume(), resume()].map(|mut agent| agent.wait().unwrap());
        if ended.iter().any(std::process::ExitStatus::success) {
            return;
        }
    }
    panic!("nobody finished it: {:?}", world.agent(&["resume"]));
}

/// A frozen agent's run goes on elsewhere, and the agent does nothing more about it when it wakes.
fn a_frozen_agent_loses_its_run(line: &str) {
    let Some(store) = postgres::fresh_blocking() else { return };
    let world = World::with_store(&store);
    let (mut frozen, mut said) = frozen_at(&world, line);
    finished_by_one_of_two(&world);
    is_as_if_nothing_had_happened(&world);
    kill_process(Pid::from_child(&frozen), Signal::CONT).unwrap();
    let mut last = String::new();
    said.read_to_string(&mut last).unwrap();
    assert!(!frozen.wait().unwrap().success(), "{last}");
    nothing_happens_any_more(&world);
}

#[test]
fn an_agent_frozen_while_it_trains_loses_its_run() {
    a_frozen_agent_loses_its_run("train-test: started");
}

#[test]
fn an_agent_frozen_while_it_applies_loses_its_run() {
    a_frozen_agent_loses_its_run("deploy-pipelines: started");
}

#[test]
fn a_fleet_is_listed_and_its_address_shows_no_password() {
    let Some(store) = postgres::fresh_blocking() else { return };
    let world = World::with_store(&store);
    world.agent(&["agents"]).done().says("No agent takes runs.");
    assert_eq!(world.agent(&["agents", "--json"]).done().json(), serde_json::json!([]));
    for bad in [
        "postgres://ada:hunter2-pw@127.0.0.1:1/relevo",
        "postgres://ada:hunter2-pw@",
        "mysql://ada:hunter2-pw@h/d",
        "postgres:///relevo?host=/nowhere&password=hunter2-pw",
    ] {
        let told = world.agent(&["runs", "--store", bad]);
        assert_ne!(told.code, 0, "{bad}");
        assert!(!format!("{}{}", told.stdout, told.stderr).contains("hunter2"), "{told:?}");
    }
    world.agent(&["runs", "--lease", "1s"]).exits(2).says("a time from 5s to 10m");
}
