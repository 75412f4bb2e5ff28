//! How the agent ends, gently and not, and what the next one finds.

use super::Setup;
use serde_json::Value;
use std::{fs, process::Command};

#[test]
fn what_was_answered_survives_kill_9() {
    let setup = Setup::new();
    let rule = "prod: { branch: main, after: dev";
    setup.world.edit("pipeline.yaml", rule, &format!("{rule}, supersede: every"));
    let mut commits = Vec::new();
    for number in 0..3 {
        let commit =
            setup.push_change("note.txt", &format!("{number}"), &format!("Number {number}"));
        let server = setup.start();
        let (status, told) = server.deliver_push(&format!("kill-{number}"), "main", &commit);
        assert_eq!(status, 202, "{told}");
        server.kill();
        commits.push(commit);
    }
    let _server = setup.start();
    for commit in &commits {
        assert_eq!(setup.ended(commit, "prod")["outcome"]["outcome"], "succeeded");
    }
    let runs = setup.runs();
    for commit in &commits {
        let own: Vec<&Value> = runs.iter().filter(|run| run["commit"] == **commit).collect();
        assert_eq!(own.len(), 1, "{own:#?}");
    }
}

#[test]
fn what_a_dead_agent_left_of_a_run_that_is_over_is_cleared_away() {
    let setup = Setup::new();
    let commit = setup.world.git(&["rev-parse", "main"]);
    let server = setup.start();
    assert_eq!(server.deliver_push("tidy-1", "main", &commit).0, 202);
    let run = setup.ended(&commit, "prod")["run"].as_str().unwrap().to_owned();
    server.kill();
    let work = setup.state().join("work");
    let of_run =
        ["", ".private", ".x1Y2z3.partial"].map(|ending| work.join(format!("{run}{ending}")));
    let other = work.join("of-nobody");
    for folder in of_run.iter().chain([&other]) {
        fs::create_dir_all(folder.join("deep")).unwrap();
    }
    let mut survivor = Command::new("sleep").arg("1000").env("RELEVO_RUN", &run).spawn().unwrap();
    let _next = setup.start();
    setup.until("order", || {
        let _time_passes = setup.runs();
        (!of_run.iter().any(|folder| folder.exists())).then_some(())
    });
    assert!(!survivor.wait().unwrap().success(), "its command was not killed");
    assert!(other.exists(), "no run's, and so nobody's to remove");
}

#[test]
fn a_first_signal_ends_an_idle_agent_and_what_waits_is_kept() {
    let setup = Setup::new();
    let server = setup.start();
    server.signal("-TERM");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_run_under_way_comes_to_its_end_before_the_agent_does() {
    let setup = Setup::new();
    let commit = setup.world.git(&["rev-parse", "main"]);
    let server = setup.start();
    assert_eq!(server.deliver_push("drain-1", "main", &commit).0, 202);
    setup.until("the run's first stage", || is_under_way(&setup).then_some(()));
    server.signal("-TERM");
    assert_eq!(server.wait(), Some(0));
    assert_eq!(setup.runs()[0]["outcome"]["outcome"], "succeeded");
}

/// Has a stage of the newest run begun?
fn is_under_way(setup: &Setup) -> bool {
    let runs = setup.runs();
    let Some(run) = runs.first() else { return false };
    let shown = setup.agent(&["show", run["run"].as_str().unwrap(), "--json"]).done().json();
    shown["events"].as_array().unwrap().iter().any(|stored| stored["event"] == "stage-started")
}

#[test]
fn a_parked_run_is_gone_on_with_by_the_next_agent() {
    let mut setup = Setup::new();
    setup.more = "drain: { park: true }\n".to_owned();
    let commit = setup.world.git(&["rev-parse", "main"]);
    let server = setup.start();
    assert_eq!(server.deliver_push("park-1", "main", &commit).0, 202);
    setup.until("the run", || setup.runs().into_iter().next());
    server.signal("-INT");
    assert_eq!(server.wait(), Some(0));
    let _next = setup.start();
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    assert_eq!(setup.runs().len(), 1);
}
