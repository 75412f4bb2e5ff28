//! The rehearsal's containers with the repository's own Python in them.
//!
//! Each job is a process group of its own in a fresh folder laid out as the container is: the script finds its files
//! under `…/opt/ml/processing` by its `--base-dir`, the function its code and a boto3 that the agent answers. The
//! environment is cleared, time and memory are limited, the folder goes with the job. Training and scoring run real
//! XGBoost as SageMaker's image does. What describes a data set in place of Model Monitor's container stays a stand-in:
//! that image is Amazon's, and nobody's Python.
//!
//! This is no sandbox: scripts may do what whoever started the agent may do, as the commands of a pipeline may.
//! Invariant: no failure reason has more of a row in it than what the job itself wrote as its last word.

mod choice;
mod commands;
mod folder;
mod function;
mod process;

pub(super) use choice::kept;
pub use choice::{Choice, PythonError, choose, forget};
pub(super) use commands::StageCommands;

use crate::{
    clock::{Clock, SystemClock},
    rehearsal::{
        Cloud, Containers, Files, Invocation, InvokeError, JobFailure, Processing, Scoring,
        Training, Turn, pack_model, unpack_model,
    },
};
use anyhow::Context as _;
use folder::JobFolder;
use futures_util::future::{BoxFuture, FutureExt as _};
use process::{Process, Runner};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Where the container's own paths begin.
const ML: &str = "/opt/ml/";
/// Where the XGBoost image leaves its model, and finds it.
const MODEL: &str = "/opt/ml/model/xgboost-model";
/// What a script takes the place of its files by.
const BASE_DIR: &str = "--base-dir";

/// The folder that whoever runs jobs has in hand.
const TURN: &str = "turn";
/// Time between two looks whether somebody else still has it.
const BETWEEN_TURNS: Duration = Duration::from_millis(50);

/// What each job gets at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time, should the definition allow more: while a job runs, nobody else's does.
    pub longest: Duration,
    /// Address space of each process, in bytes: half of what the ml.m5.xlarge of the definitions has.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { longest: Duration::from_secs(300), memory: 8 << 30 }
    }
}

/// Runs jobs with one Python.
#[derive(Debug, Clone)]
pub struct RealScripts {
    python: PathBuf,
    jobs: PathBuf,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl RealScripts {
    /// With this Python, which has what the scripts import, and a folder for the jobs. Ends what a killed agent left
    /// running there.
    ///
    /// # Errors
    /// The folder cannot be made or cleared.
    pub async fn open(python: &Path, jobs: &Path) -> anyhow::Result<Self> {
        // Jobs take their time, however fast that of the rehearsed cloud goes by.
        let clock = Arc::new(SystemClock);
        folder::clear(jobs, clock.as_ref())
            .await
            .with_context(|| format!("clear {}", jobs.display()))?;
        let (python, jobs) = (python.to_owned(), jobs.to_owned());
        Ok(Self { python, jobs, limits: Limits::default(), clock })
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    async fn take_turn(&self) -> Result<Turn, JobFailure> {
        loop {
            if let Some(folder) = JobFolder::take(&self.jobs, TURN)? {
                return Ok(Box::new(folder));
            }
            self.clock.sleep(BETWEEN_TURNS).await;
        }
    }

    async fn run_script(&self, job: Processing) -> Result<Files, JobFailure> {
        let script = job.command.iter().position(|word| word.ends_with(".py"));
        let (path, given) = script
            .and_then(|script| job.command.get(script..)?.split_first())
            .ok_or_else(|| JobFailure::client("the entry point of the job is no Python script"))?;
        let Some(content) = job.files.get(path) else {
            return Err(JobFailure::algorithm(format!(
                "python3: can't open file '{path}': No such file or directory"
            )));
        };
        if !String::from_utf8_lossy(content).contains(BASE_DIR) {
            return Err(JobFailure::client(format!(
                "'{path}' takes no {BASE_DIR}: it would read and write {ML} of this machine, so it runs in SageMaker only"
            )));
        }
        let folder = JobFolder::new(&self.jobs)?;
        folder.place(&job.files)?;
        folder.make(&job.outputs)?;
        let mut arguments: Vec<String> = given.iter().map(|word| folder.mapped(word)).collect();
        if !given.iter().any(|word| word.starts_with(BASE_DIR)) {
            arguments.extend([BASE_DIR.to_owned(), folder.mapped("/opt/ml/processing")]);
        }
        let variables = job.variables.iter();
        let process = Process {
            variables: variables.map(|(name, text)| (name.clone(), folder.mapped(text))).collect(),
            longest: job.longest,
            ..Process::of(
                &folder,
                Runner::Script,
                json!({ "script": folder.mapped(path), "arguments": arguments }),
            )
        };
        self.run(process).await?;
        Ok(folder.collect(&job.outputs)?)
    }

    async fn run_training(&self, job: Training) -> Result<Vec<u8>, JobFailure> {
        let folder = JobFolder::new(&self.jobs)?;
        folder.place(&job.channels)?;
        folder.make(&["/opt/ml/model".to_owned()])?;
        let process = Process::of(
            &folder,
            Runner::Train,
            json!({
                "hyper_parameters": job.hyper_parameters,
                "channels": folder.mapped("/opt/ml/input/data"),
                "model": folder.mapped(MODEL),
            }),
        );
        self.run(Process { longest: job.longest, ..process }).await?;
        let left = folder.collect(&["/opt/ml/model".to_owned()])?;
        let model = left.get(MODEL).ok_or_else(|| JobFailure::algorithm("no model was saved"))?;
        pack_model(model).map_err(JobFailure::algorithm)
    }

    async fn run_scoring(&self, job: Scoring) -> Result<Vec<String>, JobFailure> {
        let folder = JobFolder::new(&self.jobs)?;
        let [model, lines, scores] =
            [MODEL, "/opt/ml/input/lines.csv", "/opt/ml/output/scores.csv"];
        let unpacked = unpack_model(&job.model).map_err(JobFailure::algorithm)?;
        let files = [(model, unpacked), (lines, (job.lines.join("\n") + "\n").into_bytes())];
        folder.place(&files.map(|(path, content)| (path.to_owned(), content)).into())?;
        folder.make(&["/opt/ml/output".to_owned()])?;
        let process = Process::of(
            &folder,
            Runner::Score,
            json!({
                "model": folder.mapped(model),
                "lines": folder.mapped(lines),
                "scores": folder.mapped(scores),
            }),
        );
        self.run(process).await?;
        let left = folder.collect(&["/opt/ml/output".to_owned()])?;
        let scored = left.get(scores).map(|scores| String::from_utf8_lossy(scores));
        Ok(scored.unwrap_or_default().lines().map(str::to_owned).collect())
    }
}

impl Containers for RealScripts {
    fn turn(&self) -> Option<BoxFuture<'_, Result<Turn, JobFailure>>> {
        Some(self.take_turn().boxed())
    }

    fn process(&self, job: Processing) -> BoxFuture<'_, Result<Files, JobFailure>> {
        self.run_script(job).boxed()
    }

    fn train(&self, job: Training) -> BoxFuture<'_, Result<Vec<u8>, JobFailure>> {
        self.run_training(job).boxed()
    }

    fn score(&self, job: Scoring) -> BoxFuture<'_, Result<Vec<String>, JobFailure>> {
        self.run_scoring(job).boxed()
    }

    fn invoke<'i>(
        &'i self,
        invocation: Invocation<'i>,
        cloud: &'i mut dyn Cloud,
    ) -> BoxFuture<'i, Result<Value, InvokeError>> {
        self.call(invocation, cloud).boxed()
    }
}
