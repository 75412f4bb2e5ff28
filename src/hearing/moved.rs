//! Branches that are moved back, or forward again, to a commit that has had its run: it is promoted anew.

use super::{Hearing, overtaken::MOST_RUNS};
use crate::{
    flow::Outcome,
    git,
    ids::Sha,
    store::{RunRecord, StoreError},
};

impl Hearing {
    /// The commit that the branch pointed to before it was moved back, or forward again, to the commit of `run`; nothing
    /// if it was not. That is the newest which the branch holds no longer, or to which it was moved back itself, of those
    /// that a push had run since or that took this one's place. What somebody had run again since is none of these, and
    /// their word counts.
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
        let is_left = |other: &RunRecord| match (&other.facts.moved_from, other.ask) {
            (Some(_), _) => other.commit != run.commit,
            (None, 0) => !repository.leads_to(&other.commit, &run.commit).unwrap_or_default(),
            (None, _) => false,
        };
        Ok(since.into_iter().find(is_left).map(|other| other.commit))
    }
}

/// Does the branch point to this commit now?
pub(super) fn is_tip(repository: &git::Repository, (branch, commit): (&str, &Sha)) -> bool {
    repository.branch(branch).is_ok_and(|tip| tip == *commit)
}
