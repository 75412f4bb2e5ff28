//! Commands of stages that run as Processing jobs of the rehearsal: really run, each in a folder laid out as the container
//! is, with a cleared environment and no longer than the job may.
//!
//! The paths of the container stand for those of the folder in the command's words and variables, as far as they begin
//! with `/opt/ml`. There is no image: programs are this machine's. This is no sandbox either.

use super::folder::{self, FolderError, JobFolder};
use crate::{
    clock::{Clock, SystemClock},
    exec::{self, Cancel, CommandSpec, Ending, Exit, Inherited, Line},
    rehearsal::{Commands, Hand, JobFailure, Processing, Ran},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::OnceCell;

/// What a container may leave as its last word.
const MESSAGE: &str = "/opt/ml/output/message";
/// Bytes of lines that are kept; what comes after is counted.
const MOST_BYTES: usize = 8 << 20;
/// Between asking a command to end and killing it; SageMaker waits two minutes.
const GRACE: Duration = Duration::from_secs(2);
/// Between two looks whether a job was stopped.
const MOMENT: Duration = Duration::from_millis(200);
/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Runs commands in a folder of the rehearsal.
#[derive(Debug)]
pub(in crate::app) struct StageCommands {
    jobs: PathBuf,
    path: String,
    clock: Arc<dyn Clock>,
    cleared: OnceCell<()>,
}

impl StageCommands {
    /// In folders of `jobs`; `python` is the one that commands find first, if one was chosen.
    pub(in crate::app) fn new(jobs: &Path, python: Option<&Path>) -> Self {
        let first = python.and_then(Path::parent).map(|folder| format!("{}:", folder.display()));
        let path = first.unwrap_or_default() + PATH;
        // Jobs take their time, however fast that of the rehearsed cloud goes by.
        Self { jobs: jobs.to_owned(), path, clock: Arc::new(SystemClock), cleared: OnceCell::new() }
    }

    /// What agents left that were killed is cleared away first.
    async fn hand(&self, name: &str) -> anyhow::Result<Option<StageHand>> {
        let clear = || folder::clear(&self.jobs, self.clock.as_ref());
        self.cleared.get_or_try_init(clear).await?;
        let Some(folder) = JobFolder::take(&self.jobs, name)? else { return Ok(None) };
        folder.renew(self.clock.as_ref()).await?;
        let (path, clock) = (self.path.clone(), Arc::clone(&self.clock));
        Ok(Some(StageHand { folder, path, clock }))
    }
}

impl Commands for StageCommands {
    fn take<'c>(
        &'c self,
        name: &'c str,
    ) -> BoxFuture<'c, Result<Option<Box<dyn Hand>>, JobFailure>> {
        async move {
            let taken = self.hand(name).await;
            let taken =
                taken.map_err(|error| JobFailure(format!("InternalServerError: {error:#}")));
            Ok(taken?.map(|hand| Box::new(hand) as Box<dyn Hand>))
        }
        .boxed()
    }
}

/// Has one job, in its folder.
struct StageHand {
    folder: JobFolder,
    path: String,
    clock: Arc<dyn Clock>,
}

impl StageHand {
    async fn run_job(&self, job: Processing) -> Ran {
        let (folder, mut lines) = (&self.folder, Lines::default());
        if let Err(error) = lay(folder, &job) {
            return Ran { lines: Vec::new(), message: None, files: Err(error.into()) };
        }
        let exit = self.execute(folder, &job, &mut lines).await;
        let message = fs::read_to_string(folder.path().join(&MESSAGE[1..])).ok();
        let files = exit.and_then(|()| Ok(folder.collect(&job.outputs)?));
        lines.unmap(folder);
        Ran { lines: lines.told(), message, files }
    }

