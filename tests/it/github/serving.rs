//! The whole agent as a process, and a GitHub that hears what it did.

use super::{Fake, TOKEN};
use crate::serve::Setup;
use serde_json::json;

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
