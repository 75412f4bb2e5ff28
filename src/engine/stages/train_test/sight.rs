//! What is seen of an execution: its steps, and where those cannot be listed, its own status alone.
//!
//! A training lasts hours, and listing its steps is for people to follow it. So a server that cannot list them ends
//! nothing: it is said once, and the execution's status decides. What only the steps tell is unknown then.

use super::super::work::Work;
use crate::{
    aws::{CloudError, ErrorClass, ExecutionRecord, SageMaker, StepRecord},
    flow::Failure,
};

/// Looks after the end for steps that could not be listed then, where that may pass.
const LAST_LOOKS: u32 = 3;

/// How an execution is looked at.
#[derive(Debug, Default)]
pub(super) struct Sight {
    blind: bool,
    last_looks: u32,
}

impl Sight {
    /// The steps; nothing where the server cannot list them.
    pub(super) async fn steps(
        &mut self,
        work: &Work<'_>,
        (sagemaker, execution): (&SageMaker, &ExecutionRecord),
    ) -> Result<Option<Vec<StepRecord>>, Failure> {
        let error = match sagemaker.steps(&execution.arn).await {
            Ok(steps) => return Ok(Some(steps)),
            Err(error) if is_the_servers(&error) => error,
            Err(error) => return Err(error.into()),
        };
        if !self.blind {
            work.tell(&format!("the steps cannot be listed: {error}"))?;
            work.tell("only the status of the execution itself is looked at")?;
        }
        self.blind = true;
        if execution.status.is_over() {
            // nobody will ever list them where nobody has heard of it
            self.last_looks = if error.is_unheard_of() { LAST_LOOKS } else { self.last_looks + 1 };
        }
        Ok(None)
    }

    /// Has it been looked often enough for the steps of an execution that is over?
    pub(super) fn has_given_up(&self) -> bool {
        self.last_looks >= LAST_LOOKS
    }
}

/// A refusal is ours to mend and stays one.
fn is_the_servers(error: &CloudError) -> bool {
    error.is_unheard_of() || matches!(error.class, ErrorClass::Unavailable | ErrorClass::Throttled)
}
