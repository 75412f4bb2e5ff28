//! Answers that people give at GitHub: who says it, to which run, about which plan, and what became of it.
//!
//! Who answers is the sender of a signed delivery; what is asked is what the run asks now; and the answer has to name the
//! plan, so that no other is met by it. An answer is kept with the delivery that it came with: a delivery that is judged
//! twice finds it again, whatever the run asks by then.

use super::{Hearing, Repository, judge::MOST_SEARCHES};
use crate::{
    dispatch::{Asked, Desk, DeskError, Person, Via},
    github::{Class, GithubError, Reaction, Spot},
    ids::RunId,
    intake::{About, Answering, Named, Place, Saying, Verdict},
    store::{self, Answer, Delivery, RunRecord, Says, StoreError},
};

/// What is kept as the reason where none was given.
const NO_REASON: &str = "no reason given";

/// What came of a delivery.
pub(super) enum Heard {
    /// This, for good.
    Judged(Verdict),
    /// GitHub could not be asked; later it may.
    Later(String),
}

/// Why an answer does not count.
enum Refused {
    /// This is why.
    Because(String),
    /// Nothing waits for it.
    Nothing(String),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DeskError> for Refused {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Store(error) => Self::Store(error),
            DeskError::NobodyAsked { .. } | DeskError::Over { .. } => {
                Self::Nothing(error.to_string())
            }
            other => Self::Because(other.to_string()),
        }
    }
}

impl Hearing {
    /// Takes an answer to a run of the repository that runs call `called`, and tells whoever gave it by a sign beside their
    /// comment.
    pub(super) async fn answer(
        &self,
        (repository, called): (&Repository, &str),
        delivery: &Delivery,
        answering: &Answering,
    ) -> Result<Heard, StoreError> {
        let verdict = match self.taken(called, delivery, answering).await {
            Ok(answer) => told(&answer),
            Err(Refused::Because(why)) => Verdict::refused(why),
            Err(Refused::Nothing(why)) => Verdict::ignored(why),
            Err(Refused::Store(error)) => return Err(error),
        };
        match self.sign(repository, &answering.about, &verdict).await {
            Err(error) if is_passing(&error) && delivery.attempts < MOST_SEARCHES => {
                Ok(Heard::Later(error.to_string()))
            }
            // The verdict stands, whether it could be shown there or not.
            Ok(()) | Err(_) => Ok(Heard::Judged(verdict)),
        }
    }

    async fn taken(
        &self,
        called: &str,
        delivery: &Delivery,
        answering: &Answering,
    ) -> Result<Answer, Refused> {
        match delivery.new.via {
            store::Via::Webhook | store::Via::Recovery => {}
            store::Via::Poll | store::Via::Api => {
                return Err(because("nobody vouches for who says so"));
            }
        }
        let id = &delivery.new.id;
        if let Some(answer) = self.store.answer_of(id).await? {
            return Ok(answer);
        }
        let runs = self.meant(called, &answering.about).await?;
        let (run, _, request) = self.asking(&runs, &answering.about).await?;
        let (run, plan) = (&run.id, (&request.plan, id));
        let person = Person { name: answering.login.clone(), via: Via::GitHub };
        let said = match &answering.says {
            Saying::Approve => self.desk().approve_plan(&person, run, plan).await,
            Saying::Reject(reason) => {
                let reason = if reason.is_empty() { NO_REASON } else { reason };
                self.desk().reject_plan(&person, run, plan, reason).await
            }
        };
        // Another agent that judges the same delivery may have been faster.
        match (self.store.answer_of(id).await?, said) {
            (Some(answer), _) => Ok(answer),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(because("the answer was not kept")),
        }
    }

    fn desk(&self) -> Desk {
        Desk::new(self.store.clone(), self.clock.clone())
    }

