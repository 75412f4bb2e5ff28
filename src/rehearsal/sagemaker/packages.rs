//! Model packages: the versions in a group.

mod inspect;
mod update;

pub(super) use inspect::{describe, list};
pub(super) use update::update;

use super::{
    super::{Call, Item, Place, ServiceError},
    check::{constraint, not_found, required, validation},
    groups::{self, Group},
    page::items_at,
    tags,
};
use crate::ids::Arn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a model may be: approved, rejected, or not yet judged.
const APPROVALS: [&str; 3] = ["Approved", "Rejected", "PendingManualApproval"];
/// Most entries of `CustomerMetadataProperties` (CreateModelPackage API).
const MAX_CUSTOMER_METADATA: usize = 50;

/// A version; kept in the registry's account under the group's name and its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Package {
    pub arn: String,
    pub group: String,
    pub version: u64,
    /// Fields of the request that made it, as Describe shows them.
    fields: Map<String, Value>,
    approval: String,
    approval_description: Option<String>,
    created: Timestamp,
    created_by: String,
    modified: Option<(Timestamp, String)>,
}

impl Item for Package {
    const KIND: &'static str = "model package";
}

fn key(group: &str, version: u64) -> String {
    format!("{group}/{version:012}")
}

/// CreateModelPackage.
pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let group = required(call, "ModelPackageGroupName")?.to_owned();
    let by = call.principal.arn();
    let package = register(call, &group, call.body.clone(), &by).await?;
    tags::put(call, &package.arn).await?;
    Ok(json!({ "ModelPackageArn": package.arn }))
}

/// Registers a new version of `group`, which may belong to another account.
pub(super) async fn register(
    call: &mut Call<'_>,
    group: &str,
    request: Value,
    by: &str,
) -> Result<Package, ServiceError> {
    let group = groups::find(call, group).await?;
    let Value::Object(mut fields) = request else {
        return Err(validation("the request is not an object"));
    };
    let approval = match fields.remove("ModelApprovalStatus") {
        None | Some(Value::Null) => "PendingManualApproval".to_owned(),
        Some(status) => approval(&status)?,
    };
    check_containers(&fields)?;
    check_customer_metadata(fields.get("CustomerMetadataProperties"))?;
    for not_described in ["ModelPackageGroupName", "ModelPackageName", "Tags", "ClientToken"] {
        fields.remove(not_described);
    }
    fields.retain(|_, value| !value.is_null());
    note_model_data(call, &mut fields).await?;
    let version = next_version(call, &group).await?;
    let package = Package {
        arn: group.place.arn("sagemaker", &format!("model-package/{}/{version}", group.name)),
        group: group.name.clone(),
        version,
        fields,
        approval,
        approval_description: None,
        created: call.now,
        created_by: by.to_owned(),
        modified: None,
    };
    call.shelf.put(&group.place, &key(&group.name, version), &package).await?;
    Ok(package)
}

async fn next_version(call: &mut Call<'_>, group: &Group) -> Result<u64, ServiceError> {
    let prefix = format!("{}/", group.name);
    let versions: Vec<(String, Package)> = items_at(call, &group.place, &prefix).await?;
    Ok(versions.last().map_or(1, |(_, package)| package.version + 1))
}

fn approval(status: &Value) -> Result<String, ServiceError> {
    let word = status.as_str().unwrap_or_default();
    if APPROVALS.contains(&word) {
        return Ok(word.to_owned());
    }
    let rule = "Member must satisfy enum value set: [Approved, Rejected, PendingManualApproval]";
    Err(constraint("ModelApprovalStatus", word, rule))
}

fn containers(fields: &Map<String, Value>) -> &[Value] {
    fields
        .get("InferenceSpecification")
        .and_then(|specification| specification.get("Containers")?.as_array())
        .map_or(&[], Vec::as_slice)
}

fn check_containers(fields: &Map<String, Value>) -> Result<(), ServiceError> {
    let given = fields.get("InferenceSpecification").is_some_and(|given| !given.is_null());
    let containers = containers(fields);
    let whole =
        containers.iter().all(|container| container.get("Image").is_some_and(Value::is_string));
    if !given || !containers.is_empty() && whole {
        return Ok(());
    }
    Err(validation(
        "InferenceSpecification.Containers must have at least one container with an Image.",
    ))
}

fn check_customer_metadata(properties: Option<&Value>) -> Result<(), ServiceError> {
    let Some(properties) = properties.and_then(Value::as_object) else { return Ok(()) };
    if properties.len() > MAX_CUSTOMER_METADATA {
        return Err(validation(format!(
            "CustomerMetadataProperties can have at most {MAX_CUSTOMER_METADATA} entries."
        )));
    }
    match properties.iter().find(|(_, value)| !value.is_string()) {
        Some((name, value)) => Err(constraint(
            &format!("CustomerMetadataProperties.{name}"),
            &value.to_string(),
            "Member must be a string",
        )),
        None => Ok(()),
    }
}

/// Notes the ETag of each container's model, so that whoever uses it can tell that it is still the same.
async fn note_model_data(
    call: &mut Call<'_>,
    fields: &mut Map<String, Value>,
) -> Result<(), ServiceError> {
    let containers = fields
        .get_mut("InferenceSpecification")
        .and_then(|specification| specification.get_mut("Containers")?.as_array_mut());
    for container in containers.into_iter().flatten() {
        let uri = container.get("ModelDataUrl").and_then(Value::as_str).unwrap_or_default();
        if let Some((bucket, key)) = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
            && let Some(object) = call.shelf.object_head(bucket, key).await?
        {
            container["ModelDataETag"] = json!(object.etag.trim_matches('"'));
        }
    }
    Ok(())
}

/// The version with this ARN, and where it is kept.
async fn find(call: &mut Call<'_>, arn: &str) -> Result<(Place, Package), ServiceError> {
    let missing = || not_found(format!("ModelPackage {arn}"));
    let parsed: Arn = arn.parse().map_err(|_| missing())?;
    let (group, version) = parsed
        .resource()
        .strip_prefix("model-package/")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(missing)?;
    let version: u64 = version.parse().map_err(|_| missing())?;
    let (head, _) = arn.rsplit_once(":model-package/").ok_or_else(missing)?;
    let group = groups::find(call, &format!("{head}:model-package-group/{group}")).await?;
    let package = call.shelf.get(&group.place, &key(&group.name, version)).await?;
    package.map(|package| (group.place, package)).ok_or_else(missing)
}
