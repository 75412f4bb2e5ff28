//! Executions go on when someone looks: each request first runs one step of each running execution in its
//! account and region, and each tick one step of all.
//!
//! A step and all it wrote are part of the request's transaction. A process that dies in a step leaves the
//! execution as it was before it; the next request, of whichever process, runs the step anew.

use super::{
    super::{Call, Place, ServiceError},
    definitions, executions,
    executions::Running,
    graph::Graph,
    page::items,
    record::{Execution, ExecutionStatus},
    steps,
    walk::{Next, next},
};

/// Why an execution fails if a step does; the step has the reason (SageMaker's own words).
const STEP_FAILURE: &str = "Step failure: One or multiple steps failed.";

/// Runs one step of each running execution in `place` and says of how many, whoever asks.
pub(in crate::rehearsal) async fn advance(
    call: &mut Call<'_>,
    place: &Place,
) -> Result<usize, ServiceError> {
    // A step works where its execution stands, which may be elsewhere than the caller.
    let caller = std::mem::replace(&mut call.place, place.clone());
    let advanced = advance_here(call).await;
    call.place = caller;
    advanced
}

/// Runs one step of each running execution of every account and says of how many.
pub(in crate::rehearsal) async fn advance_everywhere(
    call: &mut Call<'_>,
) -> Result<usize, ServiceError> {
    let mut advanced = 0;
    for place in call.shelf.places().await? {
        advanced += advance(call, &place).await?;
    }
    Ok(advanced)
}

async fn advance_here(call: &mut Call<'_>) -> Result<usize, ServiceError> {
    let running: Vec<(String, Running)> = items(call, "").await?;
    let count = running.len();
    for (key, _) in running {
        if let Some(execution) = call.shelf.get::<Execution>(&call.place, &key).await? {
            let execution = one_step(call, execution).await?;
            executions::keep(call, &execution).await?;
        }
    }
    Ok(count)
}

async fn one_step(
    call: &mut Call<'_>,
    mut execution: Execution,
) -> Result<Execution, ServiceError> {
    match execution.status {
        ExecutionStatus::Executing => {}
        ExecutionStatus::Stopping => {
            execution.status = ExecutionStatus::Stopped;
            execution.modified = call.now;
            return Ok(execution);
        }
        ExecutionStatus::Stopped | ExecutionStatus::Failed | ExecutionStatus::Succeeded => {
            return Ok(execution);
        }
    }
    let definition = definitions::kept(call, &execution.definition).await?;
    let graph = Graph::of(&definition).map_err(ServiceError::internal)?;
    if let Next::Run(node) = next(&graph, &execution.steps) {
        let record = Box::pin(steps::run(call, &execution, node)).await?;
        execution.steps.push(record);
    }
    execution.modified = call.now;
    match next(&graph, &execution.steps) {
        Next::Run(_) => {}
        Next::Succeeded => execution.status = ExecutionStatus::Succeeded,
        Next::Failed => {
            execution.status = ExecutionStatus::Failed;
            execution.failure = Some(STEP_FAILURE.to_owned());
        }
    }
    Ok(execution)
}
