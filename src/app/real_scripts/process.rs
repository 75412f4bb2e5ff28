//! One job as a process: what it is started with, and what its end means.

use super::{Limits, RealScripts, folder::JobFolder};
use crate::{
    exec::{self, Cancel, CommandSpec, Ending, ExecError, Exit, Inherited, Line, Source},
    logs::Masker,
    rehearsal::JobFailure,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, time::Duration};
use tokio::sync::mpsc::{self, Receiver};

/// Time between asking a job to end and killing it.
const GRACE: Duration = Duration::from_secs(2);
/// Longest last word of a job that is kept, in characters; with what is said around it, it fits into the `FailureReason`
/// of a step (1,024).
const LONGEST_WORD: usize = 900;
/// Exit code of our runners where whoever set up the job is to blame.
const CLIENT_FAULT: i32 = 2;

/// The Python that runs a job, before the job's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// A script of the repository.
    Script,
    /// XGBoost's training.
    Train,
    /// XGBoost's scoring.
    Score,
    /// A function's handler.
    Function,
}

impl Runner {
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Script => ("run_script.py", include_str!("python/run_script.py")),
            Self::Train => ("train_xgboost.py", include_str!("python/train_xgboost.py")),
            Self::Score => ("score_xgboost.py", include_str!("python/score_xgboost.py")),
            Self::Function => ("invoke_function.py", include_str!("python/invoke_function.py")),
        }
    }

    /// Does the runner itself judge what it is given?
    fn judges(self) -> bool {
        match self {
            Self::Script | Self::Function => false,
            Self::Train | Self::Score => true,
        }
    }
}

/// A job about to run.
pub(super) struct Process<'f> {
    pub(super) folder: &'f JobFolder,
    pub(super) runner: Runner,
    /// What the runner reads about the job.
    pub(super) facts: Value,
    /// The variables that the definition sets.
    pub(super) variables: BTreeMap<String, String>,
    /// How long the definition lets it run.
    pub(super) longest: Duration,
}

impl<'f> Process<'f> {
    pub(super) fn of(folder: &'f JobFolder, runner: Runner, facts: Value) -> Self {
        Self { folder, runner, facts, variables: BTreeMap::new(), longest: Duration::MAX }
    }
}

impl RealScripts {
    /// Runs a job that says nothing but its last word.
    pub(super) async fn run(&self, process: Process<'_>) -> Result<(), JobFailure> {
        let (_, nothing) = mpsc::channel(1);
        self.converse(process, nothing, &mut |_| Ok(())).await
    }

    /// Runs a job that is spoken with.
    pub(super) async fn converse(
        &self,
        process: Process<'_>,
        answers: Receiver<String>,
        hear: &mut (dyn FnMut(Line) -> std::io::Result<()> + Send),
    ) -> Result<(), JobFailure> {
        let Process { folder, runner, .. } = process;
        let limits = Limits { longest: process.longest.min(self.limits.longest), ..self.limits };
        let spec = self.prepare(&process, limits)?;
        let mut last = LastWord::default();
        let mut sink = exec::each(|line| match line.source {
            Source::Output => hear(line),
            Source::Error => {
                last.hear(line);
                Ok(())
            }
        });
        let clock = self.clock.as_ref();
        let exit = exec::converse(&spec, clock, &Cancel::never(), &mut sink, answers).await;
        drop(sink);
        let word = last.told(folder);
        match exit.map_err(not_run)? {
            Exit::Exited(0) => Ok(()),
            Exit::Exited(CLIENT_FAULT) if runner.judges() => Err(JobFailure::client(word)),
            Exit::Exited(code) => {
                Err(JobFailure(format!("AlgorithmError: {word}, exit code: {code}")))
            }
            Exit::Signalled(signal) => Err(JobFailure(format!(
                "AlgorithmError: ended by signal {signal}, exit code: {}",
                128 + signal
            ))),
            Exit::TimedOut | Exit::Silent | Exit::Cancelled => Err(JobFailure::client(format!(
                "MaxRuntimeExceeded: the job ran longer than {:?}",
                limits.longest
            ))),
        }
    }

    /// Writes down what the runner reads.
    fn prepare(&self, process: &Process<'_>, limits: Limits) -> Result<CommandSpec, JobFailure> {
        let Process { folder, runner, .. } = process;
        let (name, code) = runner.file();
        let runner = Path::new("runner").join(name);
        folder.write(&runner, code.as_bytes())?;
        let boundary = include_str!("python/_boundary.py");
        folder.write(Path::new("runner/_boundary.py"), boundary.as_bytes())?;
        let mut facts = process.facts.clone();
        facts["memory_bytes"] = limits.memory.into();
        facts["seconds"] = limits.longest.as_secs().max(1).into();
        folder.write(Path::new("job.json"), facts.to_string().as_bytes())?;
        let home = folder.home();
        let mut variables = process.variables.clone();
        variables.extend(
            [
                ("HOME", home.display().to_string().as_str()),
                ("LANG", "C.UTF-8"),
                ("PYTHONHASHSEED", "0"),
            ]
            .map(|(name, text)| (name.to_owned(), text.to_owned())),
        );
        // Not isolated (-I), which would ignore the hash seed: of the cleared environment that is the one variable that
        // Python heeds, and the runner takes its own folder off the path.
        let python = self.python.display().to_string();
        let runner = folder.path().join(runner).display().to_string();
        Ok(CommandSpec {
            command: vec![python, "-s".to_owned(), "-B".to_owned(), runner],
            directory: home,
            inherited: Inherited::from([]),
            variables,
            timeout: limits.longest,
            no_output_timeout: None,
            grace: GRACE,
        })
    }
}

/// The last line on standard error that says something.
#[derive(Default)]
struct LastWord {
    text: String,
    continues: bool,
}

impl LastWord {
    fn hear(&mut self, line: Line) {
        // Of a long line the beginning counts.
        if !self.continues && !line.text.trim().is_empty() {
            self.text = line.text.trim().chars().take(LONGEST_WORD).collect();
        }
        self.continues = line.ending == Ending::Continued;
    }

    fn told(&self, folder: &JobFolder) -> String {
        match self.text.as_str() {
            "" => "it did not say why".to_owned(),
            text => Masker::default().mask(&folder.unmapped(text)).into_owned(),
        }
    }
}

/// The job did not run, or not to an end of its own.
fn not_run(error: ExecError) -> JobFailure {
    if let ExecError::ForbiddenVariable(_) = error {
        return JobFailure::client(error);
    }
    let causes = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    JobFailure(format!("InternalServerError: {error}{}", causes.unwrap_or_default()))
}