    /// The runs that may be meant.
    async fn meant(&self, called: &str, about: &About) -> Result<Vec<RunRecord>, Refused> {
        match about {
            About::Button { external, app, .. } => {
                let own = self.github.as_ref().and_then(|github| github.app_id());
                if own.is_none() || own != *app {
                    return Err(because("the check is another App's"));
                }
                let id = external.split('/').next().and_then(|id| id.parse::<RunId>().ok());
                let id = id.ok_or_else(|| because("the check is none of this agent"))?;
                match self.store.run(&id).await {
                    Ok(run) if run.repository == called => Ok(vec![run]),
                    Ok(_) | Err(StoreError::NoSuchRun(_)) => Ok(Vec::new()),
                    Err(error) => Err(error.into()),
                }
            }
            About::Comment { named, .. } => {
                let mut runs = self.store.open_runs().await?;
                runs.retain(|run| run.repository == called && is_named(run, named));
                Ok(runs)
            }
        }
    }

    /// The one run that asks about the plan that is named.
    async fn asking(&self, runs: &[RunRecord], about: &About) -> Result<Asked, Refused> {
        let (mut asking, mut why) = (Vec::new(), None);
        for run in runs {
            match self.desk().asked(&run.id).await {
                Ok(asked) if is_about(&asked, about)? => asking.push(asked),
                Ok((_, _, request)) => {
                    why = Some(Refused::from(DeskError::OtherPlan { now: request.plan }));
                }
                Err(DeskError::Store(error)) => return Err(error.into()),
                Err(error) => why = why.or(Some(Refused::from(error))),
            }
        }
        match (asking.pop(), asking.is_empty(), why) {
            (Some(one), true, _) => Ok(one),
            (Some(_), false, _) => {
                Err(because("several runs ask about this plan; name one: /approve RUN PLAN"))
            }
            (None, _, Some(why)) => Err(why),
            (None, _, None) => Err(Refused::Nothing("no such run asks anything".to_owned())),
        }
    }

    /// Shows whoever wrote a comment what became of it. Doing it twice is doing it once.
    async fn sign(
        &self,
        repository: &Repository,
        about: &About,
        verdict: &Verdict,
    ) -> Result<(), GithubError> {
        let (Some(github), Some(name)) = (&self.github, &repository.github) else { return Ok(()) };
        let spot = match about {
            About::Button { .. } => return Ok(()),
            About::Comment { place: Place::Proposal, id, .. } => Spot::Proposal(*id),
            About::Comment { place: Place::Commit, id, .. } => Spot::Commit(*id),
        };
        let reaction = match verdict {
            Verdict::Run { .. } | Verdict::Answered { .. } => Reaction::Yes,
            Verdict::Ignored { .. } | Verdict::Refused { .. } => Reaction::Puzzled,
        };
        github.react(name, spot, reaction).await
    }
}

fn because(why: &str) -> Refused {
    Refused::Because(why.to_owned())
}

/// Does the answer name the plan that is asked about?
fn is_about((run, stage, request): &Asked, about: &About) -> Result<bool, Refused> {
    let now = &request.plan;
    match about {
        About::Button { external, plan, .. } => {
            Ok(now.begins_with(plan) && *external == format!("{}/{stage}/{now}", run.id))
        }
        About::Comment { named: Named { plan: Some(plan), .. }, .. } => Ok(now.begins_with(plan)),
        About::Comment { named: Named { plan: None, .. }, .. } => {
            Err(because("the answer has to name the plan: /approve PLAN"))
        }
    }
}

fn is_named(run: &RunRecord, named: &Named) -> bool {
    named.run.as_ref().is_none_or(|name| run.id.short() == name || run.id.as_str() == name)
}

/// The same however often it is told.
fn told(answer: &Answer) -> Verdict {
    let did = match answer.says {
        Says::Approve => "approved",
        Says::Reject => "rejected",
    };
    let reason = format!("{} {did} plan {}", answer.person, answer.plan.short());
    Verdict::answered(answer.run.clone(), reason)
}

/// May asking again help?
fn is_passing(error: &GithubError) -> bool {
    match error.class {
        Class::RateLimited { .. } | Class::Unreachable | Class::Broken | Class::Unauthorized => {
            true
        }
        Class::NotFound
        | Class::Gone
        | Class::Moved
        | Class::Forbidden
        | Class::Invalid
        | Class::Conflict => false,
    }
}

/// What follows from a question that GitHub did not answer.
pub(super) fn later_or_never(error: &GithubError) -> Heard {
    let why = error.to_string();
    if is_passing(error) { Heard::Later(why) } else { Heard::Judged(Verdict::refused(why)) }
}
