//! Looking at branches, and at what GitHub could not deliver.

use super::{Fake, Fault, app, client, commit, repository, token};
use relevo::{
    clock::Clock as _,
    github::{Class, Head, Hook, Origin},
};
use serde_json::json;

#[tokio::test]
async fn a_tip_that_did_not_move_is_not_sent_again() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    let (name, branch) = (repository(), "feature/a b");
    fake.see(|m| m.heads.push(("feature/a%20b".to_owned(), commit('a').to_string())));
    // The stand-in compares paths as they come, and answers with the name it was asked for.
    let head = client.head(&name, branch, None).await.unwrap();
    assert_eq!(head, Head::Missing, "another name than the one that was asked for");
    fake.see(|m| m.heads.push(("main".to_owned(), commit('b').to_string())));
    let Head::At { commit: tip, etag } = client.head(&name, "main", None).await.unwrap() else {
        panic!("there is a branch")
    };
    assert_eq!(tip, commit('b'));
    assert_eq!(client.head(&name, "main", etag.as_deref()).await.unwrap(), Head::Unchanged);
    fake.see(|m| m.heads[1].1 = commit('c').to_string());
    let moved = client.head(&name, "main", etag.as_deref()).await.unwrap();
    assert!(matches!(moved, Head::At { commit: tip, .. } if tip == commit('c')));
    assert_eq!(client.head(&name, "gone", None).await.unwrap(), Head::Missing);
}

#[tokio::test]
async fn a_repository_that_may_not_be_seen_is_no_missing_branch() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    let gone = || Fault::Refuse(404, vec![], json!({"message": "Not Found"}));
    fake.fail("GET", "/git/ref", gone());
    fake.fail("GET", "/repos/octo/model", gone());
    let error = client.head(&repository(), "main", None).await.unwrap_err();
    assert_eq!(error.class, Class::NotFound);
    fake.fail(
        "GET",
        "/git/ref",
        Fault::Refuse(301, vec![("location", "https://evil.example/".to_owned())], json!({})),
    );
    let error = client.head(&repository(), "main", None).await.unwrap_err();
    assert_eq!(error.class, Class::Moved, "redirects are not followed");
}

#[tokio::test]
async fn after_too_many_requests_nothing_is_asked_until_it_is_over() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    fake.see(|m| m.heads.push(("main".to_owned(), commit('b').to_string())));
    let slower = vec![("retry-after", "90".to_owned())];
    fake.fail(
        "GET",
        "/git/ref",
        Fault::Refuse(403, slower, json!({"message": "secondary rate limit"})),
    );
    for _ in 0..3 {
        let error = client.head(&repository(), "main", None).await.unwrap_err();
        let Class::RateLimited { until } = error.class else { panic!("{error:?}") };
        assert_eq!(until.to_string(), "2026-01-01T00:01:30Z");
    }
    assert_eq!(fake.count("GET", "/git/ref"), 1);
    fake.clock.sleep(std::time::Duration::from_secs(90)).await;
    assert!(client.head(&repository(), "main", None).await.is_ok());
}

#[tokio::test]
async fn a_server_that_is_silent_is_waited_for_once_and_asked_again_later() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    fake.see(|m| {
        m.heads = vec![("main".to_owned(), commit('a').to_string())];
        m.faults.push(("GET", "/git/ref", Fault::ActInSilence));
    });
    for _ in 0..3 {
        let error = client.head(&repository(), "main", None).await.unwrap_err();
        assert_eq!(error.class, Class::Unreachable);
    }
    assert_eq!(fake.count("GET", "/git/ref"), 1);
    fake.clock.sleep(std::time::Duration::from_secs(60)).await;
    assert!(client.head(&repository(), "main", None).await.is_ok());
}

#[tokio::test]
async fn pull_requests_of_a_commit_tell_where_they_come_from() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    let pull = |number: u64, state: &str, head: Option<u64>, sha: char| {
        let repo = head.map(|id| json!({"id": id}));
        json!({"number": number, "state": state,
            "head": {"ref": "topic", "sha": commit(sha), "repo": repo},
            "base": {"ref": "main", "sha": commit('0'), "repo": {"id": 1}}})
    };
    fake.see(|m| {
        m.pulls = vec![
            pull(5, "open", None, 'a'),
            pull(4, "open", Some(2), 'a'),
            pull(3, "open", Some(1), 'a'),
            pull(2, "closed", Some(1), 'a'),
            pull(1, "open", Some(1), 'b'),
        ];
    });
    let found = client.pull_requests_of(&repository(), &commit('a')).await.unwrap();
    let found: Vec<_> = found.iter().map(|pull| (pull.number, pull.origin)).collect();
    assert_eq!(found, [(3, Origin::Branch), (4, Origin::Fork), (5, Origin::Fork)]);
}

#[tokio::test]
async fn deliveries_none_of_whose_attempts_arrived_are_found_with_what_they_said() {
    let fake = Fake::start().await;
    let client = client(&fake, app());
    let delivery = |id: u64, guid: &str, at: &str, status: u16| {
        json!({"id": id, "guid": guid, "delivered_at": at, "redelivery": false, "duration": 0.1, "status": "x",
            "status_code": status, "event": "push", "action": null, "installation_id": null,
            "repository_id": null, "throttled_at": null,
            "request": {"headers": {}, "payload": {"ref": guid}}})
    };
    fake.see(|m| {
        m.deliveries = vec![
            delivery(6, "c", "2026-01-01T00:00:06Z", 502),
            delivery(5, "b", "2026-01-01T00:00:05Z", 202),
            delivery(4, "a", "2026-01-01T00:00:04Z", 500),
            delivery(3, "b", "2026-01-01T00:00:03Z", 500),
            delivery(2, "a", "2026-01-01T00:00:02Z", 500),
            delivery(1, "old", "2025-12-01T00:00:00Z", 500),
        ];
    });
    let since = "2025-12-31T00:00:00Z".parse().unwrap();
    let failed = client.failed_deliveries(&Hook::App, since).await.unwrap();
    let ids: Vec<_> = failed.iter().map(|f| (f.id.as_str(), f.attempt)).collect();
    assert_eq!(ids, [("a", 4), ("c", 6)]);
    let again = client.payload(&Hook::App, 6).await.unwrap();
    assert_eq!((again.event.as_str(), &again.payload), ("push", &json!({"ref": "c"})));
    let hook = client.hook(&repository(), "https://agent.example.org/github").await.unwrap();
    assert_eq!(hook, Some(Hook::Repository { slug: repository(), id: 5 }));
    assert_eq!(client.hook(&repository(), "https://other.example/").await.unwrap(), None);
    let failed = client.failed_deliveries(&hook.unwrap(), since).await.unwrap();
    assert_eq!(failed.len(), 2);
}
