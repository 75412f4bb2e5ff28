//! The calls that latest_approved_model.py makes, in its order.

use super::{MAX_PAGES, PAGE_SIZE, latest_approved, outputs, too_many};
use crate::rehearsal::containers::{Cloud, Invocation, InvokeError, Question, Raised};
use serde_json::{Value, json};
use std::io::{Cursor, Read};

/// Largest script that is looked at, in bytes; ours has some kilobytes.
const LARGEST_SCRIPT: u64 = 1024 * 1024;

/// The function's answer. It is known by what its code says, not by its name.
///
/// # Errors
/// It is another function, or it raises.
pub(in crate::rehearsal) async fn invoke(
    invocation: Invocation<'_>,
    cloud: &mut dyn Cloud,
) -> Result<Value, InvokeError> {
    if !finds_the_approved_model(&invocation) {
        return Err(InvokeError::NotRun(format!(
            "the rehearsal has no stand-in for the code of {}: it executes the function of \
             latest_approved_model.py only",
            invocation.arn
        )));
    }
    let argument = |name: &str| invocation.event.get(name).and_then(Value::as_str);
    let missing = |name: &str| Raised::new("KeyError", format!("'{name}'"));
    argument("region").ok_or_else(|| missing("region"))?;
    let group =
        argument("model_package_group_name").ok_or_else(|| missing("model_package_group_name"))?;
    let mut packages = Vec::new();
    for arn in approved_arns(cloud, group).await? {
        let name = json!({ "ModelPackageName": arn });
        packages.push(ask(cloud, ("sagemaker", "DescribeModelPackage"), name).await?);
    }
    let package = latest_approved(&packages, group, argument("life_cycle_stage"))?;
    let (answer, artefact) = outputs(package)?;
    if let Some(artefact) = artefact {
        let object = json!({ "Bucket": artefact.bucket, "Key": artefact.key });
        let head = ask(cloud, ("s3", "HeadObject"), object).await?;
        artefact.check(head.get("ETag").and_then(Value::as_str).unwrap_or_default())?;
    }
    Ok(Value::Object(answer))
}

/// The ARNs of all approved versions, over all pages.
async fn approved_arns(cloud: &mut dyn Cloud, group: &str) -> Result<Vec<String>, InvokeError> {
    let mut query = json!({
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "Approved",
        "MaxResults": PAGE_SIZE,
    });
    let mut arns = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = ask(cloud, ("sagemaker", "ListModelPackages"), query.clone()).await?;
        let found = page.get("ModelPackageSummaryList").and_then(Value::as_array);
        let found = found.into_iter().flatten();
        arns.extend(found.filter_map(|summary| {
            summary.get("ModelPackageArn").and_then(Value::as_str).map(str::to_owned)
        }));
        match page.get("NextToken") {
            None => return Ok(arns),
            Some(token) => query["NextToken"] = token.clone(),
        }
    }
    Err(too_many(group).into())
}

/// Asks the cloud; a refusal is raised as boto3 raises it.
async fn ask(
    cloud: &mut dyn Cloud,
    (service, operation): (&str, &str),
    input: Value,
) -> Result<Value, InvokeError> {
    let (service, operation) = (service.to_owned(), operation.to_owned());
    let question = Question { service, operation: operation.clone(), region: None, input };
    cloud.ask(question).await.map_err(|error| {
        if error.status.is_server_error() {
            return InvokeError::Rehearsal(error);
        }
        let (code, message) = (error.code, error.message);
        let text =
            format!("An error occurred ({code}) when calling the {operation} operation: {message}");
        Raised::new("ClientError", text).into()
    })
}

/// Is the handler that of latest_approved_model.py?
fn finds_the_approved_model(invocation: &Invocation<'_>) -> bool {
    let function = invocation.function;
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
