//! Lambda: calls the function version that the definition names, with the step's arguments as its event.
//!
//! The function acts as its own role, not as the pipeline's. One function has a stand-in: the repository's own that
//! finds the approved model. It is known by what its code says, not by its name.

mod latest_approved_model;

use super::{
    super::super::{Call, Deployed, Service, standin::Raised},
    Outcome, Running, Trouble, list,
};
use crate::ids::Arn;
use serde_json::{Map, Value, json};
use std::io::{Cursor, Read};

/// Most output parameters of a step, and their longest text (SageMaker developer guide, "Lambda step").
const MAX_OUTPUTS: usize = 50;
const LONGEST_OUTPUT: usize = 1_024;
/// Largest script that is looked at, in bytes; ours has some kilobytes.
const LARGEST_SCRIPT: u64 = 1024 * 1024;

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
    let answer = invoke(call, &function, (&arn, running.value("/Arguments"))).await?;
    let answer = answer.map_err(|raised| {
        let payload = json!({ "errorMessage": raised.message, "errorType": raised.kind });
        Trouble::failed(format!("ClientError: Lambda function {name} failed: {payload}"))
    })?;
    outputs(running, &answer)
}

/// Calls the function, which answers or raises.
async fn invoke(
    call: &mut Call<'_>,
    function: &Deployed,
    (arn, event): (&Arn, &Value),
) -> Result<Result<Map<String, Value>, Raised>, Trouble> {
    let role = call.landscape.role(&function.role);
    let role = role.filter(|role| role.may_be_passed(&call.place.account, Service::Lambda));
    let role = role.map(|role| role.arn.clone()).ok_or_else(|| {
        Trouble::failed(format!(
            "ClientError: AccessDeniedException: The role {} cannot be assumed by Lambda.",
            function.role
        ))
    })?;
    if !finds_the_approved_model(function) {
        return Err(Trouble::failed(format!(
            "the rehearsal has no stand-in for the code of {arn}: it executes the function of \
             latest_approved_model.py only"
        )));
    }
    let name = arn.resource().split(':').nth(1).unwrap_or_default();
    let result = latest_approved_model::run(call, (&role, name), event).await;
    match result {
        Ok(answer) => Ok(Ok(answer)),
        Err(latest_approved_model::Ended::Raised(raised)) => Ok(Err(raised)),
        Err(latest_approved_model::Ended::Rehearsal(error)) => Err(Trouble::Service(error)),
    }
}

/// Is the handler that of latest_approved_model.py?
fn finds_the_approved_model(function: &Deployed) -> bool {
    let Some((module, "handler")) = function.handler.split_once('.') else { return false };
    let code = script(&function.zip, &format!("{module}.py")).unwrap_or_default();
    ["def handler(event, context):", "class NoApprovedModel(", "def latest_approved("]
        .iter()
        .all(|mark| code.contains(mark))
}

fn script(zip: &[u8], name: &str) -> Option<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).ok()?;
    let mut text = String::new();
    archive.by_name(name).ok()?.take(LARGEST_SCRIPT).read_to_string(&mut text).ok()?;
    Some(text)
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
