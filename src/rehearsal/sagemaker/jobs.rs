//! The jobs that steps started and those of their own, as DescribeProcessingJob, DescribeTrainingJob and DescribeTransformJob show them.

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

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Standing {
    /// Its machine is being started.
    Starting,
    /// At work.
    Working,
    /// Told to stop.
    Stopping,
    /// Stopped before its end.
    Stopped,
    /// Over.
    #[default]
    Ended,
}

/// Which way a job was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Door {
    /// Through a port, which is open to everybody on the machine.
    #[default]
    Port,
    /// From within the process, where nobody but its own agent is.
    Process,
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
    #[serde(default)]
    pub(super) standing: Standing,
    /// Which way it was asked for.
    #[serde(default)]
    pub(super) door: Door,
    /// When it was made, if that was before its end.
    #[serde(default)]
    created: Option<Timestamp>,
    /// The last word of its container.
    #[serde(default)]
    pub(super) message: Option<String>,
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
            standing: Standing::Ended,
            door: Door::Port,
            created: None,
            message: None,
        }
    }

    /// A Processing job of its own, whose machine is about to start.
    pub(super) fn starting(call: &Call<'_>, name: &str, arguments: Value) -> Self {
        let (standing, created) = (Standing::Starting, Some(call.now));
        let door = if call.commands.is_some() { Door::Process } else { Door::Port };
        Self { standing, door, created, ..Self::new(call, JobKind::Processing, name, arguments) }
    }

    /// Is it a command's turn, which a process of an agent may run?
    pub(super) fn awaits_its_command(&self) -> bool {
        self.standing == Standing::Working && self.door == Door::Process
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// What it was made with.
    pub(super) fn arguments(&self) -> &Value {
        &self.arguments
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the job as it stands.
    pub(super) async fn keep(&self, call: &mut Call<'_>) -> Result<(), ServiceError> {
        call.shelf.put(&call.place, &key(self.kind, &self.name), self).await?;
        Ok(())
    }

    fn status(&self) -> &'static str {
        match self.standing {
            Standing::Starting | Standing::Working => "InProgress",
            Standing::Stopping => "Stopping",
            Standing::Stopped => "Stopped",
            Standing::Ended if self.failure.is_some() => "Failed",
            Standing::Ended => "Completed",
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
        (self.standing, self.ended) = (Standing::Ended, call.now);
        let key = key(self.kind, &self.name);
        call.shelf.put(&call.place, &key, &self).await?;
        Ok(self.arn)
    }
}

/// The job of that name, if there is one.
pub(super) async fn find(
    call: &mut Call<'_>,
    kind: JobKind,
    name: &str,
) -> Result<Option<Job>, ServiceError> {
    Ok(call.shelf.get(&call.place, &key(kind, name)).await?)
}

/// Jobs, unlike pipelines, answer with ValidationException for what is not there.
pub(super) fn unknown(name: &str) -> ServiceError {
    validation(format!("Could not find job '{name}'."))
}

/// DescribeProcessingJob, DescribeTrainingJob and DescribeTransformJob.
pub(super) async fn describe(call: &mut Call<'_>, kind: JobKind) -> Result<Value, ServiceError> {
    let word = kind.word();
    let name = required(call, &format!("{word}JobName"))?.to_owned();
    let job = find(call, kind, &name).await?.ok_or_else(|| unknown(&name))?;
    let status = job.status();
    let created = epoch(job.created.unwrap_or(job.ended));
    let is_over = matches!(job.standing, Standing::Stopped | Standing::Ended);
    let mut answer = json!({
        "CreationTime": created,
        "ExitMessage": job.message,
        "LastModifiedTime": epoch(job.ended),
        "FailureReason": job.failure,
        "ModelArtifacts": job.artefact.as_ref().map(|uri| json!({ "S3ModelArtifacts": uri })),
    });
    if let Some(fields) = answer.as_object_mut() {
        let end = format!("{word}EndTime");
        fields.extend([
            (format!("{word}JobName"), json!(job.name)),
            (format!("{word}JobArn"), json!(job.arn)),
            (format!("{word}JobStatus"), json!(status)),
            (format!("{word}StartTime"), created),
        ]);
        if is_over {
            fields.insert(end, epoch(job.ended));
        }
        if kind == JobKind::Training {
            fields.insert("SecondaryStatus".to_owned(), json!(status));
        }
        fields.extend(job.arguments.as_object().cloned().unwrap_or_default());
    }
    Ok(without_nulls(answer))
}
