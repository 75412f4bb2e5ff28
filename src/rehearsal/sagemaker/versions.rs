//! Versions of a pipeline: one for each definition it has had.

use super::{
    super::{Call, Item, ServiceError},
    check::{epoch, not_found, optional, required, user_context, without_nulls},
    page::{Entry, Order, items, page},
    pipelines::{self, Pipeline},
};
use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest display name and description of a version (UpdatePipelineVersion API).
const LONGEST: (usize, usize) = (82, 3_072);

/// A version; kept under the pipeline's name and its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub number: u64,
    pub definition: Digest,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub created_by: String,
    /// ARN of the last execution of it.
    pub last_execution: Option<String>,
}

impl Item for Version {
    const KIND: &'static str = "pipeline version";
}

fn key(pipeline: &Pipeline, number: u64) -> String {
    format!("{}/{number:012}", pipeline.key())
}

/// Keeps `pipeline` with one version more.
pub(super) async fn add(
    call: &mut Call<'_>,
    mut pipeline: Pipeline,
    definition: Digest,
) -> Result<Pipeline, ServiceError> {
    pipeline.version += 1;
    let version = Version {
        number: pipeline.version,
        definition,
        display_name: None,
        description: None,
        created: call.now,
        modified: call.now,
        created_by: call.principal.arn(),
        last_execution: None,
    };
    keep(call, &pipeline, &version).await?;
    call.shelf.put(&call.place, &pipeline.key(), &pipeline).await?;
    Ok(pipeline)
}

/// Keeps a version of `pipeline`.
pub(super) async fn keep(
    call: &mut Call<'_>,
    pipeline: &Pipeline,
    version: &Version,
) -> Result<(), ServiceError> {
    Ok(call.shelf.put(&call.place, &key(pipeline, version.number), version).await?)
}

/// The version of that number.
pub(super) async fn of(
    call: &mut Call<'_>,
    pipeline: &Pipeline,
    number: u64,
) -> Result<Version, ServiceError> {
    let version: Option<Version> = call.shelf.get(&call.place, &key(pipeline, number)).await?;
    version.ok_or_else(|| not_found(format!("Version {number} of pipeline '{}'", pipeline.arn)))
}

/// The number of the version that the request means: the newest if it names none.
pub(super) fn asked(call: &Call<'_>, pipeline: &Pipeline) -> Result<u64, ServiceError> {
    let asked = call.body.get("PipelineVersionId").filter(|asked| !asked.is_null());
    asked.map_or(Ok(pipeline.version), |asked| {
        asked.as_u64().ok_or_else(|| not_found(format!("Version {asked} of '{}'", pipeline.arn)))
    })
}

/// Drops all versions of a pipeline that is deleted.
pub(super) async fn forget(call: &mut Call<'_>, pipeline: &Pipeline) -> Result<(), ServiceError> {
    for number in 1..=pipeline.version {
        call.shelf.delete::<Version>(&call.place, &key(pipeline, number)).await?;
    }
    Ok(())
}

/// ListPipelineVersions.
pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let pipeline = pipelines::asked(call).await?;
    let versions: Vec<(String, Version)> = items(call, &format!("{}/", pipeline.key())).await?;
    let entries = versions.into_iter().map(|(key, version)| Entry {
        key,
        summary: without_nulls(json!({
            "PipelineArn": pipeline.arn,
            "PipelineVersionId": version.number,
            "CreationTime": epoch(version.created),
            "PipelineVersionDescription": version.description,
            "PipelineVersionDisplayName": version.display_name,
            "LastExecutionPipelineExecutionArn": version.last_execution,
        })),
    });
    page(call, "PipelineVersionSummaries", entries.collect(), Order::Descending)
}

/// UpdatePipelineVersion.
pub(super) async fn update(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "PipelineArn")?.to_owned();
    let pipeline = pipelines::find(call, &arn).await?;
    let number = asked(call, &pipeline)?;
    let mut version = of(call, &pipeline, number).await?;
    let display_name = optional(call, "PipelineVersionDisplayName", LONGEST.0)?;
    version.display_name = display_name.or(version.display_name);
    let description = optional(call, "PipelineVersionDescription", LONGEST.1)?;
    version.description = description.or(version.description);
    version.modified = call.now;
    keep(call, &pipeline, &version).await?;
    Ok(json!({
        "PipelineArn": pipeline.arn,
        "PipelineVersionId": number,
        "CreatedBy": user_context(&version.created_by),
    }))
}
