//! From `git push` to what runs.

use super::Setup;

#[test]
fn a_push_to_a_bare_repository_deploys_by_itself() {
    let setup = Setup { poll: "1s".to_owned(), ..Setup::new() };
    let first = setup.world.git(&["rev-parse", "main"]);
    let _server = setup.start();
    assert_eq!(setup.ended(&first, "prod")["outcome"]["outcome"], "succeeded");
    let second = setup.push_change("note.txt", "two", "Another commit");
    let run = setup.ended(&second, "prod");
    assert_eq!(run["outcome"]["outcome"], "succeeded");
    let deliveries = setup.deliveries();
    assert_eq!(deliveries.len(), 2, "{deliveries:#?}");
    assert_eq!(deliveries[0]["verdict"]["run"], run["run"]);
    assert_eq!(deliveries[0]["via"], "poll");
    setup.agent(&["deliveries"]).done().says("poll").says("mammography").says("run ");
}

#[test]
fn a_folder_is_served_without_any_settings() {
    let setup = Setup::new();
    let repository = setup.world.repository().display().to_string();
    let commit = setup.world.git(&["rev-parse", "main"]);
    let _server = setup.start_with(&["serve", "--repo", &repository, "--listen", "127.0.0.1:0"]);
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    assert_eq!(setup.ended(&commit, "dev")["outcome"]["outcome"], "succeeded");
}

#[test]
fn one_push_heard_of_three_ways_is_one_run() {
    let setup = Setup::new();
    let commit = setup.world.git(&["rev-parse", "main"]);
    let server = setup.start();
    for id in ["hook-one", "hook-two"] {
        assert_eq!(server.deliver_push(id, "main", &commit).0, 202);
    }
    let run = setup.ended(&commit, "prod");
    for id in ["hook-one", "hook-two"] {
        assert_eq!(setup.verdict(id)["run"], run["run"]);
    }
    assert_eq!(setup.runs().len(), 1);
}

#[test]
fn what_must_not_run_gets_its_verdict() {
    let setup = Setup::new();
    let main = setup.world.git(&["rev-parse", "main"]);
    // A branch that says of itself that it deploys to prod.
    setup.world.git(&["checkout", "--quiet", "-b", "evil"]);
    setup.world.edit("pipeline.yaml", "branch: main", "branch: evil");
    let evil = setup.world.commit("Let me in");
    setup.push("evil");
    setup.world.git(&["checkout", "--quiet", "main"]);
    let skipped = setup.push_change("note.txt", "x", "Only words [skip ci]");
    setup.world.edit("pipeline.yaml", "stages:", "stagez:");
    setup.world.git(&["checkout", "--quiet", "-b", "develop-two"]);
    setup.world.commit("Broken");
    let broken = setup.world.git(&["rev-parse", "HEAD"]);
    setup.world.git(&["push", "--quiet", "origin", "HEAD:develop"]);
    let server = setup.start();
    for (id, branch, commit, verdict, reason) in [
        ("evil-1", "evil", &evil, "ignored", "branch 'evil' deploys nowhere"),
        ("evil-2", "main", &evil, "ignored", "is not on branch 'main'"),
        ("skip-1", "main", &skipped, "ignored", "says [skip ci]"),
        ("broken-1", "develop", &broken, "refused", "pipeline.yaml:"),
        ("gone-1", "main", &"1".repeat(40), "ignored", "has no commit 1111111"),
    ] {
        assert_eq!(server.deliver_push(id, branch, commit).0, 202, "{id}");
        let told = setup.verdict(id);
        assert_eq!(told["verdict"], verdict, "{id}: {told}");
        assert!(told["reason"].as_str().unwrap().contains(reason), "{id}: {told}");
    }
    let runs = setup.runs();
    assert!(runs.iter().all(|run| run["commit"] == *main), "{runs:#?}");
}
