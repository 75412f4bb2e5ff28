//! Watching an environment: every inference execution that ends is judged, and drift is answered with a training.
//!
//! A pass reads what ended since the last one, judges it, decides, keeps the decision, does it and keeps that it is
//! done. Judging and deciding are pure. A pass that dies is finished by the next one: what was kept and is not done
//! is done first, by the same token, so one drift is one training whatever dies in between, and people are told at
//! least once. Verdicts rest on reports and reach the store as evidence; no row of the data is read here.

mod case;
mod decide;
mod judge;
mod observe;
mod pass;
mod perform;
mod supply;
mod tell;

pub use case::{Case, FailedStep, Finding, Grounds, Predictions};
pub use decide::{
    Action, PastTraining, Policy, Scene, Training, TrainingState, Why, decide, name_of,
};
pub use judge::{Reports, Yardstick, judge};
pub use observe::ObserveError;
pub use pass::{Answered, Pass, Trouble, WatchError};
pub use perform::PerformError;
pub use supply::{Copy, Stock, Supply};
pub use tell::{Message, message};

use crate::{
    aws::{PastExecution, Session},
    clock::Clock,
    spec::{DataContract, Environment},
    store::{Progress, Store, WatchLease},
};
use jiff::Timestamp;
use observe::Memory;
use perform::Answer;
use std::time::Duration;

/// How far back the first look at an environment goes; what drifted earlier has been lived with.
const FIRST_LOOK: Duration = Duration::from_hours(7 * 24);
/// Executions judged in one pass, the oldest ones; the rest in the next.
const MOST_CASES: usize = 100;
/// Answers that were begun and are finished in one pass.
const MOST_HALF_DONE: u32 = 100;
/// How often data is chosen anew because it changed while it was copied.
const MOST_CHOICES: usize = 3;

/// What it takes to watch one environment.
#[derive(Debug, Clone, Copy)]
pub struct Watcher<'a> {
    /// What was judged and done before.
    pub store: &'a Store,
    /// Time.
    pub clock: &'a dyn Clock,
    /// A session for [`crate::aws::Purpose::Watch`]; a reading one is enough to preview.
    pub session: &'a Session,
    /// The environment.
    pub environment: &'a Environment,
    /// Gives the columns their names.
    pub contract: Option<&'a DataContract>,
}

/// Hears how far a pass is.
pub trait Journal: Send {
    /// The pass is at `point`.
    fn reached(&mut self, point: Point);
}

/// What has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Something was kept in the store.
    Kept,
    /// A file was copied.
    Copied,
    /// A training was started; the store does not know yet.
    Started,
    /// People were told; the store does not know yet.
    Told,
}

/// Executions that have news, and what the next pass need not look at again.
struct News {
    cases: Vec<Case>,
    running: usize,
    troubles: Vec<Trouble>,
    since: Option<Timestamp>,
}

