//! People's orders to an agent that serves, given by other processes.

use super::Setup;
use serde_json::Value;

fn standing(setup: &Setup, commit: &str) -> Option<Value> {
    let queue = setup.json(&["queue"]);
    let own = queue.into_iter().find(|one| one["run"]["commit"] == commit)?;
    Some(own["standing"].clone())
}

#[test]
fn while_prod_is_locked_pushes_wait_and_then_the_newest_takes_the_place_of_the_others() {
    let setup = Setup::new();
    setup.agent(&["lock", "prod", "--reason", "migration"]).done();
    let server = setup.start();
    let mut commits = Vec::new();
    for number in 0..3 {
        let text = format!("{number}");
        let commit = setup.push_change("note.txt", &text, &format!("Number {number}"));
        assert_eq!(server.deliver_push(&format!("lock-{number}"), "main", &commit).0, 202);
        commits.push(commit);
    }
    let last = commits.pop().unwrap();
    let waits = setup.until("the wait", || standing(&setup, &last));
    assert_eq!(waits["standing"], "waiting", "{waits}");
    for commit in &commits {
        let outcome = &setup.ended(commit, "prod")["outcome"];
        assert_eq!(outcome["outcome"], "superseded", "{outcome}");
    }
    assert_eq!(standing(&setup, &last).unwrap()["why"]["lock"]["reason"], "migration");
    setup.agent(&["unlock", "prod"]).done();
    assert_eq!(setup.ended(&last, "prod")["outcome"]["outcome"], "succeeded");
}

#[test]
fn a_run_that_waits_for_its_agent_says_so_to_who_asks_elsewhere() {
    let mut setup = Setup::new();
    setup.more = "limits: { runs-at-once: 1 }\n".to_owned();
    let commit = setup.push_stages("  slow: { run: [sleep, '600'] }\n");
    setup.push("HEAD:develop");
    let server = setup.start();
    assert_eq!(server.deliver_push("slow-1", "main", &commit).0, 202);
    setup.until("the wait", || {
        let queue = setup.json(&["queue"]);
        queue.iter().any(|one| one["standing"]["why"]["for"] == "slot").then_some(())
    });
    for run in setup.runs() {
        setup.agent(&["cancel", run["run"].as_str().unwrap()]).done();
    }
    let is_over = |run: &Value| !run["outcome"].is_null();
    setup.until("the end", || setup.runs().iter().all(is_over).then_some(()));
}

#[test]
fn an_approval_by_another_process_lets_a_run_go_on() {
    let setup = Setup::new();
    let commit = setup.push_asking("ada");
    let server = setup.start();
    assert_eq!(server.deliver_push("ask-1", "main", &commit).0, 202);
    let (run, _) = setup.asked();
    let mut approve = setup.command(&["approve", &run]);
    assert!(approve.env("AGENT_USER", "Ada").status().unwrap().success());
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
}

#[test]
fn a_rejection_by_another_process_is_told_by_the_agent_that_serves() {
    let setup = Setup::new();
    let commit = setup.push_asking("ada");
    let server = setup.start_heard();
    assert_eq!(server.deliver_push("ask-1", "main", &commit).0, 202);
    let (run, _) = setup.asked();
    let waits = format!("run {} waits: waiting for approval", &run[run.len() - 8..]);
    setup.hears(&waits);
    let mut reject = setup.command(&["reject", &run, "--reason", "not today"]);
    assert!(reject.env("AGENT_USER", "Ada").status().unwrap().success());
    setup.hears(&format!("run {} into prod: rejected", &run[run.len() - 8..]));
}

#[test]
fn a_run_that_is_driven_elsewhere_is_cancelled() {
    let setup = Setup::new();
    setup.world.edit(
        "pipeline.yaml",
        "{ uses: validate }",
        "{ uses: validate }\n  slow: { run: [sleep, '600'], needs: [validate] }",
    );
    let commit = setup.push_change("note.txt", "slow", "Take long");
    let server = setup.start();
    assert_eq!(server.deliver_push("slow-1", "main", &commit).0, 202);
    let run = setup.until("the start", || {
        let run = setup.runs().into_iter().next()?["run"].as_str()?.to_owned();
        let shown = setup.agent(&["show", &run, "--json"]).done().json();
        let events = shown["events"].as_array()?.clone();
        let is_slow = |event: &Value| event["event"] == "stage-started" && event["stage"] == "slow";
        events.iter().any(is_slow).then_some(run)
    });
    setup.agent(&["cancel", &run]).done().says("told to stop");
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "cancelled");
}
