//! A whole deployment: planned, applied, read back, changed by hand, mended, taken away.

use super::{Found, Ground, Otherwise, same};
use crate::{
    aws::world::{Example, apply_all, verify},
    faults::proxy::{Fault, Planned},
};
use relevo::{
    aws::{Purpose, Session},
    deploy::{self, SurveyError, VerifyError},
    plan::{Change, Desired, Part, Plan, plan, render::one_line},
    spec::Environment,
};

impl From<SurveyError> for Otherwise {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Cloud(error) => error.into(),
            SurveyError::Desired(error) => Self(error.to_string()),
        }
    }
}

impl From<VerifyError> for Otherwise {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Unreadable(error) => error.into(),
            other => Self(other.to_string()),
        }
    }
}

async fn planned(ground: &Ground, environment: &Environment) -> Result<(Desired, Plan), Otherwise> {
    let session = ground.assume(environment, Purpose::Read).await?;
    // a survey reads many things at once: which of them fails first would be chance
    session.sagemaker().pipeline(environment.train_pipeline.as_str()).await?;
    let example = Example::read();
    let survey = Box::pin(deploy::survey(&session, &example.blueprint(environment))).await;
    let (desired, observed) = survey?;
    let plan = plan(&desired, &observed);
    Ok((desired, plan))
}

/// Plans and applies; nothing may be left to do.
async fn deployed(
    ground: &Ground,
    environment: &Environment,
) -> Result<(Session, usize), Otherwise> {
    let shown = planned(ground, environment).await?;
    let session = ground.assume(environment, Purpose::Deploy).await?;
    let done = Box::pin(apply_all(&session, &shown)).await;
    let done = done.map_err(|error| Otherwise(format!("{error:?}")))?;
    Box::pin(verify(&session, &shown.0, Part::Schedule)).await?;
    Box::pin(verify(&session, &shown.0, Part::Pipelines)).await?;
    same("changes left", left(ground, environment).await?, Vec::new())?;
    Ok((session, done))
}

async fn left(ground: &Ground, environment: &Environment) -> Result<Vec<String>, Otherwise> {
    let (_, plan) = planned(ground, environment).await?;
    Ok(plan.changes.iter().map(one_line).collect())
}

pub(super) async fn a_plan_is_the_apply(ground: Ground) -> Found {
    let (session, done) = deployed(&ground, &ground.prod).await?;
    same("more than twenty changes", done > 20, true)?;
    let shown = planned(&ground, &ground.prod).await?;
    let again = Box::pin(apply_all(&session, &shown)).await;
    same("done again", again.map_err(|error| Otherwise(format!("{error:?}")))?, 0)
}

pub(super) async fn what_was_changed_by_hand_is_seen(ground: Ground) -> Found {
    let (session, _) = deployed(&ground, &ground.prod).await?;
    let (desired, _) = planned(&ground, &ground.prod).await?;
    let schedule = session.events().rule(&desired.schedule.rule.name).await?;
    let mut theirs = schedule.clone().ok_or(Otherwise("no schedule".to_owned()))?;
    theirs.description = "by hand".to_owned();
    session.events().put_rule(&theirs, &Default::default()).await?;
    let (_, found) = planned(&ground, &ground.prod).await?;
    let [Change::PutRule { from, to }] = &found.changes[..] else {
        return Err(Otherwise(format!("after a change by hand: {:?}", found.changes)));
    };
    same("as it was found", from.as_ref(), Some(&theirs))?;
    same("as it should be", Some(to), schedule.as_ref())?;
    let (_, done) = deployed(&ground, &ground.prod).await?;
    same("mended", done, 1)
}

pub(super) async fn environments_are_apart(ground: Ground) -> Found {
    for environment in [&ground.dev, &ground.prod] {
        deployed(&ground, environment).await?;
    }
    let remover = ground.remover().await?;
    let ours = Box::pin(deploy::inventory(&remover, &ground.prod)).await?;
    same("somebody else's", ours.foreign.len(), 0)?;
    for removal in &ours.removals {
        Box::pin(deploy::remove(&remover, removal)).await?;
    }
    let after = Box::pin(deploy::inventory(&remover, &ground.prod)).await?;
    same("left in prod", after.removals.len(), 0)?;
    same("left to do in dev", left(&ground, &ground.dev).await?, Vec::new())
}

/// What a deployment calls at least once.
const CALLS: [&str; 14] = [
    "s3 GET",
    "s3 PUT",
    "lambda GET",
    "lambda POST",
    "DescribePipeline",
    "CreatePipeline",
    "GetTopicAttributes",
    "CreateTopic",
    "SetTopicAttributes",
    "Subscribe",
    "ListRules",
    "PutRule",
    "PutTargets",
    "CreateLogGroup",
];

pub(super) async fn lost_answers_are_made_good(ground: Ground) -> Found {
    let (ground, proxy) = ground.behind_proxy().await;
    let lost = |call: &str, after, fault| Planned {
        operation: Some(call.to_owned()),
        after,
        times: 1,
        fault,
    };
    let lost = |call| [lost(call, 0, Fault::ResetAfter), lost(call, 2, Fault::Truncated)];
    proxy.plan(CALLS.into_iter().flat_map(lost));
    deployed(&ground, &ground.prod).await?;
    same("each was lost", proxy.spoilt() >= CALLS.len(), true)
}
