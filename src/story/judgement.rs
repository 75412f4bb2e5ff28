//! What one execution of the inference pipeline left, read as anybody could: its steps, its reports, its predictions.

use super::stage::Stage;
use crate::{
    aws::{PastExecution, StepDetail, StepRecord, StepStatus},
    ids::S3Uri,
    monitor::{Assessment, Evidence, Limits, Verdict, assess, read_violations},
    spec::Role,
};
use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::Value;

/// Executions of one night that are looked at; one is promised.
const MOST_EXECUTIONS: usize = 10;
/// Largest report that is read, in bytes.
const LONGEST_REPORT: u64 = 16 << 20;
/// Largest file of predictions that is read, in bytes.
const LONGEST_PREDICTIONS: u64 = 256 << 20;
/// What the Lambda function says about the model it found.
const PACKAGE: &str = "model_package_arn";

/// One execution, as far as it came.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) arn: String,
    /// The version that the function found.
    pub(super) version: Option<i32>,
    /// What the monitor's reports say, where it left any.
    pub(super) assessment: Option<Assessment>,
    /// Rows that were predicted.
    pub(super) predictions: u64,
    /// The first step that failed, and why.
    pub(super) failure: Option<(String, String)>,
}

impl Execution {
    /// What the night's data came to.
    pub(super) fn verdict(&self) -> Verdict {
        match (&self.assessment, &self.failure) {
            (Some(assessment), _) => assessment.verdict,
            (None, _) => Verdict::InfrastructureFailure,
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

    /// What an execution left.
    pub(super) async fn read(&self, arn: &str) -> anyhow::Result<Execution> {
        let steps = self.reader().sagemaker().steps(arn).await.context("list the steps")?;
        let failed = steps.iter().find(|step| step.status == StepStatus::Failed);
        let failure =
            failed.map(|step| (step.name.clone(), step.failure_reason.clone().unwrap_or_default()));
        Ok(Execution {
            arn: arn.to_owned(),
            version: steps.iter().find_map(version),
            assessment: self.assessment(&steps).await?,
            predictions: self.predictions(arn).await?,
            failure,
        })
    }

    async fn assessment(&self, steps: &[StepRecord]) -> anyhow::Result<Option<Assessment>> {
        let check = steps.iter().find_map(|step| match &step.detail {
            StepDetail::QualityCheck { .. } => Some(&step.detail),
            _ => None,
        });
        let Some(StepDetail::QualityCheck {
            violation_report,
            statistics: Some(statistics),
            baseline_statistics: Some(before),
            baseline_constraints,
            ..
        }) = check
        else {
            return Ok(None);
        };
        let (baseline, batch) = (self.report(before).await?, self.report(statistics).await?);
        let violations = match violation_report {
            Some(address) => read_violations(&self.report(address).await?)?,
            None => Vec::new(),
        };
        let constraints = match baseline_constraints {
            Some(address) => Some(self.report(address).await?),
            None => None,
        };
        let contract = self.project.training.as_ref().map(|training| &training.contract);
        let columns = contract.into_iter().flat_map(|contract| &contract.columns);
        let features = columns.filter(|column| column.role == Role::Feature);
        let names: Vec<String> = features.map(|column| column.name.clone()).collect();
        let monitor = &self.environment.monitor;
        let assessment = assess(&Evidence {
            baseline_statistics: &baseline,
            batch_statistics: &batch,
            violations: &violations,
            constraints: constraints.as_ref(),
            names: &names,
            limits: Limits {
                minimum_rows: monitor.minimum_rows.into(),
                significance: monitor.significance.get(),
            },
        });
        Ok(Some(assessment.context("judge the batch")?))
    }

    async fn report(&self, address: &str) -> anyhow::Result<Value> {
        let text = self.fetch(address, LONGEST_REPORT).await?;
        let text = text.with_context(|| format!("{address} is not there"))?;
        serde_json::from_slice(&text).with_context(|| format!("read {address}"))
    }

    async fn fetch(&self, address: &str, most: u64) -> anyhow::Result<Option<Vec<u8>>> {
        let uri: S3Uri = address.parse().with_context(|| format!("read the address {address}"))?;
        let found = self.reader().s3().get(uri.bucket(), uri.key(), most).await;
        found.with_context(|| format!("read {address}"))
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
