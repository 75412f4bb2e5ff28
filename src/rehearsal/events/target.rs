//! What a target must be like, and whether EventBridge could reach it.

use super::{INVALID, NAME, invalid, transformers};
use crate::{
    ids::Arn,
    rehearsal::{Call, Service, ServiceError, check},
};
use serde_json::Value;

/// PutTargets API.
const LONGEST_INPUT: usize = 8192;
const LONGEST_PARAMETER_NAME: usize = 256;
const LONGEST_PARAMETER_VALUE: usize = 1024;
const MOST_PARAMETERS: usize = 200;
const RETRY_ATTEMPTS: std::ops::RangeInclusive<i64> = 0..=185;
const EVENT_AGE_SECONDS: std::ops::RangeInclusive<i64> = 60..=86_400;

/// What makes AWS refuse the whole call: forms and sizes.
pub(super) fn check_shape(target: &Value) -> Result<(), ServiceError> {
    let text = |field: &str| target.get(field).and_then(Value::as_str);
    NAME.demand(INVALID, "targets.member.id", text("Id").unwrap_or_default())?;
    if text("Arn").is_none_or(|arn| arn.parse::<Arn>().is_err()) {
        return Err(invalid(format!("'{}' is no ARN", text("Arn").unwrap_or_default())));
    }
    let inputs = ["Input", "InputPath", "InputTransformer"];
    if inputs.iter().filter(|field| target.get(**field).is_some()).count() > 1 {
        return Err(invalid("only one of Input, InputPath, or InputTransformer must be provided"));
    }
    if let Some(input) = text("Input") {
        check::length(INVALID, "targets.member.input", input.chars().count(), 0..=LONGEST_INPUT)?;
        serde_json::from_str::<Value>(input)
            .map_err(|error| invalid(format!("JSON syntax error in input: {error}")))?;
    }
    transformers::check(target)?;
    check_retry(target)?;
    let parameters = &target["SageMakerPipelineParameters"]["PipelineParameterList"];
    let parameters = parameters.as_array().map_or(&[][..], Vec::as_slice);
    check::length(INVALID, "pipelineParameterList", parameters.len(), 0..=MOST_PARAMETERS)?;
    parameters.iter().try_for_each(check_parameter)
}

fn check_retry(target: &Value) -> Result<(), ServiceError> {
    let policy = &target["RetryPolicy"];
    for (field, range) in
        [("MaximumRetryAttempts", RETRY_ATTEMPTS), ("MaximumEventAgeInSeconds", EVENT_AGE_SECONDS)]
    {
        if let Some(value) = policy[field].as_i64() {
            check::number(INVALID, field, value, range)?;
        }
    }
    Ok(())
}

/// `^[a-zA-Z0-9](-*[a-zA-Z0-9])*$`: no underscore, although SageMaker itself would take one.
fn check_parameter(parameter: &Value) -> Result<(), ServiceError> {
    let name = parameter["Name"].as_str().unwrap_or_default();
    let value = parameter["Value"].as_str().unwrap_or_default();
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.len() <= LONGEST_PARAMETER_NAME;
    if !legal {
        return Err(invalid(format!(
            "value '{name}' at 'targets.member.sageMakerPipelineParameters.pipelineParameterList.member.name' failed to satisfy constraint: must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
        )));
    }
    check::length(INVALID, "value", value.chars().count(), 0..=LONGEST_PARAMETER_VALUE)
}

/// What fails this target alone: a role is missing, foreign or does not trust EventBridge.
pub(super) fn check_reach(call: &Call<'_>, target: &Value) -> Result<(), ServiceError> {
    let arn = target["Arn"].as_str().unwrap_or_default();
    let Ok(parsed) = arn.parse::<Arn>() else { return Ok(()) };
    match (parsed.service(), target["RoleArn"].as_str()) {
        (_, Some(role)) => call.pass_role(role, Service::Events, INVALID),
        ("sagemaker", None) => Err(invalid(format!("RoleArn is required for target {arn}."))),
        (_, None) => Ok(()),
    }
}
