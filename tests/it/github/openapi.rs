//! Every request that the client makes, held against GitHub's own description of its interface.
//!
//! The description is `generated/api.github.com.json` of the npm package `@octokit/openapi`; `RELEVO_GITHUB_OPENAPI`
//! names the file. Without it the test says that it has compared nothing.

mod schema;

use super::{Fake, app, client, commit, repository, token};
use relevo::{
    github::{Before, Credentials, Hook, Reaction, Spot},
    ids::RunId,
    report::{
        Annotation, Button, CheckRun, Comment, CommitStatus, Conclusion, Deployment,
        DeploymentState, Level, Progress, StatusState,
    },
};
pub use schema::Description;
use serde_json::json;

fn check(progress: Progress, annotations: usize) -> CheckRun {
    let annotation = |line: usize| Annotation {
        path: "pipeline.yaml".to_owned(),
        start_line: line,
        end_line: line,
        annotation_level: if line.is_multiple_of(2) { Level::Failure } else { Level::Warning },
        message: "is wrong".to_owned(),
        title: "unknown-key".to_owned(),
    };
    CheckRun {
        commit: commit('a'),
        name: "relevo/prod/validate".to_owned(),
        external_id: "run/validate".to_owned(),
        progress,
        started: Some("2026-01-01T00:00:00.123456Z".parse().unwrap()),
        page: Some("https://agent.example.org/runs/1".to_owned()),
        title: "succeeded".to_owned(),
        summary: "It succeeded.".to_owned(),
        text: Some("All of it.".to_owned()),
        annotations: (1..=annotations).map(annotation).collect(),
        actions: buttons(),
    }
}

fn buttons() -> Vec<Button> {
    let button = |label: &str| Button {
        label: label.to_owned(),
        description: "Apply plan 1a2b3c4d5e6f".to_owned(),
        identifier: format!("{}-1a2b3c4d5e6f", label.to_lowercase()),
    };
    vec![button("Approve"), button("Reject")]
}

fn status(state: StatusState) -> CommitStatus {
    CommitStatus {
        commit: commit('a'),
        context: "relevo/prod".to_owned(),
        state,
        description: "as it is".to_owned(),
        page: Some("https://agent.example.org/runs/1".to_owned()),
    }
}

fn deployment(state: DeploymentState) -> Deployment {
    Deployment {
        run: RunId::from(uuid::Uuid::from_u128(1)),
        commit: commit('a'),
        environment: "prod".parse().unwrap(),
        production: true,
        state,
        description: "deploying".to_owned(),
        log_page: Some("https://agent.example.org/runs/1".to_owned()),
        environment_page: Some("https://agent.example.org/environments/prod".to_owned()),
    }
}

