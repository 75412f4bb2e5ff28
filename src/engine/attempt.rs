//! One attempt of one stage, whatever it does: always an event in the end.

use super::context::agent_error;
use super::{Done, Engine, StageContext, command, lanes::Shared};
use crate::flow::{Event, Failure, Stop};
use crate::ids::{Attempt, StageName};
use crate::logs::Level;
use crate::spec::{Action, BuiltIn, FailureClass};
use futures_util::FutureExt as _;
use std::{any::Any, io, panic::AssertUnwindSafe};

/// Performs an attempt and says what came of it.
pub(super) async fn attempt(
    engine: &Engine,
    (stage, attempt): (StageName, Attempt),
    context: io::Result<StageContext>,
) -> Event {
    let result = match context {
        Ok(context) => perform(engine, &context).await,
        Err(error) => Err(agent_error("cannot open the stage's log", &error)),
    };
    match result {
        Ok(Done::Left(outputs)) => Event::StageSucceeded { stage, attempt, outputs },
        Ok(Done::Asks(request)) => Event::StageParked { stage, attempt, request },
        Err(failure) => Event::StageFailed { stage, attempt, failure },
    }
}

async fn perform(engine: &Engine, context: &StageContext) -> Result<Done, Failure> {
    // A bug in one stage must not take the others' outcomes with it.
    AssertUnwindSafe(act(engine, context))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Failure::new(FailureClass::AgentError, describe(&*panic))))
        .map_err(|failure| told(context, failure))
}

/// The failure as it may be stored and shown, after the stage's log has it.
fn told(context: &StageContext, failure: Failure) -> Failure {
    let masker = context.log.masker();
    let failure = Failure {
        message: masker.mask(&failure.message).into_owned(),
        hint: failure.hint.map(|hint| masker.mask(&hint).into_owned()),
        ..failure
    };
    // Where the log cannot be written, the failure itself says more than that.
    let _unwritten = context.say(Level::Error, &failure.message);
    if let Some(hint) = &failure.hint {
        let _unwritten = context.say(Level::Info, hint);
    }
    failure
}

async fn act(engine: &Engine, context: &StageContext) -> Result<Done, Failure> {
    within_reach(context)?;
    match &context.stage.action {
        Action::Run(command) => match &context.stage.runs_on {
            None => command::run(engine, context, command).await.map(Done::Left),
            Some(machine) => {
                engine.perform.run_job((machine, command), context).await.map(Done::Left)
            }
        },
        Action::Uses(built_in) => {
            // The stage's time runs once it has its turn.
            let shared = Shared::wait(engine, context, built_in).await?;
            let done = perform_built_in(engine, context, built_in).await;
            if let Some(shared) = shared {
                shared.leave(engine, context).await;
            }
            done
        }
    }
}

/// A push to an early environment's branch acts for no later one, whatever its stages say of themselves.
fn within_reach(context: &StageContext) -> Result<(), Failure> {
    let (run, named) = (&context.run, context.stage.environment.as_ref());
    match named.filter(|named| !run.pipeline.may_use(&run.environment, named)) {
        None => Ok(()),
        Some(later) => Err(Failure::new(
            FailureClass::UserError,
            format!("a run for '{}' may not use '{later}', which comes after it", run.environment),
        )),
    }
}

async fn perform_built_in(
    engine: &Engine,
    context: &StageContext,
    built_in: &BuiltIn,
) -> Result<Done, Failure> {
    let longest = context.stage.timeout;
    tokio::select! {
        biased;
        result = engine.perform.perform(built_in, context) => result,
        () = context.cancel.requested(Stop::Forced) => {
            Err(Failure::new(FailureClass::Cancelled, "stopped"))
        }
        () = context.clock.sleep(longest) => Err(timed_out(&format!("not done after {longest:?}"))),
    }
}

pub(super) fn timed_out(message: &str) -> Failure {
    Failure::new(FailureClass::TimedOut, message)
        .with_hint("raise the stage's `timeout` if it is meant to take longer")
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    format!("the agent has a bug in this stage: {text}")
}
