//! Pipelines: create, update, describe, delete, list.

use super::{
    super::{Call, Item, Service, ServiceError},
    check::{
        choice, conflict, constraint, entity_name, epoch, not_found, optional, required, token,
        user_context, validation, within, without_nulls,
    },
    definitions, executions,
    names::pipeline_arn,
    page::{Entry, Order, items, page},
    tags,
    versions::{self, Version},
};
use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest pipeline name and display name (CreatePipeline API).
const LONGEST_NAME: usize = 256;
/// Longest description (CreatePipeline API).
const LONGEST_DESCRIPTION: usize = 3_072;

/// A pipeline; kept under its name in lower case, as its ARN has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pipeline {
    pub arn: String,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub role: String,
    pub parallelism: Option<Value>,
    /// Token and digest of the request that made it: the same request again is the same pipeline.
    pub token: String,
    pub request: Digest,
    /// Number of the newest version.
    pub version: u64,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub last_run: Option<Timestamp>,
    pub created_by: String,
    pub modified_by: String,
}

impl Item for Pipeline {
    const KIND: &'static str = "pipeline";
}

impl Pipeline {
    /// The name it is kept under.
    pub(super) fn key(&self) -> String {
        self.name.to_lowercase()
    }
}

/// The pipeline that a name or ARN means, in the caller's account and region.
pub(super) async fn find(call: &mut Call<'_>, name: &str) -> Result<Pipeline, ServiceError> {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        entity_name("PipelineName", name, LONGEST_NAME)?;
        pipeline_arn(&call.place, name)
    };
    let key = arn.rsplit('/').next().unwrap_or_default();
    let found: Option<Pipeline> = call.shelf.get(&call.place, key).await?;
    found
        .filter(|pipeline| pipeline.arn == arn)
        .ok_or_else(|| not_found(format!("Pipeline '{arn}'")))
}

/// The pipeline that the request names.
pub(super) async fn asked(call: &mut Call<'_>) -> Result<Pipeline, ServiceError> {
    let name = required(call, "PipelineName")?.to_owned();
    find(call, &name).await
}

/// CreatePipeline.
pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "PipelineName")?.to_owned();
    entity_name("PipelineName", &name, LONGEST_NAME)?;
    let token = token(call)?;
    let role = required(call, "RoleArn")?.to_owned();
    call.pass_role(&role, Service::SageMaker, "ValidationException")?;
    let definition = definitions::take_required(call).await?;
    let request = Digest::of(format!("{name}\n{role}\n{definition}"));
    let key = name.to_lowercase();
    if let Some(there) = call.shelf.get::<Pipeline>(&call.place, &key).await? {
        if there.token == token && there.request == request {
            return Ok(json!({ "PipelineArn": there.arn }));
        }
        return Err(validation(format!(
            "Pipeline names must be unique within an AWS account and region. The name {name} is in use."
        )));
    }
    let pipeline = Pipeline {
        arn: pipeline_arn(&call.place, &name),
        display_name: optional(call, "PipelineDisplayName", LONGEST_NAME)?,
        description: optional(call, "PipelineDescription", LONGEST_DESCRIPTION)?,
        parallelism: parallelism(call)?,
        name,
        role,
        token,
        request,
        version: 0,
        created: call.now,
        modified: call.now,
        last_run: None,
        created_by: call.principal.arn(),
        modified_by: call.principal.arn(),
    };
    tags::put(call, &pipeline.arn.clone()).await?;
    let pipeline = versions::add(call, pipeline, definition).await?;
    Ok(json!({ "PipelineArn": pipeline.arn }))
}

