//! `plan`: what would change, read under a session that cannot write.

use super::{
    failure,
    outputs::{PLAN_EVIDENCE, Planned},
    work::Work,
};
use crate::{aws::Purpose, deploy, flow::Failure, plan};

pub(super) async fn plan(work: &Work<'_>) -> Result<Planned, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Read).await?;
    let blueprint = work.blueprint(environment)?;
    let (desired, observed) =
        deploy::survey(&session, &blueprint).await.map_err(failure::of_survey)?;
    let plan = plan::plan(&desired, &observed);
    work.keep(PLAN_EVIDENCE, &plan).await?;
    work.tell(&plan::render::human(&plan, work.context.clock.now()))?;
    Ok(Planned { hash: plan.hash(), changes: plan.changes.len(), notes: plan.notes })
}
