//! Deploy windows as the default branch has them now: they hold for the runs that wait, whenever those were made.

use super::Tools;
use crate::{
    ids::{RunId, Sha},
    store::RunRecord,
};
use anyhow::Context as _;
use std::collections::BTreeMap;

/// Runs whose windows one pass compares, oldest first: each may read a whole commit.
const MOST_COMPARED: usize = 16;

/// The tip of the default branch that each waiting run was last held against.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<RunId, Sha>);

impl Held {
    /// Gives the runs that wait the windows of the present tip. A repository that gives no answer changes none.
    pub(super) async fn against_tips(
        &mut self,
        tools: &Tools,
        waiting: &[RunRecord],
    ) -> anyhow::Result<()> {
        self.0.retain(|known, _| waiting.iter().any(|run| run.id == *known));
        let mut tips = BTreeMap::new();
        let mut compared = 0;
        for run in waiting {
            let tip = match tips.get(&run.repository) {
                Some(tip) => tip,
                None => {
                    let found = tip(tools.clone(), run.repository.clone()).await?;
                    tips.entry(&run.repository).or_insert(found)
                }
            };
            let Some(tip) = tip.as_ref().filter(|tip| self.0.get(&run.id) != Some(tip)) else {
                continue;
            };
            if compared == MOST_COMPARED {
                break;
            }
            compared += 1;
            self.0.insert(run.id.clone(), tip.clone());
            if let Some(changed) = changed(tools.clone(), run.clone()).await? {
                tools.app.store.exchange_windows(&changed).await.context("keep the windows")?;
            }
        }
        Ok(())
    }
}

/// The tip of the repository's default branch, as far as it was fetched.
async fn tip(tools: Tools, source: String) -> anyhow::Result<Option<Sha>> {
    let read = move || {
        let opened = tools.open(&source).ok()?;
        opened.branch(&opened.default_branch().ok()?).ok()
    };
    tokio::task::spawn_blocking(read).await.context("look for the default branch")
}

/// The run with the windows that hold now, if they are others. What makes it unfit is told when it is driven.
async fn changed(tools: Tools, run: RunRecord) -> anyhow::Result<Option<RunRecord>> {
    let read = move || {
        let project = tools.project_of(&run).ok()?;
        let mut now = run.clone();
        for rule in &mut now.pipeline.environments {
            rule.windows = project.pipeline.rule(&rule.name).and_then(|rule| rule.windows.clone());
        }
        (now != run).then_some(now)
    };
    tokio::task::spawn_blocking(read).await.context("read the windows")
}
