//! What one execution of the inference pipeline left, and what the agent makes of it when it watches.

use super::stage::Stage;
use crate::{
    aws::{PastExecution, Purpose, StepDetail, StepRecord},
    monitor::Verdict,
    watch::{Answered, Finding, Journal, Pass, Point, Watcher},
};
use anyhow::Context as _;
use jiff::Timestamp;

/// Executions of one night that are looked at; one is promised.
const MOST_EXECUTIONS: usize = 10;
/// Largest file of predictions that is read, in bytes.
const LONGEST_PREDICTIONS: u64 = 256 << 20;
/// What the Lambda function says about the model it found.
const PACKAGE: &str = "model_package_arn";

/// One execution, as far as it came.
#[derive(Debug)]
pub(super) struct Execution {
    /// The version that the function found.
    pub(super) version: Option<i32>,
    /// Rows that were predicted.
    pub(super) predictions: u64,
    /// What the agent made of it.
    pub(super) answered: Answered,
}

impl Execution {
    /// What the night's data came to.
    pub(super) fn verdict(&self) -> Verdict {
        match self.answered.case.finding {
            Finding::Clean => Verdict::Clean,
            Finding::Drift => Verdict::Drift,
            Finding::DataDefect => Verdict::DataDefect,
            Finding::TooFewRows => Verdict::TooFewRows,
            Finding::InfrastructureFailure
            | Finding::NothingApproved
            | Finding::Stopped
            | Finding::NotChecked => Verdict::InfrastructureFailure,
        }
    }
}

impl Stage {
    /// The executions of the inference pipeline since a moment.
    pub(super) async fn executions(&self, since: Timestamp) -> anyhow::Result<Vec<PastExecution>> {
        self.executions_of(self.environment.inference_pipeline.as_str(), since).await
    }

    /// The executions of the train pipeline since a moment.
    pub(super) async fn trainings(&self, since: Timestamp) -> anyhow::Result<Vec<PastExecution>> {
        self.executions_of(self.environment.train_pipeline.as_str(), since).await
    }

    async fn executions_of(
        &self,
        pipeline: &str,
        since: Timestamp,
    ) -> anyhow::Result<Vec<PastExecution>> {
        let sagemaker = self.reader().sagemaker();
        let executions = sagemaker.executions_since(pipeline, since, MOST_EXECUTIONS).await;
        executions.with_context(|| format!("list the executions of {pipeline}"))
    }

    /// What an execution left, and what the agent made of it.
    pub(super) async fn read(&self, answered: Answered) -> anyhow::Result<Execution> {
        let arn = &answered.case.execution;
        let steps = self.reader().sagemaker().steps(arn).await.context("list the steps")?;
        let (version, predictions) = (steps.iter().find_map(version), self.predictions(arn).await?);
        Ok(Execution { version, predictions, answered })
    }

    /// Lets the agent watch once, and everything happen that follows.
    pub(super) async fn watch(&self) -> anyhow::Result<Pass> {
        let session = self.session(Purpose::Watch).await?;
        let watcher = Watcher {
            store: &self.app.store,
            clock: &self.clock,
            session: &session,
            environment: &self.environment,
            contract: self.project.training.as_ref().map(|training| &training.contract),
        };
        let pass = Box::pin(watcher.pass(&mut Unheard)).await.context("watch the environment")?;
        self.cloud.settle().await?;
        Ok(pass)
    }

    /// Lines of predictions that the execution wrote under its own id.
    async fn predictions(&self, arn: &str) -> anyhow::Result<u64> {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        let (bucket, model) = (&self.environment.bucket, &self.environment.model_name);
        let s3 = self.reader().s3();
        let prefix = format!("{model}/{id}/output/inference/");
        let keys = s3.list(bucket.as_str(), &prefix).await.context("list the predictions")?;
        let mut lines = 0;
        for key in keys {
            let text = s3.get(bucket.as_str(), &key, LONGEST_PREDICTIONS).await;
            let text = text.context("read the predictions")?.unwrap_or_default();
            lines += text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        }
        Ok(u64::try_from(lines).unwrap_or(u64::MAX))
    }
}

/// The version in the answer of the function that looks for the model.
fn version(step: &StepRecord) -> Option<i32> {
    let StepDetail::Lambda(outputs) = &step.detail else { return None };
    outputs.get(PACKAGE)?.rsplit('/').next()?.parse().ok()
}

/// Nobody waits for the points of a pass.
struct Unheard;

impl Journal for Unheard {
    fn reached(&mut self, _: Point) {}
}
