//! Which commit goes where, and what a wrong word is answered.

use super::promotion::promoted;
use crate::{
    cloud::{DEV, PROD},
    world::World,
};

#[test]
fn main_may_go_to_dev_which_stands_before_prod() {
    let world = World::new();
    world.agent(&["run", "--branch", "main", "--env", "dev"]).done().says("is promoted to dev");
    assert_eq!(world.cloud().count(DEV, "pipeline"), 2);
    assert!(world.cloud().holds(PROD).is_empty());
}

#[test]
fn develop_never_reaches_prod() {
    let world = World::new();
    for command in ["run", "plan"] {
        let told = world.agent(&[command, "--branch", "develop", "--env", "prod"]).exits(2);
        told.says("branch 'develop' deploys to 'dev' and may not reach 'prod'")
            .says("promotion order");
    }
    assert!(world.cloud().holds(PROD).is_empty());
}

/// A branch's own files cannot widen what the branch may do.
#[test]
fn develop_cannot_promote_itself_by_its_own_pipeline_file() {
    let world = World::new();
    world.git(&["switch", "--quiet", "develop"]);
    world.edit("pipeline.yaml", "dev:  { branch: develop }", "dev:  { branch: other }");
    world.edit("pipeline.yaml", "branch: main, after: dev", "branch: develop, after: dev");
    world.edit(
        "environments/dev.yaml",
        "account_id: \"111111111111\"",
        "account_id: \"222222222222\"",
    );
    world.commit("Take over prod");
    world.git(&["switch", "--quiet", "main"]);
    world
        .agent(&["run", "--branch", "develop", "--env", "prod"])
        .exits(2)
        .says("may not reach 'prod'");
    world.agent(&["run", "--branch", "develop"]).done().says("is promoted to dev");
    assert!(world.cloud().holds(PROD).is_empty());
}

/// While the default branch says nothing valid, nobody else may say it in its stead.
#[test]
fn develop_cannot_promote_itself_while_main_has_no_valid_pipeline_file() {
    for broken in [Some("version: 1\nname: [\n"), None] {
        let world = World::new();
        match broken {
            Some(text) => world.write("pipeline.yaml", text),
            None => std::fs::remove_file(world.path("pipeline.yaml")).unwrap(),
        }
        world.commit("Break the policy");
        world.git(&["switch", "--quiet", "develop"]);
        world.edit("pipeline.yaml", "dev:  { branch: develop }", "dev:  { branch: other }");
        world.edit("pipeline.yaml", "branch: main, after: dev", "branch: develop, after: dev");
        world.commit("Take over prod");
        for command in
            [&["run", "--branch", "develop"] as &[&str], &["plan", "--branch", "develop"]]
        {
            world.agent(command).exits(2).says("the default branch has no valid pipeline.yaml");
        }
        assert!(world.cloud().holds(PROD).is_empty());
    }
}

/// A commit goes where its branch goes, not where another branch would go.
#[test]
fn a_commit_of_develop_is_not_mains() {
    let world = World::new();
    world.git(&["switch", "--quiet", "develop"]);
    world.write("README.md", "Not reviewed.\n");
    let commit = world.commit("Try something");
    world.git(&["switch", "--quiet", "main"]);
    for command in ["run", "plan"] {
        let told = world.agent(&[command, "--branch", "main", "--commit", &commit]).exits(2);
        told.says("is not on branch 'main'").says("--branch");
    }
    world.agent(&["run", "--branch", "develop", "--commit", &commit, "--dry-run"]).done();
}

