//! Processing jobs of our own: made once, looked at, stopped.

use super::SageMaker;
use crate::{
    aws::{
        CloudError, ErrorClass,
        error::{Act as _, Maybe as _},
        timestamp,
    },
    plan::Tags,
};
use aws_sdk_sagemaker::{
    operation::describe_processing_job::DescribeProcessingJobOutput,
    types::{
        AppSpecification, NetworkConfig, ProcessingClusterConfig, ProcessingInput,
        ProcessingInstanceType, ProcessingJobStatus, ProcessingOutput, ProcessingOutputConfig,
        ProcessingResources, ProcessingS3DataType, ProcessingS3Input, ProcessingS3InputMode,
        ProcessingS3Output, ProcessingS3UploadMode, ProcessingStoppingCondition,
    },
};
use jiff::Timestamp;
use std::{collections::BTreeMap, time::Duration};

const CREATE: &str = "CreateProcessingJob";
const DESCRIBE: &str = "DescribeProcessingJob";

/// A Processing job that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its name, unlike that of any other job of the account and region.
    pub name: String,
    /// Whose rights it has.
    pub role: String,
    /// What it runs in.
    pub image: String,
    /// What it runs: up to 100 words of up to 256 characters (AppSpecification, `ContainerEntrypoint`).
    pub entry_point: Vec<String>,
    /// Its variables. Whoever may describe the job reads them.
    pub variables: BTreeMap<String, String>,
    /// What is brought into the container: an S3 address and a folder each, by name.
    pub inputs: BTreeMap<String, (String, String)>,
    /// What is taken out of it at its end: the same.
    pub outputs: BTreeMap<String, (String, String)>,
    /// Encrypts what is taken out.
    pub key: String,
    /// Encrypts the disk; absent where the machine does so itself.
    pub volume_key: Option<String>,
    /// The type of its machine.
    pub instance: String,
    /// Gigabytes of its disk.
    pub volume_gb: u32,
    /// How long it may run.
    pub longest: Duration,
    /// Whether it is kept off every network.
    pub isolated: bool,
    /// Its tags.
    pub tags: Tags,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// Waiting for its machine, or at work.
    InProgress,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Done well.
    Completed,
    /// Done badly.
    Failed,
}

impl JobStatus {
    /// Nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::InProgress | Self::Stopping => false,
            Self::Stopped | Self::Completed | Self::Failed => true,
        }
    }
}

/// What asking a job or an execution to stop came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// It stops.
    Asked,
    /// It has ended, or never was.
    Over,
}

/// A job as SageMaker tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Its ARN.
    pub arn: String,
    /// How far it is.
    pub status: JobStatus,
    /// Why it failed, in SageMaker's words.
    pub failure_reason: Option<String>,
    /// What its container left as its last word.
    pub exit_message: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

impl SageMaker {
    /// A Processing job, if there is one. SageMaker says ValidationException of one that it does not know, which for a
    /// name that was checked to be legal can mean nothing else.
    ///
    /// # Errors
    /// If SageMaker refuses, or its answer has no status we know.
    pub async fn job(&self, name: &str) -> Result<Option<JobRecord>, CloudError> {
        let request = self.client.describe_processing_job().processing_job_name(name);
        match request.send().await.act(DESCRIBE, name) {
            Ok(found) => record(name, found).map(Some),
            Err(error) if error.class == ErrorClass::Invalid => Ok(None),
            Err(error) => Err(error).maybe(),
        }
    }

