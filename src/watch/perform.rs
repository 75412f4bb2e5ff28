//! Doing what was decided, one effect after the other. Each may be done twice: objects are copied to keys that say
//! their content, a token starts one execution, and people would rather hear twice than never.

use super::{
    Journal, Point, Watcher,
    case::Case,
    decide::{Action, Training},
    tell::message,
};
use crate::{
    aws::{CloudError, Copied, NewExecution},
    plan,
    store::{Progress, StoreError, WatchLease, WatchedExecution},
};

/// A case with what is done about it, and how far that is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) case: Case,
    pub(super) action: Action,
    pub(super) progress: Progress,
    pub(super) training: Option<String>,
    pub(super) told: Option<jiff::Timestamp>,
}

/// An answer that could not be given; it is tried again in the next pass.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The store failed, or somebody else watches by now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was kept cannot be written as JSON, or read again.
    #[error("what was decided cannot be kept")]
    Kept(#[from] serde_json::Error),
    /// The data changed between choosing and copying.
    #[error("s3://{bucket}/{key} has changed since it was chosen for the training")]
    Changed {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

impl Answer {
    /// What was just decided.
    pub(super) fn new(case: Case, action: Action) -> Self {
        let progress = match action {
            Action::StartTraining(_) => Progress::Intended,
            Action::Alert(_) => Progress::Started,
            Action::Nothing(_) => Progress::Done,
        };
        Self { case, action, progress, training: None, told: None }
    }

    pub(super) fn to_record(&self) -> Result<WatchedExecution, serde_json::Error> {
        Ok(WatchedExecution {
            execution: self.case.execution.clone(),
            began: self.case.began,
            verdict: self.case.finding.to_string(),
            evidence: serde_json::to_value(&self.case)?,
            answer: serde_json::to_value(&self.action)?,
            progress: self.progress,
            training: self.training.clone(),
            told: self.told,
        })
    }

    pub(super) fn of_record(record: WatchedExecution) -> Result<Self, serde_json::Error> {
        let WatchedExecution { evidence, answer, progress, training, told, .. } = record;
        Ok(Self {
            case: serde_json::from_value(evidence)?,
            action: serde_json::from_value(answer)?,
            progress,
            training,
            told,
        })
    }
}

impl Watcher<'_> {
    /// Keeps an answer as far as it is.
    pub(super) async fn keep(
        &self,
        lease: &WatchLease,
        answer: &Answer,
    ) -> Result<(), PerformError> {
        Ok(self.store.keep_watched(lease, &answer.to_record()?).await?)
    }

    /// Does what is left of an answer, keeping each effect once it is done.
    pub(super) async fn perform(
        &self,
        lease: &WatchLease,
        answer: &mut Answer,
        journal: &mut dyn Journal,
    ) -> Result<(), PerformError> {
        if let Action::StartTraining(training) = answer.action.clone() {
            if answer.progress < Progress::Supplied {
                self.put_in_place(&training, journal).await?;
                answer.progress = Progress::Supplied;
                self.keep(lease, answer).await?;
                journal.reached(Point::Kept);
            }
            if answer.progress < Progress::Started {
                answer.training = Some(self.start(&training).await?);
                journal.reached(Point::Started);
                answer.progress = Progress::Started;
                self.keep(lease, answer).await?;
                journal.reached(Point::Kept);
            }
        }
        if answer.progress < Progress::Done {
            self.tell(answer).await?;
            journal.reached(Point::Told);
            answer.told = Some(self.clock.now());
            answer.progress = Progress::Done;
            self.keep(lease, answer).await?;
            journal.reached(Point::Kept);
        }
        Ok(())
    }

    async fn put_in_place(
        &self,
        training: &Training,
        journal: &mut dyn Journal,
    ) -> Result<(), PerformError> {
        let (s3, bucket) = (self.session.s3(), self.environment.bucket.as_str());
        for copy in &training.supply.copies {
            match s3.copy(bucket, (&copy.from, &copy.etag), &copy.to).await? {
                Copied::Done => journal.reached(Point::Copied),
                Copied::Changed => {
                    let (bucket, key) = (bucket.to_owned(), copy.from.clone());
                    return Err(PerformError::Changed { bucket, key });
                }
            }
        }
        Ok(())
    }

    async fn start(&self, training: &Training) -> Result<String, CloudError> {
        let new = NewExecution {
            pipeline: self.environment.train_pipeline.as_str(),
            name: Some(&training.name),
            token: &training.token,
            parameters: &training.supply.parameters,
        };
        self.session.sagemaker().start_execution(new).await
    }

    async fn tell(&self, answer: &Answer) -> Result<(), CloudError> {
        let Answer { case, action, training, .. } = answer;
        let message = message(self.environment, case, action, training.as_deref());
        let topic = plan::alert_topic_arn(self.environment);
        self.session.sns().publish(&topic, &message.subject, &message.text).await
    }
}
