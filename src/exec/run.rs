//! One command from start to the death of its last process.

use super::answers::Answers;
use super::environment::find_program;
use super::group::Group;
use super::lines::Lines;
use super::watchdog::{Order, Watchdog};
use super::{Cancel, ExecError, Inherited, Line, Source};
use crate::clock::{Clock, timeout};
use std::{
    collections::BTreeMap, io, os::unix::process::ExitStatusExt as _, path::PathBuf,
    process::ExitStatus, process::Stdio, time::Duration,
};
use tokio::{
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::Receiver,
};

/// How long the pipes are read after the last process of the group is dead: someone who left the group can
/// hold them open for ever.
const LONGEST_DRAIN: Duration = Duration::from_secs(2);

/// A command and its limits.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it runs.
    pub directory: PathBuf,
    /// What it inherits of the agent's environment.
    pub inherited: Inherited,
    /// Its own variables.
    pub variables: BTreeMap<String, String>,
    /// Longest time.
    pub timeout: Duration,
    /// Longest silence.
    pub no_output_timeout: Option<Duration>,
    /// Time between being asked to end and being killed.
    pub grace: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It took longer than allowed.
    TimedOut,
    /// It was silent longer than allowed.
    Silent,
    /// A person stopped it.
    Cancelled,
}

/// Where lines go, as many at once as were read at once; an error ends the command.
pub type Sink<'a> = dyn FnMut(Vec<Line>) -> io::Result<()> + Send + 'a;

/// Runs a command until nothing of its process group is alive, handing its lines to `sink` as they come.
///
/// # Errors
/// If the command could not be started, watched or killed, or the sink failed.
pub async fn run(
    spec: &CommandSpec,
    clock: &dyn Clock,
    cancel: &Cancel,
    sink: &mut Sink<'_>,
) -> Result<Exit, ExecError> {
    attend(
        start(spec, Stdio::null())?,
        Answers::none(),
        Watchdog::new(spec, clock, cancel),
        clock,
        sink,
    )
    .await
}

/// The same for a command that is spoken with: each of `answers` is a line of its standard input, which ends with
/// the channel.
///
/// # Errors
/// Those of [`run`].
pub async fn converse(
    spec: &CommandSpec,
    clock: &dyn Clock,
    cancel: &Cancel,
    sink: &mut Sink<'_>,
    answers: Receiver<String>,
) -> Result<Exit, ExecError> {
    let (mut child, group) = start(spec, Stdio::piped())?;
    let answers = Answers::into(child.stdin.take(), answers);
    attend((child, group), answers, Watchdog::new(spec, clock, cancel), clock, sink).await
}

async fn attend(
    (mut child, mut group): (Child, Group),
    mut answers: Answers,
    mut watchdog: Watchdog<'_>,
    clock: &dyn Clock,
    sink: &mut Sink<'_>,
) -> Result<Exit, ExecError> {
    let mut pipes = Pipes::of(&mut child).ok_or_else(|| ExecError::Lost(no_pipe()))?;
    let status = loop {
        tokio::select! {
            biased;
            order = watchdog.order() => match order {
                Order::Terminate => group.terminate(),
                Order::Kill => group.kill(),
            },
            read = pipes.read() => {
                read.map_err(ExecError::Lost)?;
                watchdog.heard();
                pipes.drain(sink).map_err(ExecError::Sink)?;
            }
            () = answers.feed() => {}
            status = child.wait() => break status.map_err(ExecError::Lost)?,
        }
    };
    group.bury(clock).await?;
    let rest = async {
        while pipes.are_open() {
            pipes.read().await.map_err(ExecError::Lost)?;
            pipes.drain(sink).map_err(ExecError::Sink)?;
        }
        Ok(())
    };
    if let Ok(result) = timeout(clock, LONGEST_DRAIN, rest).await {
        result?;
    }
    Ok(watchdog.verdict().unwrap_or_else(|| own_exit(status)))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that starts children")]
fn start(spec: &CommandSpec, input: Stdio) -> Result<(Child, Group), ExecError> {
    let (program, arguments) = spec.command.split_first().ok_or(ExecError::Empty)?;
    let variables = spec.inherited.with(&spec.variables)?;
    let path = variables.get("PATH").map_or("", String::as_str);
    let program = find_program(program, path, &spec.directory)?;
    let child = Command::new(&program)
        .args(arguments)
        .current_dir(&spec.directory)
        .env_clear()
        .envs(variables)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|source| ExecError::Start { program, source })?;
    let group = Group::led_by(&child).ok_or_else(|| ExecError::Lost(no_pipe()))?;
    Ok((child, group))
}

fn no_pipe() -> io::Error {
    io::Error::other("the child has neither pid nor pipes")
}

fn own_exit(status: ExitStatus) -> Exit {
    // A process that has ended has either a code or a signal.
    status.code().map_or_else(|| Exit::Signalled(status.signal().unwrap_or_default()), Exit::Exited)
}

struct Pipes {
    output: Lines<ChildStdout>,
    error: Lines<ChildStderr>,
}

impl Pipes {
    fn of(child: &mut Child) -> Option<Self> {
        let output = Lines::of(child.stdout.take()?, Source::Output);
        let error = Lines::of(child.stderr.take()?, Source::Error);
        Some(Self { output, error })
    }

    fn are_open(&self) -> bool {
        self.output.is_open() || self.error.is_open()
    }

    /// Waits for bytes or the end of either pipe; for ever if both have ended.
    async fn read(&mut self) -> io::Result<()> {
        tokio::select! {
            read = self.output.read(), if self.output.is_open() => read,
            read = self.error.read(), if self.error.is_open() => read,
            else => std::future::pending().await,
        }
    }

    fn drain(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.output.drain(sink)?;
        self.error.drain(sink)
    }
}
