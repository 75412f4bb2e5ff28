//! The API as somebody sees it who means it no good: every route, and whatever can be wrong with a request.

use super::served::{Served, token};
use bytes::Bytes;
use http::{Method, Request, header};
use relevo::web::{
    auth::{NEEDS, Need, Role, Secret, TokenRecord, Tokens},
    errors::PROBLEM,
};
use std::time::Duration;

/// What stands in a path where a name should.
const NAMES: [&str; 12] = [
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5csecret",
    "%00",
    "%0d%0aset-cookie:%20a=b",
    "%ff%fe",
    "%27%3b%20DROP%20TABLE%20runs%3b--",
    "%25%25%25",
    "%F0%9F%92%A9",
    "-rf",
    "*",
];
/// What is sent as a body where JSON of another shape is wanted.
const BODIES: [&[u8]; 11] = [
    b"",
    b"null",
    b"[]",
    b"[\"x\"]",
    b"\"x\"",
    b"{",
    b"{} {}",
    b"\xff\xfe{}",
    br#"{"reason":"a","reason":"b"}"#,
    br#"{"stop":"gentle","stop":"forced"}"#,
    br#"{"__proto__":{"role":"admin"}}"#,
];
/// Levels of nesting that no reader should follow.
const DEEP: usize = 20_000;

fn filled(path: &str, name: &str) -> String {
    ["{run}", "{stage}", "{environment}", "{delivery}"]
        .iter()
        .fold(path.to_owned(), |path, place| path.replace(place, name))
}

fn request(
    served: &Served,
    method: &str,
    path: &str,
    shown: Option<&str>,
) -> http::request::Builder {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder().method(method).uri(format!("{}{path}", served.address));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    match shown {
        Some(shown) => request.header(header::AUTHORIZATION, shown),
        None => request,
    }
}

fn bearer(role: Role) -> String {
    format!("Bearer {}", token(role).reveal())
}

/// Adds a token that has ended and one that was taken back; answers how they are shown.
fn ended_tokens(served: &Served) -> [String; 2] {
    let mut tokens = Tokens::clone(&served.tokens.current().unwrap());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let secrets = [Secret::of([101; 32]), Secret::of([102; 32])];
    for (name, secret) in ["ended", "taken-back"].into_iter().zip(&secrets) {
        let expires = (name == "ended").then(|| "2026-01-01T00:00:01Z".parse().unwrap());
        let (roles, sha256) = ([Role::Admin].into(), secret.hash());
        let name = name.to_owned();
        let record = TokenRecord { name, roles, sha256, created: now, expires, revoked: None };
        tokens.add(record, now).unwrap();
    }
    tokens.revoke("taken-back", now).unwrap();
    served.tokens.keep(&tokens).unwrap();
    served.clock.advance(Duration::from_secs(2));
    secrets.map(|secret| format!("Bearer {}", secret.reveal()))
}

#[tokio::test]
async fn nobody_gets_past_the_gate_without_a_living_token_of_the_role() {
    let served = Served::new().await;
    let ended = ended_tokens(&served);
    let good = token(Role::Admin);
    let shown = [
        None,
        Some(ended[0].clone()),
        Some(ended[1].clone()),
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {}", good.reveal())),
        Some(good.reveal().to_owned()),
        Some(format!("Bearer {}x", good.reveal())),
        Some(format!("Bearer {}", good.reveal().to_uppercase())),
        Some(format!("Bearer {}", "a".repeat(4096))),
    ];
    for (method, path, need) in NEEDS {
        let Need::Right(_) = need else { continue };
        let path = filled(path, "x");
        for shown in &shown {
            let request = request(&served, method, &path, shown.as_deref());
            let told = served.send(request.body(Bytes::from("{}")).unwrap()).await;
            // After a few wrong ones the address has to wait.
            assert!([401, 429].contains(&told.status), "{shown:?} {method} {path}: {told:?}");
            assert_eq!(told.head["content-type"], PROBLEM);
        }
        if *method == "POST" {
            let request = request(&served, method, &path, Some(&bearer(Role::Viewer)));
            let told = served.send(request.body(Bytes::from("{}")).unwrap()).await;
            assert_eq!(told.status, 403, "{method} {path}");
        }
    }
    let twice = request(&served, "GET", "/api/v1/runs", Some(&ended[0]));
    let twice = twice.header(header::AUTHORIZATION, bearer(Role::Admin));
    let told = served.send(twice.body(Bytes::new()).unwrap()).await;
    assert!([401, 429].contains(&told.status), "of two tokens the first counts: {told:?}");
}

