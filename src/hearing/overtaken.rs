//! Pushes that are told of after what was pushed later. GitHub promises no order, and what it could not deliver comes hours
//! afterwards: deployed then, an old commit would take its environment back.

use super::{Hearing, moved::is_tip};
use crate::{
    git,
    ids::RunId,
    spec::Supersede,
    store::{NewRun, RunRecord, StoreError, Via},
};

/// Runs of a branch that are looked through, newest first.
pub(super) const MOST_RUNS: u32 = 16;

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
}
