//! Lines as they are in the environment's group: followed, searched, each once.

use super::stages::{messages, with_stages};
use serde_json::Value;

const TALK: &str = "  talk: { run: 'echo needle one; echo hay; echo needle \\\"two\\\"' }\n";
const SECRET: &str = "hunter2-hunter2";

#[test]
fn a_run_is_read_from_the_group_in_order_and_each_line_once() {
    let world = with_stages(TALK);
    world.agent(&["run", "--branch", "main"]).done();
    let kept = messages(&world, "talk");
    for follow in [&[][..], &["-f"]] {
        let asked = [&["logs", "--env", "prod", "--stage", "talk", "--json"], follow].concat();
        let told = world.agent(&asked).done();
        let lines: Vec<Value> =
            told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let messages: Vec<&str> =
            lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, kept, "{follow:?}");
    }
    world.agent(&["logs", "--env", "prod"]).done().says("talk | needle one");
    world.agent(&["logs", "--env", "prod", "01234567"]).exits(2).says("by its whole id");
    let unknown = "01234567-89ab-7def-8123-456789abcdef";
    assert_eq!(world.agent(&["logs", "--env", "prod", unknown]).done().stdout, "");
}

#[test]
fn lines_in_another_folder_are_named_with_the_way_to_them() {
    let world = with_stages(TALK);
    world.agent(&["run", "--branch", "main"]).done();
    for asked in [["logs"], ["show"]] {
        let told = world.agent(&asked).done();
        assert!(!told.stderr.contains("lines of this run"), "{}", told.stderr);
    }
    // without its id the folder is another one
    std::fs::remove_file(world.path(".agent/logs/keeper")).unwrap();
    for asked in [["logs"], ["show"]] {
        let told = world.agent(&asked).done();
        told.says("note: lines of this run are on agent ").says("/.agent/logs)");
        told.says("all of them in the cloud: agent logs --env prod ");
    }
}

#[test]
fn the_group_is_searched_over_all_runs() {
    let world = with_stages(TALK);
    world.agent(&["run", "--branch", "main"]).done();
    world.agent(&["run", "--branch", "main"]).done();
    let search = |more: &[&str]| {
        let asked = [&["logs", "search"], more, &["--env", "prod"]].concat();
        world.agent(&asked).done()
    };
    assert_eq!(search(&["needle"]).stdout.lines().count(), 4);
    assert_eq!(search(&["needle \"two\"", "--since", "2d"]).stdout.lines().count(), 2);
    search(&["nothing like it"]).says("--since looks further back");
    let runs = world.agent(&["runs", "--json"]).done().json();
    let id = runs[0]["run"].as_str().unwrap();
    let told = search(&["hay", "--run", &id[id.len() - 8..], "--json"]);
    let line: Value = serde_json::from_str(told.stdout.trim()).unwrap();
    assert_eq!((line["run"].as_str(), line["message"].as_str()), (Some(id), Some("hay")));
    world.agent(&["logs", "search", "x", "--env", "prod", "--since", "2"]).exits(2).says("90m");
    world.agent(&["logs", "search", "--help"]).done().says("agent logs search 'AUC' --env prod");
}

/// CloudWatch reads no lines of such a group; what is shipped into it is there all the same.
#[test]
fn a_group_of_the_cheaper_class_is_written_and_not_read() {
    let world = with_stages(TALK);
    world.edit("environments/prod.yaml", "retention_days: 90", "class: INFREQUENT_ACCESS");
    world.commit("Pay less");
    let told = world.agent(&["run", "--branch", "main"]).done();
    assert!(!told.stderr.contains("not reached the cloud"), "{}", told.stderr);
    for asked in [&["logs", "--env", "prod"][..], &["logs", "search", "needle", "--env", "prod"]] {
        let told = world.agent(asked).exits(2);
        told.says("is of class INFREQUENT_ACCESS").says("aws logs start-query");
    }
    world.edit("environments/prod.yaml", "class: INFREQUENT_ACCESS", "class: STANDARD");
    world.commit("Pay more");
    world.agent(&["logs", "--env", "prod"]).exits(1).says("not supported for this log class");
}

#[test]
fn what_an_error_says_passes_the_masker() {
    let world = with_stages(TALK);
    for json in [&[][..], &["--json"]] {
        let asked = [&["show", SECRET], json].concat();
        let output = world.command(&asked).env("DATABASE_PASSWORD", SECRET).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("hunter2") && said.contains("***"), "{said}");
    }
}
