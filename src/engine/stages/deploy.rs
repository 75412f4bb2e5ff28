//! `deploy-pipelines` and `schedule-rules`: the two parts of the plan that was shown, and nothing but that plan.

use super::{
    failure,
    leave::demand,
    memory::Leave,
    outputs::{Applied, Approved, PLAN_EVIDENCE, Planned},
    work::Work,
};
use crate::{
    aws::{Purpose, Session},
    deploy::{self, Deployment, Journal, Step, Verified},
    engine::context::chain,
    flow::Failure,
    ids::EnvName,
    plan::{self, Change, Desired, Observed, Part, Plan, render},
    spec::{BuiltIn, FailureClass},
};

pub(super) async fn deploy(work: &Work<'_>, part: Part) -> Result<Applied, Failure> {
    let planned: Planned =
        work.output("plan", |built_in| matches!(built_in, BuiltIn::Plan | BuiltIn::Approve))?;
    let plan: Plan = work.kept(PLAN_EVIDENCE).await?.ok_or_else(no_plan)?;
    if plan.hash() != planned.hash {
        return Err(Failure::new(
            FailureClass::AgentError,
            "the plan that was kept is not the one that was shown",
        ));
    }
    let environment = work.environment()?;
    let approved = work.output::<Approved>("approve", |built_in| *built_in == BuiltIn::Approve);
    if environment.approval.deployment.is_some() && approved.is_err() {
        return Err(unapproved(&environment.name));
    }
    let session = work.session(environment, Purpose::Deploy).await?;
    let (desired, observed, leave) = work.seen(environment, &session).await?;
    let target = Target { session: &session, desired: &desired, observed: &observed };
    if leave == Leave::Open {
        let needed = plan::plan(&desired, &observed);
        // before the lower part the upper one is asked for as well: a plan is not to be done by half
        let ahead = |part| needed.changes_of(part);
        let changes: Vec<&Change> = match part {
            Part::Training | Part::Schedule => ahead(part).collect(),
            Part::Pipelines => ahead(part).chain(ahead(Part::Schedule)).collect(),
        };
        demand(work, environment, &session, &changes).await?;
    }
    work.settle_policy().await?;
    let changes = apply(work, target, (&plan, part)).await?;
    let verified = deploy::verify(&session, &desired, part, observed).await;
    let Verified { observed, notes } = verified.map_err(|error| {
        Failure::new(FailureClass::CloudError, chain(&error))
            .with_hint("something else changes this environment; plan again")
    })?;
    work.leave_seen(desired, observed, Leave::Asked);
    work.tell("read back: all is as planned")?;
    Ok(Applied { changes, notes })
}

/// Where a plan is applied, and what it was made from.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) session: &'a Session,
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
}

/// Does what is left of one part of `plan` and tells each change.
pub(super) async fn apply(
    work: &Work<'_>,
    target: Target<'_>,
    (plan, part): (&Plan, Part),
) -> Result<Vec<String>, Failure> {
    let Target { session, desired, observed } = target;
    let clock = work.context.clock.as_ref();
    let deployment = Deployment { session, clock, desired, plan };
    let mut journal = Told { work, changes: Vec::new(), unheard: None };
    let applied = deploy::apply(deployment, part, observed, &mut journal).await;
    let Told { changes, unheard, .. } = journal;
    applied.map_err(failure::of_apply)?;
    match unheard {
        Some(failure) => Err(failure),
        None => Ok(changes),
    }
}

/// Where to deploy, and who lets it happen, is for the default branch to say: a commit cannot leave the question out.
fn unapproved(environment: &EnvName) -> Failure {
    let message =
        format!("'{environment}' wants approval, and this commit's pipeline.yaml does not ask");
    Failure::new(FailureClass::UserError, message)
        .with_hint("put a stage with 'uses: approve' between 'plan' and 'deploy-pipelines'")
}

fn no_plan() -> Failure {
    Failure::new(FailureClass::AgentError, "the plan was not kept")
}

/// Tells each change to the stage's log.
struct Told<'a, 'w> {
    work: &'a Work<'w>,
    changes: Vec<String>,
    /// The first line that could not be written.
    unheard: Option<Failure>,
}

impl Journal for Told<'_, '_> {
    fn note(&mut self, change: &Change, step: Step<'_>) {
        let what = render::one_line(change);
        let told = match step {
            Step::Done => Some(what.clone()),
            Step::DoneBefore => Some(format!("{what} (was done before)")),
            Step::Failed(error) => Some(format!("could not {what}: {error}")),
        };
        if let Some(Err(failure)) = told.map(|told| self.work.tell(&told)) {
            self.unheard.get_or_insert(failure);
        }
        match step {
            Step::Done | Step::DoneBefore => self.changes.push(what),
            Step::Failed(_) => {}
        }
    }
}
