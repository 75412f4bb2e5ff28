//! Jobs of pipelines that take their time: nobody waits for one but who looks at SageMaker, and one runs it.

use super::pipelines::{BUCKET, Pipelines};
use crate::rehearsal::bench::PROD;
use aws_sdk_sagemaker::types::PipelineExecutionStatus as Status;
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use relevo::{
    definition::Kind,
    rehearsal::{
        Cloud, Containers, Files, Invocation, InvokeError, JobFailure, Processing, Scoring,
        Training, Turn,
    },
};
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::{Mutex, Notify};

/// Processing jobs wait for a gate and fail; no other job is run.
#[derive(Default)]
struct Gated {
    hand: Arc<Mutex<()>>,
    begun: Notify,
    gate: Notify,
    times: AtomicUsize,
}

impl Containers for Gated {
    fn turn(&self) -> Option<BoxFuture<'_, Result<Turn, JobFailure>>> {
        let hand = Arc::clone(&self.hand).lock_owned();
        Some(hand.map(|hand| Ok(Box::new(hand) as Turn)).boxed())
    }

    fn process(&self, _: Processing) -> BoxFuture<'_, Result<Files, JobFailure>> {
        async {
            self.times.fetch_add(1, Ordering::Relaxed);
            self.begun.notify_one();
            self.gate.notified().await;
            Err(JobFailure::algorithm("no"))
        }
        .boxed()
    }

    fn train(&self, _: Training) -> BoxFuture<'_, Result<Vec<u8>, JobFailure>> {
        ready(Err(JobFailure::algorithm("none"))).boxed()
    }

    fn score(&self, _: Scoring) -> BoxFuture<'_, Result<Vec<String>, JobFailure>> {
        ready(Err(JobFailure::algorithm("none"))).boxed()
    }

    fn invoke<'i>(
        &'i self,
        _: Invocation<'i>,
        _: &'i mut dyn Cloud,
    ) -> BoxFuture<'i, Result<Value, InvokeError>> {
        unreachable!("no step of these calls a function")
    }
}

#[tokio::test]
async fn others_work_on_while_a_job_of_a_pipeline_runs_and_it_runs_once() {
    let mut pipelines = Pipelines::new(None).await;
    let gated = Arc::new(Gated::default());
    pipelines.bench.rehearsal = pipelines.bench.rehearsal.clone().with_containers(gated.clone());
    let execution = pipelines.start(Kind::Train, &"t".repeat(32)).await;
    let others = async {
        gated.begun.notified().await;
        let s3 = aws_sdk_s3::Client::new(&pipelines.bench.admin(PROD));
        let put = s3.put_object().bucket(BUCKET).key("meanwhile").body(b"x".to_vec().into());
        put.send().await.unwrap();
        gated.gate.notify_one();
    };
    let (one, other) = (pipelines.status(&execution), pipelines.status(&execution));
    let (one, other, (), ticked) =
        tokio::join!(one, other, others, pipelines.bench.rehearsal.tick());
    assert_eq!((one, other), (Status::Failed, Status::Failed));
    ticked.unwrap();
    assert_eq!(gated.times.load(Ordering::Relaxed), 1);
    let (_, steps) = pipelines.execute(Kind::Train, &"t".repeat(32)).await;
    let reasons: Vec<_> = steps.iter().filter_map(|step| step.failure_reason()).collect();
    assert_eq!(reasons, ["AlgorithmError: no, exit code: 1"]);
}