/// UpdatePipeline. What the request leaves out stays; another definition is another version.
pub(super) async fn update(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let mut pipeline = asked(call).await?;
    if let Some(role) = call.text("RoleArn").map(str::to_owned) {
        call.pass_role(&role, Service::SageMaker, "ValidationException")?;
        pipeline.role = role;
    }
    let display_name = optional(call, "PipelineDisplayName", LONGEST_NAME)?;
    pipeline.display_name = display_name.or(pipeline.display_name);
    let description = optional(call, "PipelineDescription", LONGEST_DESCRIPTION)?;
    pipeline.description = description.or(pipeline.description);
    pipeline.parallelism = parallelism(call)?.or(pipeline.parallelism);
    pipeline.modified = call.now;
    pipeline.modified_by = call.principal.arn();
    let current = versions::of(call, &pipeline, pipeline.version).await?;
    let pipeline = match definitions::take(call).await? {
        Some(definition) if definition != current.definition => {
            versions::add(call, pipeline, definition).await?
        }
        _ => {
            call.shelf.put(&call.place, &pipeline.key(), &pipeline).await?;
            pipeline
        }
    };
    Ok(json!({ "PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.version }))
}

/// DescribePipeline.
pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let pipeline = asked(call).await?;
    let number = versions::asked(call, &pipeline)?;
    let version: Version = versions::of(call, &pipeline, number).await?;
    let definition = definitions::text(call, &version.definition).await?;
    Ok(without_nulls(json!({
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDisplayName": pipeline.display_name,
        "PipelineDefinition": definition,
        "PipelineDescription": pipeline.description,
        "RoleArn": pipeline.role,
        "PipelineStatus": "Active",
        "CreationTime": epoch(pipeline.created),
        "LastModifiedTime": epoch(pipeline.modified),
        "LastRunTime": pipeline.last_run.map(epoch),
        "CreatedBy": user_context(&pipeline.created_by),
        "LastModifiedBy": user_context(&pipeline.modified_by),
        "ParallelismConfiguration": pipeline.parallelism,
        "PipelineVersionDisplayName": version.display_name,
        "PipelineVersionDescription": version.description,
    })))
}

/// DeletePipeline.
pub(super) async fn delete(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    token(call)?;
    let pipeline = asked(call).await?;
    if executions::any_running(call, &pipeline).await? {
        return Err(conflict(format!(
            "Pipeline {} cannot be deleted while it has running executions.",
            pipeline.arn
        )));
    }
    versions::forget(call, &pipeline).await?;
    tags::forget(call, &pipeline.arn).await?;
    call.shelf.delete::<Pipeline>(&call.place, &pipeline.key()).await?;
    Ok(json!({ "PipelineArn": pipeline.arn }))
}

/// ListPipelines.
pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let prefix = call.text("PipelineNamePrefix").unwrap_or_default().to_owned();
    let by_name = choice(call, "SortBy", &["Name", "CreationTime"], "CreationTime")? == "Name";
    let pipelines: Vec<(String, Pipeline)> = items(call, &prefix.to_lowercase()).await?;
    let entries = pipelines
        .into_iter()
        .filter(|(_, pipeline)| within(call, pipeline.created, "CreatedAfter", "CreatedBefore"))
        .filter(|(_, pipeline)| pipeline.name.starts_with(&prefix))
        .map(|(key, pipeline)| Entry {
            key: if by_name { key } else { format!("{} {key}", sortable(pipeline.created)) },
            summary: without_nulls(json!({
                "PipelineArn": pipeline.arn,
                "PipelineName": pipeline.name,
                "PipelineDisplayName": pipeline.display_name,
                "PipelineDescription": pipeline.description,
                "RoleArn": pipeline.role,
                "CreationTime": epoch(pipeline.created),
                "LastModifiedTime": epoch(pipeline.modified),
                "LastExecutionTime": pipeline.last_run.map(epoch),
            })),
        })
        .collect();
    page(call, "PipelineSummaries", entries, Order::Descending)
}

fn parallelism(call: &Call<'_>) -> Result<Option<Value>, ServiceError> {
    let Some(given) = call.body.get("ParallelismConfiguration").filter(|given| !given.is_null())
    else {
        return Ok(None);
    };
    match given.get("MaxParallelExecutionSteps").and_then(Value::as_u64) {
        Some(1..) => Ok(Some(given.clone())),
        _ => Err(constraint(
            "ParallelismConfiguration.MaxParallelExecutionSteps",
            &given.to_string(),
            "Member must have value greater than or equal to 1",
        )),
    }
}

/// A time as text that sorts as the time does.
pub(super) fn sortable(time: Timestamp) -> String {
    format!("{:020}", time.as_millisecond())
}
