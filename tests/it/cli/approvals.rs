//! Approvals, locks and orders, by the binary alone.

use crate::{
    cloud::PROD,
    world::{Told, World},
};
use serde_json::Value;

/// The example, with a question before prod is deployed to.
fn asking(approval: &str) -> World {
    let world = World::new();
    world.edit(
        "pipeline.yaml",
        "  deploy-pipelines: { uses: deploy-pipelines, needs: [plan] }",
        "  approve:          { uses: approve, needs: [plan] }\n  deploy-pipelines: { uses: deploy-pipelines, needs: [approve] }",
    );
    let prod = world.read("environments/prod.yaml");
    world.write("environments/prod.yaml", &format!("{prod}{approval}"));
    world.commit("Ask before prod");
    world
}

const BY_ADA: &str = "approval: { approvers: [ada], self_approval: false, expires: 12h }\n";

fn says(world: &World, user: &str, arguments: &[&str]) -> Told {
    let output = world.command(arguments).env("AGENT_USER", user).output().unwrap();
    Told {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn waiting(world: &World) -> String {
    says(world, "bob", &["run", "--branch", "main"]).exits(6).says("waits for approval");
    let queue = world.agent(&["queue", "--json"]).done().json();
    assert_eq!(queue[0]["standing"]["why"]["for"], Value::from("approval"));
    queue[0]["run"]["run"].as_str().unwrap().to_owned()
}

#[test]
fn exactly_the_plan_that_was_approved_is_deployed() {
    let world = asking(BY_ADA);
    let run = waiting(&world);
    assert_eq!(world.cloud().count(PROD, "rule"), 0, "nothing is deployed");
    world.agent(&["queue"]).done().says("waiting for approval");
    says(&world, "bob", &["approve", &run]).exits(2).says("not among the approvers");
    says(&world, "ada", &["approve", &run]).done().says("1 of 1");
    let told = world.agent(&["resume"]).done();
    told.says("is approved by ada (cli)").says("is promoted to prod");
    let shown = world.agent(&["show", &run, "--json"]).done().json();
    let events = shown["events"].as_array().unwrap();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("stage-parked"), of("stage-awoken")), (1, 1));
}

#[test]
fn an_approval_is_void_once_another_plan_is_needed() {
    let world = asking(BY_ADA);
    let run = waiting(&world);
    says(&world, "ada", &["approve", &run]).done();
    // What the accounts should hold is for the default branch to say, and it changes its mind.
    world.edit("environments/prod.yaml", "retention_days: 90", "retention_days: 30");
    world.commit("Keep lines for a month");
    let told = world.agent(&["resume", &run]).exits(6);
    told.says("the approval is void").says("waits for approval");
    world.agent(&["resume", &run]).exits(6);
    says(&world, "ada", &["approve", &run]).done();
    world.agent(&["resume", &run]).done().says("is promoted to prod");
}

#[test]
fn each_question_of_a_run_has_its_own_time_and_its_own_answers() {
    let world = asking(BY_ADA);
    world.edit(
        "pipeline.yaml",
        "  schedule-rules:   { uses: schedule-rules, needs: [deploy-pipelines] }",
        "  approve-rules:    { uses: approve, needs: [deploy-pipelines] }\n  schedule-rules:   { uses: schedule-rules, needs: [approve-rules] }",
    );
    world.commit("Ask once more");
    let run = waiting(&world);
    says(&world, "ada", &["approve", &run]).done();
    world.agent(&["resume"]).exits(6).says("waits for approval");
    let shown = world.agent(&["show", &run, "--json"]).done().json();
    let events = shown["events"].as_array().unwrap();
    let asked: Vec<&str> =
        events.iter().filter_map(|event| event["request"]["until"].as_str()).collect();
    assert!(asked.len() == 2 && asked[0] < asked[1], "{asked:?}");
    says(&world, "ada", &["approve", &run]).done().says("1 of 1");
    world.agent(&["resume"]).done().says("is promoted to prod");
}

