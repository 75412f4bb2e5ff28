//! Condition: which branch is taken.

use super::{
    super::{super::Call, condition::all_hold, scope::ExecutionScope},
    Outcome, Running, Trouble, list,
};
use serde_json::json;

pub(super) fn run(call: &Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let scope =
        ExecutionScope { execution: running.execution()?, job_name: &running.job, now: call.now };
    let holds =
        all_hold(list(&running.step, "/Arguments/Conditions"), &scope).map_err(Trouble::failed)?;
    let outcome = if holds { "True" } else { "False" };
    Ok(Outcome {
        metadata: json!({ "Condition": { "Outcome": outcome } }),
        properties: json!({ "Outcome": outcome }),
        taken: Some(holds),
        ..Outcome::default()
    })
}
