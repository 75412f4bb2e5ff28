//! Pushes that are told of after what was pushed later. GitHub promises no order, and what it could not deliver comes hours
//! afterwards: deployed then, an old commit would take its environment back.

use super::Hearing;
use crate::{
    flow::Outcome,
    git,
    ids::{RunId, Sha},
    spec::Supersede,
    store::{NewRun, RunRecord, StoreError, Via},
};

/// Runs of a branch that are looked through, newest first.
const MOST_RUNS: u32 = 16;

impl Hearing {
    /// The run that has the place of a new one already: that of a later commit of the branch, which holds this one.
    ///
    /// The tip of a branch is never too late, whatever ran before it. Where each push has its turn (`supersede: every`) one
    /// that GitHub tells of by itself has it even so.
    pub(super) async fn overtaken_by(
        &self,
        repository: &git::Repository,
        new: &NewRun,
        via: Via,
    ) -> Result<Option<RunId>, StoreError> {
        let rule = new.pipeline.rule(&new.environment);
        let has_its_turn = match rule.map(|rule| rule.supersede).unwrap_or_default() {
            Supersede::Every => via == Via::Webhook,
            Supersede::Newest => false,
        };
        if has_its_turn || is_tip(repository, (&new.reference, &new.commit)) {
            return Ok(None);
        }
        let branch = (new.repository.as_str(), new.reference.as_str());
        let runs = self.store.runs_of_branch(branch, &new.environment, MOST_RUNS).await?;
        let is_later = |commit: &_| {
            *commit != new.commit && repository.leads_to(&new.commit, commit).unwrap_or_default()
        };
        Ok(runs.into_iter().find(|(_, commit)| is_later(commit)).map(|(run, _)| run))
    }

    /// Has the branch been moved back to what had its run, or no turn? It points there, and holds no longer what took that
    /// one's place or was run since. An older commit that somebody asked for since it does hold, and their word counts.
    pub(super) async fn is_moved_back_to(
        &self,
        repository: &git::Repository,
        run: &RunRecord,
    ) -> Result<bool, StoreError> {
        let Some(outcome) = &run.outcome else { return Ok(false) };
        if !is_tip(repository, (&run.reference, &run.commit)) {
            return Ok(false);
        }
        let branch = (run.repository.as_str(), run.reference.as_str());
        let newest = self.store.runs_of_branch(branch, &run.environment, MOST_RUNS).await?;
        let since = newest.into_iter().take_while(|(id, _)| id.as_str() > run.id.as_str());
        let mut left: Vec<Sha> = since.map(|(_, commit)| commit).collect();
        if let Outcome::Superseded { by } = outcome {
            left.push(self.store.run(by).await?.commit);
        }
        let is_held = |commit| repository.leads_to(commit, &run.commit).unwrap_or_default();
        Ok(!left.iter().all(is_held))
    }
}

fn is_tip(repository: &git::Repository, (branch, commit): (&str, &Sha)) -> bool {
    repository.branch(branch).is_ok_and(|tip| tip == *commit)
}
