//! Executions: start, stop, retry.

use super::{
    super::{Call, Item, ServiceError, emit},
    check::{conflict, constraint, entity_name, not_found, optional, required, token, validation},
    definitions,
    names::execution_id,
    news,
    page::items,
    parameters::{self, MAX_PARAMETERS},
    pipelines::{self, Pipeline},
    record::{Execution, ExecutionStatus, StepStatus, key_of},
    versions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest display name, description, parameter name and parameter value (StartPipelineExecution API).
const LONGEST_DISPLAY_NAME: usize = 82;
const LONGEST_DESCRIPTION: usize = 3_072;
const LONGEST_PARAMETER: (usize, usize) = (256, 1_024);

/// Marks an execution that has steps left to run; kept under the same name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Running {}

impl Item for Running {
    const KIND: &'static str = "running execution";
}

/// What a token started; kept under the pipeline's name and the token.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Started {
    arn: String,
}

impl Item for Started {
    const KIND: &'static str = "execution token";
}

/// The execution with this ARN.
pub(super) async fn find(call: &mut Call<'_>, arn: &str) -> Result<Execution, ServiceError> {
    let found: Option<Execution> = call.shelf.get(&call.place, &key_of(arn)).await?;
    found
        .filter(|execution| execution.arn == arn)
        .ok_or_else(|| not_found(format!("Pipeline execution '{arn}'")))
}

/// The execution that the request names.
pub(super) async fn asked(call: &mut Call<'_>) -> Result<Execution, ServiceError> {
    let arn = required(call, "PipelineExecutionArn")?.to_owned();
    find(call, &arn).await
}

/// Does the pipeline have executions that have not ended?
pub(super) async fn any_running(
    call: &mut Call<'_>,
    pipeline: &Pipeline,
) -> Result<bool, ServiceError> {
    let running: Vec<(String, Running)> = items(call, &format!("{}/", pipeline.key())).await?;
    Ok(!running.is_empty())
}

/// StartPipelineExecution. The same token again is the same execution.
pub(super) async fn start(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let token = token(call)?;
    let mut pipeline = pipelines::asked(call).await?;
    let token = format!("{}/{token}", pipeline.key());
    if let Some(started) = call.shelf.get::<Started>(&call.place, &token).await? {
        return Ok(json!({ "PipelineExecutionArn": started.arn }));
    }
    let number = versions::asked(call, &pipeline)?;
    let mut version = versions::of(call, &pipeline, number).await?;
    let execution = begin(call, &pipeline, &version).await?;
    version.last_execution = Some(execution.arn.clone());
    versions::keep(call, &pipeline, &version).await?;
    pipeline.last_run = Some(call.now);
    call.shelf.put(&call.place, &pipeline.key(), &pipeline).await?;
    let started = Started { arn: execution.arn.clone() };
    call.shelf.put(&call.place, &token, &started).await?;
    keep(call, &execution).await?;
    Ok(json!({ "PipelineExecutionArn": execution.arn }))
}

async fn begin(
    call: &mut Call<'_>,
    pipeline: &Pipeline,
    version: &versions::Version,
) -> Result<Execution, ServiceError> {
    if call.body.get("SelectiveExecutionConfig").is_some_and(|config| !config.is_null()) {
        return Err(validation("The rehearsal does not execute selected steps only."));
    }
    let display_name = optional(call, "PipelineExecutionDisplayName", LONGEST_DISPLAY_NAME)?;
    if let Some(name) = &display_name {
        entity_name("PipelineExecutionDisplayName", name, LONGEST_DISPLAY_NAME)?;
    }
    let description = optional(call, "PipelineExecutionDescription", LONGEST_DESCRIPTION)?;
    let given = given(call)?;
    let definition = definitions::kept(call, &version.definition).await?;
    let parameters = parameters::values(&definition, &given).map_err(validation)?;
    let number = call.shelf.count_up(&format!("executions of {}", pipeline.arn)).await?;
    let id = execution_id(&pipeline.arn, number);
    Ok(Execution {
        arn: format!("{}/execution/{id}", pipeline.arn),
        id,
        number,
        pipeline_arn: pipeline.arn.clone(),
        pipeline_name: pipeline.name.clone(),
        version: version.number,
        display_name: display_name
            .unwrap_or_else(|| format!("execution-{}", call.now.as_millisecond())),
        description,
        definition: version.definition.clone(),
        role: pipeline.role.clone(),
        given,
        parameters,
        status: ExecutionStatus::Executing,
        failure: None,
        started: call.now,
        modified: call.now,
        started_by: call.principal.arn(),
        retries: 0,
        steps: Vec::new(),
    })
}

