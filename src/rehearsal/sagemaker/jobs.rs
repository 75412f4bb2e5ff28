//! The jobs that steps started, as DescribeProcessingJob, DescribeTrainingJob and DescribeTransformJob show them.

use super::{
    super::{Call, Item, ServiceError},
    check::{epoch, required, validation, without_nulls},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobKind {
    Processing,
    Training,
    Transform,
}

impl JobKind {
    fn word(self) -> &'static str {
        match self {
            Self::Processing => "Processing",
            Self::Training => "Training",
            Self::Transform => "Transform",
        }
    }
}

/// A job; kept under its kind and its name in lower case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    kind: JobKind,
    name: String,
    arn: String,
    arguments: Value,
    artefact: Option<String>,
    failure: Option<String>,
    ended: Timestamp,
}

impl Item for Job {
    const KIND: &'static str = "job";
}

/// Names are found whatever their case, as ARNs carry them in lower case.
fn key(kind: JobKind, name: &str) -> String {
    format!("{}/{}", kind.word(), name.to_lowercase())
}

impl Job {
    /// A job that begins.
    pub(super) fn new(call: &Call<'_>, kind: JobKind, name: &str, arguments: Value) -> Self {
        let resource = format!("{}-job/{}", kind.word().to_lowercase(), name.to_lowercase());
        Self {
            kind,
            name: name.to_owned(),
            arn: call.place.arn("sagemaker", &resource),
            arguments,
            artefact: None,
            failure: None,
            ended: call.now,
        }
    }

    /// The job wrote a model there.
    pub(super) fn with_artefact(mut self, uri: String) -> Self {
        self.artefact = Some(uri);
        self
    }

    /// Keeps the job as ended, and gives its ARN.
    pub(super) async fn ended(
        mut self,
        call: &mut Call<'_>,
        failure: Option<&str>,
    ) -> Result<String, ServiceError> {
        self.failure = failure.map(str::to_owned);
        let key = key(self.kind, &self.name);
        call.shelf.put(&call.place, &key, &self).await?;
        Ok(self.arn)
    }
}

/// DescribeProcessingJob, DescribeTrainingJob and DescribeTransformJob.
pub(super) async fn describe(call: &mut Call<'_>, kind: JobKind) -> Result<Value, ServiceError> {
    let word = kind.word();
    let name = required(call, &format!("{word}JobName"))?.to_owned();
    let job: Option<Job> = call.shelf.get(&call.place, &key(kind, &name)).await?;
    // Jobs, unlike pipelines, answer with ValidationException for what is not there.
    let job = job.ok_or_else(|| validation(format!("Could not find job '{name}'.")))?;
    let mut answer = json!({
        "CreationTime": epoch(job.ended),
        "LastModifiedTime": epoch(job.ended),
        "FailureReason": job.failure,
        "ModelArtifacts": job.artefact.map(|uri| json!({ "S3ModelArtifacts": uri })),
    });
    if let Some(fields) = answer.as_object_mut() {
        let end = format!("{word}EndTime");
        let status = if job.failure.is_some() { "Failed" } else { "Completed" };
        fields.extend([
            (format!("{word}JobName"), json!(job.name)),
            (format!("{word}JobArn"), json!(job.arn)),
            (format!("{word}JobStatus"), json!(status)),
            (format!("{word}StartTime"), epoch(job.ended)),
            (end, epoch(job.ended)),
        ]);
        if kind == JobKind::Training {
            fields.insert("SecondaryStatus".to_owned(), json!(status));
        }
        fields.extend(job.arguments.as_object().cloned().unwrap_or_default());
    }
    Ok(without_nulls(answer))
}
