//! Model packages: the versions in a group.

mod inspect;
mod update;

pub(super) use inspect::{describe, list};
pub(super) use update::update;

use super::{
    super::{Call, Item, Place, ServiceError, emit},
    check::{constraint, entity_name, not_found, required, validation},
    groups::{self, Group},
    news,
    page::items_at,
    tags,
};
use crate::ids::{Arn, Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a model may be: approved, rejected, or not yet judged.
const APPROVALS: [&str; 3] = ["Approved", "Rejected", "PendingManualApproval"];
/// Most entries of `CustomerMetadataProperties` (CreateModelPackage API).
const MAX_CUSTOMER_METADATA: usize = 50;

/// Longest stage and longest status of one (ModelLifeCycle API, EntityName).
const LONGEST_STAGE: usize = 63;
/// Longest `StageDescription` (ModelLifeCycle API).
const LONGEST_STAGE_DESCRIPTION: usize = 1_024;

/// A version; kept in the registry's account under the group's name and its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Package {
    pub arn: String,
    pub group: String,
    pub version: u64,
    /// Fields of the request that made it, as Describe shows them.
    pub fields: Map<String, Value>,
    /// Approved, Rejected or PendingManualApproval.
    pub approval: String,
    pub approval_description: Option<String>,
    pub created: Timestamp,
    pub created_by: String,
    pub modified: Option<(Timestamp, String)>,
    /// `ClientToken` and digest of the last update: the same request again changes nothing.
    #[serde(default)]
    pub last_update: Option<(String, Digest)>,
}

impl Item for Package {
    const KIND: &'static str = "model package";
}

impl Package {
    /// When it was last changed; if never, when it was registered.
    pub(super) fn last_touched(&self) -> Timestamp {
        self.modified.as_ref().map_or(self.created, |(when, _)| *when)
    }
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
    check_life_cycle(fields.get("ModelLifeCycle"))?;
    for not_described in ["ModelPackageGroupName", "ModelPackageName", "Tags", "ClientToken"] {
        fields.remove(not_described);
    }
    fields.retain(|_, value| !value.is_null());
    note_containers(call, &mut fields).await?;
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
        last_update: None,
    };
    keep(call, &group.place, &package, &[]).await?;
    Ok(package)
}

/// Keeps the version, and tells that it is new or that `updated` fields of it are.
async fn keep(
    call: &mut Call<'_>,
    place: &Place,
    package: &Package,
    updated: &[&str],
) -> Result<(), ServiceError> {
    call.shelf.put(place, &key(&package.group, package.version), package).await?;
    emit(call, news::of_package(place, package, updated)).await
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

/// A life cycle has a stage and a status in it, both named as entities are.
fn check_life_cycle(cycle: Option<&Value>) -> Result<(), ServiceError> {
    let Some(cycle) = cycle.filter(|cycle| !cycle.is_null()) else { return Ok(()) };
    for field in ["Stage", "StageStatus"] {
        let word = cycle.get(field).and_then(Value::as_str).unwrap_or_default();
        entity_name(&format!("ModelLifeCycle.{field}"), word, LONGEST_STAGE)?;
    }
    let description = cycle.get("StageDescription").and_then(Value::as_str).unwrap_or_default();
    if description.chars().count() > LONGEST_STAGE_DESCRIPTION {
        let rule = "Member must have length less than or equal to 1024";
        return Err(constraint("ModelLifeCycle.StageDescription", description, rule));
    }
    Ok(())
}

/// Notes what each container is made of now, so that whoever uses it can tell that it is still the same: the ETag
/// of its model, and its image's digest where the image is named by one (a tag says nothing about its digest).
async fn note_containers(
    call: &mut Call<'_>,
    fields: &mut Map<String, Value>,
) -> Result<(), ServiceError> {
    let containers = fields
        .get_mut("InferenceSpecification")
        .and_then(|specification| specification.get_mut("Containers")?.as_array_mut());
    for container in containers.into_iter().flatten() {
        let image = container.get("Image").and_then(Value::as_str).unwrap_or_default();
        if let Some((_, digest)) = image.split_once('@') {
            container["ImageDigest"] = json!(digest);
        }
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