/// Everything the client can ask and say.
async fn everything(fake: &Fake, credentials: Credentials) {
    let (client, name) = (client(fake, credentials), repository());
    fake.see(|m| {
        m.heads.push(("feature/x".to_owned(), commit('a').to_string()));
        m.pulls = vec![json!({"number": 12, "state": "open",
            "head": {"ref": "topic", "sha": commit('a'), "repo": {"id": 1}},
            "base": {"ref": "main", "sha": commit('0'), "repo": {"id": 1}}})];
    });
    for state in
        [StatusState::Pending, StatusState::Success, StatusState::Failure, StatusState::Error]
    {
        client.say_status(&name, &status(state), Before::Perhaps).await.unwrap();
    }
    let at = "2026-01-01T00:00:01Z".parse().unwrap();
    let ended = |conclusion| Progress::Completed { conclusion, at };
    let id = client.say_check(&name, &check(Progress::Queued, 0), Before::Perhaps).await.unwrap();
    for progress in [
        Progress::InProgress,
        ended(Conclusion::Cancelled),
        ended(Conclusion::Failure),
        ended(Conclusion::Success),
        ended(Conclusion::Skipped),
        ended(Conclusion::TimedOut),
    ] {
        client.say_check(&name, &check(progress, 120), Before::Made(&id)).await.unwrap();
    }
    client.say_check(&name, &check(Progress::Queued, 60), Before::Nothing).await.unwrap();
    for state in [
        DeploymentState::InProgress,
        DeploymentState::Success,
        DeploymentState::Failure,
        DeploymentState::Error,
    ] {
        client.say_deployment(&name, &deployment(state), Before::Perhaps).await.unwrap();
    }
    let comment = Comment {
        commit: commit('a'),
        branch: "main".to_owned(),
        marker: "<!-- relevo plan prod -->".to_owned(),
        body: "<!-- relevo plan prod -->\nNothing.".to_owned(),
    };
    for _ in 0..2 {
        client.say_comment(&name, &comment, Before::Nothing).await.unwrap();
    }
    client.say_comment_on(&name, 12, &comment).await.unwrap();
    for reaction in [Reaction::Yes, Reaction::Puzzled] {
        client.react(&name, Spot::Proposal(1), reaction).await.unwrap();
        client.react(&name, Spot::Commit(1), reaction).await.unwrap();
    }
    client.pull_request(&name, 12).await.unwrap();
    client.pusher(&name, (&"main".parse().unwrap(), &commit('a'))).await.unwrap();
    client.author(&name, &commit('a')).await.unwrap();
    fake.see(|m| m.git_until = "2026-01-01T01:00:00Z".to_owned());
    client.git_token(&name).await.unwrap();
    client.head(&name, "feature/x", None).await.unwrap();
    client.head(&name, "gone", None).await.unwrap();
    let hook = client.hook(&name, "https://agent.example.org/github").await.unwrap().unwrap();
    let hooks = if client.is_app() { vec![Hook::App, hook] } else { vec![hook] };
    for hook in hooks {
        client.failed_deliveries(&hook, at).await.unwrap();
        assert!(client.payload(&hook, 1).await.is_err(), "there is none");
    }
}

#[tokio::test]
async fn every_request_is_one_that_github_describes() {
    let Some(description) = Description::open() else { return };
    let mut seen = std::collections::BTreeSet::new();
    for credentials in [app(), token()] {
        let fake = Fake::start().await;
        everything(&fake, credentials).await;
        let requests = fake.see(|memory| memory.requests.clone());
        for request in &requests {
            let template = description.check(request).unwrap_or_else(|problem| {
                panic!("{} {}: {problem}\n{:#}", request.method, request.path, request.body)
            });
            seen.insert(format!("{} {template}", request.method));
        }
    }
    println!("held against GitHub's description: {seen:#?}");
    assert_eq!(seen.len(), 28, "{seen:#?}");
}

#[test]
fn the_comparison_sees_what_is_wrong() {
    let Some(description) = Description::open() else { return };
    let request = |method: &str, path: &str, body: serde_json::Value| super::fake::Recorded {
        at: jiff::Timestamp::UNIX_EPOCH,
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        authorization: String::new(),
        agents: Vec::new(),
        body,
    };
    let wrong =
        |method: &str, path: &str, body| description.check(&request(method, path, body)).is_err();
    let statuses = format!("/repos/o/r/statuses/{}", commit('a'));
    assert!(!wrong("POST", &statuses, json!({"state": "success"})));
    assert!(wrong("POST", &statuses, json!({"state": "succeeded"})), "no such value");
    assert!(wrong("POST", &statuses, json!({"context": "x"})), "a field is missing");
    assert!(
        wrong("POST", &statuses, json!({"state": "success", "colour": "red"})),
        "no such field"
    );
    assert!(wrong("POST", &statuses, json!({"state": "success", "context": 7})), "another type");
    assert!(wrong("PUT", &statuses, json!({"state": "success"})), "no such method");
    assert!(wrong("GET", "/repos/o/r/moods", json!(null)), "no such path");
    let checks = "/repos/o/r/check-runs";
    let output = json!({"title": "t", "summary": "s", "annotations": [{"path": "p"}]});
    let body = json!({"name": "n", "head_sha": commit('a'), "output": output});
    assert!(wrong("POST", checks, body), "a field of a field is missing");
}
