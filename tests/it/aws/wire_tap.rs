//! Stands between the agent and the cloud: counts what is written, and can cut the wire.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use std::sync::{Arc, Mutex};

/// Where the wire breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The n-th write never arrives.
    BeforeWrite(usize),
    /// The n-th write is done, its answer never arrives.
    AfterWrite(usize),
}

#[derive(Debug, Clone)]
pub(super) struct WireTap {
    cloud: SharedHttpClient,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    writes: Vec<String>,
    cut: Option<Cut>,
}

impl WireTap {
    pub(super) fn on(cloud: SharedHttpClient) -> Self {
        Self { cloud, seen: Arc::default() }
    }

    /// The writes since the last call.
    pub(super) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().writes)
    }

    /// Cuts the wire, counting from now; nothing passes after it.
    pub(super) fn cut(&self, cut: Option<Cut>) {
        *self.seen.lock().unwrap() = Seen { writes: Vec::new(), cut };
    }
}

impl HttpClient for WireTap {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let cloud = self.cloud.http_connector(settings, components);
        SharedHttpConnector::new(Tapped { cloud, seen: Arc::clone(&self.seen) })
    }
}

#[derive(Debug)]
struct Tapped {
    cloud: SharedHttpConnector,
    seen: Arc<Mutex<Seen>>,
}

impl HttpConnector for Tapped {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gone = || ConnectorError::user("the wire is cut".into());
        let mut seen = self.seen.lock().unwrap();
        let writes = seen.writes.len();
        let over = match seen.cut {
            None => false,
            Some(Cut::BeforeWrite(n) | Cut::AfterWrite(n)) => writes >= n,
        };
        if over {
            return HttpConnectorFuture::ready(Err(gone()));
        }
        let Some(write) = write(&request) else { return self.cloud.call(request) };
        let next = writes + 1;
        if seen.cut == Some(Cut::BeforeWrite(next)) {
            seen.cut = Some(Cut::BeforeWrite(0));
            return HttpConnectorFuture::ready(Err(gone()));
        }
        seen.writes.push(write);
        let lost = seen.cut == Some(Cut::AfterWrite(next));
        drop(seen);
        let answer = self.cloud.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if lost { Err(gone()) } else { Ok(answer) }
        })
    }
}

/// The operation, if it writes.
fn write(request: &HttpRequest) -> Option<String> {
    let reads = ["Describe", "List", "Get", "Filter", "AssumeRole"];
    let named = |operation: &str| {
        (!reads.iter().any(|read| operation.starts_with(read))).then(|| operation.to_owned())
    };
    if let Some(target) = request.headers().get("x-amz-target") {
        return named(target.rsplit('.').next().unwrap());
    }
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return named(action);
    }
    let method = request.method();
    (method != "GET" && method != "HEAD").then(|| format!("{method} {}", request.uri()))
}
