//! Judging: what became of each delivery that was kept.
//!
//! The verdict is stored last. An agent that dies before that judges again and finds the run that it made.

use super::{
    Hearing, Repository,
    answer::Heard,
    commit::{self, Deploys, Looked, Pushed},
    overtaken::is_tip,
    rules::{Rules, Trouble},
};
use crate::{
    clock::later,
    flow::{self, Event},
    git,
    ids::{BranchName, RunId, Sha},
    intake::{self, Answering, Meaning, Verdict},
    store::{Ask, Delivery, Facts, Found, NewRun, Reused, RunRecord, StoreError},
};
use std::{collections::BTreeSet, time::Duration};

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
const MOST_ATTEMPTS: u32 = 55;
/// How often a commit is looked for that is not there: servers tell of a push a moment before they show it.
pub(super) const MOST_SEARCHES: u32 = 3;
/// What `when` is told about a run that a push made, also when somebody asked for another.
const EVENT: &str = "push";

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

/// A delivery that asks for a run.
struct Wish {
    delivery: Delivery,
    branch: BranchName,
    commit: Sha,
    ask: Asks,
    /// Who asked the agent itself, if somebody did.
    by: Option<String>,
}

/// What a delivery asks for where its commit had a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// That one, unless the branch was moved back to it.
    Once,
    /// Another.
    Again,
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
                        wishes.push(Wish { delivery, branch, commit, ask: Asks::Once, by: None });
                        continue;
                    }
                    (_, Ok(Meaning::Again { branch, commit })) => {
                        wishes.push(Wish { delivery, branch, commit, ask: Asks::Again, by: None });
                        continue;
                    }
                    (_, Ok(Meaning::Asked { branch, commit, by })) => {
                        // The tip is looked up with everything else.
                        let (commit, by) = (commit.unwrap_or_else(Sha::null), Some(by));
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

    /// Holds wishes against the repository, which is fetched once for all of them: whatever they tell of is there by now.
    async fn look_up(
        &self,
        repository: &Repository,
        wishes: Vec<Wish>,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        let opened = || -> Result<_, Trouble> {
            let opened = self.open(repository)?;
            opened.fetch()?;
            let rules = Rules::of(&opened, &self.projects)?;
            Ok((opened, rules))
        };
        let opened = opened();
        let mut moved = BTreeSet::new();
        for mut wish in wishes {
            if let (Ok((opened, _)), true) = (&opened, wish.commit == Sha::null())
                && let Ok(tip) = opened.branch(wish.branch.as_str())
            {
                wish.commit = tip;
            }
            let looked = match &opened {
                Ok((opened, rules)) => {
                    let push = (&wish.branch, &wish.commit);
                    commit::look(&self.projects, (opened, rules), push)
                }
                Err(Trouble::Passing(why)) => Err(Trouble::Passing(why.clone())),
                Err(Trouble::Lasting(why)) => Err(Trouble::Lasting(why.clone())),
            };
            let verdict = match (looked, &opened) {
                (Ok(Looked::Deploys(deploys)), Ok((opened, _))) => {
                    moved.insert(wish.branch.clone());
                    self.run((repository, opened), *deploys, &wish, judged).await?
                }
                (Ok(Looked::Judged(verdict)), _) => verdict,
                (Ok(Looked::NotThere(why)), _) => {
                    if self.postponed(&wish.delivery, &why, MOST_SEARCHES).await? {
                        continue;
                    }
                    Verdict::ignored(why)
                }
                (Err(Trouble::Passing(why)), _) => {
                    judged.trouble = Some(why.clone());
                    if self.postponed(&wish.delivery, &why, MOST_ATTEMPTS).await? {
                        continue;
                    }
                    Verdict::refused(why)
                }
                (Err(Trouble::Lasting(why)), _) => Verdict::refused(why),
                // A repository that was not opened shows no commit.
                (Ok(Looked::Deploys(_)), Err(why)) => Verdict::refused(why.to_string()),
            };
            self.settle(&wish.delivery, &verdict, judged).await?;
        }
        if let Ok((opened, _)) = &opened {
            self.keep_tips(opened, moved).await?;
        }
        Ok(())
    }

    /// Notes where the branches point to, so that a look sees whether they were moved back.
    async fn keep_tips(
        &self,
        repository: &git::Repository,
        branches: BTreeSet<BranchName>,
    ) -> Result<(), StoreError> {
        let name = repository.name();
        for branch in branches {
            let Ok(tip) = repository.branch(branch.as_str()) else { continue };
            let known = self.store.known_head(&name, &branch).await?;
            if known.is_none_or(|(known, _)| known != tip) {
                self.store.keep_head((&name, &branch), &tip, None).await?;
            }
        }
        Ok(())
    }

    /// The run of a commit that deploys.
    async fn run(
        &self,
        (heard, repository): (&Repository, &git::Repository),
        deploys: Deploys,
        wish: &Wish,
        judged: &mut Judged,
    ) -> Result<Verdict, StoreError> {
        let Deploys { environment, project } = deploys;
        let name = repository.name();
        let before = self.store.succeeded_runs(&name, &environment, 1).await?;
        let before = before.first().map(|run| &run.commit);
        let pushed = self.pushed((heard, repository), wish).await;
        let new = NewRun {
            repository: name,
            reference: wish.branch.to_string(),
            commit: wish.commit.clone(),
            environment,
            facts: Facts {
                event: wish.by.as_ref().map_or(EVENT, |_| intake::ASKED).to_owned(),
                changed_paths: commit::changed_paths(repository, before, &wish.commit),
                by: pushed.by,
                before: pushed.before,
                author: pushed.author,
                ..Facts::default()
            },
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

    /// Who brought the run about. Where somebody asks for it, whoever pushed is one of them still.
    async fn pushed(&self, at: (&Repository, &git::Repository), wish: &Wish) -> Pushed {
        let sender = commit::sender(&wish.delivery.new);
        match (wish.ask, wish.by.clone().or(sender)) {
            (Ask::Once, Some(by)) => Pushed { by: Some(by), ..Pushed::default() },
            (Ask::Once, None) => self.pusher(at, wish).await,
            (Ask::Again, by) => {
                let pusher = self.pusher(at, wish).await;
                Pushed { by, before: pusher.by.into_iter().collect(), author: pusher.author }
            }
        }
    }

    /// Who pushed, by GitHub's word. Where nobody vouches for that there is a name that the commit claims.
    async fn pusher(
        &self,
        (heard, repository): (&Repository, &git::Repository),
        wish: &Wish,
    ) -> Pushed {
        if let (Some(github), Some(name)) = (&self.github, &heard.github) {
            let push = (&wish.branch, &wish.commit);
            if let Ok(Some(by)) = github.pusher(name, push).await {
                return Pushed { by: Some(by), ..Pushed::default() };
            }
            if let Ok(Some(login)) = github.author(name, &wish.commit).await {
                return Pushed { author: Some(login), ..Pushed::default() };
            }
        }
        let people = repository.people(&wish.commit).ok();
        Pushed { author: people.map(|people| people.author.name), ..Pushed::default() }
    }

    async fn settle(
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
    async fn postponed(
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
