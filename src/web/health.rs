//! Where machines look: does the process live, and may it be given work?
//!
//! Alive is an agent whose tasks come to the end of their passes; a stuck one should be started anew. Ready is one whose
//! store takes writes and that is not about to end. Neither answer tells more than that: no token is asked for.

use super::api::{Api, Lifecycle, Refusal};
use crate::clock::Clock;
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use utoipa::ToSchema;

/// What a pass may take beyond the pause before it until its task counts as stuck: the longest, watching over an account
/// that throttles, takes minutes.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long the store may take to say that it can be written.
const PROBE: Duration = Duration::from_secs(5);

/// When each task last came to the end of a pass; clones share it.
#[derive(Debug, Clone)]
pub struct Pulse {
    clock: Arc<dyn Clock>,
    beats: Arc<Mutex<BTreeMap<String, Beat>>>,
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    at: Timestamp,
    every: Duration,
}

impl Pulse {
    /// Nothing has a pulse yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, beats: Arc::default() }
    }

    /// A task came to the end of a pass and will pause for `every` at most.
    pub fn beat(&self, task: &str, every: Duration) {
        let beat = Beat { at: self.clock.now(), every };
        self.lock().insert(task.to_owned(), beat);
    }

    /// A task has ended as it should.
    pub fn end(&self, task: &str) {
        self.lock().remove(task);
    }

    /// Every task with the end of its last pass.
    #[must_use]
    pub fn tasks(&self) -> Vec<(String, Timestamp)> {
        self.lock().iter().map(|(task, beat)| (task.clone(), beat.at)).collect()
    }

    /// The tasks that should have come to the end of a pass and have not.
    #[must_use]
    pub fn stuck(&self) -> Vec<String> {
        let now = self.clock.now();
        let is_late = |beat: &Beat| crate::clock::later(beat.at, beat.every + PATIENCE) < now;
        let beats = self.lock();
        beats.iter().filter(|(_, beat)| is_late(beat)).map(|(task, _)| task.clone()).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Beat>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a machine is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Is it so?
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

fn told(reasons: Vec<String>) -> (StatusCode, Json<Health>) {
    let ok = reasons.is_empty();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok, reasons }))
}

/// Does the process live: do its tasks make progress?
#[utoipa::path(
    get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "Yes", body = Health), (status = 503, description = "No, and why not", body = Health), Refusal)
)]
pub(super) async fn alive(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    told(api.metrics.pulse().stuck().iter().map(|task| format!("{task} is stuck")).collect())
}

/// May it be given work: can its store be written, and is it not about to end?
#[utoipa::path(
    get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, description = "Yes", body = Health), (status = 503, description = "No, and why not", body = Health), Refusal)
)]
pub(super) async fn ready(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    let mut reasons = Vec::new();
    match (api.lifecycle)() {
        Lifecycle::Serving => {}
        Lifecycle::Draining | Lifecycle::Ending => reasons.push("the agent is ending".to_owned()),
    }
    let probed = crate::clock::timeout(api.clock.as_ref(), PROBE, api.store.probe()).await;
    if !matches!(probed, Ok(Ok(()))) {
        reasons.push("the store cannot be written".to_owned());
    }
    told(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;

    #[test]
    fn a_task_is_stuck_when_its_pass_has_no_end() {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let pulse = Pulse::new(Arc::new(clock.clone()));
        pulse.beat("dispatch", Duration::from_secs(10));
        pulse.beat("polling", Duration::from_hours(1));
        clock.advance(PATIENCE + Duration::from_secs(10));
        assert_eq!(pulse.stuck(), [""; 0]);
        clock.advance(Duration::from_secs(1));
        assert_eq!(pulse.stuck(), ["dispatch"]);
        pulse.beat("dispatch", Duration::from_secs(10));
        assert_eq!(pulse.stuck(), [""; 0]);
        clock.advance(Duration::from_hours(2));
        pulse.end("dispatch");
        assert_eq!(pulse.stuck(), ["polling"]);
    }
}