#[tokio::test]
async fn no_method_but_those_of_the_table_does_anything() {
    let served = Served::new().await;
    for (_, path, _) in NEEDS {
        let path = filled(path, "x");
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get"] {
            let request = request(&served, method, &path, Some(&bearer(Role::Admin)));
            let request = request.header("x-http-method-override", "POST");
            let told = served.send(request.body(Bytes::new()).unwrap()).await;
            assert_eq!(told.status, 404, "{method} {path}: {told:?}");
        }
    }
    assert!(served.store.newest_acts(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn names_that_are_none_lead_nowhere() {
    let served = Served::new().await;
    served.run_with_stage("plan").await;
    let long = "a".repeat(8_000);
    for (method, path, need) in NEEDS.iter().filter(|(_, path, _)| path.contains('{')) {
        let Need::Right(right) = need else { continue };
        for name in NAMES.into_iter().chain([long.as_str()]) {
            let path = filled(path, name);
            let request = request(&served, method, &path, Some(&bearer(right.role())));
            let told = served.send(request.body(Bytes::from("{}")).unwrap()).await;
            assert!([400, 404].contains(&told.status), "{method} {path}: {told:?}");
            assert_eq!(told.head["content-type"], PROBLEM, "{method} {path}");
            assert!(!told.head.contains_key("set-cookie"));
        }
    }
    assert!(served.store.newest_acts(1).await.unwrap().is_empty(), "nothing was done");
}

#[tokio::test]
async fn bodies_that_are_none_change_nothing() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await.id;
    let huge = format!(r#"{{"reason":"{}"}}"#, "x".repeat(70_000));
    let deep = "[".repeat(DEEP);
    let bodies = BODIES.into_iter().chain([huge.as_bytes(), deep.as_bytes()]);
    let bodies: Vec<&[u8]> = bodies.collect();
    for (method, path, need) in NEEDS.iter().filter(|(method, ..)| *method == "POST") {
        let Need::Right(right) = need else { continue };
        let path = path.replace("{run}", run.as_str()).replace("{environment}", "prod");
        for body in &bodies {
            let request = request(&served, method, &path, Some(&bearer(right.role())));
            let told = served.send(request.body(Bytes::copy_from_slice(body)).unwrap()).await;
            let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!([400, 413].contains(&told.status), "{path} {start}: {told:?}");
        }
    }
    assert!(served.store.newest_acts(1).await.unwrap().is_empty(), "nothing was done");
    assert_eq!(served.store.run(&run).await.unwrap().outcome, None);
}

#[tokio::test]
async fn heads_are_bounded() {
    let served = Served::new().await;
    let asked = || request(&served, "GET", "/api/v1/runs", Some(&bearer(Role::Viewer)));
    let many =
        (0..2_000).fold(asked(), |request, number| request.header(format!("x-{number}"), "1"));
    let large = asked().header("x-large", "x".repeat(1024 * 1024));
    for request in [many, large] {
        let told = served.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(told.status, 431);
    }
    let query = format!("/api/v1/runs?branch={}", "b".repeat(60_000));
    let told = served.get(Role::Viewer, &query).await;
    assert!([200, 400, 414, 431].contains(&told.status), "{}", told.status);
    served.get(Role::Viewer, "/api/v1/runs").await.with(200);
}
