//! The task that keeps this agent known among those that take runs: from its start to its end, and whether it drains.

use super::{Ends, Pass, Phase, Rest, Task, Tools};
use crate::{ids::AgentId, store::NewAgent};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// Time between two notes that the agent is there: often enough for people who watch it drain, and a lease lasts longer.
const EVERY: Duration = Duration::from_secs(5);

/// Makes this agent known; the task keeps it so, and ends it last.
pub(super) async fn task(tools: &Tools) -> anyhow::Result<Task> {
    let new = NewAgent {
        name: tools.settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        labels: tools.settings.labels.clone(),
    };
    let agent = tools.app.store.enlist(&new).await.context("make this agent known")?;
    let logs = tools.app.log_folder();
    let keeper = logs.keeper().context("read the id of the log folder")?;
    let kept = tools.app.store.keeps_logs((&keeper, logs.path()), new.name.as_ref()).await;
    kept.context("make known where this agent keeps logs")?;
    Ok(Task {
        name: "being known".to_owned(),
        bell: Arc::default(),
        every: EVERY,
        ends: Ends::Last,
        pass: Box::new(Enlisted { tools: tools.clone(), agent }),
    })
}

struct Enlisted {
    tools: Tools,
    agent: AgentId,
}

impl Pass for Enlisted {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            let store = &self.tools.app.store;
            match self.tools.phases.now() {
                // The heart of a fleet says the same, also while this thread is kept.
                Phase::Serving => store.is_there().await.context("note that it is there")?,
                Phase::Draining | Phase::Stopping | Phase::Killing => {
                    store.drains(&self.agent).await.context("note that it drains")?;
                    store.is_there().await.context("note that it is there")?;
                }
                Phase::Ending => {
                    store.discharge(&self.agent).await.context("note that it has ended")?;
                }
            }
            Ok(Rest::Usual)
        })
    }
}
