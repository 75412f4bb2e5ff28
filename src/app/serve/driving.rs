//! Driving one run: its project as its commit and the default branch have it, then stage by stage.

use super::{Phase, Tools};
use crate::{
    app::Promotion,
    engine::{EngineError, Order, Watch, end_at_rest},
    exec::{Cancel, Canceller},
    flow::Stop,
    git::{self, GitError},
    ids::RunId,
    logs::LogLine,
    project::{self, Files, Project, ProjectError},
    queue::Reason,
    spec::Pipeline,
    store::{RunRecord, StoreError, StoredEvent},
};
use anyhow::Context as _;
use std::{sync::Arc, time::Duration};

/// How long a run that could not be driven is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Why a run was not driven as far as it goes.
pub(super) enum Trouble {
    /// It never will be.
    Unfit(String),
    /// Another time it may.
    Now(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Now(error.into())
    }
}

/// Drives `run` until it ends, waits for people, or the agent must end.
pub(super) async fn driven(tools: Tools, run: RunRecord) -> RunId {
    let (canceller, cancel) = Canceller::new();
    let drained = async {
        tools.phases.reached(Phase::Draining).await;
        tools.app.clock.sleep(tools.settings.drain.within).await;
    };
    let driven = tokio::select! {
        driven = drive(tools.clone(), run.clone(), cancel) => driven,
        never = stop(tools.clone(), canceller) => match never {},
        // What is dropped here is left in the middle: the next agent goes on with it.
        () = drained => Ok(()),
    };
    if let Err(trouble) = driven {
        left(&tools, &run, trouble).await;
    }
    tools.bells.runs.notify_one();
    tools.bells.tellings.notify_one();
    run.id
}

async fn left(tools: &Tools, run: &RunRecord, trouble: Trouble) {
    let error = match trouble {
        Trouble::Unfit(why) => {
            let order = Order::Unfit(tools.masker.mask(&why).into_owned());
            let now = tools.app.clock.now();
            match end_at_rest(&tools.app.store, &run.id, order, now).await {
                Ok(_) => {
                    (tools.say)(&format!("run {} is given up: {why}", run.id.short()));
                    return;
                }
                Err(error) => error.into(),
            }
        }
        Trouble::Now(error) => error,
    };
    let held = error.downcast_ref::<EngineError>();
    if matches!(held, Some(EngineError::Store(StoreError::LeaseHeld { .. }))) {
        // Another agent was faster.
        return;
    }
    (tools.say)(&format!("run {}: {error:#}", run.id.short()));
    let end = tools.phases.reached(Phase::Draining);
    tokio::select! {
        () = tools.app.clock.sleep(LEFT_ALONE) => {}
        () = end => {}
    }
}

async fn stop(tools: Tools, canceller: Canceller) -> std::convert::Infallible {
    tools.phases.reached(Phase::Stopping).await;
    canceller.stop(Stop::Gentle);
    tools.phases.reached(Phase::Killing).await;
    canceller.stop(Stop::Forced);
    std::future::pending().await
}

async fn drive(tools: Tools, run: RunRecord, cancel: Cancel) -> Result<(), Trouble> {
    let (mirrors, credentials) = (tools.app.mirrors(), tools.credentials.clone());
    let wanted = run.clone();
    let read =
        move || load(&wanted, |source| git::Repository::open(source, &mirrors, &credentials));
    let project = tokio::task::spawn_blocking(read).await.context("read the project")??;
    let promotion = Promotion {
        project: Arc::new(project),
        credentials: tools.credentials.clone(),
        inherited: tools.inherited.clone(),
        masker: tools.masker.clone(),
        watch: Arc::new(Unwatched),
        cancel,
    };
    let driven = promotion.drive(&tools.app, &run).await?;
    let end = match driven.outcome {
        Some(outcome) => outcome.to_string(),
        None => "waiting for approval".to_owned(),
    };
    (tools.say)(&format!("run {} into {}: {end}", run.id.short(), run.environment));
    Ok(())
}

/// The project of the run's commit, if the default branch still lets its branch go where the run goes.
pub(super) fn load(
    run: &RunRecord,
    open: impl FnOnce(&str) -> Result<git::Repository, GitError>,
) -> Result<Project, Trouble> {
    let repository = open(&run.repository).map_err(of_git)?;
    let branch = repository.default_branch().map_err(of_git)?;
    let policy = repository.branch(&branch).map_err(of_git)?;
    let files = Files::Commit(&repository, &run.commit);
    let policy = Files::Commit(&repository, &policy);
    let address = repository.public_address();
    let project = project::load(address, &run.commit, files, policy).map_err(of_project)?;
    if !may_go(&project.pipeline, run) {
        let (branch, environment) = (&run.reference, &run.environment);
        return Err(Trouble::Unfit(format!(
            "branch '{branch}' does not deploy to '{environment}'"
        )));
    }
    Ok(project)
}

fn may_go(pipeline: &Pipeline, run: &RunRecord) -> bool {
    let own = pipeline.environment_for_branch(&run.reference);
    own.is_some_and(|rule| pipeline.may_use(&rule.name, &run.environment))
}

fn of_git(error: GitError) -> Trouble {
    match error {
        GitError::NoSuchCommit(_) => Trouble::Unfit(error.to_string()),
        other => Trouble::Now(other.into()),
    }
}

fn of_project(error: ProjectError) -> Trouble {
    match &error {
        ProjectError::Findings { findings, .. } => {
            let first =
                findings.0.iter().find(|found| found.severity == crate::spec::Severity::Error);
            let first =
                first.map(|found| format!("{}:{}: {}", found.file, found.line, found.message));
            let first = first.unwrap_or_else(|| error.to_string());
            Trouble::Unfit(format!("its files have errors; the first: {first}"))
        }
        ProjectError::File(_) => Trouble::Now(error.into()),
    }
}

/// Nobody watches single steps: the store has them.
struct Unwatched;

impl Watch for Unwatched {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &Reason) {}
}
