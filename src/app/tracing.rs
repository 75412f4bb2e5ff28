//! Traces of ended runs, sent to a collector by OTLP.
//!
//! A trace is made from what the store says about a run, after its end: names of traces and spans follow from the run, so
//! one that a crash cut in two is one trace, and one that is sent twice is the same. A collector that does not answer
//! costs its own traces and, when the agent ends, [`PATIENCE`]; no run waits for it.

mod spans;
#[cfg(test)]
mod tests;

use crate::{
    clock::{self, Clock},
    remote::{Client, Plain, Target},
    store::{Delivery, RunRecord, StoredEvent},
    web::metrics::{AttemptTime, Gathered},
};
use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter as _},
};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Where the collector is, and where its traces go in particular.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// What is added to the first of them.
const TRACES_PATH: &str = "/v1/traces";
/// What the agent is called in traces, unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE: &str = "relevo";
/// Traces that wait for a collector; the oldest is given up for a new one.
const MOST_WAITING: usize = 256;
/// What one pass waits for a collector. The last pass of an agent that ends is one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends traces.
#[derive(Debug)]
pub(super) struct Traces {
    exporter: SpanExporter,
    clock: Arc<dyn Clock>,
    waiting: Mutex<VecDeque<Vec<SpanData>>>,
    given_up: Mutex<u64>,
}

impl Traces {
    /// What the environment asks for; nothing if it names no collector.
    ///
    /// # Errors
    /// The collector's address is none.
    pub(super) fn from_environment(
        variable: &dyn Fn(&str) -> Option<String>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Self>> {
        let named = |name| variable(name).filter(|value: &String| !value.is_empty());
        let Some(address) = named(TRACES_ENDPOINT).or_else(|| named(ENDPOINT)) else {
            return Ok(None);
        };
        // A collector is as a rule beside the agent, and a trace holds no secret.
        let target = Target::parse(&address, Plain::ToAnybody).context(ENDPOINT)?;
        let path = if named(TRACES_ENDPOINT).is_some() { "" } else { TRACES_PATH };
        let client = Client::new(target.clone(), clock.clone()).context(ENDPOINT)?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Courier(client))
            .with_endpoint(target.at(path))
            .build()
            .context("make the exporter of traces")?;
        let service = named("OTEL_SERVICE_NAME").unwrap_or_else(|| SERVICE.to_owned());
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(service).with_attribute(version);
        exporter.set_resource(&resource.build());
        Ok(Some(Self { exporter, clock, waiting: Mutex::default(), given_up: Mutex::default() }))
    }

    /// Keeps the trace of an ended run until it is sent.
    pub(super) fn keep(
        &self,
        (run, events): (&RunRecord, &[StoredEvent]),
        delivery: Option<&Delivery>,
        attempts: &[AttemptTime],
    ) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING {
            waiting.pop_front();
            *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        waiting.push_back(spans::of((run, events), delivery, attempts));
    }

    /// Sends what waits, until a try fails or [`PATIENCE`] ends; the rest waits on.
    pub(super) async fn send(&self, gathered: &Gathered) {
        let given_up =
            std::mem::take(&mut *self.given_up.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in 0..given_up {
            gathered.trace("given-up");
        }
        let sent = clock::timeout(&*self.clock, PATIENCE, self.send_all(gathered)).await;
        if !matches!(sent, Ok(Ok(()))) {
            gathered.trace("failed");
            // One that the collector does not take must not keep the others from it.
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let first = waiting.pop_front();
            waiting.extend(first);
        }
    }

    async fn send_all(&self, gathered: &Gathered) -> OTelSdkResult {
        while let Some(trace) = self.first() {
            self.exporter.export(trace).await?;
            gathered.trace("sent");
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        }
        Ok(())
    }

    fn first(&self) -> Option<Vec<SpanData>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }
}

/// Carries what the exporter has written.
#[derive(Debug)]
struct Courier(Client);

impl HttpClient for Courier {
    fn send_bytes<'s, 'a>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(async move { Ok(self.0.ask(request).await?) })
    }
}