fn given(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let list = call.body.get("PipelineParameters").and_then(Value::as_array);
    let list = list.map_or(&[][..], Vec::as_slice);
    if list.len() > MAX_PARAMETERS {
        return Err(validation(format!("At most {MAX_PARAMETERS} parameters can be given.")));
    }
    let mut given = BTreeMap::new();
    for parameter in list {
        let text = |field| parameter.get(field).and_then(Value::as_str).unwrap_or_default();
        let (name, value) = (text("Name"), text("Value"));
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > LONGEST_PARAMETER.0 || !name.chars().all(legal) {
            let rule = "Member must satisfy regular expression pattern: ^[A-Za-z0-9\\-_]*$";
            return Err(constraint("PipelineParameters.Name", name, rule));
        }
        if value.chars().count() > LONGEST_PARAMETER.1 {
            let rule = "Member must have length less than or equal to 1024";
            return Err(constraint("PipelineParameters.Value", value, rule));
        }
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(validation(format!("Parameter {name} is given twice.")));
        }
    }
    Ok(given)
}

/// Keeps an execution, and that it runs or no longer does; tells what has changed.
pub(super) async fn keep(call: &mut Call<'_>, execution: &Execution) -> Result<(), ServiceError> {
    let key = execution.key();
    let before: Option<Execution> = call.shelf.get(&call.place, &key).await?;
    for news in news::of_execution(&call.place, before.as_ref(), execution) {
        emit(call, news).await?;
    }
    call.shelf.put(&call.place, &key, execution).await?;
    if execution.status.is_running() {
        call.shelf.put(&call.place, &key, &Running {}).await?;
    } else {
        call.shelf.delete::<Running>(&call.place, &key).await?;
    }
    Ok(())
}

/// StopPipelineExecution.
pub(super) async fn stop(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    token(call)?;
    let mut execution = asked(call).await?;
    match execution.status {
        ExecutionStatus::Executing => {
            execution.status = ExecutionStatus::Stopping;
            execution.modified = call.now;
            keep(call, &execution).await?;
        }
        ExecutionStatus::Stopping | ExecutionStatus::Stopped => {}
        ExecutionStatus::Failed | ExecutionStatus::Succeeded => {
            return Err(conflict(format!(
                "Pipeline execution {} has ended with status {}.",
                execution.arn,
                execution.status.as_str()
            )));
        }
    }
    Ok(json!({ "PipelineExecutionArn": execution.arn }))
}

/// RetryPipelineExecution: what failed runs again, with the same definition and parameters.
pub(super) async fn retry(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    token(call)?;
    let mut execution = asked(call).await?;
    match execution.status {
        ExecutionStatus::Failed | ExecutionStatus::Stopped => {
            execution.steps.retain(|step| step.status == StepStatus::Succeeded);
            execution.status = ExecutionStatus::Executing;
            execution.failure = None;
            execution.modified = call.now;
            execution.retries += 1;
            keep(call, &execution).await?;
        }
        ExecutionStatus::Executing | ExecutionStatus::Stopping => {}
        ExecutionStatus::Succeeded => {
            return Err(conflict(format!("Pipeline execution {} has succeeded.", execution.arn)));
        }
    }
    Ok(json!({ "PipelineExecutionArn": execution.arn }))
}
