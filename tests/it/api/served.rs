//! An API that is served from a folder of its own, its clock turned by hand.

use bytes::Bytes;
use http::{Request, Response, header};
use relevo::{
    clock::{SimulatedClock, SystemClock},
    flow::Event,
    ids::{EnvName, RunId},
    logs::{Level, LogFolder, LogLine},
    remote::{Client, Plain, Target},
    spec::{Pipeline, SourceFile},
    store::{Ask, Facts, NewRun, Reused, RunRecord, Store},
    web::{
        self,
        api::{Api, Lifecycle},
        auth::{Gate, Role, Scrape, Secret, TokenFile, TokenRecord, Tokens},
        health::Pulse,
        metrics::{Metrics, Readings},
    },
};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// The API, and everything behind it.
pub struct Served {
    pub store: Store,
    pub clock: SimulatedClock,
    pub logs: LogFolder,
    pub tokens: TokenFile,
    pub pulse: Pulse,
    pub ending: Arc<AtomicBool>,
    pub address: String,
    client: Client,
    server: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub head: http::HeaderMap,
    pub text: String,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same, if the status is this one.
    pub fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// The token of a role.
pub fn token(role: Role) -> Secret {
    Secret::of([role as u8 + 1; 32])
}

impl Served {
    pub async fn new() -> Self {
        Self::scraped(Scrape::FromHere).await
    }

    pub async fn scraped(scrape: Scrape) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let time: Arc<SimulatedClock> = Arc::new(clock.clone());
        let store = Store::open(&folder.path().join("store.db"), time.clone()).await.unwrap();
        let tokens = TokenFile::at(folder.path().join("tokens.json"));
        keep_tokens(&tokens);
        let (gate_tokens, logs) =
            (TokenFile::at(tokens.path()), LogFolder::at(folder.path().join("logs")));
        let gate = Arc::new(Gate::new(gate_tokens, scrape, store.clone(), time.clone()));
        let pulse = Pulse::new(time.clone());
        let metrics = Arc::new(Metrics::new(gate.clone(), pulse.clone(), Readings::default()));
        let ending = Arc::new(AtomicBool::new(false));
        let ends = ending.clone();
        let lifecycle = Arc::new(move || match ends.load(Ordering::SeqCst) {
            true => Lifecycle::Ending,
            false => Lifecycle::Serving,
        });
        let mut api = Api::new(store.clone(), (time, lifecycle), logs.clone(), metrics);
        api.repositories = Arc::new(vec!["example".to_owned()]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = web::api::router(api, gate);
        let serving = web::serve(listener, router, Arc::new(SystemClock), std::future::pending());
        let server = tokio::spawn(async move { serving.await.unwrap() });
        let target = Target::parse(&address, Plain::ToThisMachine).unwrap();
        let client = Client::new(target, Arc::new(SystemClock)).unwrap();
        Self { store, clock, logs, tokens, pulse, ending, address, client, server, _folder: folder }
    }

    /// Asks with the token of a role.
    pub async fn get(&self, role: Role, path: &str) -> Told {
        self.ask("GET", path, Some(token(role).reveal()), None).await
    }

    /// Orders with the token of a role.
    pub async fn post(&self, role: Role, path: &str, body: &Value) -> Told {
        self.ask("POST", path, Some(token(role).reveal()), Some(body)).await
    }

    /// Asks anything.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Told {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.send(request.body(Bytes::from(body)).unwrap()).await
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Bytes>) -> Told {
        let (head, body): (_, Bytes) =
            Response::into_parts(self.client.ask(request).await.unwrap());
        let text = String::from_utf8(body.to_vec()).unwrap();
        Told { status: head.status.as_u16(), head: head.headers, text }
    }

    /// The client itself, for answers that are streamed.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A run into an environment, a millisecond after the one before.
    pub async fn run(&self, environment: &str) -> RunRecord {
        let pipeline = serde_json::json!({ "name": "example", "environments": [], "stages": [] });
        self.run_of(serde_json::from_value(pipeline).unwrap(), environment).await
    }

    async fn run_of(&self, pipeline: Pipeline, environment: &str) -> RunRecord {
        self.clock.advance(std::time::Duration::from_millis(1));
        let new = NewRun {
            repository: "/repo".into(),
            reference: "main".into(),
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            environment: environment.parse::<EnvName>().unwrap(),
            facts: Facts::default(),
            pipeline,
            reused: Reused::default(),
        };
        self.store.create_or_find(new, Ask::Again).await.unwrap().into_run()
    }

    /// A run with one stage of this name.
    pub async fn run_with_stage(&self, stage: &str) -> RunRecord {
        let text = format!(
            "version: 1\nname: example\nenvironments:\n  prod: {{ branch: main }}\nstages:\n  {stage}: {{ run: [\"true\"] }}\n"
        );
        let file = SourceFile { name: "pipeline.yaml".to_owned(), text };
        self.run_of(relevo::spec::check_pipeline(&file).unwrap().0, "prod").await
    }

    /// Lets things happen to a run.
    pub async fn happen(&self, run: &RunId, events: &[Event]) {
        let lease = self.store.acquire(run).await.unwrap();
        let known = self.store.events(run).await.unwrap().len() as u64;
        self.store.append(&lease, known, events).await.unwrap();
        self.store.release(&lease).await.unwrap();
    }

    /// Writes lines into a stage's log, one a second from second `from` on.
    pub fn write(&self, run: &RunId, stage: &str, from: u64, messages: &[&str]) {
        let stage = stage.parse().unwrap();
        fs::create_dir_all(self.logs.of_run(run)).unwrap();
        let path = self.logs.of_stage(run, &stage);
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        for (seq, message) in (from..).zip(messages) {
            let line = LogLine {
                run: run.clone(),
                stage: stage.clone(),
                seq,
                level: Level::Info,
                time: jiff::Timestamp::from_second(seq as i64).unwrap(),
                message: (*message).to_owned(),
            };
            writeln!(file, "{}", serde_json::to_string(&line).unwrap()).unwrap();
        }
    }
}

fn keep_tokens(file: &TokenFile) {
    let (mut tokens, now) = (Tokens::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    for role in Role::ALL {
        let record = TokenRecord {
            name: format!("the-{role}"),
            roles: [role].into(),
            sha256: token(role).hash(),
            created: now,
            expires: None,
            revoked: None,
        };
        tokens.add(record, now).unwrap();
    }
    file.keep(&tokens).unwrap();
}
