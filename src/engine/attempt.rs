//! One attempt of one stage, whatever it does: always an event in the end.

use super::context::agent_error;
use super::{Done, Engine, StageContext, command, lanes::Shared};
use crate::flow::{Event, Failure, Stop, is_retried};
use crate::ids::{Attempt, StageName};
use crate::logs::Level;
use crate::spec::{Action, BuiltIn, FailureClass};
use futures_util::FutureExt as _;
use std::{any::Any, io, panic::AssertUnwindSafe, time::Duration};

/// Longest that a failed attempt takes to stop what it has left in a cloud, which ends by itself in the worst case.
const LONGEST_LETTING_GO: Duration = Duration::from_secs(20);

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// To do what the stage does.
    Work,
    /// To stop what an attempt that was cut short has left in a cloud.
    CallOff,
}

/// Performs an attempt and says what came of it.
pub(super) async fn attempt(
    engine: &Engine,
    (stage, attempt, errand): (StageName, Attempt, Errand),
    context: io::Result<StageContext>,
) -> Event {
    let result = match context {
        Ok(context) => perform(engine, &context, errand).await,
        Err(error) => Err(agent_error("cannot open the stage's log", &error)),
    };
    match result {
        Ok(Done::Left(outputs)) => Event::StageSucceeded { stage, attempt, outputs },
        Ok(Done::Asks(request)) => Event::StageParked { stage, attempt, request },
        Err(failure) => Event::StageFailed { stage, attempt, failure },
    }
}

async fn perform(engine: &Engine, context: &StageContext, errand: Errand) -> Result<Done, Failure> {
    let act = async {
        match errand {
            Errand::Work => act(engine, context).await,
            Errand::CallOff => Err(call_off(engine, context).await?),
        }
    };
    // A bug in one stage must not take the others' outcomes with it.
    AssertUnwindSafe(act)
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
                let ran = engine.perform.run_job((machine, command), context).await;
                let_go(engine, context, ran.map(Done::Left)).await
            }
        },
        Action::Uses(built_in) => {
            // The stage's time runs once it has its turn.
            let shared = match Shared::wait(engine, context, built_in).await {
                Err(failure) => return let_go(engine, context, Err(failure)).await,
                Ok(shared) => shared,
            };
            let done = perform_built_in(engine, context, built_in).await;
            // Whoever has the lane next must not find what is being stopped.
            let done = let_go(engine, context, done).await;
            if let Some(shared) = shared {
                shared.leave(engine, context).await;
            }
            done
        }
    }
}

/// Stops what an attempt that was cut short has left in a cloud, and answers as what the stage ends.
async fn call_off(engine: &Engine, context: &StageContext) -> Result<Failure, Failure> {
    let stopped = if context.stage.works_elsewhere() {
        engine.perform.call_off(context).await?
    } else {
        None
    };
    let message = stopped.unwrap_or_else(|| "stopped between two attempts".to_owned());
    Ok(Failure::new(FailureClass::Cancelled, message))
}

/// The outcome as it is. A stage that has failed follows nothing any more, so what it has left in a cloud is stopped.
async fn let_go(
    engine: &Engine,
    context: &StageContext,
    done: Result<Done, Failure>,
) -> Result<Done, Failure> {
    let is_left = match &done {
        Ok(_) => false,
        Err(failure) => context.stage.works_elsewhere() && !is_taken_up(context, failure),
    };
    if !is_left {
        return done;
    }
    let called = tokio::select! {
        biased;
        called = engine.perform.call_off(context) => called,
        () = context.clock.sleep(LONGEST_LETTING_GO) => {
            Err(timed_out(&format!("no answer for {LONGEST_LETTING_GO:?}")))
        }
    };
    // The failure itself says more than that its log cannot be written.
    let _unwritten = match called {
        Ok(None) => Ok(()),
        Ok(Some(what)) => context.say(Level::Info, &what),
        Err(error) => {
            let told = format!("whether something of it goes on is not known: {}", error.message);
            context.say(Level::Warning, &told)
        }
    };
    done
}

/// Does another attempt go on with what this one has left?
fn is_taken_up(context: &StageContext, failure: &Failure) -> bool {
    context.stage.is_gone_on_with()
        && is_retried(&context.stage, context.failures + 1, failure.class)
        && context.cancel.stop().is_none()
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
