//! The plan on the pull request.

use super::*;

#[tokio::test]
async fn the_plan_is_one_comment_that_is_edited_in_place() {
    let desk = Desk::new(app()).await;
    let pull = json!({"number": 12, "state": "open",
        "head": {"ref": "topic", "sha": commit('a'), "repo": {"id": 1}},
        "base": {"ref": "main", "sha": commit('0'), "repo": {"id": 1}}});
    let strangers = json!({"id": 900, "issue": "12", "body": "<!-- relevo plan prod -->\nfine",
        "user": {"id": 5}, "performed_via_github_app": null});
    desk.fake.see(|m| {
        m.pulls = vec![pull];
        m.comments = vec![strangers.clone()];
    });
    let plan = json!({"environment": "prod", "account": "222222222222", "region": "us-east-1",
        "commit": commit('a'), "changes": [], "schedule": null, "notes": ["```\n@everyone"]});
    for (ask, comments) in [(Ask::Once, 2), (Ask::Again, 2)] {
        let run = desk.run(ask).await;
        desk.evidence(&run, "plan", plan.clone()).await;
        desk.happen(&run, &promotion()).await;
        desk.fake.fail("POST", "/comments", Fault::ActThen(500));
        desk.tell().await;
        let found = desk.fake.see(|m| m.comments.clone());
        assert_eq!((found.len(), &found[0]), (comments, &strangers), "another's is not touched");
        let body = found[1]["body"].as_str().unwrap();
        assert!(
            body.starts_with("<!-- relevo plan prod -->\n") && body.contains(run.id.short()),
            "{body}"
        );
        desk.fake.clock.sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(desk.fake.count("POST", "/comments"), 1);
}