#[test]
fn a_wrong_word_is_answered_with_the_right_ones() {
    let world = World::new();
    for (arguments, message, hint) in [
        (&["run", "--branch", "mian"] as &[&str], "'mian'", "main"),
        (&["plan", "--branch", "mian"], "'mian'", "main"),
        (&["run", "--env", "pord"], "there is no environment 'pord'", "prod"),
        (&["plan", "--branch", "main", "--env", "pord"], "no environment 'pord'", "prod"),
        (&["models", "list", "--env", "pord"], "there is no environment 'pord'", "prod"),
        (&["run", "--commit", "0000000", "--branch", "main"], "0000000", ""),
        (&["run", "--repo", "/nowhere"], "/nowhere", "--repo"),
        (&["show"], "there is no run yet", "agent run"),
        (&["logs"], "there is no run yet", "agent run"),
        (&["resume"], "there is no unfinished run", "agent runs"),
        (&["show", "ffff"], "ffff", "agent runs"),
        (&["logs", "ffff"], "ffff", "agent runs"),
        (&["resume", "ffff"], "ffff", "agent runs"),
        (&["models", "show", "7", "--env", "prod"], "no version 7", "train-test"),
        (&["rnu"], "unrecognized subcommand", "run"),
        (&["run", "--brunch", "main"], "unexpected argument", "--branch"),
    ] {
        world.agent(arguments).exits(2).says(message).says(hint);
    }
    let told = world.agent(&["run", "--env", "pord", "--json"]).exits(2);
    let error: serde_json::Value = serde_json::from_str(&told.stderr).unwrap();
    assert_eq!(error["exit"], 2);
}

#[test]
fn where_there_is_no_repository_nothing_is_looked_for_and_nothing_made() {
    let world = World::new();
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().to_str().unwrap();
    for command in ["run", "plan", "runs", "show", "logs", "resume"] {
        let told = world.agent(&[command, "--repo", path]).exits(2);
        told.says(path).says("is not in a git repository");
    }
    world.agent(&["validate", path]).exits(2).says(path).says("name the project's folder");
    assert_eq!(outside.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_repository_without_a_commit_is_called_that() {
    let world = World::empty();
    world.agent(&["run", "--branch", "main"]).exits(2).says("no commit yet").says("committed");
    world.agent(&["plan", "--env", "prod"]).exits(2).says("no commit yet");
}

#[test]
fn a_damaged_store_is_named_once_and_can_be_moved_away() {
    let world = World::new();
    world.write(".agent/agent.sqlite", &"not a database ".repeat(100));
    let told = world.agent(&["runs"]).exits(1);
    told.says("agent.sqlite").says("move it away");
    assert_eq!(told.stderr.matches("file is not a database").count(), 1, "{}", told.stderr);
    world.write(".agent/agent.sqlite", "");
    world.agent(&["runs"]).done().says("No run yet");
}

#[test]
fn a_port_that_is_taken_is_answered_with_how_to_choose_another() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = world.agent(&["rehearsal", "serve", "--port", &port]).exits(1);
    told.says(&port).says("another program").says("--port");
}

#[test]
fn a_branch_that_no_environment_names_deploys_nowhere() {
    let world = World::new();
    world.git(&["branch", "feature"]);
    world
        .agent(&["run", "--branch", "feature"])
        .exits(2)
        .says("branch 'feature' deploys nowhere")
        .says("main → prod");
}

#[test]
fn a_stage_that_the_run_does_not_have_is_answered_with_those_it_has() {
    let world = promoted();
    world.agent(&["logs", "--stage", "gat"]).exits(2).says("no stage 'gat'").says("train-test");
}

#[test]
fn only_what_is_committed_is_run() {
    let world = World::new();
    world.write("pipeline.yaml", "not yaml: [");
    world.agent(&["run", "--branch", "main", "--dry-run"]).done().says("uncommitted changes");
}

#[test]
fn an_earlier_commit_can_be_deployed_again() {
    let world = promoted();
    let first = world.git(&["rev-parse", "HEAD"]);
    world.edit("environments/prod.yaml", "cron(0 23 * * ? *)", "cron(0 22 * * ? *)");
    world.commit("Score earlier");
    world.agent(&["run", "--branch", "main"]).done().says("inference-schedule");
    // The environment files are the default branch's: what an old commit brings back is its code, not its accounts.
    world.agent(&["run", "--branch", "main", "--commit", &first]).done().says(&first[..7]);
}
