//! Reading what is there. Nothing here writes; it works under a read-only session.

use crate::{
    aws::{CloudError, Events, S3, SageMaker, Session},
    plan::{
        Blueprint, Desired, DesiredError, LogGroupRecord, Object, Observed, ObservedFunction,
        ObservedRule, Part, PipelineRecord, PipelineSpec, RuleSpec, Tags, Topic, desired, function,
        predict_version,
    },
    registry,
};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

/// Objects that are looked for at the same time; what else is read is a dozen things, all at once.
const AT_ONCE: usize = 8;

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
                tokio::try_join!(objects(session, desired), pipelines(session, &train))?;
            let mut known = known;
            known.pipelines.extend(train);
            Ok(Observed { objects, ..known })
        }
        Part::Pipelines => {
            let lambda = session.lambda();
            let (function, lower) = tokio::try_join!(
                lambda.function(&desired.function.name),
                Box::pin(lower(session, desired)),
            )?;
            let Lower { log_group, objects, topic, pipelines } = lower;
            Ok(Observed { log_group, objects, function, topic, pipelines, ..known })
        }
        Part::Schedule => {
            let Upper { rules, batch_present, approved_model } =
                Box::pin(upper(session, desired)).await?;
            Ok(Observed { rules, batch_present, approved_model, ..known })
        }
    }
}

async fn read(
    session: &Session,
    desired: &Desired,
    function: ObservedFunction,
) -> Result<Observed, CloudError> {
    let (lower, upper) =
        tokio::try_join!(Box::pin(lower(session, desired)), Box::pin(upper(session, desired)))?;
    let Lower { log_group, objects, topic, pipelines } = lower;
    let Upper { rules, batch_present, approved_model } = upper;
    Ok(Observed {
        log_group,
        objects,
        function,
        topic,
        pipelines,
        rules,
        batch_present,
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

async fn lower(session: &Session, desired: &Desired) -> Result<Lower, CloudError> {
    let (logs, sns, both) = (session.logs(), session.sns(), desired.pipelines());
    let (log_group, objects, topic, pipelines) = tokio::try_join!(
        logs.group(&desired.log_group.name),
        objects(session, desired),
        sns.topic(&desired.topic.arn),
        pipelines(session, &both),
    )?;
    Ok(Lower { log_group, objects, topic, pipelines })
}

/// What [`Part::Schedule`] is about, and what the schedule waits for.
struct Upper {
    rules: BTreeMap<String, ObservedRule>,
    batch_present: bool,
    approved_model: Option<String>,
}

async fn upper(session: &Session, desired: &Desired) -> Result<Upper, CloudError> {
    let (s3, events, sagemaker) = (session.s3(), session.events(), session.sagemaker());
    let wanted = desired.rules.iter().chain([&desired.schedule]);
    let retired = &desired.retired_rules;
    let (rules, retired, batch, approved) = tokio::try_join!(
        try_join_all(wanted.map(|spec| rule(&events, spec))),
        try_join_all(retired.iter().map(|name| ours(&events, name, &desired.tags))),
        s3.size(&desired.batch.bucket, &desired.batch.key),
        registry::version_in_use(&sagemaker, &desired.model_package_group, &desired.environment),
    )?;
    let rules = rules.into_iter().chain(retired).flatten();
    Ok(Upper {
        rules: rules.map(|there| (there.rule.name.clone(), there)).collect(),
        batch_present: batch.is_some(),
        approved_model: approved.map(|package| package.summary.arn),
    })
}

/// The addresses of the objects that are there.
async fn objects(session: &Session, desired: &Desired) -> Result<BTreeSet<String>, CloudError> {
    let s3 = session.s3();
    let mut found = BTreeSet::new();
    for some in desired.objects.chunks(AT_ONCE) {
        let looks = some.iter().map(|object| present(&s3, object));
        found.extend(try_join_all(looks).await?.into_iter().flatten());
    }
    Ok(found)
}

/// The object's address, if it is there.
async fn present(s3: &S3, object: &Object) -> Result<Option<String>, CloudError> {
    let size = s3.size(&object.bucket, &object.key).await?;
    Ok(size.map(|_| object.address()))
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

async fn rule(events: &Events, spec: &RuleSpec) -> Result<Option<ObservedRule>, CloudError> {
    let Some(rule) = events.rule(&spec.rule.name).await? else { return Ok(None) };
    let targets = events.targets(&rule.name).await?;
    Ok(Some(ObservedRule { rule, targets }))
}

/// The rule, if it carries our tags: another's rule of the same name is not ours to remove.
async fn ours(
    events: &Events,
    name: &str,
    tags: &Tags,
) -> Result<Option<ObservedRule>, CloudError> {
    let Some(rule) = events.tagged_rule(name, tags).await? else { return Ok(None) };
    let targets = events.targets(name).await?;
    Ok(Some(ObservedRule { rule, targets }))
}