    async fn execute(
        &self,
        folder: &JobFolder,
        job: &Processing,
        lines: &mut Lines,
    ) -> Result<(), JobFailure> {
        let home = folder.home();
        let mut variables = job.variables.clone();
        variables.values_mut().for_each(|value| *value = folder.mapped(value));
        variables.insert("HOME".to_owned(), home.display().to_string());
        variables.insert("PATH".to_owned(), self.path.clone());
        variables.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        let spec = CommandSpec {
            command: job.command.iter().map(|word| folder.mapped(word)).collect(),
            directory: home,
            inherited: Inherited::from([]),
            variables,
            timeout: job.longest,
            no_output_timeout: None,
            grace: GRACE,
        };
        let mut sink = exec::each(|line| {
            lines.hear(line);
            Ok(())
        });
        let exit = exec::run(&spec, self.clock.as_ref(), &Cancel::never(), &mut sink).await;
        drop(sink);
        let failed = |code: i32| {
            let said =
                format!("AlgorithmError: See job logs for more information, exit code: {code}");
            Err(JobFailure(said))
        };
        match exit.map_err(JobFailure::client)? {
            Exit::Exited(0) => Ok(()),
            Exit::Exited(code) => failed(code),
            Exit::Signalled(signal) => failed(128 + signal),
            Exit::TimedOut | Exit::Silent | Exit::Cancelled => Err(JobFailure::client(format!(
                "MaxRuntimeExceeded: the job ran longer than {:?}",
                job.longest
            ))),
        }
    }
}

impl Hand for StageHand {
    fn run(&self, job: Processing) -> BoxFuture<'_, Ran> {
        self.run_job(job).boxed()
    }

    fn moment(&self) -> BoxFuture<'_, ()> {
        self.clock.sleep(MOMENT).boxed()
    }
}

/// Puts the inputs into the folder, and makes what the outputs are taken from.
fn lay(folder: &JobFolder, job: &Processing) -> Result<(), FolderError> {
    folder.place(&job.files)?;
    folder.make(&job.outputs)?;
    folder.make(&["/opt/ml/output".to_owned()])
}

/// What a command writes, in order, up to a bound.
#[derive(Default)]
struct Lines {
    kept: Vec<String>,
    bytes: usize,
    dropped: usize,
    continues: bool,
}

impl Lines {
    fn hear(&mut self, line: Line) {
        self.bytes += line.text.len();
        match self.kept.last_mut().filter(|_| self.continues) {
            _ if self.bytes > MOST_BYTES => self.dropped += 1,
            Some(begun) => begun.push_str(&line.text),
            None => self.kept.push(line.text),
        }
        self.continues = line.ending == Ending::Continued;
    }

    fn unmap(&mut self, folder: &JobFolder) {
        self.kept.iter_mut().for_each(|line| *line = folder.unmapped(line));
    }

    fn told(mut self) -> Vec<String> {
        if self.dropped > 0 {
            self.kept.push(format!("… and {} more lines", self.dropped));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Files;
    use std::collections::BTreeMap;

    fn job(script: &str) -> Processing {
        let begin = "/opt/ml/processing/input/x/begin.sh";
        Processing {
            command: ["/bin/sh", "-eu", begin, "/opt/ml/processing"].map(str::to_owned).to_vec(),
            variables: BTreeMap::from([("WORD".to_owned(), "hello".to_owned())]),
            files: Files::from([(begin.to_owned(), script.as_bytes().to_vec())]),
            outputs: vec!["/opt/ml/processing/out".to_owned()],
            longest: Duration::from_secs(60),
        }
    }

    #[tokio::test]
    async fn a_command_finds_the_container_and_leaves_its_files() {
        let jobs = tempfile::tempdir().unwrap();
        let commands = StageCommands::new(jobs.path(), None);
        let hand = commands.take("job").await.unwrap().unwrap();
        assert!(commands.take("job").await.unwrap().is_none(), "two hands");
        let ran = hand.run(job("echo $WORD; echo \"at $1\"; echo 1 >\"$1/out/a.csv\"")).await;
        assert_eq!(ran.lines, ["hello", "at /opt/ml/processing"]);
        drop(hand);
        let path = "/opt/ml/processing/out/a.csv".to_owned();
        assert_eq!(ran.files.unwrap(), Files::from([(path, b"1\n".to_vec())]));
        assert_eq!(fs::read_dir(jobs.path()).unwrap().count(), 0, "the folder goes with the job");
    }

    #[tokio::test]
    async fn a_command_that_fails_leaves_its_code_and_its_last_word() {
        let jobs = tempfile::tempdir().unwrap();
        let commands = StageCommands::new(jobs.path(), None);
        let hand = commands.take("job").await.unwrap().unwrap();
        let ran = hand.run(job("printf no >\"$1/../output/message\"; exit 7")).await;
        assert_eq!(ran.message.as_deref(), Some("no"));
        assert!(ran.files.unwrap_err().0.ends_with("exit code: 7"));
        let empty =
            Processing { longest: Duration::from_millis(50), ..job("exec tail -f /dev/null") };
        let ran = hand.run(empty).await;
        assert!(ran.files.unwrap_err().0.contains("MaxRuntimeExceeded"));
    }
}
