//! The calls that latest_approved_model.py makes, as its role may make them.

use super::super::super::{
    super::{
        Call, Principal, RoleSession, ServiceError, ShelfError,
        standin::{
            Raised,
            latest_approved_model::{MAX_PAGES, PAGE_SIZE, latest_approved, outputs, too_many},
        },
    },
    packages, resource,
};
use crate::ids::Arn;
use serde_json::{Map, Value, json};

/// Why a function gives no answer.
pub(super) enum Ended {
    /// It raised an exception.
    Raised(Raised),
    /// The rehearsal failed; nobody is to blame but it.
    Rehearsal(ServiceError),
}

impl From<Raised> for Ended {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

impl From<ShelfError> for Ended {
    fn from(error: ShelfError) -> Self {
        Self::Rehearsal(error.into())
    }
}

/// The function's answer to `event`, acting as `role` in a session of the function's name.
pub(super) async fn run(
    call: &mut Call<'_>,
    (role, name): (&Arn, &str),
    event: &Value,
) -> Result<Map<String, Value>, Ended> {
    let session = Principal::Session(Box::new(RoleSession {
        role: role.clone(),
        name: name.to_owned(),
        token: String::new(),
        expires: call.now,
        policy: None,
        source_identity: None,
    }));
    let asked = (call.operation.clone(), std::mem::take(&mut call.body));
    let caller = std::mem::replace(&mut call.principal, session);
    let answer = find(call, event).await;
    call.principal = caller;
    (call.operation, call.body) = asked;
    answer
}

async fn find(call: &mut Call<'_>, event: &Value) -> Result<Map<String, Value>, Ended> {
    let argument = |name: &str| event.get(name).and_then(Value::as_str);
    let missing = |name: &str| Raised::new("KeyError", format!("'{name}'"));
    argument("region").ok_or_else(|| missing("region"))?;
    let group =
        argument("model_package_group_name").ok_or_else(|| missing("model_package_group_name"))?;
    let mut packages = Vec::new();
    for arn in approved_arns(call, group).await? {
        packages.push(ask(call, "DescribeModelPackage", json!({ "ModelPackageName": arn })).await?);
    }
    let package = latest_approved(&packages, group, argument("life_cycle_stage"))?;
    let (answer, artefact) = outputs(package)?;
    if let Some(artefact) = artefact {
        artefact.check(&etag(call, &artefact.bucket, &artefact.key).await?)?;
    }
    Ok(answer)
}

/// The ARNs of all approved versions, over all pages.
async fn approved_arns(call: &mut Call<'_>, group: &str) -> Result<Vec<String>, Ended> {
    let mut query = json!({
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "Approved",
        "MaxResults": PAGE_SIZE,
    });
    let mut arns = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = ask(call, "ListModelPackages", query.clone()).await?;
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

/// Does a registry operation if the role may.
async fn ask(call: &mut Call<'_>, operation: &str, body: Value) -> Result<Value, Ended> {
    operation.clone_into(&mut call.operation);
    call.body = body;
    let answer = match call.authorize(&format!("sagemaker:{operation}"), &resource(call)) {
        Err(refusal) => Err(refusal),
        Ok(()) if operation == "ListModelPackages" => packages::list(call).await,
        Ok(()) => packages::describe(call).await,
    };
    answer.map_err(|error| {
        if error.status.is_server_error() {
            return Ended::Rehearsal(error);
        }
        client_error(&format!(
            "({}) when calling the {operation} operation: {}",
            error.code, error.message
        ))
    })
}

/// HeadObject's ETag.
async fn etag(call: &mut Call<'_>, bucket: &str, key: &str) -> Result<String, Ended> {
    let admitted = call
        .landscape
        .bucket(bucket)
        .is_some_and(|bucket| bucket.accounts.contains(&call.place.account));
    let allowed = call.authorize("s3:GetObject", &call.place.bucket_arn(bucket, Some(key)));
    if !admitted || allowed.is_err() {
        return Err(client_error("(403) when calling the HeadObject operation: Forbidden"));
    }
    match call.shelf.object_head(bucket, key).await? {
        Some(object) => Ok(object.etag),
        None => Err(client_error("(404) when calling the HeadObject operation: Not Found")),
    }
}

/// An error of AWS as boto3 raises it.
fn client_error(what: &str) -> Ended {
    Raised::new("ClientError", format!("An error occurred {what}")).into()
}
