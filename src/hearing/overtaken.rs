//! Pushes that are told of after what was pushed later. GitHub promises no order, and what it could not deliver comes hours
//! afterwards: deployed then, an old commit would take its environment back.

use super::Hearing;
use crate::{
    git,
    ids::RunId,
    spec::Supersede,
    store::{NewRun, StoreError, Via},
};

/// Runs of a branch that are looked through, newest first.
const MOST_RUNS: u32 = 16;

/// Does the branch point to this commit now?
pub(super) fn is_tip(repository: &git::Repository, new: &NewRun) -> bool {
    repository.branch(&new.reference).is_ok_and(|tip| tip == new.commit)
}

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
        if has_its_turn || is_tip(repository, new) {
            return Ok(None);
        }
        let branch = (new.repository.as_str(), new.reference.as_str());
        let runs = self.store.runs_of_branch(branch, &new.environment, MOST_RUNS).await?;
        let is_later = |commit: &_| {
            *commit != new.commit && repository.leads_to(&new.commit, commit).unwrap_or_default()
        };
        Ok(runs.into_iter().find(|(_, commit)| is_later(commit)).map(|(run, _)| run))
    }
}
