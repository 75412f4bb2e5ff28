//! UpdateModelPackage: approval, life cycle, notes.

use super::{
    super::{
        super::{Call, ServiceError},
        check::{constraint, optional, required},
    },
    approval, check_customer_metadata, find, key,
};
use serde_json::{Value, json};

/// Longest approval description (UpdateModelPackage API).
const LONGEST_DESCRIPTION: usize = 1_024;

/// UpdateModelPackage.
pub(in super::super) async fn update(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "ModelPackageArn")?.to_owned();
    let (place, mut package) = find(call, &arn).await?;
    if let Some(status) = call.body.get("ModelApprovalStatus").filter(|status| !status.is_null()) {
        package.approval = approval(status)?;
    }
    let description = optional(call, "ApprovalDescription", LONGEST_DESCRIPTION)?;
    package.approval_description = description.or(package.approval_description);
    let mut notes = package.fields.get("CustomerMetadataProperties").cloned().unwrap_or(json!({}));
    if let (Some(notes), Some(added)) = (
        notes.as_object_mut(),
        call.body.get("CustomerMetadataProperties").and_then(Value::as_object),
    ) {
        notes.extend(added.clone());
    }
    let removed = call.body.get("CustomerMetadataPropertiesToRemove").and_then(Value::as_array);
    for name in removed.into_iter().flatten().filter_map(Value::as_str) {
        if let Some(notes) = notes.as_object_mut() {
            notes.remove(name);
        }
    }
    check_customer_metadata(Some(&notes))?;
    package.fields.insert("CustomerMetadataProperties".to_owned(), notes);
    if let Some(cycle) = call.body.get("ModelLifeCycle").filter(|cycle| !cycle.is_null()) {
        let whole = ["Stage", "StageStatus"]
            .iter()
            .all(|field| cycle.get(field).is_some_and(Value::is_string));
        if !whole {
            let rule = "Member must have Stage and StageStatus";
            return Err(constraint("ModelLifeCycle", &cycle.to_string(), rule));
        }
        package.fields.insert("ModelLifeCycle".to_owned(), cycle.clone());
    }
    package.modified = Some((call.now, call.principal.arn()));
    call.shelf.put(&place, &key(&package.group, package.version), &package).await?;
    Ok(json!({ "ModelPackageArn": package.arn }))
}
