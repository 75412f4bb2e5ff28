//! A stage that runs a command of the user's.

use super::attempt::timed_out;
use super::context::agent_error;
use super::lending::Lending;
use super::workspace::Private;
use super::{Engine, StageContext, outputs};
use crate::exec::{self, CommandSpec, ExecError, Exit, Line, Source};
use crate::flow::Failure;
use crate::ids::{Attempt, traceparent};
use crate::logs::Level;
use crate::spec::{Command, FailureClass};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// The variable that names a command's run.
pub(super) const RUN_MARK: &str = "RELEVO_RUN";
/// Time between asking a command to end and killing it.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the command in the run's checkout; every line it writes is a line of the stage's log. The credentials it asked
/// for are lent as long as it runs.
pub(super) async fn run(
    engine: &Engine,
    context: &StageContext,
    command: &Command,
) -> Result<Value, Failure> {
    if context.attempt != Attempt::FIRST {
        let marks = marks(context);
        exec::kill_survivors(&marks, context.clock.as_ref()).await.map_err(cannot_run)?;
    }
    let workspace = context.workspace().await?;
    let private = context.private()?;
    let mut lending = match context.stage.credentials {
        Some(lent) => Some(Lending::open(engine, context, (lent, &private.folder)).await?),
        None => None,
    };
    let mut variables = variables(context, &private);
    variables.extend(lending.iter().flat_map(Lending::variables));
    let spec = CommandSpec {
        command: match command {
            Command::Argv(words) => words.clone(),
            Command::Script(script) => ["/bin/sh", "-eu", "-c", script].map(str::to_owned).to_vec(),
        },
        directory: workspace.to_owned(),
        inherited: engine.inherited.clone(),
        variables,
        timeout: context.stage.timeout,
        no_output_timeout: context.stage.no_output_timeout,
        grace: GRACE,
    };
    let (mut output, mut error) =
        (context.log.stream(Level::Info), context.log.stream(Level::Warning));
    let mut keep = |lines: Vec<Line>| {
        let of_one = lines.chunk_by(|line, next| line.source == next.source);
        of_one.into_iter().try_for_each(|lines| match lines.first().map(|line| line.source) {
            Some(Source::Output) => output.pieces(lines),
            Some(Source::Error) => error.pieces(lines),
            None => Ok(()),
        })
    };
    let running = exec::run(&spec, context.clock.as_ref(), &context.cancel, &mut keep);
    let exit = match &mut lending {
        None => running.await,
        Some(lending) => tokio::select! {
            biased;
            exit = running => exit,
            failure = lending.serve() => return Err(failure),
        },
    };
    drop(lending);
    match exit.map_err(cannot_run)? {
        Exit::Exited(0) => outputs::record(workspace, &context.stage.outputs).await,
        Exit::Exited(code) => Err(user_error(format!("the command exited with code {code}"))),
        Exit::Signalled(signal) => {
            Err(user_error(format!("the command was killed by signal {signal}")))
        }
        Exit::TimedOut => Err(timed_out(&format!("not done after {:?}", spec.timeout))),
        Exit::Silent => {
            let longest = spec.no_output_timeout.unwrap_or_default();
            Err(timed_out(&format!("no output for {longest:?}")))
        }
        Exit::Cancelled => Err(Failure::new(FailureClass::Cancelled, "stopped")),
    }
}

/// All variables of a command on this machine. Text from outside (branch names and the like) reaches it only here.
fn variables(context: &StageContext, private: &Private) -> BTreeMap<String, String> {
    let own = [
        ("HOME", private.home.display().to_string()),
        ("TMPDIR", private.tmp.display().to_string()),
        // what the machine may do is the agent's, not the command's
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let mut variables: BTreeMap<String, String> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    variables.extend(facts(context));
    variables
}

/// What a command may ask about its run, wherever it runs, and the variables of its stage.
pub(super) fn facts(context: &StageContext) -> BTreeMap<String, String> {
    let run = &context.run;
    let mut variables = context.stage.variables.clone();
    let environment = context.stage.environment.as_ref().unwrap_or(&run.environment);
    variables.extend(
        [
            ("CI", "true"),
            ("RELEVO_ATTEMPT", &context.attempt.to_string()),
            ("RELEVO_BRANCH", &run.reference),
            ("RELEVO_COMMIT", run.commit.as_str()),
            ("RELEVO_ENVIRONMENT", environment.as_str()),
            ("RELEVO_EVENT", &run.facts.event),
            ("TRACEPARENT", &traceparent(&run.id, &context.stage.name, context.attempt)),
        ]
        .into_iter()
        .chain(marks(context))
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    variables
}

/// What tells the processes of this stage of this run from all others.
fn marks(context: &StageContext) -> [(&'static str, &str); 2] {
    [(RUN_MARK, context.run.id.as_str()), ("RELEVO_STAGE", context.stage.name.as_str())]
}

fn user_error(message: String) -> Failure {
    Failure::new(FailureClass::UserError, message)
}

fn cannot_run(error: ExecError) -> Failure {
    let failure = agent_error("cannot run the command", &error);
    match error {
        ExecError::Empty
        | ExecError::NoProgram { .. }
        | ExecError::ForbiddenVariable(_)
        | ExecError::Start { .. } => Failure { class: FailureClass::UserError, ..failure },
        ExecError::Lost(_) | ExecError::Sink(_) | ExecError::Survivors(_) => failure,
    }
}
