//! `approve`: asks people whether the plan may be applied, and holds nothing while they think.
//!
//! The first attempt asks and ends. Another comes when somebody has answered: it counts the answers by the rules that the
//! default branch has now. An answer is about one plan of one commit. When enough have said yes, the environment is
//! observed and planned anew; only if that plan is still what is needed, all of it or what is left of it, does the run go
//! on, with exactly that plan. Anything that nobody was shown makes the answers void; the new plan is shown and asked
//! about. (What is left of it: the agent's own log lines may have made the log group meanwhile.)
//!
//! No lane is held meanwhile: an approval can take a weekend, and a run that nobody drives must not keep others out.
//! What they change is what the second plan finds out.

use super::{
    failure,
    outputs::{Approved, Asked, PLAN_EVIDENCE, Planned, approval_evidence},
    plan::needed,
    work::Work,
};
use crate::{
    clock::later,
    engine::Done,
    flow::{Failure, Request},
    ids::Digest,
    plan::{Plan, render},
    spec::{BuiltIn, DeploymentApproval, FailureClass},
    store::{Answer, Says},
};

pub(super) async fn approve(work: &Work<'_>) -> Result<Done, Failure> {
    let policy = work.environment()?.approval.deployment.clone().unwrap_or_default();
    let planned: Plan = work.kept(PLAN_EVIDENCE).await?.ok_or_else(no_plan)?;
    // There must be a plan that this run has shown.
    let _shown: Planned = work.output("plan", |built_in| *built_in == BuiltIn::Plan)?;
    let asked = work.kept::<Asked>(&approval_evidence(&work.context.stage.name)).await?;
    let Some(asked) = asked else {
        return ask(work, &policy, &planned).await;
    };
    let request = request(work, &policy, (&planned, &asked));
    let answers = answers(work, &asked.plan).await?;
    if let Some(no) = answers.iter().find(|answer| answer.says == Says::Reject) {
        return Err(rejected(no));
    }
    let facts = &work.context.run.facts;
    let counts = |answer: &&Answer| request.may_answer(answer.voice(), facts.askers()).is_ok();
    let yes: Vec<&Answer> = answers.iter().filter(counts).collect();
    if yes.len() < request.required as usize {
        return wait(work, request, yes.len());
    }
    let by: Vec<String> =
        yes.iter().map(|answer| format!("{} ({})", answer.person, answer.via)).collect();
    let plan = needed(work).await?;
    if planned.hash() == asked.plan && plan.beyond(&planned).is_empty() {
        work.tell(&format!("plan {} is approved by {}", asked.plan.short(), by.join(", ")))?;
        let planned = Plan { notes: plan.notes, schedule: plan.schedule, ..planned };
        work.keep(PLAN_EVIDENCE, &planned).await?;
        return go_on(&planned, by);
    }
    work.tell(&format!(
        "plan {} was approved by {}, but it is not what is needed any more: the approval is void",
        asked.plan.short(),
        by.join(", ")
    ))?;
    ask(work, &policy, &plan).await
}

/// Asks about `plan`. What was answered about another counts no more.
async fn ask(work: &Work<'_>, policy: &DeploymentApproval, plan: &Plan) -> Result<Done, Failure> {
    let until = later(work.context.clock.now(), policy.expires);
    let asked = Asked { plan: plan.hash(), until };
    work.keep(PLAN_EVIDENCE, plan).await?;
    let context = work.context;
    work.keep(&approval_evidence(&context.stage.name), &asked).await?;
    let about = (&context.stage.name, &asked.plan);
    let why = format!("the plan is {} now", asked.plan.short());
    let voided = context.store.void_answers(&context.lease, about, &why).await;
    voided.map_err(failure::agent("let earlier answers count no more"))?;
    if plan.changes.is_empty() {
        work.tell("nothing is to be changed, so nobody is asked")?;
        return go_on(plan, Vec::new());
    }
    work.tell(&render::human(plan, context.clock.now()))?;
    let facts = &work.context.run.facts;
    if facts.hides_who_pushed() && !policy.self_approval {
        let author = facts.author.as_deref().unwrap_or("nobody");
        work.tell(&format!(
            "nobody vouches for who pushed (the commit names {author} as its author), so one person more must approve"
        ))?;
    }
    wait(work, request(work, policy, (plan, &asked)), 0)
}

/// What people are asked. Where they must not approve what they pushed and nobody vouches for who did, one more is asked:
/// of so many different people at most one has pushed it.
fn request(
    work: &Work<'_>,
    policy: &DeploymentApproval,
    (plan, asked): (&Plan, &Asked),
) -> Request {
    let is_unknown = work.context.run.facts.hides_who_pushed() && !policy.self_approval;
    Request {
        plan: asked.plan.clone(),
        changes: plan.changes.len(),
        required: policy.required + u32::from(is_unknown),
        approvers: policy.approvers.clone(),
        self_approval: policy.self_approval,
        until: asked.until,
    }
}

/// Waits on, unless the time is over.
fn wait(work: &Work<'_>, request: Request, yes: usize) -> Result<Done, Failure> {
    let until = request.until.strftime("%F %T UTC");
    if work.context.clock.now() >= request.until {
        return Err(expired(&request));
    }
    work.tell(&format!(
        "plan {} waits for approval until {until}: {yes} of {} have approved",
        request.plan.short(),
        request.required
    ))?;
    Ok(Done::Asks(request))
}

/// Nobody answered in time.
#[must_use]
pub fn expired(request: &Request) -> Failure {
    let Request { plan, required, until, .. } = request;
    let message = format!(
        "plan {} was not approved by {required} until {}",
        plan.short(),
        until.strftime("%F %T UTC")
    );
    Failure::new(FailureClass::Expired, message)
        .with_hint("run again to ask again: agent retry RUN")
}

/// Somebody said no.
#[must_use]
pub fn rejected(no: &Answer) -> Failure {
    let reason = no.reason.as_deref().unwrap_or("no reason given");
    let message =
        format!("plan {} was rejected by {} ({}): {reason}", no.plan.short(), no.person, no.via);
    Failure::new(FailureClass::Rejected, message)
}

/// What was answered to this stage about `plan`, and counts.
async fn answers(work: &Work<'_>, plan: &Digest) -> Result<Vec<Answer>, Failure> {
    let context = work.context;
    let answers = context.store.answers(&context.run.id).await;
    let mut answers = answers.map_err(failure::agent("read what was answered"))?;
    answers.retain(|answer| {
        answer.stage == context.stage.name && answer.plan == *plan && answer.void.is_none()
    });
    Ok(answers)
}

fn go_on(plan: &Plan, by: Vec<String>) -> Result<Done, Failure> {
    let planned =
        Planned { hash: plan.hash(), changes: plan.changes.len(), notes: plan.notes.clone() };
    super::kept(Approved { plan: planned, by })
}

fn no_plan() -> Failure {
    Failure::new(FailureClass::AgentError, "the plan was not kept")
}
