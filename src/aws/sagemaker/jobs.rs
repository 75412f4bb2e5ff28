//! The jobs that steps start: what kind, and where each kind logs.

use super::StepDetail;

/// A job, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What kind.
    pub kind: JobKind,
    /// Its name.
    pub name: String,
}

/// Which kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// A script on files.
    Processing,
    /// A training.
    Training,
    /// A batch transform.
    Transform,
}

impl JobKind {
    /// The log group of all jobs of the kind; streams begin with the job's name and a slash.
    #[must_use]
    pub fn log_group(self) -> &'static str {
        match self {
            Self::Processing => "/aws/sagemaker/ProcessingJobs",
            Self::Training => "/aws/sagemaker/TrainingJobs",
            Self::Transform => "/aws/sagemaker/TransformJobs",
        }
    }

    /// The kind's page in AWS's console.
    #[must_use]
    pub fn console_page(self) -> &'static str {
        match self {
            Self::Processing => "processing-jobs",
            Self::Training => "jobs",
            Self::Transform => "transform-jobs",
        }
    }
}

impl StepDetail {
    /// The job that the step started, if it is of a kind that starts one and has done so.
    #[must_use]
    pub fn job(&self) -> Option<Job> {
        let (kind, arn) = match self {
            Self::Processing(arn) => (JobKind::Processing, arn),
            Self::Training(arn) => (JobKind::Training, arn),
            Self::Transform(arn) => (JobKind::Transform, arn),
            Self::Model(_)
            | Self::RegisterModel(_)
            | Self::Condition(_)
            | Self::Lambda(_)
            | Self::QualityCheck { .. }
            | Self::Fail(_)
            | Self::Other => return None,
        };
        let name = arn.rsplit('/').next().filter(|name| !name.is_empty())?;
        Some(Job { kind, name: name.to_owned() })
    }
}
