//! The whole agent as a process, and a GitHub that hears what it did.

use super::{Fake, KEY, TOKEN};
use crate::serve::{GITHUB, Setup};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_deployed_and_github_hears_of_it() {
    let fake = Fake::start().await;
    let mut setup = Setup::new();
    setup.world.write("../token", TOKEN);
    setup.more = format!("github: {{ api: {}, token: {{ file: token }} }}\n", fake.address());
    let commit = setup.world.git(&["rev-parse", "main"]);
    let server = setup.start();
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    let newest = setup.until("the status of the promotion", || {
        let _time_passes = setup.runs();
        fake.see(|m| {
            let mut newest = m.statuses.iter().rev();
            newest.find(|s| s["context"] == "relevo/prod" && s["state"] == "success").cloned()
        })
    });
    assert_eq!(newest["description"], json!("promoted to prod"));
    setup.until("the deployment", || {
        let _time_passes = setup.runs();
        fake.see(|m| m.deployment_statuses.iter().any(|s| s["state"] == "success").then_some(()))
    });
    assert_eq!(fake.see(|m| m.deployments.len()), 1);
    assert!(fake.count("GET", "/git/ref/heads/main") > 0, "it asks where the branches are");
    let (_, figures) = server.send("GET /metrics", &[], b"");
    let granted = |line: &str| line.strip_prefix("relevo_github_requests_remaining ")?.parse().ok();
    let left: Option<u64> = figures.lines().find_map(granted);
    assert!(left.is_some_and(|left| left < 5_000), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_repositories_of_its_own_server_are_opened_for_git_and_no_others() {
    let fake = Fake::start().await;
    fake.see(|memory| memory.git_until = "2100-01-01T00:00:00Z".to_owned());
    let mut setup = Setup::new();
    setup.world.write("../key.pem", KEY);
    setup.more = format!(
        "github: {{ api: {}, app: {{ id: 7, key: {{ file: key.pem }} }} }}\n",
        fake.address()
    );
    setup.repositories =
        "  private: { source: https://127.0.0.1/octo/model.git, github: octo/model }\n  \
         elsewhere: { source: https://localhost/octo/other.git, github: octo/other }\n"
            .to_owned();
    let _server = setup.start();
    let for_git = || -> Vec<Value> {
        let changes = fake.changes().into_iter().map(|change| change.body);
        changes.filter(|body| body.get("permissions").is_some()).collect()
    };
    setup.until("a token for git", || {
        let _time_passes = setup.runs();
        (!for_git().is_empty()).then_some(())
    });
    let body = json!({"repositories": ["model"], "permissions": {"contents": "read"}});
    assert_eq!(for_git(), [body]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_on_the_pull_request_lets_a_run_go_on_if_it_is_an_approvers_about_its_plan() {
    let fake = Fake::start().await;
    let mut setup = Setup::new();
    setup.world.write("../token", TOKEN);
    setup.more = format!("github: {{ api: {}, token: {{ file: token }} }}\n", fake.address());
    let commit = setup.push_asking("'github:Ada'");
    let server = setup.start();
    assert_eq!(server.deliver_push("ask-1", "main", &commit).0, 202);
    let (run, plan) = setup.asked();
    let said = |id: &str, login: &str, plan: &str| {
        let person = json!({ "login": login, "type": "User" });
        let comment = json!({
            "action": "created", "sender": person, "issue": { "number": 7, "pull_request": {} },
            "comment": { "id": 5, "body": format!("/approve {plan}"), "user": person },
            "repository": { "full_name": GITHUB },
        });
        assert_eq!(server.deliver(id, "issue_comment", &comment).0, 202, "{id}");
        setup.verdict(id)
    };
    for (id, login, plan, why) in [
        ("eve", "eve", plan.as_str(), "no approver at GitHub"),
        ("other", "ada", "0123456789ab", "that is another one"),
    ] {
        let told = said(id, login, plan);
        assert_eq!(told["verdict"], "refused", "{id}: {told}");
        assert!(told["reason"].as_str().unwrap().contains(why), "{id}: {told}");
        assert!(setup.runs()[0]["outcome"].is_null(), "{id}");
        setup.agent(&["queue"]).done().says("waiting for approval");
    }
    let told = said("ada", "ada", &plan);
    assert_eq!(told["run"], json!(run), "{told}");
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    let reactions = fake.see(|memory| memory.reactions.clone());
    let sign = |content: &str| ("issues/comments/5/reactions".to_owned(), content.to_owned());
    assert_eq!(reactions, [sign("confused"), sign("+1")]);
}
