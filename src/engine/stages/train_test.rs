//! `train-test`: puts the train pipeline into its environment, executes it and finds its evidence.
//!
//! Definition and data decide everything (seeds included), so an execution of the very same two is not repeated: the
//! start token is made of their digests, and SageMaker answers a token it knows with the execution it belongs to. That
//! also makes a crash harmless: the resumed stage finds the execution it had started. What an execution really
//! executes is asked for, because others may change the pipeline between our update and our start.

mod evidence;
mod following;
mod progress;
mod sight;

use super::{
    deploy::{Target, apply},
    failure,
    leave::demand,
    outputs::{Origin, Trained},
    work::Work,
};
use crate::{
    aws::{ExecutionRecord, ExecutionStatus, Purpose, SageMaker, Session, StepRecord, StepStatus},
    deploy,
    flow::Failure,
    ids::Digest,
    plan::{self, Change, Desired, ObjectKind, Part},
    spec::{Environment, FailureClass},
};
use following::Following;
use jiff::Timestamp;
use progress::Progress;
use sight::Sight;

pub(super) use following::call_off;

/// Executions of one definition and data that may have failed before we stop starting new ones: enough for an
/// afternoon of quota trouble, few enough to notice that it is something else.
const MOST_FAILED: u32 = 20;

pub(super) async fn train_test(work: &Work<'_>) -> Result<Trained, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Train).await?;
    let blueprint = work.blueprint(environment)?;
    let (desired, observed) =
        deploy::survey(&session, &blueprint).await.map_err(failure::of_survey)?;
    let plan = plan::plan(&desired, &observed);
    let target = Target { session: &session, desired: &desired, observed: &observed };
    let changes: Vec<&Change> = plan.changes_of(Part::Training).collect();
    demand(work, environment, &session, &changes).await?;
    apply(work, target, (&plan, Part::Training)).await?;
    let ready = Ready { work, environment, session: &session, desired: &desired };
    let (execution, origin) = ready.execution().await?;
    let steps = ready.finished(execution).await?;
    ready.trained(&steps, origin)
}

/// The train pipeline is in place.
struct Ready<'a> {
    work: &'a Work<'a>,
    environment: &'a Environment,
    session: &'a Session,
    desired: &'a Desired,
}

/// An execution that came to its end, with its steps where they can be listed.
struct Finished {
    execution: ExecutionRecord,
    steps: Option<Vec<StepRecord>>,
}

