//! Who may ask for what.

use super::served::{Served, token};
use relevo::web::auth::{NEEDS, Need, Right, Role, Tokens};
use serde_json::json;

/// A path that could be, with something in each of its places.
fn filled(path: &str) -> String {
    path.replace("{run}", "00000000")
        .replace("{stage}", "plan")
        .replace("{environment}", "prod")
        .replace("{delivery}", "d1")
}

/// The role that has every right but this one, as far as one has.
fn without(right: Right) -> Option<Role> {
    match right {
        Right::Read => None,
        Right::Operate => Some(Role::Approver),
        Right::Approve => Some(Role::Operator),
        Right::Administer => Some(Role::Approver),
    }
}

#[tokio::test]
async fn every_route_needs_what_the_table_says() {
    let served = Served::new().await;
    for (method, path, need) in NEEDS {
        let (path, body) = (filled(path), (*method == "POST").then(|| json!({})));
        let told = served.ask(method, &path, None, body.as_ref()).await;
        let Need::Right(right) = need else {
            assert_eq!(told.status, 200, "{method} {path}: {}", told.text);
            continue;
        };
        assert_eq!(
            (told.status, told.json()["kind"].as_str()),
            (401, Some("unauthenticated")),
            "{path}"
        );
        assert!(told.head["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        for role in [Some(Role::Viewer).filter(|_| *right != Right::Read), without(*right)] {
            let Some(role) = role else { continue };
            let told = served.ask(method, &path, Some(token(role).reveal()), body.as_ref()).await;
            assert_eq!(told.status, 403, "{role} {method} {path}: {}", told.text);
        }
        let told =
            served.ask(method, &path, Some(token(right.role()).reveal()), body.as_ref()).await;
        assert!(![401, 403].contains(&told.status), "{method} {path}: {}", told.text);
    }
}

#[tokio::test]
async fn who_is_refused_the_same_again_and_again_fills_no_audit_log() {
    let served = Served::new().await;
    for _ in 0..3 {
        served.get(Role::Viewer, "/api/v1/audit").await.with(403);
    }
    assert_eq!(served.store.newest_acts(10).await.unwrap().len(), 1);
    served.get(Role::Viewer, "/api/v1/audit/export").await.with(403);
    served.clock.advance(std::time::Duration::from_secs(60));
    served.get(Role::Viewer, "/api/v1/audit").await.with(403);
    assert_eq!(served.store.newest_acts(10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_links_that_are_told_elsewhere_lead_to_the_command_that_shows_it() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    for path in [format!("/runs/{run}"), "/environments/prod".to_owned()] {
        let told = served.ask("GET", &path, None, None).await.with(200);
        assert!(told.head["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert!(told.text.contains("  agent "), "{}", told.text);
    }
    for path in ["/runs/%3Cscript%3E", "/environments/%2E%2E", "/runs"] {
        let told = served.ask("GET", path, None, None).await;
        assert!((400..500).contains(&told.status) && !told.text.contains("<script>"), "{told:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_looks_the_same_to_everybody() {
    let served = Served::new().await;
    let nothing = served.ask("GET", "/api/v1/secrets", None, None).await.with(404);
    for (method, path) in
        [("GET", "/api/v1/secrets"), ("GET", "/"), ("DELETE", "/api/v1/runs"), ("PUT", "/metrics")]
    {
        for token in [None, Some("relevo_wrong"), Some(token(Role::Admin).reveal())] {
            let told = served.ask(method, path, token, None).await;
            assert_eq!((told.status, &told.text), (404, &nothing.text), "{method} {path}");
        }
    }
    assert_eq!(nothing.head["content-type"], "application/problem+json");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(nothing.head[name], value);
    }
    assert!(!nothing.head.contains_key("set-cookie"));
}

#[tokio::test]
async fn guessing_is_slowed_and_a_good_token_is_heard_all_the_same() {
    let served = Served::new().await;
    let mut statuses = Vec::new();
    for guess in 0..12 {
        let guess = format!("relevo_{guess}");
        statuses.push(served.ask("GET", "/api/v1/runs", Some(&guess), None).await.status);
    }
    assert_eq!(statuses, [vec![401; 10], vec![429; 2]].concat());
    let slowed = served.ask("GET", "/api/v1/runs", Some("relevo_x"), None).await.with(429);
    assert!(slowed.head["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    served.get(Role::Viewer, "/api/v1/runs").await.with(200);
    assert!(!slowed.text.contains("relevo_x"), "a token is never repeated");
}

#[tokio::test]
async fn a_token_that_is_taken_back_counts_no_more_at_once() {
    let served = Served::new().await;
    served.get(Role::Viewer, "/api/v1/version").await.with(200);
    let mut tokens = Tokens::clone(&served.tokens.current().unwrap());
    tokens.revoke("the-viewer", "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    served.tokens.keep(&tokens).unwrap();
    served.get(Role::Viewer, "/api/v1/version").await.with(401);
    std::fs::write(served.tokens.path(), "nonsense").unwrap();
    served.get(Role::Admin, "/api/v1/version").await.with(503);
}

#[tokio::test]
async fn a_refused_order_is_kept_in_the_audit_log_and_a_refused_look_is_not() {
    let served = Served::new().await;
    let path = "/api/v1/environments/prod/lock";
    served.post(Role::Viewer, path, &json!({ "reason": "x" })).await.with(403);
    served.ask("POST", path, None, Some(&json!({ "reason": "x" }))).await.with(401);
    let acts = served.store.newest_acts(10).await.unwrap();
    assert_eq!(acts.len(), 1, "{acts:?}");
    let act = &acts[0].act;
    assert_eq!(
        (act.who.as_str(), act.act.as_str(), act.object.as_str()),
        ("the-viewer (api)", "denied", path)
    );
}
