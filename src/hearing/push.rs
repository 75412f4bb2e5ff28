//! What a delivery that asks for a run comes to: the run of a commit that deploys, or why there is none.

use super::{
    Hearing, Repository,
    commit::{self, Deploys, Looked},
    judge::{Judged, MOST_ATTEMPTS, MOST_SEARCHES},
    moved::is_tip,
    rules::{Rules, Trouble},
};
use crate::{
    flow::{self, Event},
    git,
    ids::{BranchName, Sha},
    intake::{self, Verdict},
    store::{Ask, Delivery, Facts, Found, NewRun, Reused, RunRecord, StoreError, Via},
};

/// What `when` is told about a run that a push made, also when somebody asked for another.
const EVENT: &str = "push";

/// A delivery that asks for a run.
pub(super) struct Wish {
    pub(super) delivery: Delivery,
    pub(super) branch: BranchName,
    /// The branch's tip if it names none.
    pub(super) commit: Option<Sha>,
    pub(super) ask: Asks,
    /// Who asked the agent itself, if somebody did.
    pub(super) by: Option<String>,
}

/// What a delivery asks for where its commit had a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// That one, unless the branch was moved back to it.
    Once,
    /// Another.
    Again,
}

impl Hearing {
    /// Holds wishes against the repository, which is fetched once for all of them: whatever they tell of is there by now.
    pub(super) async fn look_up(
        &self,
        repository: &Repository,
        wishes: Vec<Wish>,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        let (opened, rules) = match self.fetched(repository) {
            Ok(fetched) => fetched,
            Err(trouble) => {
                for wish in &wishes {
                    self.put_off(wish, trouble.clone(), judged).await?;
                }
                return Ok(());
            }
        };
        for wish in wishes {
            let commit = wish.commit.clone().or_else(|| opened.branch(wish.branch.as_str()).ok());
            // Where there is no branch the look says so.
            let commit = commit.unwrap_or_else(Sha::null);
            let push = (&wish.branch, &commit);
            let verdict = match commit::look(&self.projects, (&opened, &rules), push) {
                Ok(Looked::Deploys(deploys)) => {
                    self.run((repository, &opened), *deploys, (&wish, commit), judged).await?
                }
                Ok(Looked::Judged(verdict)) => verdict,
                Ok(Looked::NotThere(why))
                    if self.postponed(&wish.delivery, &why, MOST_SEARCHES).await? =>
                {
                    continue;
                }
                Ok(Looked::NotThere(why)) => Verdict::ignored(why),
                Err(trouble) => {
                    self.put_off(&wish, trouble, judged).await?;
                    continue;
                }
            };
            self.settle(&wish.delivery, &verdict, judged).await?;
        }
        Ok(())
    }

    /// The repository as it is now, with its rules.
    fn fetched(&self, repository: &Repository) -> Result<(git::Repository, Rules), Trouble> {
        let opened = self.open(repository)?;
        opened.fetch()?;
        let rules = Rules::of(&opened, &self.projects)?;
        Ok((opened, rules))
    }

    /// Leaves a wish that meets trouble for later, or refuses it.
    async fn put_off(
        &self,
        wish: &Wish,
        trouble: Trouble,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        let verdict = match trouble {
            Trouble::Lasting(why) => Verdict::refused(why),
            Trouble::Passing(why) => {
                judged.trouble = Some(why.clone());
                if self.postponed(&wish.delivery, &why, most_attempts(&wish.delivery)).await? {
                    return Ok(());
                }
                Verdict::refused(why)
            }
        };
        self.settle(&wish.delivery, &verdict, judged).await
    }

    /// The run of a commit that deploys.
    async fn run(
        &self,
        (heard, repository): (&Repository, &git::Repository),
        deploys: Deploys,
        (wish, commit): (&Wish, Sha),
        judged: &mut Judged,
    ) -> Result<Verdict, StoreError> {
        let Deploys { environment, project } = deploys;
        let name = repository.name();
        let before = self.store.succeeded_runs(&name, &environment, 1).await?;
        let before = before.first().map(|run| &run.commit);
        let pushed = self.pushed((heard, repository), (wish, &commit)).await;
        let new = NewRun {
            repository: name,
            reference: wish.branch.to_string(),
            environment,
            facts: Facts {
                event: wish.by.as_ref().map_or(EVENT, |_| intake::ASKED).to_owned(),
                changed_paths: commit::changed_paths(repository, before, &commit),
                by: pushed.by,
                before: pushed.before,
                author: pushed.author,
                ..Facts::default()
            },
            commit,
            pipeline: project.pipeline.clone(),
            reused: Reused::default(),
        };
        let found = match self.overtaken(repository, wish, &new).await? {
            Some(course) => self.store.create_ended(new.clone(), course).await?,
            None => self.store.create_or_find(new.clone(), Ask::Once).await?,
        };
        let found = match found {
            Found::Existing(run) => match self.again(repository, wish, (&run, new)).await? {
                // Another agent may have decided the same by now.
                Some(new) => self.store.create_or_find(new, Ask::After(run.id)).await?,
                None => Found::Existing(run),
            },
            Found::New(run) => Found::New(run),
        };
        if let Found::New(run) = &found {
            judged.runs.push(run.id.clone());
            // Others of this pass are still to be judged; it need not wait for them.
            self.made.notify_one();
        }
        Ok(Verdict::Run { run: found.into_run().id })
    }

    /// What is to be run of what had a run already, if anything is.
    async fn again(
        &self,
        repository: &git::Repository,
        wish: &Wish,
        (run, mut new): (&RunRecord, NewRun),
    ) -> Result<Option<NewRun>, StoreError> {
        match wish.ask {
            // Not while it is unfinished, nor if an agent made it for this very delivery and died before it said so.
            Asks::Again => {
                let is_due = run.outcome.is_some() && run.created_at < wish.delivery.received;
                new.facts = new.facts.repeating(&run.facts);
                Ok(is_due.then_some(new))
            }
            Asks::Once if is_tip(repository, (&run.reference, &run.commit)) => {
                new.facts.moved_from = self.moved_from(repository, run).await?;
                Ok(new.facts.moved_from.is_some().then_some(new))
            }
            Asks::Once => Ok(None),
        }
    }

    /// The course of the run, if it is over before it begins: the push is told of too late. What somebody asks for is not.
    async fn overtaken(
        &self,
        repository: &git::Repository,
        wish: &Wish,
        new: &NewRun,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        let by = match wish.ask {
            Asks::Once => self.overtaken_by(repository, new, wish.delivery.new.via).await?,
            Asks::Again => None,
        };
        // A graph that could not be given up would be driven.
        Ok(by.and_then(|by| flow::overtaken(&new.pipeline, by, self.clock.now()).ok()))
    }
}

/// How often a push is tried where the repository cannot be reached. One that a look has found is found under the same name
/// again, so it is never given up.
fn most_attempts(delivery: &Delivery) -> u32 {
    match delivery.new.via {
        Via::Poll => u32::MAX,
        Via::Webhook | Via::Recovery | Via::Api => MOST_ATTEMPTS,
    }
}
