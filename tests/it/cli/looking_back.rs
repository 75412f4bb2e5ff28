//! Commands that show what was.

use super::promotion::promoted;
use crate::world::World;
use serde_json::Value;

#[test]
fn a_run_can_be_found_shown_and_read() {
    let world = promoted();
    let runs = world.agent(&["runs", "--json"]).done().json();
    let id = runs[0]["run"].as_str().unwrap().to_owned();
    let digits = &id[id.len() - 8..];
    world.agent(&["runs"]).done().says(digits).says("succeeded").says("prod");

    let told = world.agent(&["show", digits]).done();
    told.says("candidate  AUC 0.").says("schedule-rules succeeded").says("create topic");
    let shown = world.agent(&["show", "--json"]).done().json();
    assert_eq!(shown["run"]["run"], id.as_str());
    assert_eq!(shown["summary"]["outcome"]["outcome"], "succeeded");
    assert!(!shown["evidence"].as_object().unwrap().is_empty());

    let gate = world.agent(&["logs", digits, "--stage", "gate"]).done();
    gate.says("accepted").says("baseline");
    assert!(!gate.stdout.contains("assumed arn:"), "{}", gate.stdout);
    let lines = world.agent(&["logs", "--json"]).done();
    for line in lines.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["run"], id.as_str());
    }
}

#[test]
fn the_data_of_the_example_can_be_split_and_its_baseline_fitted() {
    let world = World::new();
    // Without a header, as the notebook reads it.
    let csv = world.read("data/mammographic.csv");
    world.write("raw.data", csv.split_once('\n').unwrap().1);
    let told = world.agent(&["data", "prepare", "raw.data", "--out", "parts", "--json"]).done();
    let files = told.json();
    let lines: Vec<u64> =
        files.as_array().unwrap().iter().map(|file| file["lines"].as_u64().unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|&lines| lines > 0), "{lines:?}");
    world.agent(&["data", "prepare", "missing.data"]).exits(2).says("missing.data");

    let told = world.agent(&["baseline"]).done();
    told.says("AUC").says("Margin");
    assert_eq!(world.agent(&["baseline"]).done().stdout, told.stdout);
    world.agent(&["baseline", "--json"]).done().json();
}

#[test]
fn editors_and_shells_are_helped() {
    let world = World::empty();
    for of in ["pipeline", "environment"] {
        let schema = world.agent(&["schema", of]).done().json();
        assert!(schema["properties"].is_object(), "{of}");
    }
    for shell in ["bash", "zsh", "fish"] {
        world.agent(&["completions", shell]).done().says("agent");
    }
    world.agent(&["--help"]).done().says("Exit codes").says("agent run --branch main");
    world.agent(&["--version"]).done().says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_rehearsal_can_be_forgotten() {
    let world = promoted();
    world.agent(&["rehearsal", "reset"]).done();
    let plan = world.agent(&["plan", "--env", "prod", "--json"]).done().json();
    assert!(plan["plan"]["changes"].as_array().unwrap().len() > 20);
}
