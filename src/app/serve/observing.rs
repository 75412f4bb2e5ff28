//! The API's parts, and the task that measures runs and sends their traces.

use super::{Ends, Pass, Phase, Rest, Task, Tools};
use crate::{
    app::tracing::Traces,
    github,
    ids::RunId,
    store::RunRecord,
    web::{
        api::{Api, Lifecycle, TellLifecycle},
        auth::{Gate, TokenFile},
        metrics::{Gathered, Metrics, Readings, attempts, first_command},
    },
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// Time between two looks at what happened to runs; a bell comes first as a rule.
const EVERY: Duration = Duration::from_secs(5);
/// Ended runs that one pass measures.
const MOST_RUNS: u32 = 32;

/// What the web face needs of this task.
pub(super) struct Observed {
    /// The routes' state.
    pub(super) api: Api,
    /// What stands before them.
    pub(super) gate: Arc<Gate>,
}

impl Observed {
    /// Puts the API together.
    pub(super) fn new(tools: &Tools, readings: Readings) -> Self {
        let (app, settings) = (&tools.app, &tools.settings.api);
        let tokens = TokenFile::at(settings.tokens.clone().unwrap_or_else(|| app.tokens()));
        let (store, clock) = (app.store.clone(), app.clock.clone());
        let gate = Arc::new(Gate::new(tokens, settings.scrape, store.clone(), clock.clone()));
        let metrics = Arc::new(Metrics::new(gate.clone(), tools.pulse.clone(), readings));
        let phases = tools.phases.clone();
        let lifecycle: TellLifecycle = Arc::new(move || match phases.now() {
            Phase::Serving => Lifecycle::Serving,
            Phase::Draining | Phase::Stopping | Phase::Killing => Lifecycle::Draining,
            Phase::Ending => Lifecycle::Ending,
        });
        let mut api = Api::new(store, (clock, lifecycle), app.log_folder(), metrics);
        api.nudge = tools.bells.runs.clone();
        api.arrived = tools.bells.deliveries.clone();
        let names = tools.settings.repositories.iter().map(|known| known.name.to_string());
        api.repositories = Arc::new(names.collect());
        Self { api, gate }
    }
}

/// The figures that parts of this agent keep.
pub(super) fn readings(
    github: Option<&Arc<github::Client>>,
    unreached: Arc<AtomicI64>,
) -> Readings {
    let help = "Repositories that could not be reached or read when they were last looked at";
    let unreached = move || Some(unreached.load(Ordering::Relaxed));
    let readings = Readings::default().with("repositories_unreached", help, Arc::new(unreached));
    let Some(github) = github.cloned() else { return readings };
    let remaining = move || github.rate_limit().remaining.and_then(|left| i64::try_from(left).ok());
    let help = "Requests that GitHub still granted when it last answered";
    readings.with("github_requests_remaining", help, Arc::new(remaining))
}

/// Measuring, and sending traces.
pub(super) fn tasks(tools: &Tools, observed: &Observed) -> anyhow::Result<Vec<Task>> {
    let traces = Traces::from_environment(&*tools.variable, tools.app.clock.clone());
    let traces = traces.context("set up the traces")?;
    Ok(vec![Task {
        name: "observing".to_owned(),
        bell: Arc::default(),
        every: EVERY,
        ends: Ends::Last,
        pass: Box::new(Observing {
            tools: tools.clone(),
            gathered: observed.api.metrics.gathered.clone(),
            traces,
            begun: Mutex::default(),
        }),
    }])
}

struct Observing {
    tools: Tools,
    gathered: Gathered,
    traces: Option<Traces>,
    begun: Mutex<BTreeSet<RunId>>,
}

impl Pass for Observing {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.look())
    }
}

impl Observing {
    async fn look(&self) -> anyhow::Result<Rest> {
        let store = &self.tools.app.store;
        let mut begun = self.begun.lock().await;
        let open = store.open_runs().await.context("list the open runs")?;
        for run in &open {
            self.first_command(run, &mut begun).await?;
        }
        let ended = store.unobserved_runs(MOST_RUNS).await.context("list the ended runs")?;
        for run in &ended {
            self.first_command(run, &mut begun).await?;
            self.ended(run).await?;
        }
        begun.retain(|known| open.iter().any(|run| run.id == *known));
        if let Some(traces) = &self.traces {
            traces.send(&self.gathered).await;
        }
        Ok(if ended.len() == MOST_RUNS as usize { Rest::None } else { Rest::Usual })
    }

    /// Measures once how long a delivery's run took to its first command.
    async fn first_command(
        &self,
        run: &RunRecord,
        begun: &mut BTreeSet<RunId>,
    ) -> anyhow::Result<()> {
        let store = &self.tools.app.store;
        if begun.contains(&run.id) {
            return Ok(());
        }
        let events = store.events(&run.id).await.context("read the run's events")?;
        let Some(began) = first_command(&events) else { return Ok(()) };
        begun.insert(run.id.clone());
        let delivery = store.delivery_of(&run.id).await.context("find the run's delivery")?;
        if let Some(delivery) = delivery {
            self.gathered.first_command(delivery.received, began);
        }
        Ok(())
    }

    async fn ended(&self, run: &RunRecord) -> anyhow::Result<()> {
        let store = &self.tools.app.store;
        let events = store.events(&run.id).await.context("read the run's events")?;
        let times = attempts(&events);
        // Of several agents the one that notes it measures it.
        if store.run_is_observed(&run.id).await.context("note that the run is measured")? {
            self.gathered.attempts(run, &times);
            if let Some(traces) = &self.traces {
                let delivery = store.delivery_of(&run.id).await.context("find its delivery")?;
                traces.keep((run, &events), delivery.as_ref(), &times);
            }
        }
        Ok(())
    }
}
