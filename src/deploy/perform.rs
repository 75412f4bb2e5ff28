//! One change, done. Each may have been done before without anybody having heard of it.

use super::apply::Deployment;
use crate::{
    aws::{CloudError, ErrorClass},
    plan::{Change, FunctionSettings, Readiness},
};
use serde_json::Value;
use std::time::Duration;

/// First wait for a function; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Longest single wait for a function.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Looks at a function before it is given up: with the waits above, about two minutes, where Lambda
/// takes seconds.
const MOST_LOOKS: u32 = 45;

/// A change that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The plan names something that what is wanted does not have: the two belong to different commits.
    #[error("the plan is not of this commit: it names {0}, which is not wanted")]
    Foreign(String),
    /// Something that was just there is not.
    #[error("{0} is gone")]
    Gone(String),
    /// Lambda gave another number than the definitions name.
    #[error(
        "Lambda published version {published} of {name}, the plan says {planned}; plan again to use it"
    )]
    OtherVersion {
        /// The function.
        name: String,
        /// The number the plan and the definitions name.
        planned: u32,
        /// The number Lambda gave.
        published: u32,
    },
    /// A function stays in transition.
    #[error("function {0} is still being created or updated after {MOST_LOOKS} looks")]
    NeverReady(String),
    /// A function failed.
    #[error("function {name} failed: {reason}")]
    FunctionFailed {
        /// The function.
        name: String,
        /// Lambda's reason.
        reason: String,
    },
    /// Something has another ARN than rules and policies were written for.
    #[error("{name} has the ARN {found}, rules and policies were written for {expected}")]
    OtherArn {
        /// Its name.
        name: String,
        /// The ARN we derived.
        expected: String,
        /// The ARN AWS gave.
        found: String,
    },
}

impl Deployment<'_> {
    pub(super) async fn perform(&self, change: &Change) -> Result<(), PerformError> {
        let Self { session, desired, .. } = self;
        match change {
            Change::CreateLogGroup { .. } => self.create_log_group().await,
            Change::SetLogGroupKey { name, to, .. } => Ok(session.logs().set_key(name, to).await?),
            Change::SetRetention { name, to, .. } => {
                Ok(session.logs().set_retention(name, *to).await?)
            }
            Change::PutObject { key, .. } => self.put_object(key).await,
            Change::CreateFunction { .. } => self.create_function().await,
            Change::UpdateFunctionCode { .. } => self.update_code().await,
            Change::UpdateFunctionSettings { to, .. } => self.update_settings(to).await,
            Change::PublishFunction { version, .. } => self.publish(*version).await,
            Change::CreateTopic { .. } => self.create_topic().await,
            Change::SetTopicKey { to, .. } => {
                Ok(session.sns().set_key(&desired.topic.arn, to).await?)
            }
            Change::SetTopicStatement { to, .. } => self.set_statement(to).await,
            Change::Subscribe { email, .. } => {
                Ok(session.sns().subscribe_email(&desired.topic.arn, email).await?)
            }
            Change::CreatePipeline { name, .. } | Change::UpdatePipeline { name, .. } => {
                self.upsert(name).await
            }
            Change::PutRule { to, .. } => Ok(session.events().put_rule(to, &desired.tags).await?),
            Change::PutTargets { rule, to, .. } => {
                Ok(session.events().put_targets(rule, to).await?)
            }
            Change::RemoveTargets { rule, from } => {
                let ids: Vec<String> = from.iter().map(|target| target.id.clone()).collect();
                Ok(session.events().remove_targets(rule, &ids).await?)
            }
            Change::RemoveRule { from } => Ok(session.events().delete_rule(&from.name).await?),
        }
    }

    async fn create_log_group(&self) -> Result<(), PerformError> {
        match self.session.logs().create_group(&self.desired.log_group).await {
            Err(error) if error.class != ErrorClass::AlreadyExists => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn put_object(&self, key: &str) -> Result<(), PerformError> {
        let object = self.desired.objects.iter().find(|object| object.key == key);
        let object = object.ok_or_else(|| PerformError::Foreign(key.to_owned()))?;
        self.session.s3().put_new(&object.bucket, &object.key, object.content.clone()).await?;
        Ok(())
    }

    async fn create_function(&self) -> Result<(), PerformError> {
        let spec = &self.desired.function;
        let lambda = self.session.lambda();
        let created =
            lambda.create(&spec.name, spec.zip.clone(), &spec.settings, &self.desired.tags).await;
        if let Err(refused) = created {
            // a create that was tried twice finds its own first try
            let ours = refused.class == ErrorClass::Conflict
                && lambda.head(&spec.name).await?.is_some_and(|head| {
                    head.code_sha256 == spec.code_sha256 && head.settings == spec.settings
                });
            if !ours {
                return Err(refused.into());
            }
        }
        self.ready().await
    }

    async fn update_code(&self) -> Result<(), PerformError> {
        let spec = &self.desired.function;
        self.ready().await?;
        self.session.lambda().update_code(&spec.name, spec.zip.clone()).await?;
        self.ready().await
    }

    async fn update_settings(&self, to: &FunctionSettings) -> Result<(), PerformError> {
        self.ready().await?;
        self.session.lambda().update_settings(&self.desired.function.name, to).await?;
        self.ready().await
    }

    async fn publish(&self, planned: u32) -> Result<(), PerformError> {
        let spec = &self.desired.function;
        self.ready().await?;
        let published = self.session.lambda().publish(&spec.name, &spec.code_sha256).await?;
        if published == planned {
            Ok(())
        } else {
            Err(PerformError::OtherVersion { name: spec.name.clone(), planned, published })
        }
    }

    /// Waits until the function can be changed and called: Lambda refuses an update during another.
    async fn ready(&self) -> Result<(), PerformError> {
        let name = &self.desired.function.name;
        let mut wait = FIRST_WAIT;
        for _ in 0..MOST_LOOKS {
            match self.session.lambda().head(name).await?.map(|head| head.readiness) {
                Some(Readiness::Ready) => return Ok(()),
                Some(Readiness::Failed(reason)) => {
                    return Err(PerformError::FunctionFailed { name: name.clone(), reason });
                }
                Some(Readiness::Pending) | None => {}
            }
            self.clock.sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Err(PerformError::NeverReady(name.clone()))
    }

    async fn create_topic(&self) -> Result<(), PerformError> {
        let spec = &self.desired.topic;
        let arn = self.session.sns().create(&spec.name, &self.desired.tags).await?;
        same_arn(&spec.name, &spec.arn, &arn)
    }

    async fn set_statement(&self, ours: &Value) -> Result<(), PerformError> {
        let spec = &self.desired.topic;
        let sns = self.session.sns();
        let topic = sns.topic(&spec.arn).await?;
        let topic = topic.ok_or_else(|| PerformError::Gone(spec.arn.clone()))?;
        Ok(sns.set_policy(&spec.arn, &topic.policy_with(ours)).await?)
    }

    async fn upsert(&self, name: &str) -> Result<(), PerformError> {
        let spec = self.desired.pipelines().into_iter().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| PerformError::Foreign(name.to_owned()))?;
        let (_, record) = self.session.sagemaker().upsert(spec, &self.desired.tags).await?;
        same_arn(name, &spec.arn, &record.arn)
    }
}

/// Event patterns, targets and policies hold ARNs that we derived: AWS must have given the same.
fn same_arn(name: &str, expected: &str, found: &str) -> Result<(), PerformError> {
    if found == expected {
        return Ok(());
    }
    Err(PerformError::OtherArn {
        name: name.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}
