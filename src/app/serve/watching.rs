//! The tasks that watch over environments: `agent watch`, without anybody asking.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{
    app::{AppClouds, ad_hoc_run},
    aws::Purpose,
    engine::stages::Clouds as _,
    hearing::Repository,
    project::{self, Files, Project},
    spec::Environment,
    store::StoreError,
    watch::{Action, Journal, Point, WatchError, Watcher},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{runtime::Handle, sync::Notify};

/// One for each repository: its environments are those of its default branch, as they are then.
pub(super) fn tasks(tools: &Tools) -> Vec<Task> {
    let of = |repository: &Repository| Task {
        name: format!("watching {}", repository.name),
        bell: Arc::new(Notify::new()),
        every: tools.settings.watch_every,
        ends: Ends::AtOnce,
        pass: Box::new(Watching {
            tools: tools.clone(),
            repository: repository.clone(),
            has_begun: AtomicBool::new(false),
        }),
    };
    tools.settings.repositories.iter().map(of).collect()
}

struct Watching {
    tools: Tools,
    repository: Repository,
    has_begun: AtomicBool,
}

/// Nobody watches the watcher's single steps.
struct Unheard;

impl Journal for Unheard {
    fn reached(&mut self, _: Point) {}
}

impl Pass for Watching {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            // An agent that just began has pushes to hear of first.
            if !self.has_begun.swap(true, Ordering::Relaxed) {
                return Ok(Rest::Usual);
            }
            let (tools, repository) = (self.tools.clone(), self.repository.clone());
            let here = Handle::current();
            let look = move || here.block_on(look(&tools, &repository));
            tokio::task::spawn_blocking(look).await.context("watching broke")??;
            Ok(Rest::Usual)
        })
    }
}

async fn look(tools: &Tools, repository: &Repository) -> anyhow::Result<()> {
    let app = &tools.app;
    // What hearing fetched last: fetching is its business alone.
    let opened = tools.open(&repository.source)?;
    let policy = opened.branch(&opened.default_branch()?)?;
    let files = Files::Commit(&opened, &policy);
    let project = project::load(opened.public_address(), &policy, files, files)?;
    let environments = &project.environments;
    let clouds = app.clouds(environments).await?;
    for environment in environments.values() {
        if let Err(error) = watch(tools, &project, &clouds, environment).await {
            // The others are watched all the same.
            (tools.say)(&format!("watching {}: {error:#}", environment.name));
        }
    }
    Ok(())
}

async fn watch(
    tools: &Tools,
    project: &Project,
    clouds: &AppClouds,
    environment: &Environment,
) -> anyhow::Result<()> {
    let access = clouds.access(environment).context("reach the cloud")?;
    let session = access.assume(environment, &ad_hoc_run(), Purpose::Watch).await;
    let session = session.context("take the deploy role for watching")?;
    let watcher = Watcher {
        store: &tools.app.store,
        clock: &*tools.app.clock,
        session: &session,
        environment,
        contract: project.training.as_ref().map(|training| &training.contract),
    };
    let pass = match watcher.pass(&mut Unheard).await {
        // Somebody else does it.
        Err(WatchError::Store(StoreError::Watched { .. })) => return Ok(()),
        passed => passed?,
    };
    for answer in pass.answered.iter().filter(|answer| !matches!(answer.action, Action::Nothing(_)))
    {
        let (id, finding) = (answer.case.id(), answer.case.finding.as_str());
        (tools.say)(&format!("{}: {id}: {finding}; {}", environment.name, answer.message));
    }
    for trouble in &pass.troubles {
        (tools.say)(&format!("{}: {}: {}", environment.name, trouble.execution, trouble.problem));
    }
    Ok(())
}
