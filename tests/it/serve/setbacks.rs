//! Runs that cannot be driven: one that never will be ends, another waits and says for what.

use super::{Setup, server::Server};
use serde_json::Value;
use std::fs;

/// A run that waits behind a lock, and the agent that will drive it once that is gone.
fn waiting(setup: &Setup) -> (String, Server) {
    let commit = setup.push_stages("  say: { run: [\"true\"] }\n");
    setup.agent(&["lock", "prod", "--reason", "migration"]).done();
    let server = setup.start();
    assert_eq!(server.deliver_push("setback-1", "main", &commit).0, 202);
    waits_for(setup, "lock");
    (commit, server)
}

/// The run, once it waits for this.
fn waits_for(setup: &Setup, what: &str) -> Value {
    setup.until(what, || {
        let run = setup.runs().pop()?;
        (run["standing"]["why"]["for"] == what).then_some(run)
    })
}

#[test]
fn a_run_whose_repository_is_away_waits_and_says_so() {
    let setup = Setup::new();
    let (_, _server) = waiting(&setup);
    fs::rename(setup.bare(), setup.world.path("../away.git")).unwrap();
    setup.agent(&["unlock", "prod"]).done();
    let run = waits_for(&setup, "setback");
    assert_eq!(run["outcome"], Value::Null);
    let why = run["standing"]["why"]["why"].as_str().unwrap();
    assert!(why.contains("is not in a git repository"), "{why}");
    setup.agent(&["show"]).done().says("tried again at").says("is not in a git repository");
}

#[test]
fn a_run_whose_commit_is_gone_ends() {
    let setup = Setup::new();
    let (commit, _server) = waiting(&setup);
    setup.world.git(&["checkout", "--quiet", "--orphan", "fresh"]);
    setup.world.commit("Another history");
    setup.push("fresh:main");
    let bare = setup.bare();
    setup.world.git(&["-C", &bare, "reflog", "expire", "--expire=now", "--all"]);
    setup.world.git(&["-C", &bare, "gc", "--quiet", "--prune=now"]);
    setup.agent(&["unlock", "prod"]).done();
    let run = setup.ended(&commit, "prod");
    assert_eq!(run["outcome"]["outcome"], "unfit", "{run}");
    let why = format!("given up: commit {commit} is not in ");
    setup.agent(&["show"]).done().says(&why).says("/bare.git any more");
}

#[test]
fn a_repository_whose_rules_cannot_be_read_is_counted() {
    let setup = Setup::new();
    setup.push_change("pipeline.yaml", "no map", "Break it");
    let server = setup.start();
    setup.until("the figure", || {
        let (_, figures) = server.send("GET /metrics", &[], b"");
        figures.contains("relevo_repositories_unreached 1").then_some(())
    });
}