#[test]
fn a_rejection_ends_the_run() {
    let world = asking(BY_ADA);
    let run = waiting(&world);
    says(&world, "ada", &["reject", &run, "--reason", "not today"]).done();
    world.agent(&["runs"]).done().says("rejected");
    world.agent(&["show", &run]).done().says("not today");
    world.agent(&["resume", &run]).exits(2).says("rejected");
    assert_eq!(world.cloud().count(PROD, "rule"), 0);
}

#[test]
fn a_commit_cannot_leave_the_question_out() {
    let world = asking(BY_ADA);
    world.edit(
        "pipeline.yaml",
        "  approve:          { uses: approve, needs: [plan] }\n  deploy-pipelines: { uses: deploy-pipelines, needs: [approve] }",
        "  deploy-pipelines: { uses: deploy-pipelines, needs: [plan] }",
    );
    world.commit("Do not ask");
    let told = world.agent(&["run", "--branch", "main"]);
    assert_ne!(told.code, 0);
    told.says("'prod' wants approval");
    assert_eq!(world.cloud().count(PROD, "rule"), 0);
}

#[test]
fn a_locked_environment_and_a_closed_window_refuse_a_run_with_the_reason() {
    let world = World::new();
    world.agent(&["lock", "prod"]).exits(2);
    says(&world, "ada", &["lock", "prod", "--reason", "migration", "--until", "4h"]).done();
    world.agent(&["lock"]).done().says("prod is locked by ada (cli) until").says("migration");
    let told = world.agent(&["run", "--branch", "main"]).exits(1);
    told.says("migration").says("agent unlock prod");
    world.agent(&["run", "--branch", "main", "--json"]).exits(1).says("migration");
    world.agent(&["queue"]).done().says("prod is locked by ada");
    says(&world, "bob", &["unlock", "prod"]).done().says("migration");
    world.agent(&["unlock", "prod"]).exits(2).says("is not locked");

    let prod = world.read("environments/prod.yaml");
    let window =
        "windows: { time_zone: Europe/Madrid, deny: [{ from: 2020-01-01, to: 2030-01-01 }] }\n";
    world.write("environments/prod.yaml", &format!("{prod}{window}"));
    world.commit("Freeze");
    let told = world.agent(&["run", "--branch", "main"]).exits(1);
    told.says("prod is closed").says("2029-12-31 23:00:00 UTC");
}

#[test]
fn a_waiting_run_is_cancelled_and_can_be_run_again() {
    let world = asking(BY_ADA);
    let run = waiting(&world);
    world.agent(&["cancel", &run]).done().says("cancelled");
    world.agent(&["cancel", &run]).exits(2).says("is over");
    let made = world.agent(&["retry", &run, "--from", "plan", "--queue", "--json"]).done().json();
    assert_ne!(made["run"], Value::from(run.as_str()));
    world.agent(&["queue"]).done().says("next");
    world.agent(&["redeploy", &run]).exits(2).says("has not deployed anything");
}

/// What was not meant to run hinders nobody, and nobody's approval is taken over.
#[test]
fn a_run_that_begins_behind_a_question_asks_it_again() {
    let world = asking(BY_ADA);
    world.edit(
        "pipeline.yaml",
        "  deploy-pipelines:",
        "  clean:            { run: echo cleaned, needs: [gate], on: failure }\n  rest:             { run: echo rested, needs: [gate], when: branch == \"other\" }\n  deploy-pipelines:",
    );
    world.commit("Clean and rest");
    let run = waiting(&world);
    says(&world, "ada", &["approve", &run]).done();
    world.agent(&["cancel", &run]).done().says("cancelled");
    let again = ["retry", &run, "--from", "deploy-pipelines"];
    let told = says(&world, "bob", &again).exits(6);
    told.says("plan: taken over").says("approve: started").says("waits for approval");
    let run = world.agent(&["queue", "--json"]).done().json()[0]["run"]["run"].clone();
    says(&world, "ada", &["approve", run.as_str().unwrap()]).done().says("1 of 1");
    world.agent(&["resume"]).done().says("is promoted to prod");
    assert_ne!(world.cloud().count(PROD, "rule"), 0);
}
