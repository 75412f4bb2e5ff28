//! A run that has begun to change an environment goes on with the files it began with, whatever is pushed in between.

use super::stopping::Watched;
use crate::world::{Told, World};

const PROD_FILE: &str = "environments/prod.yaml";
const SCHEDULE: &str = "cron(0 23 * * ? *)";
const LATER: &str = "cron(30 21 * * ? *)";

/// A run of main that dies as soon as it has begun to apply its plan.
fn dies_while_it_applies(world: &World) {
    let mut agent = Watched::start(world);
    agent.hears("deploy-pipelines | ");
    agent.dies();
}

fn resume(world: &World) -> Told {
    world.agent(&["resume"])
}

#[test]
fn it_is_applied_as_it_was_planned_and_the_next_run_takes_what_is_new() {
    let world = World::new();
    let begun = world.git(&["rev-parse", "HEAD"]);
    dies_while_it_applies(&world);
    world.edit(PROD_FILE, SCHEDULE, LATER);
    world.commit("Infer earlier");
    resume(&world).done().says("is promoted to prod");
    let shown = world.agent(&["show", "--json"]).done().json();
    assert_eq!(shown["policy"], begun.as_str());
    world.agent(&["drift", "--env", "prod"]).done().says("is as run");
    world.agent(&["plan", "--env", "prod"]).done().says(LATER);
    world.agent(&["run", "--branch", "main"]).done();
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
}

#[test]
fn it_does_not_go_on_where_its_branch_may_not_go_any_more() {
    let world = World::new();
    dies_while_it_applies(&world);
    world.edit("pipeline.yaml", "branch: main", "branch: release");
    world.commit("Release from a branch of its own");
    resume(&world).exits(2).says("branch 'main' does not deploy to 'prod'").says("pipeline.yaml");
}

#[test]
fn it_does_not_go_on_with_files_that_were_taken_out_of_the_history() {
    let world = World::new();
    dies_while_it_applies(&world);
    world.edit(PROD_FILE, SCHEDULE, LATER);
    world.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    resume(&world).exits(2).says("the default branch has lost commit").says("agent run");
    world.agent(&["run", "--branch", "main"]).done();
}

#[test]
fn it_waits_while_the_default_branch_cannot_say_who_may_let_it_through() {
    let world = World::new();
    dies_while_it_applies(&world);
    world.edit(PROD_FILE, SCHEDULE, "whenever");
    world.commit("Break it");
    resume(&world).exits(2).says("environments/prod.yaml").says("whenever");
    world.edit(PROD_FILE, "whenever", SCHEDULE);
    world.commit("Mend it");
    resume(&world).done().says("is promoted to prod");
}
