//! Jobs of pipelines whose work takes its time, run outside of any transaction: nobody waits for it but who looks at
//! SageMaker.
//!
//! A step asks for its job inside a transaction. Where what comes of that job is not known yet, the transaction is given
//! up, the job is run, and the same is tried again, at the same moment as far as the cloud knows: then it is known. One runs
//! jobs at a time, in whichever process; who has waited for that looks again first, and may find the step done.

use super::{
    Rehearsal, ServiceError,
    call::Ground,
    containers::{
        Cloud, Containers, Files, Invocation, InvokeError, JobFailure, Processing, Scoring,
        Training, Turn,
    },
};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Times that jobs of one request are run so; more would be those of an execution that others change all the time. They
/// are run inside the transaction then.
const MOST_TIMES: usize = 32;

/// The containers, as a transaction has them that may be tried again.
pub(super) struct Aside<'c> {
    rehearsal: &'c Rehearsal,
    now: Timestamp,
    turn: Option<Turn>,
    times: usize,
    known: Mutex<Known>,
}

/// What is known of jobs, by their kind.
#[derive(Default)]
struct Known {
    processed: Kept<Processing, Files>,
    trained: Kept<Training, Vec<u8>>,
    scored: Kept<Scoring, Vec<String>>,
}

struct Kept<J, T> {
    done: Vec<(J, Result<T, JobFailure>)>,
    wanted: Option<J>,
}

impl<'c> Aside<'c> {
    /// For what happens now.
    pub(super) fn of(rehearsal: &'c Rehearsal) -> Self {
        let (now, turn, times, known) = (rehearsal.now(), None, 0, Mutex::default());
        Self { rehearsal, now, turn, times, known }
    }

    /// What a try has in common with the others.
    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { containers: self, now: self.now, ..self.rehearsal.ground() }
    }

    /// Is the transaction to be given up, because something in it has asked for a job that is not done?
    pub(super) fn is_wanting(&self) -> bool {
        let known = self.known();
        known.processed.wanted.is_some()
            || known.trained.wanted.is_some()
            || known.scored.wanted.is_some()
    }

    /// Runs what was asked for, or waits for its turn to do so; false if nothing was. No transaction may be open.
    pub(super) async fn run(&mut self) -> Result<bool, ServiceError> {
        if !self.is_wanting() {
            return Ok(false);
        }
        let containers = self.rehearsal.containers.as_ref();
        let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.turn.is_none()
            && let Some(turn) = containers.turn()
        {
            // Whoever had it before may have done what is wanted.
            known.forget();
            self.turn = Some(turn.await.map_err(ServiceError::internal)?);
            return Ok(true);
        }
        self.times += 1;
        known.processed.run(|job| containers.process(job)).await;
        known.trained.run(|job| containers.train(job)).await;
        known.scored.run(|job| containers.score(job)).await;
        Ok(true)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The containers themselves, if jobs are run where they are asked for.
    fn inside(&self) -> Option<&dyn Containers> {
        let containers = self.rehearsal.containers.as_ref();
        (containers.turn().is_none() || self.times >= MOST_TIMES).then_some(containers)
    }
}

impl Known {
    fn forget(&mut self) {
        (self.processed.wanted, self.trained.wanted, self.scored.wanted) = (None, None, None);
    }
}

impl<J: Clone + PartialEq, T: Clone> Kept<J, T> {
    /// What came of the job; where that is not known, a failure that nobody will see.
    fn of(&mut self, job: J) -> Result<T, JobFailure> {
        if let Some((_, came)) = self.done.iter().find(|(done, _)| *done == job) {
            return came.clone();
        }
        self.wanted.get_or_insert(job);
        Err(JobFailure("InternalServerError: it is yet to be run".to_owned()))
    }

    async fn run<'c>(&mut self, run: impl FnOnce(J) -> BoxFuture<'c, Result<T, JobFailure>>) {
        if let Some(job) = self.wanted.take() {
            let came = run(job.clone()).await;
            self.done.push((job, came));
        }
    }
}

impl<J, T> Default for Kept<J, T> {
    fn default() -> Self {
        Self { done: Vec::new(), wanted: None }
    }
}

impl Containers for Aside<'_> {
    fn process(&self, job: Processing) -> BoxFuture<'_, Result<Files, JobFailure>> {
        match self.inside() {
            Some(containers) => containers.process(job),
            None => ready(self.known().processed.of(job)).boxed(),
        }
    }

    fn train(&self, job: Training) -> BoxFuture<'_, Result<Vec<u8>, JobFailure>> {
        match self.inside() {
            Some(containers) => containers.train(job),
            None => ready(self.known().trained.of(job)).boxed(),
        }
    }

    fn score(&self, job: Scoring) -> BoxFuture<'_, Result<Vec<String>, JobFailure>> {
        match self.inside() {
            Some(containers) => containers.score(job),
            None => ready(self.known().scored.of(job)).boxed(),
        }
    }

    /// A function asks the cloud in the middle of its work, so it stays where it is.
    fn invoke<'i>(
        &'i self,
        invocation: Invocation<'i>,
        cloud: &'i mut dyn Cloud,
    ) -> BoxFuture<'i, Result<Value, InvokeError>> {
        self.rehearsal.containers.invoke(invocation, cloud)
    }
}
