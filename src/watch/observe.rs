//! Reading what happened: executions that ended, their reports, and what a decision looks at. Nothing here writes.

use super::{
    Watcher,
    case::Case,
    decide::{PastTraining, Scene, TrainingState},
    judge::{Reports, Yardstick, judge},
    supply::Stock,
};
use crate::{
    aws::{Approval, CloudError, PastExecution, StepDetail, StepRecord},
    ids::S3Uri,
    monitor::{MonitorError, Violation, read_violations},
    plan, registry,
};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// Executions read from one listing; the oldest ones first. One every five minutes for a month is less.
const MOST_LISTED: usize = 10_000;
/// Bytes of a report: statistics of 2,000 columns with their sketches are about 10 MiB.
const LARGEST_REPORT: u64 = 32 * 1024 * 1024;
/// No execution runs longer: SageMaker ends a job after 28 days (`MaxRuntimeInSeconds`, quota).
const LONGEST_TRAINING: Duration = Duration::from_hours(28 * 24);

/// An execution that could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The account cannot be read.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// A report is not what the analyser writes.
    #[error("{address} is not JSON")]
    NoJson {
        /// Where it is.
        address: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A list of violations is not what the analyser writes.
    #[error(transparent)]
    Violations(#[from] MonitorError),
    /// An address is none.
    #[error(transparent)]
    Address(#[from] crate::ids::InvalidId),
}

impl Watcher<'_> {
    /// Executions of the inference pipeline that began at or after `since`, oldest first.
    pub(super) async fn executions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<PastExecution>, CloudError> {
        let pipeline = self.environment.inference_pipeline.as_str();
        self.session.sagemaker().executions_since(pipeline, since, MOST_LISTED).await
    }

    /// Judges an execution that has ended.
    pub(super) async fn case(&self, execution: &PastExecution) -> Result<Case, ObserveError> {
        let steps = self.session.sagemaker().steps(&execution.arn).await?;
        let reports = self.reports(&steps).await?;
        let yardstick = Yardstick { monitor: self.environment.monitor, contract: self.contract };
        Ok(judge(execution, &steps, reports.as_ref(), yardstick))
    }

    /// The reports of the data-quality check, unless it left none.
    async fn reports(&self, steps: &[StepRecord]) -> Result<Option<Reports>, ObserveError> {
        let found = steps.iter().find_map(|step| match &step.detail {
            StepDetail::QualityCheck {
                violation_report,
                statistics: Some(batch),
                baseline_statistics: Some(baseline),
                baseline_constraints,
                ..
            } => Some((violation_report, batch, baseline, baseline_constraints)),
            _ => None,
        });
        let Some((violations, batch, baseline, constraints)) = found else { return Ok(None) };
        let (Some(batch), Some(baseline)) =
            (self.document(batch).await?, self.document(baseline).await?)
        else {
            return Ok(None);
        };
        let constraints = match constraints {
            Some(address) => self.document(address).await?,
            None => None,
        };
        let violations = match violations {
            Some(address) => self.violations(address).await?,
            None => Vec::new(),
        };
        Ok(Some(Reports { batch, baseline, constraints, violations }))
    }

    async fn violations(&self, address: &str) -> Result<Vec<Violation>, ObserveError> {
        match self.document(address).await? {
            Some(file) => Ok(read_violations(&file)?),
            None => Ok(Vec::new()),
        }
    }

    /// A JSON document in S3, if it is there.
    async fn document(&self, address: &str) -> Result<Option<Value>, ObserveError> {
        let uri: S3Uri = address.parse()?;
        let content = self.session.s3().get(uri.bucket(), uri.key(), LARGEST_REPORT).await?;
        content
            .map(|content| serde_json::from_slice(&content))
            .transpose()
            .map_err(|source| ObserveError::NoJson { address: address.to_owned(), source })
    }

    /// Everything that decisions look at beside the cases.
    pub(super) async fn scene(&self, memory: Memory) -> Result<Scene, ObserveError> {
        let now = self.clock.now();
        let (trainings, (waiting, champion), stock) =
            tokio::try_join!(self.trainings(now), self.versions(), self.stock(),)?;
        let Memory { about_to_train, lack_is_known } = memory;
        Ok(Scene {
            now,
            train_pipeline: plan::train_pipeline_arn(self.environment),
            trainings,
            about_to_train,
            waiting,
            lack_is_known,
            stock: stock.map(|stock| Stock { champion, ..stock }),
        })
    }

    async fn trainings(&self, now: Timestamp) -> Result<Vec<PastTraining>, ObserveError> {
        let back = self.environment.retrain.cooldown.max(LONGEST_TRAINING);
        let since = now.saturating_sub(back).unwrap_or(Timestamp::MIN);
        let pipeline = self.environment.train_pipeline.as_str();
        let sagemaker = self.session.sagemaker();
        let found = sagemaker.executions_since(pipeline, since, MOST_LISTED).await?;
        let past = found.into_iter().map(|execution| PastTraining {
            state: if execution.status.is_over() {
                TrainingState::Over
            } else {
                TrainingState::Running
            },
            arn: execution.arn,
            name: execution.name,
            began: execution.began,
        });
        Ok(past.collect())
    }

    /// Versions that wait for approval and are newer than the one in use, and where that one lies.
    async fn versions(&self) -> Result<(Vec<i32>, Option<String>), ObserveError> {
        let group = self.environment.model_package_group.as_str();
        let sagemaker = self.session.sagemaker();
        let (pending, in_use) = tokio::try_join!(
            sagemaker.packages(group, Some(Approval::Pending)),
            registry::version_in_use(&sagemaker, group, &self.environment.name),
        )?;
        let used = in_use.as_ref().map_or(0, |package| package.summary.version);
        let mut waiting: Vec<i32> = pending
            .into_iter()
            .filter(|package| package.completed && package.version > used)
            .map(|package| package.version)
            .collect();
        waiting.sort_unstable();
        Ok((waiting, in_use.and_then(|package| package.model_data)))
    }

    /// What there is to train on, if there is a train pipeline.
    async fn stock(&self) -> Result<Option<Stock>, ObserveError> {
        let sagemaker = self.session.sagemaker();
        let pipeline = sagemaker.pipeline(self.environment.train_pipeline.as_str()).await?;
        let Some(pipeline) = pipeline else { return Ok(None) };
        let text = |parameter: &Value, field: &str| {
            parameter.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let declared = pipeline.definition.parameters();
        let data = declared.iter().find(|parameter| text(parameter, "Name") == "InputDataUrl");
        let (bucket, model) = (self.environment.bucket.as_str(), &self.environment.model_name);
        let s3 = self.session.s3();
        let base = match data.map(|parameter| text(parameter, "DefaultValue")) {
            Some(address) => {
                let uri: S3Uri = address.parse()?;
                s3.objects(uri.bucket(), uri.key()).await?
            }
            None => Vec::new(),
        };
        Ok(Some(Stock {
            base,
            arrived: s3.objects(bucket, &format!("{model}/data/arrived/")).await?,
            parameters: declared.iter().map(|parameter| text(parameter, "Name")).collect(),
            champion: None,
            shelf: format!("s3://{bucket}/{model}/data/train-dataset"),
        }))
    }
}

/// What the store remembers that a decision looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory {
    /// An execution whose training is decided and not started.
    pub(super) about_to_train: Option<String>,
    /// People were told that there is no model, and nothing else has happened since.
    pub(super) lack_is_known: bool,
}
