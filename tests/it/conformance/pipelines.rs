//! Pipelines, their executions and the registry.

use super::{Found, Ground, Otherwise, refused, same};
use relevo::{
    aws::{ErrorClass, ExecutionStatus, Purpose, SageMaker},
    definition::Definition,
    plan::{PipelineSpec, tags},
};
use std::collections::BTreeMap;

/// Looks at an execution before it is given up.
const MOST_LOOKS: usize = 100;

const TOKEN: &str = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e-train-1";

/// A pipeline that does nothing but fail, in the words of `message`.
fn spec(ground: &Ground, message: &str) -> PipelineSpec {
    let name = ground.dev.train_pipeline.to_string();
    let definition = format!(
        r#"{{ "Version": "2020-12-01", "Metadata": {{}}, "Parameters": [],
           "Steps": [{{ "Name": "Stop", "Type": "Fail", "Arguments": {{ "ErrorMessage": "{message}" }} }}] }}"#
    );
    PipelineSpec {
        arn: format!("arn:aws:sagemaker:us-east-1:{}:pipeline/{name}", ground.dev.account),
        name,
        role: ground.dev.train_role.to_string(),
        description: "of a check".to_owned(),
        definition: Definition::parse(&definition).unwrap(),
    }
}

async fn made(ground: &Ground) -> Result<(SageMaker, PipelineSpec), Otherwise> {
    let sagemaker = ground.assume(&ground.dev, Purpose::Train).await?.sagemaker();
    let spec = spec(ground, "first");
    same("pipeline before", sagemaker.pipeline(&spec.name).await?, None)?;
    let arn = sagemaker.create_pipeline(&spec, &tags(&ground.dev)).await?;
    same("ARN", arn == spec.arn, true)?;
    Ok((sagemaker, spec))
}

pub(super) async fn a_pipeline_is_made_changed_and_removed(ground: Ground) -> Found {
    let (sagemaker, first) = made(&ground).await?;
    let ours = tags(&ground.dev);
    same("again", sagemaker.create_pipeline(&first, &ours).await? == first.arn, true)?;
    let second = spec(&ground, "second");
    let taken = sagemaker.create_pipeline(&second, &ours).await;
    same("taken", refused("CreatePipeline", taken)?.operation, "CreatePipeline")?;
    sagemaker.update_pipeline(&first.arn, &second, &ours).await?;
    let changed = sagemaker.pipeline(&first.name).await?.map(|record| record.definition.digest());
    same("definition", changed, Some(second.definition.digest()))?;
    same("tags", sagemaker.tags(&first.arn).await?, ours)?;

    let remover = ground.assume(&ground.dev, Purpose::Destroy).await?.sagemaker();
    for _ in 0..2 {
        remover.delete_pipeline(&first.name, TOKEN).await?;
    }
    same("pipeline after", remover.pipeline(&first.name).await?, None)
}

pub(super) async fn one_token_is_one_execution(ground: Ground) -> Found {
    let (sagemaker, spec) = made(&ground).await?;
    let none = BTreeMap::new();
    let first = sagemaker.start(&spec.name, TOKEN, &none).await?;
    let second = sagemaker.start(&spec.name, TOKEN, &none).await?;
    same("the same execution", first == second, true)
}

pub(super) async fn an_execution_has_steps(ground: Ground) -> Found {
    let (sagemaker, spec) = made(&ground).await?;
    let execution = sagemaker.start(&spec.name, TOKEN, &BTreeMap::new()).await?;
    let mut record = sagemaker.execution(&execution).await?;
    for _ in 0..MOST_LOOKS {
        if record.status.is_over() {
            break;
        }
        record = sagemaker.execution(&execution).await?;
    }
    let executed = sagemaker.executed_definition(&execution).await?;
    same("definition", executed.digest(), spec.definition.digest())?;
    let steps = sagemaker.steps(&execution).await?;
    same("steps", steps.len(), 1)?;
    same("status", record.status, ExecutionStatus::Failed)
}

pub(super) async fn a_parameter_that_is_not_there_is_refused(ground: Ground) -> Found {
    let (sagemaker, spec) = made(&ground).await?;
    let strange = BTreeMap::from([("Strange".to_owned(), "1".to_owned())]);
    let started = sagemaker.start(&spec.name, TOKEN, &strange).await;
    same("class", refused("StartPipelineExecution", started)?.class, ErrorClass::Invalid)
}

pub(super) async fn a_group_that_is_not_there_has_no_packages(ground: Ground) -> Found {
    let sagemaker = ground.assume(&ground.dev, Purpose::Read).await?.sagemaker();
    let packages = sagemaker.packages(ground.dev.model_package_group.as_str(), None).await?;
    same("packages", packages, Vec::new())
}
