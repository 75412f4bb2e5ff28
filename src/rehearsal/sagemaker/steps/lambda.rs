//! Lambda: calls the function version that the definition names, with the step's arguments as its event.
//!
//! The function acts as its own role, not as the pipeline's.

mod cloud;

use super::{
    super::super::{Call, Invocation, InvokeError, Service},
    Outcome, Running, Trouble, list,
};
use crate::ids::Arn;
use cloud::AsRole;
use serde_json::{Map, Value, json};

/// Most output parameters of a step, and their longest text (SageMaker developer guide, "Lambda step").
const MAX_OUTPUTS: usize = 50;
const LONGEST_OUTPUT: usize = 1_024;

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let function = running.text("/FunctionArn")?;
    let shown = json!({ "Lambda": { "Arn": function } });
    let outputs = work(call, running, function).await.map_err(|trouble| trouble.showing(shown))?;
    let listed: Vec<Value> =
        outputs.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    Ok(Outcome {
        metadata: json!({ "Lambda": { "Arn": function, "OutputParameters": listed } }),
        properties: json!({ "OutputParameters": outputs }),
        ..Outcome::default()
    })
}

async fn work(
    call: &mut Call<'_>,
    running: &Running<'_>,
    name: &str,
) -> Result<Map<String, Value>, Trouble> {
    running.authorize(call, "lambda:InvokeFunction", name)?;
    let missing = || {
        Trouble::failed(format!(
            "ClientError: ResourceNotFoundException: Function not found: {name}"
        ))
    };
    let arn: Arn = name.parse().map_err(|_| missing())?;
    if arn.account().as_ref() != Some(&call.place.account) {
        return Err(Trouble::failed(format!(
            "ClientError: AccessDeniedException: {name} is a function of another account"
        )));
    }
    let function = call.shelf.deployed_function(&arn).await?.ok_or_else(missing)?;
    let event = running.value("/Arguments");
    let invocation = Invocation { function: &function, arn: &arn, event };
    outputs(running, &invoke(call, invocation).await?)
}

/// Calls the function as its own role.
async fn invoke(
    call: &mut Call<'_>,
    invocation: Invocation<'_>,
) -> Result<Map<String, Value>, Trouble> {
    let Invocation { function, arn, .. } = invocation;
    let role = call.landscape.role(&function.role);
    let role = role.filter(|role| role.may_be_passed(&call.place.account, Service::Lambda));
    let role = role.map(|role| role.arn.clone()).ok_or_else(|| {
        Trouble::failed(format!(
            "ClientError: AccessDeniedException: The role {} cannot be assumed by Lambda.",
            function.role
        ))
    })?;
    let name = arn.resource().split(':').nth(1).unwrap_or_default();
    let containers = call.containers;
    let mut cloud = AsRole::new(call, &role, name);
    match containers.invoke(invocation, &mut cloud).await {
        Ok(Value::Object(answer)) => Ok(answer),
        // What is no object has no outputs.
        Ok(_) => Ok(Map::new()),
        Err(InvokeError::Raised(raised)) => {
            let payload = json!({ "errorMessage": raised.message, "errorType": raised.kind });
            let failure = format!("ClientError: Lambda function {arn} failed: {payload}");
            Err(Trouble::failed(failure))
        }
        Err(InvokeError::NotRun(why)) => Err(Trouble::failed(why)),
        Err(InvokeError::Rehearsal(error)) => Err(Trouble::Service(error)),
    }
}

/// The declared outputs among what the function answered.
fn outputs(
    running: &Running<'_>,
    answer: &Map<String, Value>,
) -> Result<Map<String, Value>, Trouble> {
    let declared = list(&running.step, "/OutputParameters");
    if declared.len() > MAX_OUTPUTS {
        return Err(Trouble::failed(format!(
            "ClientError: ValidationException: a Lambda step has at most {MAX_OUTPUTS} output parameters"
        )));
    }
    let names = declared.iter().filter_map(|output| output.get("OutputName")?.as_str());
    let mut outputs = Map::new();
    for (name, value) in names.filter_map(|name| Some((name, answer.get(name)?))) {
        let length = value.as_str().map_or_else(|| value.to_string().len(), str::len);
        if length > LONGEST_OUTPUT {
            return Err(Trouble::failed(format!(
                "ClientError: ValidationException: the output parameter {name} is longer than {LONGEST_OUTPUT}"
            )));
        }
        outputs.insert(name.to_owned(), value.clone());
    }
    Ok(outputs)
}
