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
        let is_later = |run: &RunRecord| {
            run.commit != new.commit
                && repository.leads_to(&new.commit, &run.commit).unwrap_or_default()
        };
        Ok(runs.into_iter().find(is_later).map(|run| run.id))
    }

    /// The commit that the branch pointed to before it was moved back, or forward again, to the commit of `run`; nothing
    /// if it was not. That is the newest which the branch holds no longer, or to which it was moved back itself, of those
    /// that have had a run since or took this one's place. An older commit that somebody asked for since is none of these,
    /// and their word counts.
    pub(super) async fn moved_from(
        &self,
        repository: &git::Repository,
        run: &RunRecord,
    ) -> Result<Option<Sha>, StoreError> {
        let branch = (run.repository.as_str(), run.reference.as_str());
        let newest = self.store.runs_of_branch(branch, &run.environment, MOST_RUNS).await?;
        let since = newest.into_iter().take_while(|other| other.id.as_str() > run.id.as_str());
        let mut since: Vec<RunRecord> = since.collect();
        if let Some(Outcome::Superseded { by }) = &run.outcome {
            since.push(self.store.run(by).await?);
        }
        let is_left = |other: &RunRecord| {
            let is_held = repository.leads_to(&other.commit, &run.commit).unwrap_or_default();
            !is_held || (other.commit != run.commit && other.facts.moved_from.is_some())
        };
        Ok(since.into_iter().find(is_left).map(|other| other.commit))
    }
}

/// Does the branch point to this commit now?
pub(super) fn is_tip(repository: &git::Repository, (branch, commit): (&str, &Sha)) -> bool {
    repository.branch(branch).is_ok_and(|tip| tip == *commit)
}
