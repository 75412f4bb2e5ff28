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

#[derive(Debug, Clone)]
pub(crate) struct WireTap {
    cloud: SharedHttpClient,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    writes: Vec<String>,
    cut: Option<usize>,
    pending: usize,
}

impl WireTap {
    pub(crate) fn on(cloud: SharedHttpClient) -> Self {
        Self { cloud, seen: Arc::default() }
    }

    /// The writes since the last call.
    pub(crate) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().writes)
    }

    /// Cuts the wire after so many writes from now: the last one is done, its answer never arrives.
    pub(crate) fn cut_after(&self, writes: usize) {
        *self.seen.lock().unwrap() = Seen { cut: Some(writes), ..Seen::default() };
    }

    /// Mends the wire.
    pub(crate) fn mend(&self) {
        *self.seen.lock().unwrap() = Seen::default();
    }

    /// Shows a function as still being made for so many answers.
    pub(crate) fn keep_function_pending(&self, looks: usize) {
        self.seen.lock().unwrap().pending = looks;
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
        if seen.cut == Some(seen.writes.len()) {
            return HttpConnectorFuture::ready(Err(gone()));
        }
        let write = write(&request);
        let function = request.uri().contains("/functions") && !request.uri().contains("/versions");
        let look = function && seen.pending > 0;
        seen.pending -= usize::from(look);
        seen.writes.extend(write);
        let lost = seen.cut == Some(seen.writes.len());
        drop(seen);
        let answer = self.cloud.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            if look {
                let body = String::from_utf8_lossy(answer.body().bytes().unwrap()).into_owned();
                answer.headers_mut().remove("content-length");
                *answer.body_mut() = body.replace("\"Active\"", "\"Pending\"").into();
            }
            if lost { Err(gone()) } else { Ok(answer) }
        })
    }
}

/// The operation, if it writes.
fn write(request: &HttpRequest) -> Option<String> {
    let reads = ["Describe", "List", "Get", "BatchGet", "Filter", "AssumeRole", "Simulate"];
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
