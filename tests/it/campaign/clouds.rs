//! The clouds of a round, on a port of the test's own process, which nobody kills. Time goes on in them by itself.
//!
//! A port of the rehearsal runs nobody's commands. This one does, as machines of Amazon's do: they go on when the agent dies
//! that has asked for them. What comes in is handed to the rehearsal as its SDK's client inside the process hands it over.

use crate::{
    cloud::DEV,
    faults::wire::Request,
    world::{World, administrator},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector as _, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use relevo::{
    app::open_rehearsal,
    clock::{Clock as _, SystemClock},
    rehearsal::Rehearsal,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Time between two steps of what goes on.
const TICK: Duration = Duration::from_secs(1);

/// The clouds; they end when this is dropped.
pub(super) struct Clouds {
    pub(super) port: u16,
    _served: JoinSet<()>,
}

impl Clouds {
    /// Those that the environments of this repository name.
    pub(super) async fn of(world: &World) -> Self {
        let opened = world.app(".agent").await;
        let environments = ["dev", "prod"]
            .map(|name| (name.parse().unwrap(), opened.environment(name).clone()))
            .into();
        let file = opened.app.rehearsal_file();
        let rehearsal = open_rehearsal(&environments, &file, Arc::new(SystemClock)).await.unwrap();
        let inside = within(&rehearsal).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut served = JoinSet::new();
        served.spawn(async move {
            loop {
                SystemClock.sleep(TICK).await;
                if let Err(trouble) = rehearsal.tick().await {
                    println!("time stands still in the clouds: {trouble}");
                }
            }
        });
        served.spawn(async move {
            let mut peers = JoinSet::new();
            while let Ok((peer, _)) = listener.accept().await {
                peers.spawn(attend(peer, inside.clone()));
            }
        });
        Self { port, _served: served }
    }
}

/// The way into the rehearsal that a client in its process has.
async fn within(rehearsal: &Rehearsal) -> SharedHttpConnector {
    let way = Way { client: rehearsal.http_client(), found: Arc::default() };
    let found = Arc::clone(&way.found);
    let config = administrator(rehearsal, DEV).to_builder().http_client(way).build();
    aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    found.get().unwrap().clone()
}

/// Keeps what an SDK is given to reach the rehearsal.
#[derive(Debug)]
struct Way {
    client: SharedHttpClient,
    found: Arc<OnceLock<SharedHttpConnector>>,
}

impl HttpClient for Way {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        self.found.get_or_init(|| connector).clone()
    }
}

async fn attend(mut peer: TcpStream, inside: SharedHttpConnector) {
    let Ok(Some(request)) = Request::read(&mut peer).await else { return };
    let answer = inside.call(handed_over(&request)).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.body().bytes().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {status} so\r\nconnection: close\r\n");
    let mut is_long = false;
    for (name, value) in answer.headers() {
        is_long |= name.eq_ignore_ascii_case("content-length");
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !is_long {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    // A peer that has gone needs no answer.
    let _gone = peer.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await;
    let _gone = peer.shutdown().await;
}

fn handed_over(request: &Request) -> HttpRequest {
    let (method, path) = request.line().split_once(' ').unwrap();
    let mut new = http::Request::builder().method(method).uri(path);
    for (name, value) in request.headers() {
        new = new.header(name, value);
    }
    new.body(SdkBody::from(request.body())).unwrap().try_into().unwrap()
}
