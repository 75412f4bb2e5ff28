//! The whole agent as a process, and a GitHub that hears what it did.

use super::{Fake, KEY, TOKEN};
use crate::serve::Setup;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_deployed_and_github_hears_of_it() {
    let fake = Fake::start().await;
    let mut setup = Setup::new();
    setup.world.write("../token", TOKEN);
    setup.more = format!("github: {{ api: {}, token: {{ file: token }} }}\n", fake.address());
    let commit = setup.world.git(&["rev-parse", "main"]);
    let _server = setup.start();
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
