//! Ctrl-C: once gently, twice at once.

use super::stages::{messages, with_stages};
use crate::{
    cloud::PROD,
    world::{Told, World},
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Stdio},
};

/// A run that is being watched.
struct Watched {
    child: Child,
    stderr: BufReader<ChildStderr>,
    heard: String,
}

impl Watched {
    fn start(world: &World) -> Self {
        let mut command = world.command(&["run", "--branch", "main"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, heard: String::new() }
    }

    /// Waits for a line with these words.
    fn hears(&mut self, words: &str) {
        loop {
            let start = self.heard.len();
            let read = self.stderr.read_line(&mut self.heard).unwrap();
            assert!(read > 0, "ended without {words:?}: {}", self.heard);
            if self.heard[start..].contains(words) {
                return;
            }
        }
    }

    fn interrupt(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
    }

    fn ends(mut self) -> Told {
        self.stderr.read_to_string(&mut self.heard).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Told {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: self.heard,
        }
    }
}

#[test]
fn ctrl_c_in_the_middle_of_a_command_stops_the_run() {
    let world = with_stages(
        "  wait: { run: [sh, -c, \"echo ready; exec tail -f /dev/null\"] }\n  after: { run: [\"true\"], needs: [wait] }\n",
    );
    let mut run = Watched::start(&world);
    run.hears("wait | ready");
    run.interrupt();
    let told = run.ends().exits(4);
    told.says("press Ctrl-C again").says("cancelled").says("after: skipped");
    world.agent(&["runs"]).done().says("cancelled");
    world.agent(&["resume"]).exits(2).says("no unfinished run");
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
    let first = messages(&world, "deaf").remove(0);
    let pid: i32 = first.strip_prefix("pid ").unwrap().parse().unwrap();
    assert!(test_kill_process(Pid::from_raw(pid).unwrap()).is_err(), "{pid} lives");
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
