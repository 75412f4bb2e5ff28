//! `plan`: what would change, read under a session that cannot write.
//!
//! Where the run was made for a plan that somebody has seen, that plan is what goes on to be applied: all of it, or
//! what an interrupted apply left of it. Anything else that is needed by now is a refusal that says what moved.

use super::{
    failure,
    memory::Leave,
    outputs::{PLAN_EVIDENCE, Planned},
    work::Work,
};
use crate::{
    aws::Purpose,
    deploy,
    flow::Failure,
    plan::{self, Plan, render},
    spec::FailureClass,
};

pub(super) async fn plan(work: &Work<'_>) -> Result<Planned, Failure> {
    let plan = needed(work).await?;
    work.keep(PLAN_EVIDENCE, &plan).await?;
    work.tell(&render::human(&plan, work.context.clock.now()))?;
    Ok(Planned { hash: plan.hash(), changes: plan.changes.len(), notes: plan.notes })
}

/// What is to be done now.
pub(super) async fn needed(work: &Work<'_>) -> Result<Plan, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Read).await?;
    let blueprint = work.blueprint(environment)?;
    let (desired, observed) =
        deploy::survey(&session, &blueprint).await.map_err(failure::of_survey)?;
    let needed = plan::plan(&desired, &observed);
    work.leave_seen(desired, observed, Leave::Open);
    match &work.context.run.facts.plan {
        None => Ok(needed),
        Some(shown) => as_shown(work, shown, needed),
    }
}

/// The plan that was shown, if what is needed now is part of it.
fn as_shown(work: &Work<'_>, shown: &Plan, needed: Plan) -> Result<Plan, Failure> {
    let moved = needed.beyond(shown);
    if !moved.is_empty() {
        let moved: Vec<String> = moved.into_iter().map(render::one_line).collect();
        return Err(Failure::new(
            FailureClass::UserError,
            format!(
                "this is no longer what plan {} says; needed now and not shown: {}",
                shown.hash().short(),
                moved.join("; ")
            ),
        )
        .with_hint("the account or the environment file has changed since: make a new plan"));
    }
    let done = shown.changes.len() - needed.changes.len();
    if done > 0 {
        let (all, hash) = (shown.changes.len(), shown.hash());
        work.tell(&format!("{done} of {all} changes of plan {} were done before", hash.short()))?;
    }
    Ok(Plan { notes: needed.notes, schedule: needed.schedule, ..shown.clone() })
}
