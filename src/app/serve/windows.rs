//! Deploy windows as the default branch has them now: they hold for the runs that wait, whenever those were made.

use super::Tools;
use crate::{
    ids::{RunId, Sha},
    project::{self, Files, Opens},
    queue::Reason,
    store::RunRecord,
};
use anyhow::Context as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Runs that one pass gives other windows, oldest first: each is a write.
const MOST_CHANGED: usize = 64;

/// What the runs that wait were last held against.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The repository and its tip for each of these runs.
    runs: BTreeMap<RunId, (String, Sha)>,
    /// The windows of each repository with such runs.
    tips: BTreeMap<String, Tip>,
}

/// The tip of a default branch, as far as it was fetched.
#[derive(Debug, Clone)]
struct Tip {
    commit: Sha,
    /// None where its files have errors: then runs keep what they have.
    opens: Option<Arc<Opens>>,
}

impl Held {
    /// Gives the `waiting` runs the windows of the present tip. A repository that gives no answer changes none.
    pub(super) async fn against_tips(
        &mut self,
        tools: &Tools,
        waiting: &BTreeMap<RunId, Reason>,
    ) -> anyhow::Result<()> {
        self.runs.retain(|known, _| waiting.contains_key(known));
        let known: BTreeSet<String> = self.runs.values().map(|(name, _)| name.clone()).collect();
        self.tips.retain(|name, _| known.contains(name));
        for repository in known {
            self.look_at(tools, repository).await?;
        }
        if waiting.keys().all(|run| self.is_held(run)) {
            return Ok(());
        }
        let open = tools.app.store.open_runs().await.context("list the open runs")?;
        let mut changed = 0;
        for run in open.into_iter().filter(|run| waiting.contains_key(&run.id)) {
            if !self.tips.contains_key(&run.repository) {
                self.look_at(tools, run.repository.clone()).await?;
            }
            let Some(tip) = self.tips.get(&run.repository).filter(|_| !self.is_held(&run.id))
            else {
                continue;
            };
            if let Some(other) = tip.opens.as_ref().and_then(|opens| with_windows(&run, opens)) {
                if changed == MOST_CHANGED {
                    break;
                }
                changed += 1;
                tools.app.store.exchange_windows(&other).await.context("keep the windows")?;
            }
            self.runs.insert(run.id, (run.repository, tip.commit.clone()));
        }
        Ok(())
    }

    fn is_held(&self, run: &RunId) -> bool {
        let Some((repository, commit)) = self.runs.get(run) else { return false };
        self.tips.get(repository).is_some_and(|tip| tip.commit == *commit)
    }

    async fn look_at(&mut self, tools: &Tools, repository: String) -> anyhow::Result<()> {
        let known = self.tips.remove(&repository);
        if let Some(tip) = tip(tools.clone(), repository.clone(), known).await? {
            self.tips.insert(repository, tip);
        }
        Ok(())
    }
}

/// The present tip of the repository's default branch. Its windows are read only if it is not the `known` one.
async fn tip(tools: Tools, source: String, known: Option<Tip>) -> anyhow::Result<Option<Tip>> {
    let read = move || {
        let opened = tools.open(&source).ok()?;
        let commit = opened.branch(&opened.default_branch().ok()?).ok()?;
        if let Some(known) = known.filter(|known| known.commit == commit) {
            return Some(known);
        }
        let opens = project::windows(Files::Commit(&opened, &commit)).ok()?;
        Some(Tip { commit, opens: opens.map(Arc::new) })
    };
    tokio::task::spawn_blocking(read).await.context("look for the default branch")
}

/// The run with the windows that hold now, if they are others. An environment that is gone keeps its own: what makes a run
/// unfit is told when it is driven.
fn with_windows(run: &RunRecord, opens: &Opens) -> Option<RunRecord> {
    let mut now = run.clone();
    for rule in &mut now.pipeline.environments {
        if let Some(windows) = opens.get(&rule.name) {
            rule.windows.clone_from(windows);
        }
    }
    (now != *run).then_some(now)
}