impl Watcher<'_> {
    /// Judges what ended since the last pass and does what follows.
    ///
    /// # Errors
    /// The account or the store cannot be read, or another process watches the environment.
    pub async fn pass(&self, journal: &mut dyn Journal) -> Result<Pass, WatchError> {
        let lease = self.store.acquire_watch(&self.environment.name).await?;
        let pass = Box::pin(self.under(&lease, journal)).await;
        self.store.release_watch(&lease).await?;
        pass
    }

    /// What a pass would do, doing nothing and keeping nothing.
    ///
    /// # Errors
    /// The account or the store cannot be read.
    pub async fn preview(&self) -> Result<Pass, WatchError> {
        let half_done = self.half_done().await?;
        let news = self.news().await?;
        let decided = self.decided(news.cases, &half_done).await?;
        let answers = half_done.into_iter().chain(decided);
        Ok(Pass {
            environment: self.environment.name.clone(),
            answered: answers.map(|answer| self.answered(answer)).collect(),
            running: news.running,
            troubles: news.troubles,
        })
    }

    async fn under(
        &self,
        lease: &WatchLease,
        journal: &mut dyn Journal,
    ) -> Result<Pass, WatchError> {
        let mut pass = Pass {
            environment: self.environment.name.clone(),
            answered: Vec::new(),
            running: 0,
            troubles: Vec::new(),
        };
        // First what an earlier pass has left, so that its training counts for what is decided now.
        let mut left = Vec::new();
        for answer in self.half_done().await? {
            left.extend(self.give(lease, answer, &mut pass, journal).await?);
        }
        let news = self.news().await?;
        pass.running = news.running;
        pass.troubles.extend(news.troubles);
        let decided = self.decided(news.cases, &left).await?;
        for answer in &decided {
            self.keep(lease, answer).await?;
            journal.reached(Point::Kept);
        }
        if let Some(since) = news.since {
            self.store.watch_since(lease, since).await?;
            journal.reached(Point::Kept);
        }
        for answer in decided {
            self.give(lease, answer, &mut pass, journal).await?;
        }
        Ok(pass)
    }

    async fn half_done(&self) -> Result<Vec<Answer>, WatchError> {
        let records = self.store.half_answered(&self.environment.name, MOST_HALF_DONE).await?;
        let answers: Result<Vec<Answer>, _> = records.into_iter().map(Answer::of_record).collect();
        Ok(answers.map_err(PerformError::from)?)
    }

    /// Executions that ended and were not judged yet.
    async fn news(&self) -> Result<News, WatchError> {
        let name = &self.environment.name;
        let since = match self.store.watched_since(name).await? {
            Some(since) => since,
            None => self.clock.now().saturating_sub(FIRST_LOOK).unwrap_or(Timestamp::MIN),
        };
        let known = self.store.watched_executions(name, since).await?;
        let listed = self.executions(since).await?;
        let mut news = News { cases: Vec::new(), running: 0, troubles: Vec::new(), since: None };
        let mut open: Option<Timestamp> = None;
        for execution in &listed {
            if known.contains(&(execution.arn.clone(), to_the_millisecond(execution.began))) {
                continue;
            }
            if !execution.status.is_over() {
                news.running += 1;
                open.get_or_insert(execution.began);
            } else if news.cases.len() == MOST_CASES || !self.judged(execution, &mut news).await {
                open.get_or_insert(execution.began);
            }
        }
        news.since = open.or_else(|| listed.last().map(|execution| execution.began));
        Ok(news)
    }

    async fn judged(&self, execution: &PastExecution, news: &mut News) -> bool {
        match self.case(execution).await {
            Ok(case) => {
                news.cases.push(Case { began: to_the_millisecond(case.began), ..case });
                true
            }
            Err(error) => {
                let (execution, problem) = (execution.arn.clone(), error.to_string());
                news.troubles.push(Trouble { execution, problem });
                false
            }
        }
    }

    async fn decided(&self, cases: Vec<Case>, left: &[Answer]) -> Result<Vec<Answer>, WatchError> {
        let Some(first) = cases.first() else { return Ok(Vec::new()) };
        let about_to_train = left.iter().find(|answer| {
            matches!(answer.action, Action::StartTraining(_)) && answer.progress < Progress::Started
        });
        let before = self.store.watched_before(&self.environment.name, first.began).await?;
        let memory = Memory {
            about_to_train: about_to_train.map(|answer| answer.case.execution.clone()),
            lack_is_known: before
                .is_some_and(|before| before.verdict == Finding::NothingApproved.as_str()),
        };
        let scene = Box::pin(self.scene(memory)).await.map_err(WatchError::Scene)?;
        let policy =
            Policy { respond: self.environment.respond, retrain: self.environment.retrain };
        let actions = decide(&cases, &scene, policy);
        Ok(cases.into_iter().zip(actions).map(|(case, action)| Answer::new(case, action)).collect())
    }

    /// Does an answer, and gives it back if that could not be finished.
    async fn give(
        &self,
        lease: &WatchLease,
        mut answer: Answer,
        pass: &mut Pass,
        journal: &mut dyn Journal,
    ) -> Result<Option<Answer>, WatchError> {
        let mut done = self.perform(lease, &mut answer, journal).await;
        for _ in 1..MOST_CHOICES {
            let Err(PerformError::Changed { .. }) = done else { break };
            self.choose_anew(&mut answer).await?;
            self.keep(lease, &answer).await?;
            done = self.perform(lease, &mut answer, journal).await;
        }
        match done {
            Ok(()) => {
                pass.answered.push(self.answered(answer));
                Ok(None)
            }
            // Somebody else watches by now, or the disk is full: nothing more can be done here.
            Err(error @ (PerformError::Store(_) | PerformError::Kept(_))) => Err(error.into()),
            Err(error @ (PerformError::Cloud(_) | PerformError::Changed { .. })) => {
                let execution = answer.case.execution.clone();
                pass.troubles.push(Trouble { execution, problem: error.to_string() });
                Ok(Some(answer))
            }
        }
    }

    /// Nothing was started yet, so the training may as well have what is there now.
    async fn choose_anew(&self, answer: &mut Answer) -> Result<(), WatchError> {
        let memory = Memory { about_to_train: None, lack_is_known: false };
        let scene = Box::pin(self.scene(memory)).await.map_err(WatchError::Scene)?;
        if let (Action::StartTraining(training), Some(stock)) = (&mut answer.action, &scene.stock) {
            let window = self.environment.retrain.window;
            training.supply = supply::supply(stock, window, scene.now);
        }
        Ok(())
    }

    fn answered(&self, answer: Answer) -> Answered {
        let Answer { case, action, training, told, .. } = answer;
        let message = tell::next(self.environment, &case, &action, training.as_deref());
        Answered { case, action, training, told, message }
    }
}

/// As the store keeps moments.
fn to_the_millisecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}
