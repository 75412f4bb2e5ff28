//! Judging: what became of each delivery that was kept.
//!
//! The verdict is stored last. An agent that dies before that judges again and finds the run that it made.

use super::{
    Hearing, Repository,
    answer::Heard,
    push::{Asks, Wish},
};
use crate::{
    clock::later,
    ids::RunId,
    intake::{self, Answering, Meaning, Verdict},
    store::{Delivery, StoreError},
};
use std::time::Duration;

/// Deliveries of one repository that one pass judges: others wait no longer than that for a run.
const MOST_AT_ONCE: u32 = 100;
/// Pull requests among them that it looks into, each with a fetch, questions to GitHub and changes there a second apart:
/// a push that comes meanwhile waits no longer than that.
const MOST_PROPOSALS: usize = 2;
/// Time until a delivery is judged again that could not be; doubled each time …
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// How often a repository that cannot be reached is tried: about eight hours. Later it is for the next look to find.
pub(super) const MOST_ATTEMPTS: u32 = 55;
/// How often a commit is looked for that is not there: servers tell of a push a moment before they show it.
pub(super) const MOST_SEARCHES: u32 = 3;

/// What one pass came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Runs that were made.
    pub runs: Vec<RunId>,
    /// Deliveries that got a verdict.
    pub verdicts: usize,
    /// Answers that count; runs that asked may go on.
    pub answers: usize,
    /// Why some were left for later.
    pub trouble: Option<String>,
}

impl Hearing {
    /// Judges the deliveries of a repository that are due, oldest first, but a few pull requests at a time and after all
    /// else; the others are still due then. Without a [`Repository`] it is one that is not heard.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn judge(
        &self,
        name: &str,
        repository: Option<&Repository>,
    ) -> Result<Judged, StoreError> {
        let mut judged = Judged::default();
        let (mut wishes, mut proposals) = (Vec::new(), Vec::new());
        for delivery in self.store.unjudged_deliveries(name, MOST_AT_ONCE).await? {
            let verdict =
                match (repository, intake::meaning(&delivery.new.event, &delivery.new.body)) {
                    (None, _) => {
                        Verdict::ignored(format!("'{name}' is not a repository of this agent"))
                    }
                    (_, Ok(Meaning::Nothing(reason))) => Verdict::ignored(reason),
                    (_, Err(malformed)) => Verdict::refused(malformed.to_string()),
                    (Some(repository), Ok(Meaning::Answered(answering))) => {
                        let heard = self.heard(repository, &delivery, &answering).await?;
                        match self.now_or_later(&delivery, heard).await? {
                            Some(verdict) => verdict,
                            None => continue,
                        }
                    }
                    (Some(_), Ok(Meaning::Proposed(proposed))) => {
                        proposals.push((delivery, proposed));
                        continue;
                    }
                    (_, Ok(Meaning::Pushed { branch, commit })) => {
                        let commit = Some(commit);
                        wishes.push(Wish { delivery, branch, commit, ask: Asks::Once, by: None });
                        continue;
                    }
                    (_, Ok(Meaning::Again { branch, commit })) => {
                        let commit = Some(commit);
                        wishes.push(Wish { delivery, branch, commit, ask: Asks::Again, by: None });
                        continue;
                    }
                    (_, Ok(Meaning::Asked { branch, commit, by })) => {
                        let by = Some(by);
                        wishes.push(Wish { delivery, branch, commit, ask: Asks::Again, by });
                        continue;
                    }
                };
            self.settle(&delivery, &verdict, &mut judged).await?;
        }
        let Some(repository) = repository else { return Ok(judged) };
        if !wishes.is_empty() {
            self.look_up(repository, wishes, &mut judged).await?;
        }
        for (delivery, proposed) in proposals.into_iter().take(MOST_PROPOSALS) {
            let heard = self.propose(repository, &proposed).await;
            if let Some(verdict) = self.now_or_later(&delivery, heard).await? {
                self.settle(&delivery, &verdict, &mut judged).await?;
            }
        }
        Ok(judged)
    }

    async fn heard(
        &self,
        repository: &Repository,
        delivery: &Delivery,
        answering: &Answering,
    ) -> Result<Heard, StoreError> {
        match self.open(repository) {
            Ok(opened) => self.answer((repository, &opened.name()), delivery, answering).await,
            Err(error) => Ok(Heard::Later(error.to_string())),
        }
    }

    /// The verdict, or nothing if there will be one later.
    async fn now_or_later(
        &self,
        delivery: &Delivery,
        heard: Heard,
    ) -> Result<Option<Verdict>, StoreError> {
        match heard {
            Heard::Judged(verdict) => Ok(Some(verdict)),
            Heard::Later(why) if self.postponed(delivery, &why, MOST_ATTEMPTS).await? => Ok(None),
            Heard::Later(why) => Ok(Some(Verdict::refused(why))),
        }
    }

    pub(super) async fn settle(
        &self,
        delivery: &Delivery,
        verdict: &Verdict,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        judged.verdicts += 1;
        judged.answers += usize::from(matches!(verdict, Verdict::Answered { .. }));
        self.store.keep_verdict(&delivery.new.id, verdict).await
    }

    /// Leaves a delivery for later, unless that was done `most` times.
    pub(super) async fn postponed(
        &self,
        delivery: &Delivery,
        why: &str,
        most: u32,
    ) -> Result<bool, StoreError> {
        if delivery.attempts >= most {
            return Ok(false);
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << delivery.attempts.min(16)).min(LONGEST_PAUSE);
        let due = later(self.clock.now(), pause);
        self.store.postpone_delivery(&delivery.new.id, due, why).await?;
        Ok(true)
    }
}
