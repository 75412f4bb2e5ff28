//! The main job: one commit of `main` reaches prod, once, and stays there untouched when it is run again.

use crate::{
    cloud::{DEV, PROD, REGISTRY},
    world::World,
};
use serde_json::Value;

const RUN: [&str; 3] = ["run", "--branch", "main"];
const PLAN: [&str; 4] = ["plan", "--env", "prod", "--json"];

/// A world whose `main` is in prod.
pub(super) fn promoted() -> World {
    let world = World::new();
    world.agent(&RUN).done();
    world
}

fn changes(world: &World) -> Vec<Value> {
    let plan = world.agent(&PLAN).done().json();
    plan["plan"]["changes"].as_array().unwrap().clone()
}

#[test]
fn a_commit_of_main_is_trained_in_dev_judged_and_deployed_to_prod() {
    let world = World::new();
    assert!(changes(&world).len() > 20);
    let told = world.agent(&RUN).done();
    for figure in ["candidate  AUC 0.", "baseline   AUC 0.", "rows       124", "p = 0."] {
        assert!(told.stdout.contains(figure), "{figure}: {}", told.stdout);
    }
    told.says("is promoted to prod").says("agent models approve 1 --env prod --reason");
    assert_eq!(changes(&world), Vec::<Value>::new());

    let cloud = world.cloud();
    assert_eq!(cloud.count(DEV, "pipeline execution"), 1);
    assert_eq!(cloud.count(REGISTRY, "model package"), 1);
    assert_eq!(cloud.count(PROD, "pipeline execution"), 0);
    for (kind, number) in [("pipeline", 2), ("rule", 4), ("topic", 1), ("function", 1)] {
        assert_eq!(cloud.count(PROD, kind), number, "{kind}");
    }
}

#[test]
fn running_it_again_writes_nothing() {
    let world = promoted();
    let before = world.cloud().digest();
    let told = world.agent(&RUN).done();
    told.says("changed: nothing").says("the same definition and data were trained before");
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
    assert_eq!(world.cloud().digest(), before);
}

#[test]
fn another_commit_with_the_same_files_stores_no_file_again() {
    let world = promoted();
    let keys = world.cloud().keys("sagemaker-prod-bucket");
    world.write("README.md", "Read me.\n");
    world.commit("Say something");
    world.agent(&RUN).done();
    let after = world.cloud();
    assert_eq!(after.keys("sagemaker-prod-bucket"), keys);
    // Its model says which commit it comes from, so it is another one.
    assert_eq!(after.count(REGISTRY, "model package"), 2);
    assert_eq!(after.count(PROD, "pipeline version"), 3, "only training names the commit");
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
}

#[test]
fn a_dry_run_writes_nothing_anywhere() {
    let world = World::new();
    let told = world.agent(&["run", "--branch", "main", "--dry-run"]).done();
    told.says("to create").says("mammo-severity-train-pipeline");
    for account in [DEV, PROD, REGISTRY] {
        assert!(world.cloud().holds(account).is_empty(), "{account}");
    }
    assert!(world.cloud().keys("sagemaker-prod-bucket").is_empty());
    assert_eq!(world.agent(&["runs", "--json"]).done().json(), serde_json::json!([]));
}

#[test]
fn a_run_can_begin_in_the_middle_with_what_an_earlier_one_left() {
    let world = World::new();
    world
        .agent(&["run", "--branch", "main", "--from", "plan"])
        .exits(2)
        .says("has not succeeded yet")
        .says("without --from");
    world.agent(&RUN).done();
    let told = world.agent(&["run", "--branch", "main", "--from", "schedule-rules"]).done();
    told.says("changed: 8 of 23 planned").says("15 by an earlier run");
    let told = world.agent(&["run", "--branch", "main", "--from", "plan"]).done();
    told.says("gate: taken over").says("plan: started").says("changed: nothing");
    assert!(!told.stderr.contains("gate: started"), "{}", told.stderr);
    // The plan goes with it, and what is known of it.
    for stage in ["deploy-pipelines", "schedule-rules"] {
        let told = world.agent(&["run", "--branch", "main", "--from", stage]).done();
        told.says("plan: taken over").says(&format!("{stage}: started")).says("changed: nothing");
        let shown = world.agent(&["show", "--json"]).done().json();
        assert!(shown["evidence"]["plan"].is_object(), "{shown}");
        assert!(shown["evidence"]["gate-verdict"].is_object(), "{shown}");
    }
    world
        .agent(&["run", "--branch", "main", "--from", "paln"])
        .exits(2)
        .says("there is no stage 'paln'")
        .says("deploy-pipelines");
}

#[test]
fn json_lines_tell_every_event_every_line_and_the_end() {
    let world = World::new();
    let told = world.agent(&["run", "--branch", "main", "--json"]).done();
    let lines: Vec<Value> =
        told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(summary["outcome"]["outcome"], "succeeded");
    assert_eq!(summary["judged"]["verdict"]["decision"], "accepted");
    assert!(summary["judged"]["verdict"]["evidence"]["baseline"]["value"].as_f64().unwrap() > 0.8);
    assert_eq!(lines.iter().filter(|line| line["summary"].is_object()).count(), 1);
    assert!(lines.iter().any(|line| line["seq"].is_u64() && line["message"].is_string()));
}

/// Two runs that train in dev at the same time share its train pipeline.
#[test]
fn an_execution_of_another_definition_is_no_evidence() {
    let world = promoted();
    let first = world.git(&["rev-parse", "HEAD"]);
    world.edit("templates/pipelines/train.json.hbs", r#""max_depth": "5""#, r#""max_depth": "1""#);
    world.commit("Grow shallower trees");
    world.agent(&RUN).done();
    world.cloud().mix_up_the_first_two_executions();
    let told = world.agent(&["run", "--branch", "main", "--commit", &first]).done();
    told.says("candidate: trained in dev");
    assert_eq!(world.cloud().count(DEV, "pipeline execution"), 3);
}

/// China and GovCloud are partitions of their own: other ARNs, other host names, other images.
#[test]
fn other_partitions_and_names_are_promoted_as_well() {
    for (region, partition, extra) in [
        ("eu-west-1", "aws", ""),
        ("cn-north-1", "aws-cn", ""),
        (
            "us-gov-west-1",
            "aws-us-gov",
            "\nimages: { monitor: 123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/monitor }\n",
        ),
    ] {
        let world = World::new();
        for name in ["environments/dev.yaml", "environments/prod.yaml"] {
            let text = world.read(name);
            let text = text.replace("us-east-1", region).replace("mammo-severity", "Lungs");
            let text = text.replace("arn:aws:", &format!("arn:{partition}:"));
            world.write(name, &(text + extra));
        }
        world.commit("Move");
        world.agent(&RUN).done().says("is promoted to prod");
        world.agent(&["plan", "--env", "prod"]).done().says("No changes");
    }
}
