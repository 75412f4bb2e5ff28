//! Reading what is there. Nothing here writes; it works under a read-only session.

use crate::{
    aws::{CloudError, Events, SageMaker, Session},
    plan::{
        BatchObject, Blueprint, Desired, DesiredError, LogGroupRecord, Observed, ObservedFunction,
        ObservedRule, Part, PipelineRecord, PipelineSpec, Rule, Topic, desired, function,
        predict_version,
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
    let wanted = function(blueprint)?;
    let there = session.lambda().function(&wanted.name).await?;
    let desired = desired(blueprint, predict_version(&wanted, &there))?;
    let observed = Box::pin(read(session, &desired, there)).await?;
    Ok((desired, observed))
}

/// What is there of everything that `desired` names.
///
/// # Errors
/// If the account cannot be read.
pub async fn observe(session: &Session, desired: &Desired) -> Result<Observed, CloudError> {
    let there = session.lambda().function(&desired.function.name).await?;
    Box::pin(read(session, desired, there)).await
}

/// What is there of what `part` changes and goes by, read anew; of everything else what was `known` before.
///
/// # Errors
/// If the account cannot be read.
pub(super) async fn observe_part(
    session: &Session,
    desired: &Desired,
    part: Part,
    known: Observed,
) -> Result<Observed, CloudError> {
    match part {
        Part::Training => {
            let train = [&desired.train];
            let (objects, train) =
                tokio::try_join!(objects(session, desired, None), pipelines(session, &train))?;
            let mut known = known;
            known.pipelines.extend(train);
            Ok(Observed { objects, ..known })
        }
        Part::Pipelines => {
            let lambda = session.lambda();
            let (function, lower) = tokio::try_join!(
                lambda.function(&desired.function.name),
                Box::pin(lower(session, desired, None)),
            )?;
            let Lower { log_group, objects, topic, pipelines } = lower;
            Ok(Observed { log_group, objects, function, topic, pipelines, ..known })
        }
        // what the schedule waits for is not ours to make: it is as it was when the plan was compared
        Part::Schedule => Ok(Observed { rules: rules(session, desired).await?, ..known }),
    }
}

async fn read(
    session: &Session,
    desired: &Desired,
    function: ObservedFunction,
) -> Result<Observed, CloudError> {
    let batch = &desired.batch;
    let (lower, rules, approved_model) = tokio::try_join!(
        Box::pin(lower(session, desired, Some(batch))),
        rules(session, desired),
        approved(session, desired),
    )?;
    let Lower { log_group, mut objects, topic, pipelines } = lower;
    Ok(Observed {
        log_group,
        batch_present: objects.remove(&batch.address()),
        objects,
        function,
        topic,
        pipelines,
        rules,
        approved_model,
    })
}

/// What [`Part::Pipelines`] is about, without the function.
struct Lower {
    log_group: Option<LogGroupRecord>,
    objects: BTreeSet<String>,
    topic: Option<Topic>,
    pipelines: BTreeMap<String, PipelineRecord>,
}

async fn lower(
    session: &Session,
    desired: &Desired,
    batch: Option<&BatchObject>,
) -> Result<Lower, CloudError> {
    let (logs, sns, both) = (session.logs(), session.sns(), desired.pipelines());
    let (log_group, objects, topic, pipelines) = tokio::try_join!(
        logs.group(&desired.log_group.name),
        objects(session, desired, batch),
        sns.topic(&desired.topic.arn),
        pipelines(session, &both),
    )?;
    Ok(Lower { log_group, objects, topic, pipelines })
}

/// The version that the environment uses.
async fn approved(session: &Session, desired: &Desired) -> Result<Option<String>, CloudError> {
    let (sagemaker, group) = (session.sagemaker(), &desired.model_package_group);
    let approved = registry::version_in_use(&sagemaker, group, &desired.environment).await?;
    Ok(approved.map(|package| package.summary.arn))
}

/// The addresses of the wanted objects that are there, and of the batch, where it is looked for.
async fn objects(
    session: &Session,
    desired: &Desired,
    batch: Option<&BatchObject>,
) -> Result<BTreeSet<String>, CloudError> {
    let s3 = session.s3();
    let mut buckets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let wanted = desired.objects.iter().map(|object| (&object.bucket, &object.key));
    for (bucket, key) in wanted.chain(batch.map(|batch| (&batch.bucket, &batch.key))) {
        buckets.entry(bucket).or_default().insert(key);
    }
    let mut found = BTreeSet::new();
    for (bucket, keys) in buckets {
        let there = s3.present(bucket, &keys).await?;
        found.extend(there.into_iter().map(|key| format!("s3://{bucket}/{key}")));
    }
    Ok(found)
}

async fn pipelines(
    session: &Session,
    specs: &[&PipelineSpec],
) -> Result<BTreeMap<String, PipelineRecord>, CloudError> {
    let sagemaker = session.sagemaker();
    let found = try_join_all(specs.iter().map(|spec| pipeline(&sagemaker, spec))).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn pipeline(
    sagemaker: &SageMaker,
    spec: &PipelineSpec,
) -> Result<Option<(String, PipelineRecord)>, CloudError> {
    let found = sagemaker.pipeline(&spec.name).await?;
    Ok(found.map(|record| (spec.name.clone(), record)))
}

/// The wanted rules that are there, and those that nobody wants any more and that are ours to remove.
async fn rules(
    session: &Session,
    desired: &Desired,
) -> Result<BTreeMap<String, ObservedRule>, CloudError> {
    let events = session.events();
    let wanted: Vec<&str> = wanted_rules(desired).collect();
    let retired: Vec<&str> = desired.retired_rules.iter().map(String::as_str).collect();
    let found = events.rules(&wanted, (&retired, &desired.tags)).await?;
    let targets = found.into_iter().map(|(name, rule)| with_targets(&events, name, rule));
    Ok(try_join_all(targets).await?.into_iter().collect())
}

/// `known`, with each wanted rule asked about by itself: a listing might lag behind what was just written.
///
/// # Errors
/// If EventBridge refuses.
pub(super) async fn each_rule(
    session: &Session,
    desired: &Desired,
    mut known: Observed,
) -> Result<Observed, CloudError> {
    let events = session.events();
    for name in wanted_rules(desired) {
        known.rules.remove(name);
        if let Some(rule) = events.rule(name).await? {
            known.rules.extend([with_targets(&events, name.to_owned(), rule).await?]);
        }
    }
    Ok(known)
}

fn wanted_rules(desired: &Desired) -> impl Iterator<Item = &str> {
    desired.rules.iter().chain([&desired.schedule]).map(|spec| spec.rule.name.as_str())
}

async fn with_targets(
    events: &Events,
    name: String,
    rule: Rule,
) -> Result<(String, ObservedRule), CloudError> {
    let targets = events.targets(&name).await?;
    Ok((name, ObservedRule { rule, targets }))
}
