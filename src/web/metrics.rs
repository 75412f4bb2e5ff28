//! What the agent tells of itself to Prometheus.
//!
//! Whatever can be counted from the store is, so it is true after a restart and the same for every agent of a store;
//! only times are gathered while the process lives. Labels come from short fixed lists, but for environments, of which
//! the store answers a bounded number.

mod gathered;
mod process;
mod snapshot;
mod timeline;

pub use gathered::Gathered;
pub use timeline::{AttemptTime, attempts, first_command};

use super::{
    api::{Api, Refusal},
    auth::Gate,
    errors::{Kind, Problem},
    health::Pulse,
    hooks::Counts,
};
use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use prometheus_client::{encoding::text, registry::Registry};
use snapshot::Snapshot;
use std::{fmt, sync::Arc};
use tokio::sync::Mutex;

/// What every name begins with.
const PREFIX: &str = "relevo";
/// How long a text is handed out again: many may ask, the store is counted once.
const FRESH: SignedDuration = SignedDuration::from_secs(2);
/// The media type of the text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A figure that somebody else keeps: read when the text is made; nothing if it is not known.
pub type Reading = Arc<dyn Fn() -> Option<i64> + Send + Sync>;

/// Figures that others keep, with what they mean.
#[derive(Clone, Default)]
pub struct Readings(Vec<(&'static str, &'static str, Reading)>);

/// The figures.
#[derive(Debug)]
pub struct Metrics {
    /// What was gathered while the process lives.
    pub gathered: Gathered,
    /// What became of webhooks at the door.
    pub webhooks: Counts,
    gate: Arc<Gate>,
    pulse: Pulse,
    readings: Readings,
    last: Mutex<Option<(Timestamp, String)>>,
}

impl Readings {
    /// These and one more, a gauge of this name and meaning.
    #[must_use]
    pub fn with(mut self, name: &'static str, help: &'static str, reading: Reading) -> Self {
        self.0.push((name, help, reading));
        self
    }
}

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, ..)| name)).finish()
    }
}

impl Metrics {
    /// Nothing gathered yet.
    #[must_use]
    pub fn new(gate: Arc<Gate>, pulse: Pulse, readings: Readings) -> Self {
        let (gathered, webhooks) = (Gathered::default(), Counts::default());
        Self { gathered, webhooks, gate, pulse, readings, last: Mutex::default() }
    }

    /// When each task last came to the end of a pass.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    async fn text(&self, api: &Api) -> Result<String, Problem> {
        let now = api.clock.now();
        let mut last = self.last.lock().await;
        // Either way: a clock that was set back keeps no old text alive.
        if let Some((at, text)) = last.as_ref()
            && now.duration_since(*at).abs() < FRESH
        {
            return Ok(text.clone());
        }
        let snapshot = Snapshot::take(api).await?;
        let mut registry = Registry::with_prefix(PREFIX);
        self.gathered.register(&mut registry);
        snapshot.register(&mut registry, now);
        snapshot::register_tasks(&mut registry, &self.pulse, now);
        snapshot::register_refused(&mut registry, self.gate.refused());
        snapshot::register_webhooks(&mut registry, &self.webhooks);
        for (name, help, reading) in &self.readings.0 {
            snapshot::register_number(&mut registry, (name, help), reading());
        }
        let mut text = String::new();
        process::append(&mut text);
        let written = text::encode(&mut text, &registry);
        written.map_err(|_| Problem::new(Kind::Internal, "the figures cannot be written"))?;
        *last = Some((now, text.clone()));
        Ok(text)
    }
}

/// Figures for Prometheus, as OpenMetrics text
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "The figures", body = String, content_type = "application/openmetrics-text"), Refusal)
)]
pub(super) async fn metrics(State(api): State<Api>) -> Result<Response, Problem> {
    let text = api.metrics.text(&api).await?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response())
}
