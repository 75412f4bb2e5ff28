//! The containers that this program itself stands in for.

use super::{
    super::standin::{self, Script},
    Cloud, Containers, Files, Invocation, InvokeError, JobFailure, Processing, Scoring, Training,
};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use serde_json::Value;

/// The stand-ins: same files, same results, byte for byte, and nothing to install.
#[derive(Debug)]
pub(in crate::rehearsal) struct StandIns;

impl Containers for StandIns {
    fn process(&self, job: Processing) -> BoxFuture<'_, Result<Files, JobFailure>> {
        let script = Script { command: &job.command, files: &job.files };
        ready(standin::process(&script)).boxed()
    }

    fn train(&self, job: Training) -> BoxFuture<'_, Result<Vec<u8>, JobFailure>> {
        ready(standin::train(&job.hyper_parameters, &job.channels)).boxed()
    }

    fn score(&self, job: Scoring) -> BoxFuture<'_, Result<Vec<String>, JobFailure>> {
        ready(standin::score_lines(&job.model, &job.lines)).boxed()
    }

    fn invoke<'i>(
        &'i self,
        invocation: Invocation<'i>,
        cloud: &'i mut dyn Cloud,
    ) -> BoxFuture<'i, Result<Value, InvokeError>> {
        standin::invoke(invocation, cloud).boxed()
    }
}
