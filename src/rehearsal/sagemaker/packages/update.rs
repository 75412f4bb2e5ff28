//! UpdateModelPackage: approval, life cycle, notes.

use super::{
    super::{
        super::{Call, ServiceError},
        check::{conflict, optional, required},
    },
    Package, approval, check_customer_metadata, check_life_cycle, find, keep,
};
use crate::ids::Digest;
use serde_json::{Value, json};

/// Longest approval description (UpdateModelPackage API).
const LONGEST_DESCRIPTION: usize = 1_024;
/// Longest `ClientToken` (UpdateModelPackage API).
const LONGEST_TOKEN: usize = 36;

/// UpdateModelPackage. The same request with the same token again changes nothing and is not told again.
pub(in super::super) async fn update(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "ModelPackageArn")?.to_owned();
    let (place, mut package) = find(call, &arn).await?;
    let answer = json!({ "ModelPackageArn": package.arn });
    if let Some(token) = optional(call, "ClientToken", LONGEST_TOKEN)? {
        let asked = (token, Digest::of(call.body.to_string()));
        match &package.last_update {
            Some(last) if *last == asked => return Ok(answer),
            Some((token, _)) if *token == asked.0 => {
                return Err(conflict("The client token was used with another request."));
            }
            Some(_) | None => package.last_update = Some(asked),
        }
    }
    let updated = change(call, &mut package)?;
    package.modified = Some((call.now, call.principal.arn()));
    keep(call, &place, &package, &updated).await?;
    Ok(answer)
}

/// Changes `package` as the request asks, and says which fields it gave.
fn change(call: &Call<'_>, package: &mut Package) -> Result<Vec<&'static str>, ServiceError> {
    let mut updated = Vec::new();
    let given = |field: &str| call.body.get(field).filter(|value| !value.is_null());
    if let Some(status) = given("ModelApprovalStatus") {
        package.approval = approval(status)?;
        updated.push("ModelApprovalStatus");
    }
    if let Some(description) = optional(call, "ApprovalDescription", LONGEST_DESCRIPTION)? {
        package.approval_description = Some(description);
        updated.push("ApprovalDescription");
    }
    let added = given("CustomerMetadataProperties").and_then(Value::as_object);
    let removed = given("CustomerMetadataPropertiesToRemove").and_then(Value::as_array);
    if added.is_some() || removed.is_some() {
        let notes = package.fields.get("CustomerMetadataProperties").and_then(Value::as_object);
        let mut notes = notes.cloned().unwrap_or_default();
        notes.extend(added.cloned().unwrap_or_default());
        for name in removed.into_iter().flatten().filter_map(Value::as_str) {
            notes.remove(name);
        }
        let notes = Value::Object(notes);
        check_customer_metadata(Some(&notes))?;
        package.fields.insert("CustomerMetadataProperties".to_owned(), notes);
        updated.push("CustomerMetadataProperties");
    }
    if let Some(cycle) = given("ModelLifeCycle") {
        check_life_cycle(Some(cycle))?;
        package.fields.insert("ModelLifeCycle".to_owned(), cycle.clone());
        updated.push("ModelLifeCycle");
    }
    Ok(updated)
}
