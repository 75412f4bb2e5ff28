//! One run of one project, put together: the engine with its built-in stages, the clouds, the log sink.

use super::{App, AppClouds};
use crate::{
    engine::{
        Driven, Engine, Orders, Watch,
        stages::{BuiltIns, Clouds as _},
    },
    exec::{Cancel, Inherited},
    git::Credentials,
    logs::{CloudWatch, LogSink, Masker},
    project::Project,
    spec::{Cloud, Stage, condition},
    store::RunRecord,
};
use anyhow::Context as _;
use std::{sync::Arc, time::Duration};

/// How long the end of a run waits for its last lines to reach the cloud; what is left then is told, and shipped by the
/// next run or resume.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);
/// Earlier runs whose last lines one run takes along, at most: a crash leaves one, so this is an afternoon of them.
const MOST_LEFTOVERS: u32 = 16;

/// What a run is promoted with, beside what the state folder holds.
pub struct Promotion {
    /// What the run's commit holds.
    pub project: Arc<Project>,
    /// How its repository is reached, should it be a URL.
    pub credentials: Credentials,
    /// What commands inherit of the environment of this process.
    pub inherited: Inherited,
    /// What must never stand in a log.
    pub masker: Masker,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
    /// Stops the run.
    pub cancel: Cancel,
}

impl Promotion {
    /// Drives `run` to its end, or on from where an agent left it.
    ///
    /// # Errors
    /// The run's clouds cannot be opened, another agent drives it, or the store fails.
    pub async fn drive(self, app: &App, run: &RunRecord) -> anyhow::Result<Driven> {
        let (project, cancel) = (self.project.clone(), self.cancel.clone());
        let clouds = self.clouds(app).await?;
        drive((&self.engine(app, &clouds), cancel), (&project, &clouds), run).await
    }

    /// The same, and then ships what earlier runs could not ship: for an agent that ends with the run, and so looks at
    /// those at no other time.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub async fn drive_last(self, app: &App, run: &RunRecord) -> anyhow::Result<Driven> {
        let (project, cancel) = (self.project.clone(), self.cancel.clone());
        let clouds = self.clouds(app).await?;
        let engine = self.engine(app, &clouds);
        let driven = drive((&engine, cancel), (&project, &clouds), run).await?;
        // Where this run's lines did not arrive, those of others would not either.
        if driven.unsent.lines == 0 {
            ship_leftovers(&engine, (&project, &clouds), run).await?;
        }
        Ok(driven)
    }

    /// Ships what runs of `run`'s repository could not ship when they ended, as far as it is kept here. Returns how many
    /// of them still have unsent lines.
    ///
    /// # Errors
    /// The clouds cannot be opened, or the store fails.
    pub async fn ship_leftovers(self, app: &App, run: &RunRecord) -> anyhow::Result<usize> {
        let project = self.project.clone();
        let clouds = self.clouds(app).await?;
        ship_leftovers(&self.engine(app, &clouds), (&project, &clouds), run).await
    }

    async fn clouds(&self, app: &App) -> anyhow::Result<Arc<AppClouds>> {
        Ok(Arc::new(app.clouds(&self.project.environments).await?))
    }

    fn engine(self, app: &App, clouds: &Arc<AppClouds>) -> Engine {
        Engine {
            store: app.store.clone(),
            clock: app.clock.clone(),
            logs: app.log_folder(),
            work: app.work_folder(),
            mirrors: app.mirrors(),
            credentials: self.credentials,
            masker: self.masker,
            inherited: self.inherited,
            perform: Arc::new(BuiltIns::new(self.project, clouds.clone())),
            condition: Arc::new(holds),
            watch: self.watch,
            drain_deadline: DRAIN_DEADLINE,
        }
    }
}

async fn drive(
    (engine, cancel): (&Engine, Cancel),
    (project, clouds): (&Project, &AppClouds),
    run: &RunRecord,
) -> anyhow::Result<Driven> {
    let orders = Orders { cancel, sink: sink_of(project, clouds, run) };
    engine.drive(&run.id, orders).await.context("drive the run")
}

async fn ship_leftovers(
    engine: &Engine,
    (project, clouds): (&Project, &AppClouds),
    run: &RunRecord,
) -> anyhow::Result<usize> {
    let of_run = |other: &RunRecord| {
        let is_near = other.repository == run.repository;
        is_near.then(|| sink_of(project, clouds, other)).flatten()
    };
    let left = engine.ship_leftovers(&of_run, MOST_LEFTOVERS).await;
    left.context("ship the lines of earlier runs")
}

/// Where a run's lines go: the log group of its environment, as far as the project knows it.
fn sink_of(project: &Project, clouds: &AppClouds, run: &RunRecord) -> Option<Arc<dyn LogSink>> {
    let environment = project.environments.get(&run.environment)?;
    let access = clouds.access(environment).ok()?;
    let sink = CloudWatch::new(access, environment.clone(), run.id.clone());
    Some(match environment.cloud {
        Cloud::Rehearsal => Arc::new(sink.settled()),
        Cloud::Aws => Arc::new(sink),
    })
}

/// Does the stage's `when` hold? It was checked when the pipeline was read.
fn holds(run: &RunRecord, stage: &Stage) -> bool {
    let Some(when) = &stage.when else { return true };
    let facts = condition::Facts {
        branch: &run.reference,
        environment: run.environment.as_str(),
        event: &run.facts.event,
        changed: Some(&run.facts.changed_paths),
    };
    condition::Condition::parse(when).is_ok_and(|condition| condition.holds(&facts))
}