impl Ready<'_> {
    /// Finds the execution of this definition and data, or starts one.
    async fn execution(&self) -> Result<(ExecutionRecord, Origin), Failure> {
        let sagemaker = self.session.sagemaker();
        let began = self.work.context.clock.now();
        for failed in 0..MOST_FAILED {
            if self.work.context.cancel.stop().is_some() {
                return Err(Failure::new(FailureClass::Cancelled, "stopped before it began"));
            }
            let arn = Following::start(self, &self.token(failed)).await?;
            let record = sagemaker.execution(&arn).await?;
            let origin = origin(&record, began);
            // One that failed before may do better now; one that failed right after its start tells why itself.
            if origin == Origin::Found
                && record.status.is_over()
                && !self.is_evidence(&sagemaker, &record).await?
            {
                continue;
            }
            if sagemaker.executed_definition(&arn).await?.digest() != self.definition() {
                match origin {
                    Origin::Found => continue,
                    Origin::Started => return Err(self.overtaken(&sagemaker, &record).await?),
                }
            }
            self.work.tell(&match origin {
                Origin::Started => format!("started {arn}"),
                Origin::Found => format!("this definition and data had their execution: {arn}"),
            })?;
            return Ok((record, origin));
        }
        Err(Failure::new(
            FailureClass::CloudError,
            format!("{MOST_FAILED} executions of this very definition and data have failed"),
        )
        .with_hint("see their failure reasons in SageMaker, and change what makes them fail"))
    }

    /// Another run has given the pipeline its own definition before ours could be started, so that is what runs now.
    async fn overtaken(
        &self,
        sagemaker: &SageMaker,
        record: &ExecutionRecord,
    ) -> Result<Failure, Failure> {
        if !record.status.is_over() {
            following::stop(sagemaker, &record.arn).await?;
        }
        let pipeline = &self.environment.train_pipeline;
        Ok(Failure::new(
            FailureClass::CloudError,
            format!("{} executes another definition than this commit's", record.arn),
        )
        .with_hint(format!("something else changed {pipeline} in that moment; run again")))
    }

    /// The definition that is to be executed.
    fn definition(&self) -> Digest {
        self.desired.train.definition.digest()
    }

    fn token(&self, failed: u32) -> Digest {
        let definition = self.definition();
        let account = &self.environment.account;
        Digest::of(format!("named {account} {definition} {} {failed}", self.data()))
    }

    /// The digest of the data that the definition trains on.
    fn data(&self) -> Digest {
        let objects = self.desired.objects.iter();
        let data = objects.filter(|object| object.kind == ObjectKind::TrainingData);
        data.map(|object| object.digest.clone()).next().unwrap_or_else(|| Digest::of(""))
    }

    /// Waits for the end, telling each step as it changes.
    async fn finished(&self, mut execution: ExecutionRecord) -> Result<Finished, Failure> {
        let sagemaker = self.session.sagemaker();
        let (mut progress, mut sight) = (Progress::default(), Sight::default());
        loop {
            let steps = sight.steps(self.work, (&sagemaker, &execution)).await?;
            if let Some(steps) = &steps {
                progress.tell(self.work, self.session, steps).await?;
            }
            if execution.status.is_over() && (steps.is_some() || sight.has_given_up()) {
                return Ok(Finished { execution, steps });
            }
            if self.work.context.cancel.stop().is_some() {
                following::stop(&sagemaker, &execution.arn).await?;
                return Err(Failure::new(
                    FailureClass::Cancelled,
                    "cancelled; the execution stops",
                ));
            }
            let pause = self.work.clouds.poll_interval(self.environment);
            self.work.context.clock.sleep(pause).await;
            execution = sagemaker.execution(&execution.arn).await?;
        }
    }

    /// Is there something to judge: a success, or a candidate that the pipeline's own threshold stopped?
    async fn is_evidence(
        &self,
        sagemaker: &SageMaker,
        record: &ExecutionRecord,
    ) -> Result<bool, Failure> {
        Ok(match record.status {
            ExecutionStatus::Succeeded => true,
            ExecutionStatus::Failed => {
                stopped_by_threshold(&sagemaker.steps(&record.arn).await?).is_some()
            }
            ExecutionStatus::Executing
            | ExecutionStatus::Stopping
            | ExecutionStatus::Stopped
            | ExecutionStatus::CompletedWithFailures => false,
        })
    }

    fn trained(&self, finished: &Finished, origin: Origin) -> Result<Trained, Failure> {
        let Finished { execution, steps } = finished;
        if steps.is_none() {
            self.work.tell("which version it registered cannot be told without its steps")?;
        }
        let steps = steps.as_deref().unwrap_or_default();
        if execution.status != ExecutionStatus::Succeeded && stopped_by_threshold(steps).is_none() {
            let failed = steps.iter().find(|step| step.status == StepStatus::Failed);
            let reason = failed
                .map(|step| {
                    let why = step.failure_reason.as_deref().unwrap_or("no reason given");
                    format!("step {} failed: {why}", step.name)
                })
                .or_else(|| execution.failure_reason.clone())
                .unwrap_or_else(|| format!("it is {:?}", execution.status));
            return Err(Failure::new(FailureClass::CloudError, format!("training: {reason}")));
        }
        let files = evidence::find(&self.desired.train.definition, execution)?;
        Ok(Trained {
            environment: self.environment.name.clone(),
            execution: execution.arn.parse().map_err(failure::agent("read the execution's ARN"))?,
            origin,
            definition: self.definition(),
            data: self.data(),
            train: files.train,
            test: files.test,
            scores: files.scores,
            model_package: steps.iter().find_map(|step| step.detail.registered()?.parse().ok()),
        })
    }
}

/// The message of the Fail step that ended an execution below its threshold.
fn stopped_by_threshold(steps: &[StepRecord]) -> Option<&str> {
    steps.iter().find_map(|step| step.detail.deliberate_failure())
}

fn origin(record: &ExecutionRecord, began: Timestamp) -> Origin {
    match record.started {
        Some(started) if started < began => Origin::Found,
        Some(_) | None => Origin::Started,
    }
}
