//! Ctrl-C: once gently, twice at once.

use super::stages::{messages, with_stages};
use crate::{
    cloud::PROD,
    world::{Told, World},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, Stdio},
};

/// A run that is being watched.
pub(crate) struct Watched {
    child: Child,
    stderr: BufReader<ChildStderr>,
    heard: String,
}

impl Watched {
    pub(crate) fn start(world: &World) -> Self {
        Self::of(world.command(&["run", "--branch", "main"]))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, heard: String::new() }
    }

    /// Waits for a line with these words.
    pub(crate) fn hears(&mut self, words: &str) {
        loop {
            let start = self.heard.len();
            let read = self.stderr.read_line(&mut self.heard).unwrap();
            assert!(read > 0, "ended without {words:?}: {}", self.heard);
            if self.heard[start..].contains(words) {
                return;
            }
        }
    }

    pub(crate) fn interrupt(&self) {
        self.gets(Signal::INT);
    }

    fn gets(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Dies as in a power cut.
    pub(crate) fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn ends(mut self) -> Told {
        self.stderr.read_to_string(&mut self.heard).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Told {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: self.heard,
        }
    }
}

/// A stage that waits for ever, and one behind it.
const WAITING: &str = "  wait: { run: [sh, -c, \"echo ready; exec tail -f /dev/null\"] }
  after: { run: [\"true\"], needs: [wait] }
";

#[test]
fn ctrl_c_in_the_middle_of_a_command_stops_the_run() {
    let world = with_stages(WAITING);
    let mut run = Watched::start(&world);
    run.hears("wait | ready");
    run.interrupt();
    let told = run.ends().exits(4);
    told.says("press Ctrl-C again").says("cancelled").says("after: skipped");
    world.agent(&["runs"]).done().says("cancelled");
    world.agent(&["resume"]).exits(2).says("no unfinished run");
}

#[test]
fn the_signal_that_machines_send_does_the_same() {
    let world = with_stages(WAITING);
    let mut run = Watched::start(&world);
    run.hears("wait | ready");
    run.gets(Signal::TERM);
    run.ends().exits(4).says("cancelled");
}

#[test]
fn a_run_is_driven_by_one_agent_and_watched_by_others() {
    let world = with_stages(WAITING);
    let mut run = Watched::start(&world);
    run.hears("wait | ready");
    for arguments in [&["run", "--branch", "main"] as &[&str], &["resume"]] {
        let told = world.agent(arguments).exits(1);
        told.says("is being driven by process").says("agent logs --follow");
    }
    let mut follow = world.command(&["logs", "--follow"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("wait | ready"));
    run.interrupt();
    run.ends().exits(4);
    lines.for_each(drop);
    assert_eq!(follow.wait().unwrap().code(), Some(0));
}

#[test]
fn a_run_waits_for_the_one_before_it_in_its_environment() {
    let world = with_stages(WAITING);
    let mut first = Watched::start(&world);
    first.hears("wait | ready");
    world.edit("pipeline.yaml", "echo ready; exec tail -f /dev/null", "echo quick");
    world.commit("Do not wait");
    let mut second = Watched::start(&world);
    second.hears("waiting for prod");
    first.interrupt();
    first.ends().exits(4);
    second.ends().exits(0).says("wait | quick");
}

#[test]
fn a_second_ctrl_c_kills_what_does_not_listen() {
    let world = with_stages(
        "  deaf: { run: \"trap '' INT TERM; echo pid $$; while :; do tail -f /dev/null; done\" }\n",
    );
    let mut run = Watched::start(&world);
    run.hears("deaf | pid");
    run.interrupt();
    run.hears("press Ctrl-C again");
    run.interrupt();
    run.ends().exits(4).says("killing");
    assert!(!lives(&messages(&world, "deaf")[0]));
}

/// Does the process of a line that says `pid N` live?
fn lives(line: &str) -> bool {
    let pid: i32 = line.strip_prefix("pid ").unwrap().parse().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// It sleeps rather than follows a file: `tail` would notice that nobody reads any more.
#[test]
fn a_command_that_outlived_its_agent_is_killed_before_it_runs_again() {
    let world = with_stages(
        "  work: { run: \"echo pid $$; test $RELEVO_ATTEMPT -gt 1 || exec sleep 3600\" }\n",
    );
    let mut run = Watched::start(&world);
    run.hears("work | pid");
    run.dies();
    let first = messages(&world, "work").remove(0);
    assert!(lives(&first), "nothing to be killed: {first}");
    world.agent(&["resume"]).done();
    assert!(!lives(&first), "two of them at work");
    assert_eq!(messages(&world, "work").len(), 2);
}

#[test]
fn ctrl_c_while_training_leaves_prod_alone_and_can_be_run_again() {
    let world = World::new();
    let mut run = Watched::start(&world);
    run.hears("train-test: started");
    run.interrupt();
    let told = run.ends();
    told.exits(4).says("cancelled");
    assert!(world.cloud().holds(PROD).is_empty());
    world.agent(&["run", "--branch", "main"]).done().says("is promoted to prod");
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run() {
    let world = World::new();
    let mut command = world.command(&["run", "--branch", "main"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.agent(&["runs"]).done().says("succeeded");
}