    /// Makes a Processing job, or finds the one of that name: an earlier try may have made it whose answer was lost.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn create_job(&self, job: &NewJob) -> Result<JobRecord, CloudError> {
        let lost = || CloudError::broken_answer(CREATE, &job.name, "it is not there afterwards");
        match self.ask_for(job).await {
            Ok(()) => self.job(&job.name).await?.ok_or_else(lost),
            Err(refused) if refused.class.may_be_there() => {
                self.job(&job.name).await?.ok_or(refused)
            }
            Err(refused) => Err(refused),
        }
    }

    /// Asks a job to stop: its container gets SIGTERM, and SIGKILL two minutes later. One that is over stays so.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn stop_job(&self, name: &str) -> Result<Halt, CloudError> {
        let request = self.client.stop_processing_job().processing_job_name(name);
        let asked = match request.send().await.act("StopProcessingJob", name) {
            // it has ended meanwhile
            Err(error) if error.class == ErrorClass::Invalid => None,
            asked => asked.maybe()?,
        };
        Ok(if asked.is_some() { Halt::Asked } else { Halt::Over })
    }

    async fn ask_for(&self, job: &NewJob) -> Result<(), CloudError> {
        let network = NetworkConfig::builder().enable_network_isolation(job.isolated).build();
        let seconds = i32::try_from(job.longest.as_secs().max(1)).unwrap_or(i32::MAX);
        let stop = ProcessingStoppingCondition::builder().max_runtime_in_seconds(seconds).build();
        let mut request = self
            .client
            .create_processing_job()
            .processing_job_name(&job.name)
            .role_arn(&job.role)
            .app_specification(application(job))
            .processing_resources(resources(job))
            .set_processing_inputs(Some(inputs(job)))
            .stopping_condition(stop)
            .network_config(network)
            .set_tags(Some(super::pipelines::sdk_tags(&job.tags)));
        for (name, value) in &job.variables {
            request = request.environment(name, value);
        }
        if !job.outputs.is_empty() {
            request = request.processing_output_config(outputs(job));
        }
        request.send().await.act(CREATE, &job.name).map(drop)
    }
}

fn application(job: &NewJob) -> AppSpecification {
    let entry_point = Some(job.entry_point.clone());
    AppSpecification::builder().image_uri(&job.image).set_container_entrypoint(entry_point).build()
}

fn resources(job: &NewJob) -> ProcessingResources {
    let cluster = ProcessingClusterConfig::builder()
        .instance_count(1)
        .instance_type(ProcessingInstanceType::from(job.instance.as_str()))
        .volume_size_in_gb(i32::try_from(job.volume_gb).unwrap_or(i32::MAX))
        .set_volume_kms_key_id(job.volume_key.clone())
        .build();
    ProcessingResources::builder().cluster_config(cluster).build()
}

fn inputs(job: &NewJob) -> Vec<ProcessingInput> {
    let one = |(name, (uri, folder)): (&String, &(String, String))| {
        let from = ProcessingS3Input::builder()
            .s3_uri(uri)
            .local_path(folder)
            .s3_data_type(ProcessingS3DataType::S3Prefix)
            .s3_input_mode(ProcessingS3InputMode::File)
            .build();
        ProcessingInput::builder().input_name(name).s3_input(from).build()
    };
    job.inputs.iter().map(one).collect()
}

fn outputs(job: &NewJob) -> ProcessingOutputConfig {
    let mut config = ProcessingOutputConfig::builder().kms_key_id(&job.key);
    for (name, (uri, folder)) in &job.outputs {
        let to = ProcessingS3Output::builder()
            .s3_uri(uri)
            .local_path(folder)
            .s3_upload_mode(ProcessingS3UploadMode::EndOfJob)
            .build();
        config =
            config.outputs(ProcessingOutput::builder().output_name(name).s3_output(to).build());
    }
    config.build()
}

fn record(name: &str, found: DescribeProcessingJobOutput) -> Result<JobRecord, CloudError> {
    let broken = |what: String| CloudError::broken_answer(DESCRIBE, name, what);
    let status = match &found.processing_job_status {
        Some(ProcessingJobStatus::InProgress) => JobStatus::InProgress,
        Some(ProcessingJobStatus::Stopping) => JobStatus::Stopping,
        Some(ProcessingJobStatus::Stopped) => JobStatus::Stopped,
        Some(ProcessingJobStatus::Completed) => JobStatus::Completed,
        Some(ProcessingJobStatus::Failed) => JobStatus::Failed,
        other => return Err(broken(format!("status {other:?}"))),
    };
    Ok(JobRecord {
        arn: found.processing_job_arn.ok_or_else(|| broken("no ARN".to_owned()))?,
        status,
        failure_reason: found.failure_reason,
        exit_message: found.exit_message,
        created: timestamp(found.creation_time.as_ref()),
    })
}
