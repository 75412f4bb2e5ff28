//! Executions go on when someone looks: each request first runs one step of each running execution here.
//!
//! A step and all it wrote are part of the request's transaction. A process that dies in a step leaves the
//! execution as it was before it; the next request, of whichever process, runs the step anew.

use super::{
    super::{Call, ServiceError},
    definitions, executions,
    executions::Running,
    graph::Graph,
    own_jobs,
    page::items,
    record::{Execution, ExecutionStatus},
    steps,
    walk::{Next, next},
};

/// Why an execution fails if a step does; the step has the reason (SageMaker's own words).
const STEP_FAILURE: &str = "Step failure: One or multiple steps failed.";

/// Runs one step of each running execution of the caller's account and region, and lets jobs of their own go on.
pub(super) async fn advance(call: &mut Call<'_>) -> Result<(), ServiceError> {
    own_jobs::advance(call).await?;
    let running: Vec<(String, Running)> = items(call, "").await?;
    for (key, _) in running {
        if let Some(execution) = call.shelf.get::<Execution>(&call.place, &key).await? {
            let execution = one_step(call, execution).await?;
            executions::keep(call, &execution).await?;
        }
    }
    Ok(())
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
