//! One change, done. Each may have been done before without anybody having heard of it.

mod function;

use super::apply::{Deployment, Fate};
use crate::{
    aws::{CloudError, ErrorClass},
    plan::{Change, Observed, PipelineSpec, policy_with},
};
use function::MOST_LOOKS;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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

/// Who does the changes of one apply.
pub(super) struct Hands<'a> {
    deployment: Deployment<'a>,
    /// What was there a moment ago.
    observed: &'a Observed,
    /// A change has failed: none is begun any more.
    halted: AtomicBool,
    /// Lambda has said so, and nothing was changed about the function since.
    function_is_ready: AtomicBool,
    /// Lambda has published the function's version as it was created.
    function_is_published: AtomicBool,
    /// SNS has encrypted the topic as it was created.
    topic_has_key: AtomicBool,
}

impl<'a> Hands<'a> {
    pub(super) fn new(deployment: Deployment<'a>, observed: &'a Observed) -> Self {
        let (halted, function_is_ready, function_is_published, topic_has_key) = Default::default();
        Self {
            deployment,
            observed,
            halted,
            function_is_ready,
            function_is_published,
            topic_has_key,
        }
    }

    /// Does the changes of one lane in order, as far as they are `left` to do. Ends early where any lane has failed.
    pub(super) async fn work_off<'c>(
        &self,
        lane: Vec<&'c Change>,
        left: &[&Change],
    ) -> Vec<(&'c Change, Fate)> {
        let mut done = Vec::with_capacity(lane.len());
        for change in lane {
            if !left.contains(&change) {
                done.push((change, Fate::DoneBefore));
                continue;
            }
            if self.halted.load(Relaxed) {
                break;
            }
            match self.perform(change).await {
                Ok(()) => done.push((change, Fate::Done)),
                Err(error) => {
                    self.halted.store(true, Relaxed);
                    done.push((change, Fate::Failed(error)));
                    break;
                }
            }
        }
        done
    }

    async fn perform(&self, change: &Change) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
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
            Change::SetTopicKey { to, .. } => self.set_topic_key(to).await,
            Change::SetTopicStatement { to, .. } => self.set_statement(to).await,
            Change::Subscribe { email, .. } => {
                Ok(session.sns().subscribe_email(&desired.topic.arn, email).await?)
            }
            Change::CreatePipeline { name, .. } => self.create_pipeline(name).await,
            Change::UpdatePipeline { name, .. } => self.update_pipeline(name).await,
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
        match self.deployment.session.logs().create_group(&self.deployment.desired.log_group).await
        {
            Err(error) if error.class != ErrorClass::AlreadyExists => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn put_object(&self, key: &str) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let object = desired.objects.iter().find(|object| object.key == key);
        let object = object.ok_or_else(|| PerformError::Foreign(key.to_owned()))?;
        session.s3().put_new(&object.bucket, &object.key, object.content.clone()).await?;
        Ok(())
    }

    /// The topic has its key from its first moment, unless there is one already.
    async fn create_topic(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let (spec, sns) = (&desired.topic, session.sns());
        let made = sns.create_encrypted(&spec.name, &desired.tags, &spec.kms_key).await?;
        self.topic_has_key.store(made.is_some(), Relaxed);
        let arn = match made {
            Some(arn) => arn,
            None => sns.create(&spec.name, &desired.tags).await?,
        };
        same_arn(&spec.name, &spec.arn, &arn)
    }

    async fn set_topic_key(&self, key: &str) -> Result<(), PerformError> {
        if self.topic_has_key.load(Relaxed) {
            return Ok(());
        }
        let Deployment { session, desired, .. } = self.deployment;
        Ok(session.sns().set_key(&desired.topic.arn, key).await?)
    }

    async fn set_statement(&self, ours: &Value) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let (arn, sns) = (&desired.topic.arn, session.sns());
        let policy = sns.policy(arn).await?.ok_or_else(|| PerformError::Gone(arn.clone()))?;
        Ok(sns.set_policy(arn, &policy_with(&policy, ours)).await?)
    }

    async fn create_pipeline(&self, name: &str) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = self.pipeline(name)?;
        let arn = session.sagemaker().create_pipeline(spec, &desired.tags).await?;
        same_arn(name, &spec.arn, &arn)
    }

    async fn update_pipeline(&self, name: &str) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = self.pipeline(name)?;
        let there = self.observed.pipelines.get(name);
        let arn = &there.ok_or_else(|| PerformError::Gone(name.to_owned()))?.arn;
        session.sagemaker().update_pipeline(arn, spec, &desired.tags).await?;
        same_arn(name, &spec.arn, arn)
    }

    fn pipeline(&self, name: &str) -> Result<&'a PipelineSpec, PerformError> {
        let both = self.deployment.desired.pipelines();
        let spec = both.into_iter().find(|spec| spec.name == name);
        spec.ok_or_else(|| PerformError::Foreign(name.to_owned()))
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
