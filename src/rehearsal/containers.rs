//! What a job executes: the seam between the cloud and what runs in its containers.
//!
//! The cloud brings files, hyper-parameters and events, and takes back what the container left; it neither knows nor
//! cares whether the stand-ins of this program ran, or the repository's own scripts in processes of their own. What came
//! of a job of a pipeline is kept by the request that moved its execution on: if the process dies before that, it never ran.
//! Where jobs take their time they run outside of any transaction, one at a time; so does a command of the user's.

mod function;
mod stand_ins;

pub use function::{Cloud, Invocation, InvokeError, Question, Raised};
pub(super) use stand_ins::StandIns;

use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{any::Any, collections::BTreeMap, time::Duration};

/// Files by their absolute path in the container.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A job that failed: the message its container would leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JobFailure(pub String);

impl JobFailure {
    /// The fault of whoever set up the job: its input or its parameters.
    pub fn client(message: impl std::fmt::Display) -> Self {
        Self(format!("ClientError: {message}"))
    }

    /// The fault of the code in the container.
    pub fn algorithm(message: impl std::fmt::Display) -> Self {
        Self(format!("AlgorithmError: {message}, exit code: 1"))
    }
}

/// A processing job: `python3 SCRIPT ARGUMENTS…` on files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processing {
    /// The container's entry point and its arguments.
    pub command: Vec<String>,
    /// The variables that the definition sets.
    pub variables: BTreeMap<String, String>,
    /// What the job's inputs brought.
    pub files: Files,
    /// The folders that are taken back, which SageMaker makes before the job begins.
    pub outputs: Vec<String>,
    /// `MaxRuntimeInSeconds` of its StoppingCondition.
    pub longest: Duration,
}

/// What became of a command of the user's.
#[derive(Debug)]
pub struct Ran {
    /// What it wrote, line by line.
    pub lines: Vec<String>,
    /// Its last word, as it stands in `/opt/ml/output/message`.
    pub message: Option<String>,
    /// The files under its output folders.
    pub files: Result<Files, JobFailure>,
}

/// Runs commands of the user's, for Processing jobs that no pipeline has started. Only whoever opens the cloud in a
/// process of its own has that done; nobody who comes through a port can.
pub trait Commands: Send + Sync {
    /// Takes the job of this name in hand: until that is dropped or this process dies nobody else gets it, in whichever
    /// process. Nothing if somebody has it.
    ///
    /// # Errors
    /// It cannot be told who has it.
    fn take<'c>(
        &'c self,
        name: &'c str,
    ) -> BoxFuture<'c, Result<Option<Box<dyn Hand>>, JobFailure>>;
}

/// The hand that has a job.
pub trait Hand: Send + Sync {
    /// Runs the job's command in a folder laid out as the container is. Dropping it ends the command.
    fn run(&self, job: Processing) -> BoxFuture<'_, Ran>;

    /// Waits a moment, after which it is looked whether the job is to go on.
    fn moment(&self) -> BoxFuture<'_, ()>;
}

/// A training job of the XGBoost image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// As the definition has them.
    pub hyper_parameters: BTreeMap<String, String>,
    /// CSV files without a header, the label first, under `/opt/ml/input/data/CHANNEL/`.
    pub channels: Files,
    /// `MaxRuntimeInSeconds` of its StoppingCondition.
    pub longest: Duration,
}

/// A batch transform with the XGBoost image, after its filters and before its joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// The content of `model.tar.gz`.
    pub model: Vec<u8>,
    /// Features as lines of CSV, at least one.
    pub lines: Vec<String>,
}

/// What keeps everybody else, in whichever process, from running jobs, as long as it is there.
pub type Turn = Box<dyn Any + Send + Sync>;

/// What runs in the containers of this cloud.
pub trait Containers: Send + Sync {
    /// Waits until nobody else runs jobs, in whichever process. Nothing where jobs take no time worth mentioning, and run in
    /// the transaction that asks for them.
    fn turn(&self) -> Option<BoxFuture<'_, Result<Turn, JobFailure>>> {
        None
    }

    /// Runs a processing job and gives the files under its output folders.
    fn process(&self, job: Processing) -> BoxFuture<'_, Result<Files, JobFailure>>;

    /// Trains and gives the content of `model.tar.gz`.
    fn train(&self, job: Training) -> BoxFuture<'_, Result<Vec<u8>, JobFailure>>;

    /// Scores each line, in order.
    fn score(&self, job: Scoring) -> BoxFuture<'_, Result<Vec<String>, JobFailure>>;

    /// Calls a function and gives its answer.
    fn invoke<'i>(
        &'i self,
        invocation: Invocation<'i>,
        cloud: &'i mut dyn Cloud,
    ) -> BoxFuture<'i, Result<Value, InvokeError>>;
}
