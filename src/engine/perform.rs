//! What the engine needs from others: built-in stages, conditions, and someone who watches.

use super::StageContext;
use crate::aws::Session;
use crate::flow::{Failure, Request};
use crate::logs::LogLine;
use crate::queue::Reason;
use crate::spec::{BuiltIn, Command, FailureClass, JobMachine, Lent, Stage};
use crate::store::{RunRecord, StoredEvent};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{collections::BTreeMap, io};

/// What an attempt that did not fail came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// It did what it should, and leaves this for later stages.
    Left(Value),
    /// It waits for people. Another attempt goes on when they have answered.
    Asks(Request),
}

/// Performs the built-in stages, and lends commands what they may do in the cloud.
pub trait Perform: Send + Sync {
    /// Performs one attempt. It may have been performed before, wholly or in part, by an agent that died; it ends soon
    /// after `context.cancel` asks for it, and is dropped when that insists or the stage's time is up.
    fn perform<'a>(
        &'a self,
        built_in: &'a BuiltIn,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Done, Failure>>;

    /// Runs a command on a machine that the cloud starts for it, and gives what it leaves. An attempt that goes on with
    /// one that the agent died in finds what that one has started. It keeps the stage's time itself, and ends soon after
    /// `context.cancel` asks for it.
    fn run_job<'a>(
        &'a self,
        _work: (&'a JobMachine, &'a Command),
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
        let message = format!("there is no cloud that '{}' could run in", context.stage.name);
        Box::pin(async { Err(Failure::new(FailureClass::UserError, message)) })
    }

    /// Stops what attempts of the stage have started in a cloud and what still goes on there, and says what that is;
    /// nothing if there is none. It starts nothing, and may be done over and over.
    fn call_off<'a>(
        &'a self,
        _context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    /// A session in the stage's environment that may do what is lent and no more.
    fn lend<'a>(
        &'a self,
        _lent: Lent,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Loan, Failure>> {
        let message =
            format!("there is no cloud whose credentials '{}' could have", context.stage.name);
        Box::pin(async { Err(Failure::new(FailureClass::UserError, message)) })
    }
}

/// What a command is lent to work in a cloud.
pub struct Loan {
    /// Whose keys the command gets.
    pub session: Session,
    /// What SDKs must know beside them, such as the region.
    pub variables: BTreeMap<String, String>,
    /// Serves a cloud that lives in this process, as long as it is polled.
    pub door: Option<BoxFuture<'static, io::Result<()>>>,
}

/// Whether a stage's `when` holds in a run. Must not change its mind during the run.
pub type Condition = dyn Fn(&RunRecord, &Stage) -> bool + Send + Sync;

/// Sees a run as it happens. Must not block.
pub trait Watch: Send + Sync {
    /// An event was stored.
    fn event(&self, run: &RunRecord, event: &StoredEvent);

    /// A line was kept.
    fn line(&self, line: &LogLine);

    /// The run waits for its environment.
    fn waiting(&self, run: &RunRecord, why: &Reason);
}
