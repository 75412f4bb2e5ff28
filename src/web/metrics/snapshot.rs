//! What the store and the disk hold at this moment, as figures.

use crate::{
    ids::RunId,
    store::{Figures, LogCursor},
    web::{
        api::Api,
        errors::Problem,
        health::Pulse,
        hooks::{Counted, Counts},
    },
};
use jiff::Timestamp;
use prometheus_client::{
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
        info::Info,
    },
    registry::{Registry, Unit},
};
use std::{fs, sync::atomic::AtomicU64};

/// Runs whose unsent log lines are measured at most.
const MOST_LOGS: u32 = 64;

/// One label: its name and its value.
type Label = [(&'static str, String); 1];
/// A gauge of seconds.
type Seconds = Gauge<f64, AtomicU64>;

/// The figures of one moment.
pub(super) struct Snapshot {
    figures: Figures,
    unsent: u64,
}

impl Snapshot {
    pub(super) async fn take(api: &Api) -> Result<Self, Problem> {
        Ok(Self { figures: api.store.figures().await?, unsent: unsent(api).await? })
    }

    pub(super) fn register(&self, registry: &mut Registry, now: Timestamp) {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs here", build);
        let figures = &self.figures;
        let (deliveries, runs) =
            (counts("verdict", &figures.deliveries), counts("outcome", &figures.runs));
        registry.register("deliveries", "Deliveries in the store, by verdict", deliveries);
        registry.register("runs", "Runs in the store, by outcome", runs);
        let (length, oldest) =
            (Family::<Label, Gauge>::default(), Family::<Label, Seconds>::default());
        for waiting in &figures.waiting {
            let label = [("environment", waiting.environment.to_string())];
            length.get_or_create(&label).set(signed(waiting.runs));
            oldest.get_or_create(&label).set(age(waiting.since, now));
        }
        registry.register("queue_length", "Open runs that nobody drives", length);
        let help = "Age of the oldest open run that nobody drives";
        registry.register_with_unit("queue_oldest", help, Unit::Seconds, oldest);
        let lease = Seconds::default();
        lease.set(figures.lease_age.unwrap_or_default().as_secs_f64());
        let help = "Since the lease was renewed that waits longest for it; 0 if none is held";
        registry.register_with_unit("lease_age", help, Unit::Seconds, lease);
        let (unsaid, oldest) = (Gauge::<i64>::default(), Seconds::default());
        unsaid.set(signed(figures.unsaid));
        oldest.set(figures.unsaid_since.map_or(0.0, |since| age(since, now)));
        let help = "Things that should be said to others and were not yet";
        registry.register("outbox_length", help, unsaid);
        let help = "Age of the oldest thing that was not said yet; 0 if there is none";
        registry.register_with_unit("outbox_oldest", help, Unit::Seconds, oldest);
        let given_up = Gauge::<i64>::default();
        given_up.set(signed(figures.given_up));
        let help =
            "Things that should be said to others and were given up; agent show RUN names them";
        registry.register("outbox_given_up", help, given_up);
        let lag = Gauge::<i64>::default();
        lag.set(signed(self.unsent));
        let help = "Bytes of log lines that have not reached the cloud";
        registry.register_with_unit("log_unsent", help, Unit::Bytes, lag);
    }
}

/// When each task last came to the end of a pass.
pub(super) fn register_tasks(registry: &mut Registry, pulse: &Pulse, now: Timestamp) {
    let family = Family::<Label, Seconds>::default();
    for (task, last) in pulse.tasks() {
        family.get_or_create(&[("task", task)]).set(age(last, now));
    }
    let help = "Since a task last came to the end of a pass";
    registry.register_with_unit("task_last_pass", help, Unit::Seconds, family);
}

/// Requests that were turned away.
pub(super) fn register_refused(registry: &mut Registry, refused: u64) {
    let help = "Requests without the token they needed, since this process began";
    registry.register("requests_refused", help, ConstCounter::new(refused));
}

/// What came to the door of GitHub's, kept or not.
pub(super) fn register_webhooks(registry: &mut Registry, counts: &Counts) {
    let family = Family::<Label, Counter>::default();
    for counted in Counted::ALL {
        let label = [("answer", counted.as_str().to_owned())];
        family.get_or_create(&label).inc_by(counts.of(counted));
    }
    let help = "Requests to the webhook endpoint by what became of them, since this process began";
    registry.register("webhook_requests", help, family);
}

/// A figure that somebody else keeps.
pub(super) fn register_number(
    registry: &mut Registry,
    (name, help): (&str, &str),
    number: Option<i64>,
) {
    if let Some(number) = number {
        let gauge = Gauge::<i64>::default();
        gauge.set(number);
        registry.register(name, help, gauge);
    }
}

/// Bytes of lines that are kept here and not accounted for in the cloud.
async fn unsent(api: &Api) -> Result<u64, Problem> {
    let open = api.store.open_runs().await?.into_iter().map(|run| run.id);
    let Ok(keeper) = api.logs.keeper() else { return Ok(0) };
    let ended = api.store.runs_with_unsent_logs(&keeper, MOST_LOGS).await?;
    let mut unsent = 0;
    for run in open.chain(ended).take(MOST_LOGS as usize) {
        unsent += unsent_of(api, &run).await?;
    }
    Ok(unsent)
}

async fn unsent_of(api: &Api, run: &RunId) -> Result<u64, Problem> {
    let cursors = api.store.log_cursors(run).await?;
    let mut unsent: u64 = 0;
    for file in api.logs.files(run).unwrap_or_default() {
        let written = fs::metadata(api.logs.of(run, &file)).map_or(0, |file| file.len());
        let of_file = |cursor: &&LogCursor| cursor.stage == file.stage && cursor.part == file.part;
        let cursor = cursors.iter().find(of_file);
        unsent += written.saturating_sub(cursor.map_or(0, |cursor| cursor.position));
    }
    Ok(unsent)
}

fn counts(label: &'static str, counted: &[(String, u64)]) -> Family<Label, Gauge> {
    let family = Family::<Label, Gauge>::default();
    for (name, number) in counted {
        family.get_or_create(&[(label, name.clone())]).set(signed(*number));
    }
    family
}

fn age(since: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(since).as_secs_f64().max(0.0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
