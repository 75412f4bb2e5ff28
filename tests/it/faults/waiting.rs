//! Waiting for an execution while things go wrong.

use super::{
    proxy::{Fault, Planned, Proxy},
    world::World,
};
use crate::aws::{
    long_run::{LongRun, Went},
    world::{Heard, apply},
};
use relevo::{
    aws::{Access, CloudError, ErrorClass, ExecutionStatus, Purpose, SageMaker, StepStatus},
    flow::{Event, Outcome},
    plan::Part,
    rehearsal::Rehearsal,
};
use std::{collections::BTreeMap, time::Duration};

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

/// A run whose stage trains in an account behind a proxy that does what is `planned`.
async fn through_the_engine(planned: Vec<Planned>) -> (Went, Proxy) {
    let run = LongRun::looking_every(Duration::from_secs(15)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap().port()).await;
    let served = run.rehearsal.clone();
    tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
    let keys = Rehearsal::base_credentials();
    let client = aws_smithy_http_client::Builder::new().build_http();
    let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key)
        .with_time(run.now())
        .with_waits(Duration::ZERO, Duration::ZERO)
        .with_patience(Duration::from_secs(10), Duration::from_millis(500));
    proxy.plan(planned);
    let port = proxy.port;
    (Box::pin(run.drive(access, Some(port))).await, proxy)
}

fn looks(after: usize, times: usize, fault: Fault) -> Planned {
    Planned { operation: Some("DescribePipelineExecution".to_owned()), after, times, fault }
}

fn attempts(went: &Went) -> usize {
    let started = |event: &&Event| matches!(event, Event::StageStarted { stage, .. } if stage.as_str() == "train-test");
    went.events.iter().filter(started).count()
}

#[tokio::test]
async fn a_stage_that_waits_does_not_hear_of_faults_that_pass() {
    let faults = [
        Fault::Fails(503),
        Fault::Throttles(Some(1)),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Silent,
        Fault::Drips(Duration::from_millis(1)),
    ];
    for fault in faults {
        // the third attempt of a look makes it good
        let (went, proxy) = through_the_engine(vec![looks(1, 2, fault)]).await;
        assert_eq!(went.outcome, Outcome::Succeeded, "{fault:?} {:#?}", went.events);
        assert_eq!((attempts(&went), proxy.spoilt()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn a_stage_that_has_to_give_up_waiting_finds_its_execution_again() {
    for (fault, times) in [(Fault::Expired, 1), (Fault::Fails(503), 3), (Fault::Silent, 3)] {
        let (went, proxy) = through_the_engine(vec![looks(1, times, fault)]).await;
        assert_eq!(went.outcome, Outcome::Succeeded, "{fault:?} {:#?}", went.events);
        assert!(attempts(&went) > 1, "{fault:?}");
        let number = |name| proxy.heard().iter().filter(|call| *call == name).count();
        let created = number("CreatePipeline");
        assert_eq!(created, 1, "{fault:?}: the pipeline of the first attempt is the second's");
        assert_eq!(number("StopPipelineExecution"), 0, "{fault:?}: a try that follows finds it");
        let [trained] = &trained_in(&went)[..] else { panic!("{fault:?}") };
        assert!(trained.contains(":pipeline/"), "{trained}");
    }
}

/// The executions that the stage's successes name.
fn trained_in(went: &Went) -> Vec<String> {
    let named = |event: &Event| match event {
        Event::StageSucceeded { stage, outputs, .. } if stage.as_str() == "train-test" => {
            Some(outputs["execution"].as_str()?.to_owned())
        }
        _ => None,
    };
    went.events.iter().filter_map(named).collect()
}
