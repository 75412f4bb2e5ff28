//! `kill -9` at moments drawn from a seed: whoever goes on finds a run that can be finished, and finishes it once.

use crate::{
    cloud::{DEV, PROD, REGISTRY},
    postgres,
    world::World,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

/// Kills in one campaign; there are four of them.
const KILLS: usize = 5;
/// A whole run prints about 150 lines; kills come within so many lines of the last start.
const LONGEST: u64 = 36;
const STAGES: [&str; 7] =
    ["validate", "train-test", "gate", "assume-role", "plan", "deploy-pipelines", "schedule-rules"];

/// SplitMix64: moments that look random and are the same in every test run.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    pub(crate) fn next(&mut self, below: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below).unwrap()
    }
}

/// Starts the agent and kills it once it has said `lines` lines. Returns whether it was still alive.
fn killed_after(world: &World, arguments: &[&str], lines: usize) -> bool {
    let mut command = world.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let heard = said.by_ref().take(lines).count();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(heard == lines || status.code().is_some(), "{status:?}");
    status.code().is_none()
}

fn unfinished(world: &World) -> bool {
    let runs = world.agent(&["runs", "--json"]).done().json();
    runs.as_array().unwrap().iter().any(|run| run["outcome"].is_null())
}

fn campaign(seed: u64) {
    campaign_in(&World::new(), seed);
}

fn campaign_in(world: &World, seed: u64) {
    let mut moments = Moments(seed);
    let mut kills = 0;
    while kills < KILLS {
        let arguments: &[&str] = if kills % 2 == 1 && unfinished(world) {
            &["resume"]
        } else {
            &["run", "--branch", "main"]
        };
        kills += usize::from(killed_after(world, arguments, moments.next(LONGEST)));
    }
    let last: &[&str] = if unfinished(world) { &["resume"] } else { &["run", "--branch", "main"] };
    world.agent(last).done();
    is_as_if_nothing_had_happened(world);
}

pub(super) fn is_as_if_nothing_had_happened(world: &World) {
    was_done_once(world);
    for run in world.agent(&["runs", "--json"]).done().json().as_array().unwrap() {
        let id = run["run"].as_str().unwrap();
        let (kept, shipped) = lines(world, id);
        assert_eq!(shipped, kept, "run {id}");
    }
}

/// The same where an agent has woken that had lost its run: it may have had last words, which the next agent ships.
pub(super) fn nothing_happens_any_more(world: &World) {
    was_done_once(world);
    for run in world.agent(&["runs", "--json"]).done().json().as_array().unwrap() {
        let id = run["run"].as_str().unwrap();
        let (kept, shipped) = lines(world, id);
        for (stage, lines) in kept {
            assert!(lines.starts_with(&shipped[&stage]), "{stage} of {id}: {lines:?}");
        }
    }
}

/// Every run has succeeded, and all there is was made once.
fn was_done_once(world: &World) {
    assert!(!unfinished(world));
    let runs = world.agent(&["runs", "--json"]).done().json();
    for run in runs.as_array().unwrap() {
        let id = run["run"].as_str().unwrap();
        assert_eq!(run["outcome"]["outcome"], "succeeded", "{run:#}");
        let shown = world.agent(&["show", id, "--json"]).done().json();
        assert_eq!(successes(&shown), STAGES.map(|stage| (stage.to_owned(), 1)).into());
    }
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
    let cloud = world.cloud();
    assert_eq!(cloud.count(DEV, "pipeline execution"), 1, "trained more than once");
    assert_eq!(cloud.count(REGISTRY, "model package"), 1, "registered more than once");
    assert_eq!(cloud.count(PROD, "pipeline version"), 2, "updated without need");
    assert_eq!(cloud.count(PROD, "function"), 1);
    assert!(world.path(".agent/work").read_dir().map_or(true, |mut left| left.next().is_none()));
}

fn successes(shown: &Value) -> BTreeMap<String, usize> {
    let mut successes = BTreeMap::new();
    for stored in shown["events"].as_array().unwrap() {
        if stored["event"] == "stage-succeeded" {
            let stage = stored["stage"].as_str().unwrap().to_owned();
            *successes.entry(stage).or_insert(0) += 1;
        }
    }
    successes
}

type LinesByStage = BTreeMap<String, Vec<Value>>;

/// The lines kept here, in order and numbered without a gap, and those in `jenkins-log`.
fn lines(world: &World, run: &str) -> (LinesByStage, LinesByStage) {
    let kept = world.agent(&["logs", run, "--json"]).done();
    let mut by_stage = LinesByStage::new();
    for line in kept.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        by_stage.entry(line["stage"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    let shipped = world
        .cloud()
        .lines(run)
        .into_iter()
        .map(|(stage, lines)| {
            (stage, lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect())
        })
        .collect();
    for (stage, lines) in &by_stage {
        let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{stage} of {run}");
    }
    (by_stage, shipped)
}

#[test]
fn five_kills_from_the_first_seed_leave_no_trace() {
    campaign(1);
}

#[test]
fn five_kills_from_the_second_seed_leave_no_trace() {
    campaign(2);
}

#[test]
fn five_kills_from_the_third_seed_leave_no_trace() {
    campaign(3);
}

#[test]
fn five_kills_from_the_fourth_seed_leave_no_trace() {
    campaign(4);
}

#[test]
fn five_kills_of_agents_on_postgres_leave_no_trace() {
    let Some(store) = postgres::fresh_blocking() else { return };
    campaign_in(&World::with_store(&store), 5);
}

#[test]
fn a_resumed_run_says_what_need_not_run_again() {
    let world = World::new();
    let mut command = world.command(&["run", "--branch", "main"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.map(Result::unwrap).any(|line| line.starts_with("gate: done")));
    child.kill().unwrap();
    child.wait().unwrap();
    let told = world.agent(&["resume"]).done();
    told.says("train-test: done before").says("gate: done before");
    assert!(!told.stderr.contains("train-test: started"), "{}", told.stderr);
    is_as_if_nothing_had_happened(&world);
}

#[test]
fn lines_of_a_run_that_died_at_its_very_end_go_with_the_next() {
    let world = World::new();
    let mut command = world.command(&["run", "--branch", "main"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let last = said.map(Result::unwrap).find(|line| line.starts_with("schedule-rules: done"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(last.is_some());
    if unfinished(&world) {
        world.agent(&["resume"]).done();
    } else {
        world.agent(&["run", "--branch", "main"]).done();
    }
    is_as_if_nothing_had_happened(&world);
}
