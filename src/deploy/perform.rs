//! One change, done. Each may have been done before without anybody having heard of it.

use super::apply::{Deployment, Fate};
use crate::{
    aws::{CloudError, ErrorClass},
    plan::{Change, FunctionSettings, Readiness, policy_with},
};
use serde_json::Value;
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

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

/// Who does the changes of one apply.
pub(super) struct Hands<'a> {
    deployment: Deployment<'a>,
    /// A change has failed: none is begun any more.
    halted: AtomicBool,
    /// Lambda has said so, and nothing was changed about the function since.
    function_is_ready: AtomicBool,
}

impl<'a> Hands<'a> {
    pub(super) fn new(deployment: Deployment<'a>) -> Self {
        let (halted, function_is_ready) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { deployment, halted, function_is_ready }
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

    async fn create_function(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let (spec, lambda) = (&desired.function, session.lambda());
        let (zip, settings) = (spec.zip.clone(), &spec.settings);
        match lambda.create(&spec.name, zip, settings, &desired.tags).await {
            Ok(readiness) => self.ready_after(&readiness).await,
            Err(refused) => {
                // a create that was tried twice finds its own first try
                let ours = refused.class == ErrorClass::Conflict
                    && lambda.head(&spec.name).await?.is_some_and(|head| {
                        head.code_sha256 == spec.code_sha256 && head.settings == spec.settings
                    });
                if ours { self.ready().await } else { Err(refused.into()) }
            }
        }
    }

    async fn update_code(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = &desired.function;
        self.ready().await?;
        let readiness = session.lambda().update_code(&spec.name, spec.zip.clone()).await?;
        self.ready_after(&readiness).await
    }

    async fn update_settings(&self, to: &FunctionSettings) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        self.ready().await?;
        let readiness = session.lambda().update_settings(&desired.function.name, to).await?;
        self.ready_after(&readiness).await
    }

    async fn publish(&self, planned: u32) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = &desired.function;
        self.ready().await?;
        let published = session.lambda().publish(&spec.name, &spec.code_sha256).await?;
        if published == planned {
            Ok(())
        } else {
            Err(PerformError::OtherVersion { name: spec.name.clone(), planned, published })
        }
    }

    /// Waits until what was just changed about the function is in effect, which its answer may say already.
    async fn ready_after(&self, answer: &Readiness) -> Result<(), PerformError> {
        self.function_is_ready.store(*answer == Readiness::Ready, Relaxed);
        self.ready().await
    }

    /// Waits until the function can be changed and called: Lambda refuses an update during another.
    async fn ready(&self) -> Result<(), PerformError> {
        if self.function_is_ready.load(Relaxed) {
            return Ok(());
        }
        let Deployment { session, desired, clock, .. } = self.deployment;
        let name = &desired.function.name;
        let mut wait = FIRST_WAIT;
        for _ in 0..MOST_LOOKS {
            match session.lambda().head(name).await?.map(|head| head.readiness) {
                Some(Readiness::Ready) => {
                    self.function_is_ready.store(true, Relaxed);
                    return Ok(());
                }
                Some(Readiness::Failed(reason)) => {
                    return Err(PerformError::FunctionFailed { name: name.clone(), reason });
                }
                Some(Readiness::Pending) | None => {}
            }
            clock.sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Err(PerformError::NeverReady(name.clone()))
    }

    async fn create_topic(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = &desired.topic;
        let arn = session.sns().create(&spec.name, &desired.tags).await?;
        same_arn(&spec.name, &spec.arn, &arn)
    }

    async fn set_statement(&self, ours: &Value) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let (arn, sns) = (&desired.topic.arn, session.sns());
        let policy = sns.policy(arn).await?.ok_or_else(|| PerformError::Gone(arn.clone()))?;
        Ok(sns.set_policy(arn, &policy_with(&policy, ours)).await?)
    }

    async fn upsert(&self, name: &str) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = desired.pipelines().into_iter().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| PerformError::Foreign(name.to_owned()))?;
        let (_, record) = session.sagemaker().upsert(spec, &desired.tags).await?;
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
