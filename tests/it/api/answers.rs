//! What is asked, what is answered, and that the document says so.

use super::{
    document::differs,
    served::{Served, Told, token},
};
use bytes::Bytes;
use http::{Request, header};
use relevo::{
    audit::{Check, Record},
    flow::{Event, Outcome},
    web::auth::Role,
};
use serde_json::{Value, json};

/// The answer, if it is what the document says.
fn as_described(method: &str, route: &str, told: &Told) -> Value {
    let answer = told.json();
    assert_eq!(differs(method, route, told.status, &answer), None, "{method} {route}: {answer}");
    answer
}

#[tokio::test]
async fn runs_are_listed_page_by_page_and_shown_whole() {
    let served = Served::new().await;
    let mut runs = Vec::new();
    for environment in ["dev", "prod", "dev", "dev"] {
        runs.push(served.run(environment).await);
    }
    served.happen(&runs[0].id, &[Event::RunFinished { outcome: Outcome::Succeeded }]).await;
    let ids = |page: &Value| -> Vec<String> {
        let runs = page["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    };
    let mut listed = Vec::new();
    let mut path = "/api/v1/runs?environment=dev&most=2".to_owned();
    loop {
        let told = served.get(Role::Viewer, &path).await.with(200);
        let page = as_described("GET", "/api/v1/runs", &told);
        listed.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/runs?environment=dev&most=2&before={next}");
    }
    let newest_first = [3, 2, 0].map(|place: usize| runs[place].id.to_string());
    assert_eq!(listed, newest_first);
    for (outcome, found) in [("succeeded", 1), ("open", 3), ("failed", 0)] {
        let path = format!("/api/v1/runs?outcome={outcome}");
        let page = served.get(Role::Viewer, &path).await.with(200).json();
        assert_eq!(ids(&page).len(), found, "{outcome}");
    }
    let path = format!("/api/v1/runs/{}", runs[0].id.short());
    let told = served.get(Role::Viewer, &path).await.with(200);
    let detail = as_described("GET", "/api/v1/runs/{run}", &told);
    assert_eq!(detail["run"]["outcome"]["outcome"], "succeeded");
    assert_eq!(detail["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_as_a_problem() {
    let served = Served::new().await;
    let (viewer, operator) = (Role::Viewer, Role::Operator);
    for (path, status, kind) in [
        ("/api/v1/runs?most=0", 400, "invalid"),
        ("/api/v1/runs?most=100000", 400, "invalid"),
        ("/api/v1/runs?colour=red", 400, "invalid"),
        ("/api/v1/runs?before=%27;DROP", 400, "invalid"),
        ("/api/v1/runs/ffffffff", 404, "not-found"),
        ("/api/v1/runs/%25", 404, "not-found"),
        ("/api/v1/runs/ffffffff/logs/..%2F..%2Fetc", 404, "not-found"),
    ] {
        let told = served.get(viewer, path).await.with(status);
        assert_eq!(told.json()["kind"], kind, "{path}");
    }
    let path = "/api/v1/environments/prod/lock";
    for (body, status) in [
        (json!({}), 400),
        (json!({ "reason": " " }), 400),
        (json!({ "reason": "x", "force": true }), 400),
        (json!({ "reason": "x", "until": "2020-01-01T00:00:00Z" }), 400),
        (json!({ "reason": "x".repeat(70_000) }), 413),
    ] {
        served.post(operator, path, &body).await.with(status);
    }
    let form = Request::post(format!("{}{path}", served.address))
        .header(header::AUTHORIZATION, format!("Bearer {}", token(operator).reveal()))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from("reason=x"));
    served.send(form.unwrap()).await.with(415);
    assert!(served.store.newest_acts(1).await.unwrap().is_empty(), "nothing was done");
}

#[tokio::test]
async fn an_order_is_done_once_under_one_key_and_kept_in_the_audit_log() {
    let served = Served::new().await;
    let lock = |key: &str, reason: &str| {
        let body = json!({ "reason": reason }).to_string();
        let request = Request::post(format!("{}/api/v1/environments/prod/lock", served.address))
            .header(header::AUTHORIZATION, format!("Bearer {}", token(Role::Operator).reveal()))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Bytes::from(body));
        served.send(request.unwrap())
    };
    let first = lock("k1", "looking at drift").await.with(201);
    as_described("POST", "/api/v1/environments/{environment}/lock", &first);
    let second = lock("k1", "looking at drift").await.with(201);
    assert_eq!(
        (&second.text, &second.head["idempotency-replayed"]),
        (&first.text, &"true".parse().unwrap())
    );
    assert_eq!(lock("k1", "something else").await.with(422).json()["kind"], "key-reused");
    assert_eq!(lock("k2", "looking at drift").await.with(409).json()["kind"], "conflict");
    lock("", "x").await.with(400);
    let told = served.get(Role::Viewer, "/api/v1/environments").await.with(200);
    let places = as_described("GET", "/api/v1/environments", &told);
    assert_eq!(places[0]["lock"]["who"], "the-operator (api)");
    served.post(Role::Operator, "/api/v1/environments/prod/unlock", &json!({})).await.with(200);
    served.post(Role::Operator, "/api/v1/environments/prod/unlock", &json!({})).await.with(409);
    let told = served.get(Role::Admin, "/api/v1/audit?from=1").await.with(200);
    let acts = as_described("GET", "/api/v1/audit", &told);
    let acts: Vec<&str> =
        acts.as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["lock", "unlock"]);
}

#[tokio::test]
async fn orders_about_runs_reach_the_desk() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await.id;
    let path = |order: &str| format!("/api/v1/runs/{}/{order}", run.short());
    for (role, order, body, status) in [
        (Role::Approver, "approve", json!({}), 409),
        (Role::Approver, "reject", json!({ "reason": "no" }), 409),
        (Role::Operator, "retry", json!({}), 409),
        (Role::Operator, "redeploy", json!({}), 409),
    ] {
        served.post(role, &path(order), &body).await.with(status);
    }
    let told = served.get(Role::Viewer, "/api/v1/queue").await.with(200);
    let line = as_described("GET", "/api/v1/queue", &told);
    assert_eq!(line[0]["run"]["run"], run.as_str());
    let told =
        served.post(Role::Operator, &path("cancel"), &json!({ "stop": "forced" })).await.with(200);
    assert_eq!(told.json()["run"], run.as_str());
    assert_eq!(served.store.run(&run).await.unwrap().outcome, Some(Outcome::Cancelled));
    let told = served.post(Role::Operator, &path("retry"), &json!({})).await.with(201);
    let again = as_described("POST", "/api/v1/runs/{run}/retry", &told);
    assert_ne!(again["run"], run.as_str());
    let told = served.get(Role::Viewer, "/api/v1/approvals").await.with(200);
    assert_eq!(as_described("GET", "/api/v1/approvals", &told), json!([]));
}

