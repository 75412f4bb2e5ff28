//! RegisterModel: a new version in the registry, which may belong to another account.

use super::{
    super::{super::Call, groups, packages},
    Outcome, Running, Trouble,
};
use serde_json::json;

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let mut request = running.value("/Arguments").clone();
    let execution = running.execution()?;
    let metadata = request
        .as_object_mut()
        .map(|fields| fields.entry("MetadataProperties").or_insert_with(|| json!({})));
    if let Some(metadata) = metadata.and_then(|metadata| metadata.as_object_mut()) {
        metadata.entry("GeneratedBy").or_insert_with(|| json!(execution.arn));
    }
    let group = running.text("/Arguments/ModelPackageGroupName")?;
    running.authorize(call, "sagemaker:CreateModelPackage", &groups::arn_for(call, group))?;
    let package = packages::register(call, group, request, &execution.started_by).await?;
    let mut properties = running.value("/Arguments").clone();
    properties["ModelPackageArn"] = json!(package.arn);
    properties["ModelPackageVersion"] = json!(package.version);
    properties["ModelPackageStatus"] = json!("Completed");
    Ok(Outcome {
        metadata: json!({ "RegisterModel": { "Arn": package.arn } }),
        properties,
        ..Outcome::default()
    })
}
