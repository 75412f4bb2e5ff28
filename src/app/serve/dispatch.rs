//! The task that drives runs: the oldest waiting one of each environment, one at a time.

use super::{Ends, Pass, Phase, Rest, Task, Tools};
use crate::{
    app::Promotion,
    engine::Watch,
    exec::{Cancel, Canceller},
    flow::Stop,
    git,
    ids::{EnvName, RunId},
    logs::LogLine,
    project::{self, Files, Project},
    store::{RunRecord, StoredEvent},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::Mutex, task::JoinSet};

/// Time between two looks at the waiting runs; a bell comes first as a rule.
const EVERY: Duration = Duration::from_secs(10);
/// How long a run that could not be driven is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Driving runs.
pub(super) fn tasks(tools: &Tools) -> Vec<Task> {
    vec![Task {
        name: "dispatch".to_owned(),
        bell: tools.bells.runs.clone(),
        every: EVERY,
        ends: Ends::WhenDone,
        pass: Box::new(Dispatch { tools: tools.clone(), under_way: Mutex::default() }),
    }]
}

struct Dispatch {
    tools: Tools,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    driven: JoinSet<RunId>,
    places: BTreeMap<(String, EnvName), RunId>,
}

impl Pass for Dispatch {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.look())
    }
}

impl Dispatch {
    async fn look(&self) -> anyhow::Result<Rest> {
        let mut under_way = self.under_way.lock().await;
        while let Some(ended) = under_way.driven.try_join_next() {
            let ended = ended.context("a run's task was lost")?;
            under_way.places.retain(|_, run| *run != ended);
        }
        if self.tools.phases.now() > Phase::Serving {
            let is_over = under_way.driven.is_empty();
            return Ok(if is_over { Rest::Over } else { Rest::Usual });
        }
        for run in self.tools.app.store.open_runs().await.context("list the unfinished runs")? {
            let is_full = under_way.driven.len() >= self.tools.settings.runs_at_once.get() as usize;
            let place = (run.repository.clone(), run.environment.clone());
            if is_full || under_way.places.contains_key(&place) {
                continue;
            }
            under_way.places.insert(place, run.id.clone());
            let (tools, here) = (self.tools.clone(), Handle::current());
            // On a thread of its own: what a run computes must not keep a webhook waiting.
            under_way.driven.spawn_blocking(move || here.block_on(driven(tools, run)));
        }
        Ok(Rest::Usual)
    }
}

async fn driven(tools: Tools, run: RunRecord) -> RunId {
    let (canceller, cancel) = Canceller::new();
    let drained = async {
        tools.phases.reached(Phase::Draining).await;
        tools.app.clock.sleep(tools.settings.drain.within).await;
    };
    let driven = tokio::select! {
        driven = drive(tools.clone(), run.clone(), cancel) => driven,
        never = stop(tools.clone(), canceller) => match never {},
        // What is dropped here is parked: the next agent goes on with it.
        () = drained => Ok(()),
    };
    if let Err(error) = driven {
        (tools.say)(&format!("run {}: {error:#}", run.id.short()));
        tools.app.clock.sleep(LEFT_ALONE).await;
    }
    tools.bells.runs.notify_one();
    run.id
}

async fn stop(tools: Tools, canceller: Canceller) -> std::convert::Infallible {
    tools.phases.reached(Phase::Stopping).await;
    canceller.stop(Stop::Gentle);
    tools.phases.reached(Phase::Killing).await;
    canceller.stop(Stop::Forced);
    std::future::pending().await
}

async fn drive(tools: Tools, run: RunRecord, cancel: Cancel) -> anyhow::Result<()> {
    let (mirrors, credentials) = (tools.app.mirrors(), tools.credentials.clone());
    let (repository, commit) = (run.repository.clone(), run.clone());
    let read = move || -> anyhow::Result<Project> {
        let repository = git::Repository::open(&repository, &mirrors, &credentials)?;
        let policy = repository.branch(&repository.default_branch()?)?;
        let files = Files::Commit(&repository, &commit.commit);
        let policy = Files::Commit(&repository, &policy);
        Ok(project::load(repository.public_address(), &commit.commit, files, policy)?)
    };
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
    (tools.say)(&format!("run {} into {}: {:?}", run.id.short(), run.environment, driven.outcome));
    Ok(())
}

/// Nobody watches single steps: the store has them.
struct Unwatched;

impl Watch for Unwatched {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &RunId) {}
}
