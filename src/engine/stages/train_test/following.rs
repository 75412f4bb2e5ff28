//! The execution that a stage follows, written down before it is started, so that whoever stops the run finds it.
//!
//! A token finds an execution only by starting one where there is none. So each is given a name that follows from its
//! token: one whose ARN nobody has lived to keep is found in the list of executions, and stopping starts nothing. Where the
//! question for it may still be on its way it is looked for until it would be there.

use super::{
    super::{arrival::Arrival, work::Work},
    Ready,
};
use crate::{
    aws::{CloudError, ExecutionStatus, Halt, NewExecution, Purpose, SageMaker},
    flow::Failure,
    ids::Digest,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Hexadecimal digits of the token in an execution's name.
const DIGITS: usize = 16;
/// How far the clocks of an agent and of SageMaker may be apart.
const CLOCKS: Duration = Duration::from_secs(15 * 60);
/// Executions that are looked through for a name: those that began in the last minutes.
const MOST: usize = 1_000;

/// What a stage follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Following {
    /// The name of the execution.
    name: String,
    /// Its ARN, once it was told.
    arn: Option<String>,
    /// When it was first about to be started.
    since: Timestamp,
    /// When it was last asked for, if nobody has heard the answer.
    #[serde(default)]
    asked: Option<Timestamp>,
}

impl Following {
    /// Starts the execution of this token, or finds it, and answers its ARN.
    pub(super) async fn start(ready: &Ready<'_>, token: &Digest) -> Result<String, Failure> {
        let (work, token) = (ready.work, token.as_str());
        let name = format!("relevo-{}", &token[..DIGITS]);
        let now = work.context.clock.now();
        let known = work.kept::<Self>(&evidence(work)).await?.filter(|known| known.name == name);
        let mut following = known.unwrap_or(Self { name, arn: None, since: now, asked: None });
        following.asked = Some(now);
        work.keep(&evidence(work), &following).await?;
        let new = NewExecution {
            pipeline: ready.environment.train_pipeline.as_str(),
            name: Some(&following.name),
            token,
            parameters: &BTreeMap::new(),
        };
        let started = ready.session.sagemaker().start_execution(new).await;
        match &started {
            Ok(arn) => (following.arn, following.asked) = (Some(arn.clone()), None),
            Err(error) if error.class.may_be_done() => {}
            Err(_) => following.asked = None,
        }
        let kept = work.keep(&evidence(work), &following).await;
        let arn = started?;
        kept.map(|()| arn)
    }

    /// The ARN, if there is such an execution.
    async fn find(
        self,
        work: &Work<'_>,
        (sagemaker, pipeline): (&SageMaker, &str),
    ) -> Result<Option<String>, Failure> {
        if self.arn.is_some() {
            return Ok(self.arn);
        }
        let since = self.since.saturating_sub(CLOCKS).unwrap_or(Timestamp::MIN);
        let what = format!("the execution {}", self.name);
        let mut arrival = Arrival::of(work, &what, self.asked);
        loop {
            let executions = sagemaker.executions_since(pipeline, since, MOST).await?;
            let found = executions.into_iter().find(|one| one.name == self.name);
            if found.is_some() || !arrival.may_come().await? {
                return Ok(found.map(|one| one.arn));
            }
        }
    }
}

/// Stops the execution that the stage follows, or that an attempt followed which was cut short, if it is under way.
pub(in super::super) async fn call_off(work: &Work<'_>) -> Result<Option<String>, Failure> {
    let Some(following) = work.kept::<Following>(&evidence(work)).await? else { return Ok(None) };
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Train).await?;
    let sagemaker = session.sagemaker();
    let pipeline = environment.train_pipeline.as_str();
    let Some(arn) = following.find(work, (&sagemaker, pipeline)).await? else { return Ok(None) };
    match sagemaker.execution(&arn).await?.status {
        ExecutionStatus::Executing => {}
        ExecutionStatus::Stopping
        | ExecutionStatus::Stopped
        | ExecutionStatus::Failed
        | ExecutionStatus::Succeeded
        | ExecutionStatus::CompletedWithFailures => return Ok(None),
    }
    Ok(match stop(&sagemaker, &arn).await? {
        Halt::Asked => Some(format!("stopped the execution {arn}")),
        Halt::Over => None,
    })
}

/// Asks an execution to stop. One that has ended meanwhile is refused, and that is as good.
pub(super) async fn stop(sagemaker: &SageMaker, arn: &str) -> Result<Halt, CloudError> {
    match sagemaker.stop(arn, Digest::of(arn).as_str()).await {
        Ok(()) => Ok(Halt::Asked),
        Err(_) if sagemaker.execution(arn).await?.status.is_over() => Ok(Halt::Over),
        Err(refused) => Err(refused),
    }
}

fn evidence(work: &Work<'_>) -> String {
    format!("execution-of-{}", work.context.stage.name)
}
