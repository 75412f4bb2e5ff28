//! Pushes that GitHub tells of when it is asked: tips that moved, and deliveries that did not arrive.

use super::{Fault, app, client, ears::Ears, token};
use relevo::{
    hearing::{AskError, Looked, Repository},
    store::{NewDelivery, Via},
};
use serde_json::{Value, json};

impl Ears {
    fn tips(&self) {
        let tip = |branch: &str| (branch.to_owned(), self.world.git(&["rev-parse", branch]));
        self.fake.see(|m| m.heads = vec![tip("main"), tip("develop")]);
    }
}

#[tokio::test]
async fn tips_that_moved_become_deliveries_once_by_requests_that_cost_nothing_otherwise() {
    let ears = Ears::new(None).await;
    let client = client(&ears.fake, token());
    ears.tips();
    assert_eq!(ears.hearing.ask(&client, &ears.repository).await.unwrap(), 2);
    for _ in 0..2 {
        assert_eq!(ears.hearing.ask(&client, &ears.repository).await.unwrap(), 0);
    }
    assert_eq!(ears.fake.count("GET", "/git/ref/heads/"), 6, "two branches, three times");
    let looked = ears.hearing.look(&ears.repository, None).await.unwrap();
    assert!(matches!(looked, Looked::Moved { found: 0, .. }), "the same ids: {looked:?}");
    ears.world.write("note.txt", "two");
    ears.world.commit("Another commit");
    ears.tips();
    let found = ears.hearing.ask(&client, &ears.repository).await.unwrap();
    assert!(found >= 1, "main has moved, and the rules with it");
    let newest = ears.agent.app.store.newest_deliveries(1).await.unwrap();
    assert_eq!((newest[0].new.via, newest[0].new.event.as_str()), (Via::Poll, "push"));
}

/// A delivery to a repository that did not arrive, as GitHub lists it.
fn lost(id: u64, guid: &str, name: &str) -> Value {
    json!({"id": id, "guid": guid, "delivered_at": "2026-01-01T00:00:04Z", "redelivery": false,
        "duration": 0.1, "status": "x", "status_code": 502, "event": "push", "action": null,
        "installation_id": null, "repository_id": null, "throttled_at": null,
        "request": {"headers": {}, "payload": {"ref": "refs/heads/main", "repository": {"full_name": name}}}})
}

/// Where the stand-in's webhooks lead to.
const HERE: &str = "https://agent.example.org/github";

#[tokio::test]
async fn what_github_could_not_deliver_is_taken_under_its_own_id_once() {
    let ears = Ears::new(None).await;
    let client = client(&ears.fake, app());
    ears.fake.see(|m| {
        m.deliveries = vec![
            lost(3, "failed", "Octo/Model"),
            lost(2, "stranger", "octo/other"),
            lost(1, "known", "octo/model"),
        ];
    });
    let known = NewDelivery {
        id: "known".parse().unwrap(),
        via: Via::Webhook,
        repository: "mammography".to_owned(),
        event: "push".to_owned(),
        body: "{}".to_owned(),
    };
    ears.agent.app.store.keep_delivery(&known).await.unwrap();
    let repositories = [ears.repository.clone()];
    let known = (&repositories[..], "2025-12-31T00:00:00Z".parse().unwrap());
    for expected in [1, 0] {
        let recovered = ears.hearing.recover(&client, HERE, known).await.unwrap();
        assert_eq!((recovered.found, recovered.trouble.is_none()), (expected, true));
    }
    let kept = ears.agent.app.store.delivery(&"failed".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((kept.new.via, kept.new.repository.as_str()), (Via::Recovery, "mammography"));
    let slower = Fault::Refuse(429, vec![("retry-after", "60".to_owned())], json!({}));
    ears.fake.fail("GET", "/deliveries", slower);
    let refused = ears.hearing.recover(&client, HERE, known).await.unwrap().trouble;
    assert!(matches!(refused, Some(AskError::Missed { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_keeps_no_other() {
    let ears = Ears::new(None).await;
    let client = client(&ears.fake, app());
    let mut gone = lost(1, "gone", "octo/model");
    gone["request"]["payload"] = Value::Null;
    ears.fake.see(|m| m.deliveries = vec![lost(2, "later", "octo/model"), gone]);
    let repositories = [ears.repository.clone()];
    let known = (&repositories[..], "2025-12-31T00:00:00Z".parse().unwrap());
    let recovered = ears.hearing.recover(&client, HERE, known).await.unwrap();
    assert_eq!(recovered.found, 1);
    let trouble = recovered.trouble.unwrap().to_string();
    assert_eq!(
        trouble,
        "delivery gone of the App's webhook: GitHub, read a delivery: its payload is not kept"
    );
}

#[tokio::test]
async fn a_repository_whose_webhooks_may_not_be_listed_keeps_no_other() {
    let ears = Ears::new(None).await;
    let client = client(&ears.fake, token());
    ears.fake.see(|m| m.deliveries = vec![lost(1, "failed", "octo/model")]);
    let forbidden = json!({"message": "Must have admin rights to Repository."});
    ears.fake.fail("GET", "/repos/octo/first/hooks", Fault::Refuse(403, vec![], forbidden));
    let first = Repository { github: "octo/first".parse().ok(), ..ears.repository.clone() };
    let repositories = [first, ears.repository.clone()];
    let known = (&repositories[..], "2025-12-31T00:00:00Z".parse().unwrap());
    let recovered = ears.hearing.recover(&client, HERE, known).await.unwrap();
    assert_eq!(recovered.found, 1);
    let trouble = recovered.trouble.unwrap().to_string();
    assert!(
        trouble.starts_with("the webhooks of octo/first: GitHub, list webhooks: 403"),
        "{trouble}"
    );
}
