//! Reading what is there. Nothing here writes; it works under a read-only session.

use crate::{
    aws::{CloudError, Events, S3, Session},
    plan::{
        Blueprint, Desired, DesiredError, Object, Observed, ObservedFunction, ObservedRule,
        PipelineRecord, RuleSpec, desired, function, predict_version,
    },
    registry,
};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

/// Nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// What should be cannot be rendered.
    #[error(transparent)]
    Desired(#[from] DesiredError),
    /// What is there cannot be read.
    #[error("reading the account failed")]
    Cloud(#[from] CloudError),
}

/// What the blueprint wants in the session's account, and what is there.
///
/// The function comes first: the number its version has or will have is part of what is wanted.
///
/// # Errors
/// If the blueprint cannot be rendered or the account cannot be read.
pub async fn survey(
    session: &Session,
    blueprint: &Blueprint<'_>,
) -> Result<(Desired, Observed), SurveyError> {
    let (desired, there) = wanted_beside(session, blueprint).await?;
    let observed = Box::pin(read(session, &desired, there)).await?;
    Ok((desired, observed))
}

/// What the blueprint wants in the session's account. Of what is there only the function is read.
///
/// # Errors
/// As for [`survey`].
pub async fn wanted(session: &Session, blueprint: &Blueprint<'_>) -> Result<Desired, SurveyError> {
    Ok(wanted_beside(session, blueprint).await?.0)
}

async fn wanted_beside(
    session: &Session,
    blueprint: &Blueprint<'_>,
) -> Result<(Desired, ObservedFunction), SurveyError> {
    let wanted = function(blueprint)?;
    let there = session.lambda().function(&wanted.name).await?;
    let desired = desired(blueprint, predict_version(&wanted, &there))?;
    Ok((desired, there))
}

/// What is there of everything that `desired` names.
///
/// # Errors
/// If the account cannot be read.
pub async fn observe(session: &Session, desired: &Desired) -> Result<Observed, CloudError> {
    let there = session.lambda().function(&desired.function.name).await?;
    Box::pin(read(session, desired, there)).await
}

async fn read(
    session: &Session,
    desired: &Desired,
    function: ObservedFunction,
) -> Result<Observed, CloudError> {
    let (logs, sns, s3, events) = (session.logs(), session.sns(), session.s3(), session.events());
    let sagemaker = session.sagemaker();
    let rules = desired.rules.iter().chain([&desired.schedule]);
    let (log_group, objects, topic, pipelines, rules, batch, approved_model) = tokio::try_join!(
        logs.group(&desired.log_group.name),
        try_join_all(desired.objects.iter().map(|object| present(&s3, object))),
        sns.topic(&desired.topic.arn),
        pipelines(session, desired),
        try_join_all(rules.map(|spec| rule(&events, spec))),
        s3.size(&desired.batch.bucket, &desired.batch.key),
        registry::version_in_use(&sagemaker, &desired.model_package_group, &desired.environment),
    )?;
    Ok(Observed {
        log_group,
        objects: objects.into_iter().flatten().collect::<BTreeSet<_>>(),
        function,
        topic,
        pipelines,
        rules: rules.into_iter().flatten().map(|there| (there.rule.name.clone(), there)).collect(),
        batch_present: batch.is_some(),
        approved_model: approved_model.map(|package| package.summary.arn),
    })
}

/// The object's address, if it is there.
async fn present(s3: &S3, object: &Object) -> Result<Option<String>, CloudError> {
    let size = s3.size(&object.bucket, &object.key).await?;
    Ok(size.map(|_| object.address()))
}

async fn pipelines(
    session: &Session,
    desired: &Desired,
) -> Result<BTreeMap<String, PipelineRecord>, CloudError> {
    let sagemaker = session.sagemaker();
    let mut found = BTreeMap::new();
    for spec in desired.pipelines() {
        if let Some(record) = sagemaker.pipeline(&spec.name).await? {
            found.insert(spec.name.clone(), record);
        }
    }
    Ok(found)
}

async fn rule(events: &Events, spec: &RuleSpec) -> Result<Option<ObservedRule>, CloudError> {
    let Some(rule) = events.rule(&spec.rule.name).await? else { return Ok(None) };
    let targets = events.targets(&rule.name).await?;
    Ok(Some(ObservedRule { rule, targets }))
}
