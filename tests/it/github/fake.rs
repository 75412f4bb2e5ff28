//! A GitHub for tests: as much of its REST interface as the agent uses, with a memory, and with faults on demand.

mod answers;

use super::{Jumping, TOKEN};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use relevo::clock::Clock as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, task::JoinHandle};

/// What goes wrong with the next request of a method to a path that holds a text.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is done, and the answer says that it failed.
    ActThen(u16),
    /// It is not done.
    Refuse(u16, Vec<(&'static str, String)>, Value),
    /// It is done, and there is no answer.
    ActInSilence,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub at: Timestamp,
    pub method: String,
    pub path: String,
    pub query: String,
    pub authorization: String,
    pub agents: Vec<String>,
    pub body: Value,
}

impl Recorded {
    pub fn is_change(&self) -> bool {
        self.method != "GET"
    }
}

#[derive(Debug, Default)]
pub struct Memory {
    pub requests: Vec<Recorded>,
    pub faults: Vec<(&'static str, &'static str, Fault)>,
    pub statuses: Vec<Value>,
    pub checks: Vec<Value>,
    pub deployments: Vec<Value>,
    pub deployment_statuses: Vec<Value>,
    pub comments: Vec<Value>,
    pub pulls: Vec<Value>,
    pub heads: Vec<(String, String)>,
    pub deliveries: Vec<Value>,
    /// Which comment, and what is beside it.
    pub reactions: Vec<(String, String)>,
    pub activity: Vec<Value>,
    /// Commits and the accounts of their authors.
    pub authors: Vec<(String, String)>,
    /// When tokens for git end.
    pub git_until: String,
    pub tokens: u32,
    /// How many of them open nothing any more.
    pub revoked: u32,
    pub next: u64,
}

pub struct Fake {
    pub memory: Arc<Mutex<Memory>>,
    pub clock: Jumping,
    port: u16,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    memory: Arc<Mutex<Memory>>,
    clock: Jumping,
}

impl Fake {
    pub async fn start() -> Self {
        let (memory, clock) = (Arc::<Mutex<Memory>>::default(), Jumping::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared { memory: Arc::clone(&memory), clock: clock.clone() };
        let router = Router::new().fallback(answer).with_state(shared);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { memory, clock, port, server }
    }

    /// As an enterprise has it: the interface is not at the root.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/api/v3", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn see<T>(&self, look: impl FnOnce(&mut Memory) -> T) -> T {
        look(&mut self.memory.lock().unwrap())
    }

    pub fn fail(&self, method: &'static str, path: &'static str, fault: Fault) {
        self.see(|memory| memory.faults.push((method, path, fault)));
    }

    pub fn changes(&self) -> Vec<Recorded> {
        self.see(|m| m.requests.iter().filter(|r| r.is_change()).cloned().collect())
    }

    pub fn count(&self, method: &str, part: &str) -> usize {
        self.see(|memory| {
            let is_meant = |r: &&Recorded| r.method == method && r.path.contains(part);
            memory.requests.iter().filter(is_meant).count()
        })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name| headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let agents = headers.get_all("user-agent").iter();
    let recorded = Recorded {
        at: shared.clock.now(),
        method: method.to_string(),
        path: uri.path().strip_prefix("/api/v3").expect("the base path").to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: text("authorization"),
        agents: agents.map(|agent| agent.to_str().unwrap().to_owned()).collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let (silent, response) = {
        let mut memory = shared.memory.lock().unwrap();
        memory.requests.push(recorded.clone());
        let is_meant = |(method, path, _): &(&str, &str, Fault)| {
            *method == recorded.method && recorded.path.contains(path)
        };
        let fault = memory.faults.iter().position(is_meant).map(|at| memory.faults.remove(at).2);
        match fault {
            Some(Fault::Refuse(status, headers, body)) => {
                (false, response(status, &headers, &body))
            }
            Some(Fault::ActThen(status)) => {
                memory.act(&recorded, &text("if-none-match"));
                (false, response(status, &[], &json!({"message": "Server Error"})))
            }
            Some(Fault::ActInSilence) => {
                memory.act(&recorded, &text("if-none-match"));
                (true, response(200, &[], &json!({})))
            }
            None if !may(&recorded, &memory) => {
                (false, response(401, &[], &json!({"message": "Bad credentials"})))
            }
            None => (false, memory.act(&recorded, &text("if-none-match"))),
        }
    };
    if silent {
        shared.clock.silent.notify_one();
        std::future::pending::<()>().await;
    }
    response
}

/// The token, the App itself by a signed text, or a token of its installation.
fn may(recorded: &Recorded, memory: &Memory) -> bool {
    let bearer = recorded.authorization.strip_prefix("Bearer ").unwrap_or_default();
    let as_app = recorded.path.starts_with("/app/") || recorded.path.ends_with("/installation");
    let is_app = bearer.split('.').count() == 3;
    let number = bearer.strip_prefix("ghs_token").and_then(|number| number.parse::<u32>().ok());
    let is_token = |number| (memory.revoked + 1..=memory.tokens).contains(&number);
    bearer == TOKEN || (as_app && is_app) || number.is_some_and(is_token)
}

pub fn response(status: u16, headers: &[(&'static str, String)], body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, body.to_string()).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