#[tokio::test]
async fn a_run_is_asked_for_as_a_delivery() {
    let served = Served::new().await;
    let told =
        served.post(Role::Operator, "/api/v1/runs", &json!({ "branch": "main" })).await.with(202);
    let asked = as_described("POST", "/api/v1/runs", &told);
    assert_eq!((&asked["via"], &asked["repository"]), (&json!("api"), &json!("example")));
    let path = format!("/api/v1/deliveries/{}", asked["id"].as_str().unwrap());
    let told = served.get(Role::Viewer, &path).await.with(200);
    assert_eq!(as_described("GET", "/api/v1/deliveries/{delivery}", &told), asked);
    let told = served.get(Role::Viewer, "/api/v1/deliveries").await.with(200);
    assert_eq!(as_described("GET", "/api/v1/deliveries", &told), json!([asked]));
    for body in [json!({ "branch": "main", "repository": "other" }), json!({ "branch": "../x" })] {
        assert!(served.post(Role::Operator, "/api/v1/runs", &body).await.status >= 400, "{body}");
    }
    let acts = served.store.newest_acts(2).await.unwrap();
    let [Record { act, .. }] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!((&*act.act, &*act.object), ("start", "example"));
    assert_eq!(act.detail["delivery"], asked["id"], "its verdict names the run");
}

#[tokio::test]
async fn an_export_is_whole_and_says_that_it_was_taken() {
    let served = Served::new().await;
    for number in 0..250 {
        let act = relevo::audit::Act {
            who: "ada (cli)".to_owned(),
            act: "lock".to_owned(),
            object: "prod".to_owned(),
            detail: json!({ "number": number }),
        };
        served.store.keep_act(act).await.unwrap();
    }
    served.get(Role::Operator, "/api/v1/audit/export").await.with(403);
    let told = served.get(Role::Admin, "/api/v1/audit/export").await.with(200);
    let mut check = Check::default();
    let records: Vec<Record> =
        told.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for record in &records {
        check.record(record.clone()).unwrap();
    }
    let last = check.end().unwrap().unwrap();
    assert_eq!((last.seq, last.act.act.as_str()), (252, "export"), "after the refusal");
}
