//! Waiting for an execution while things go wrong.

use super::{proxy::Fault, world::World};
use crate::aws::world::{Heard, apply};
use relevo::{
    aws::{CloudError, ErrorClass, ExecutionStatus, Purpose, SageMaker, StepStatus},
    plan::Part,
};
use std::collections::BTreeMap;

/// Looks at an execution before it is given up; each lets it take one step.
const MOST_LOOKS: usize = 100;

const TOKEN: &str = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e-train-1";

/// The train pipeline in place.
async fn trained() -> (World, SageMaker, String) {
    let world = World::new().await;
    let session = world.session(Purpose::Deploy).await;
    let planned = world.planned().await;
    Box::pin(apply(&session, &planned, Part::Training, &mut Heard::default())).await.unwrap();
    let sagemaker = world.session(Purpose::Train).await.sagemaker();
    (world, sagemaker, planned.0.train.name.clone())
}

async fn end(sagemaker: &SageMaker, execution: &str) -> Result<ExecutionStatus, CloudError> {
    for _ in 0..MOST_LOOKS {
        let record = sagemaker.execution(execution).await?;
        if record.status.is_over() {
            return Ok(record.status);
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_one_execution_and_the_wait_sees_it_through() {
    let (world, sagemaker, pipeline) = trained().await;
    let none = BTreeMap::new();
    let mut found = Vec::new();
    for fault in [Fault::ResetAfter, Fault::Truncated, Fault::ResetBefore, Fault::Fails(500)] {
        world.proxy.spoil("StartPipelineExecution", 1, fault);
        found.push(sagemaker.start(&pipeline, TOKEN, &none).await.unwrap());
    }
    found.dedup();
    let [execution] = &found[..] else { panic!("{found:?}") };
    for fault in [Fault::ResetAfter, Fault::Truncated, Fault::Throttles(Some(1)), Fault::Fails(503)]
    {
        world.proxy.spoil("DescribePipelineExecution", 2, fault);
        sagemaker.execution(execution).await.unwrap();
        world.proxy.spoil("ListPipelineExecutionSteps", 2, fault);
        sagemaker.steps(execution).await.unwrap();
    }
    assert_eq!(end(&sagemaker, execution).await.unwrap(), ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_wait_whose_session_ends_says_so_and_can_be_taken_up_again() {
    let (world, sagemaker, pipeline) = trained().await;
    let execution = sagemaker.start(&pipeline, TOKEN, &BTreeMap::new()).await.unwrap();
    world.proxy.spoil("DescribePipelineExecution", 1, Fault::Expired);
    let error = end(&sagemaker, &execution).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Expired);
    let again = sagemaker.start(&pipeline, TOKEN, &BTreeMap::new()).await.unwrap();
    assert_eq!(again, execution);
    assert_eq!(end(&sagemaker, &again).await.unwrap(), ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_step_that_fails_is_seen_behind_an_empty_page() {
    let (world, sagemaker, pipeline) = trained().await;
    let execution = sagemaker.start(&pipeline, TOKEN, &BTreeMap::new()).await.unwrap();
    world.proxy.spoil(
        "DescribePipelineExecution",
        1,
        Fault::Replaced(r#"{"PipelineExecutionStatus":"Failed","FailureReason":"a step failed"}"#),
    );
    assert_eq!(end(&sagemaker, &execution).await.unwrap(), ExecutionStatus::Failed);
    world.proxy.spoil(
        "ListPipelineExecutionSteps",
        1,
        Fault::Replaced(
            r#"{"PipelineExecutionSteps":[{"StepName":"Train","StepStatus":"Failed","FailureReason":"no such column"}]}"#,
        ),
    );
    let steps = sagemaker.steps(&execution).await.unwrap();
    let [step] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(step.status, StepStatus::Failed);
    assert_eq!(step.failure_reason.as_deref(), Some("no such column"));
}
