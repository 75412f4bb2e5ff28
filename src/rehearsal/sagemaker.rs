//! SageMaker: pipelines and their versions, executions that execute the definition for real, the model registry.
//!
//! An execution goes on when someone looks at it: each request first runs one step of each running execution of its
//! account and region ([`advance`]), on real files in the rehearsal's S3, with stand-ins for what containers hold.
//! Which step comes next is a pure function of the definition and of the steps recorded so far ([`walk`]).
//! Invariants: a recorded step never runs again; a step's record and all it wrote are kept together or not at all.

mod advance;
mod check;
mod condition;
mod definitions;
mod executions;
mod graph;
mod groups;
mod jobs;
mod kind;
mod models;
mod names;
mod news;
mod own_jobs;
mod own_work;
mod packages;
mod page;
mod parameters;
mod pipelines;
mod record;
mod scope;
mod steps;
mod tags;
mod versions;
mod views;
mod walk;

use super::{Call, Place, ServiceError, Shelf, ShelfError};
use jobs::JobKind;

pub(super) use own_work::{Work, at_work, run as run_command};

use serde_json::Value;

/// The operations this service knows.
pub(super) const OPERATIONS: &[&str] = &[
    "AddTags",
    "CreateModelPackage",
    "CreateModelPackageGroup",
    "CreatePipeline",
    "CreateProcessingJob",
    "DeletePipeline",
    "DescribeModel",
    "DescribeModelPackage",
    "DescribeModelPackageGroup",
    "DescribePipeline",
    "DescribePipelineDefinitionForExecution",
    "DescribePipelineExecution",
    "DescribeProcessingJob",
    "DescribeTrainingJob",
    "DescribeTransformJob",
    "GetModelPackageGroupPolicy",
    "ListModelPackageGroups",
    "ListModelPackages",
    "ListPipelineExecutionSteps",
    "ListPipelineExecutions",
    "ListPipelineParametersForExecution",
    "ListPipelineVersions",
    "ListPipelines",
    "ListTags",
    "RetryPipelineExecution",
    "StartPipelineExecution",
    "StopPipelineExecution",
    "StopProcessingJob",
    "UpdateModelPackage",
    "UpdatePipeline",
    "UpdatePipelineVersion",
];

/// Does what the call asks, after running executions went on by one step.
pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    // What is told to stop does not go on first.
    match call.operation.as_str() {
        "StopPipelineExecution" => return executions::stop(call).await,
        "StopProcessingJob" => return own_jobs::stop(call).await,
        "DescribeProcessingJob" => own_jobs::look_at(call).await?,
        _ => {}
    }
    advance::advance(call).await?;
    match call.operation.as_str() {
        "AddTags" => tags::add(call).await,
        "CreateModelPackage" => packages::create(call).await,
        "CreateModelPackageGroup" => groups::create(call).await,
        "CreatePipeline" => pipelines::create(call).await,
        "CreateProcessingJob" => own_jobs::create(call).await,
        "DeletePipeline" => pipelines::delete(call).await,
        "DescribeModel" => models::describe(call).await,
        "DescribeModelPackage" => packages::describe(call).await,
        "DescribeModelPackageGroup" => groups::describe(call).await,
        "DescribePipeline" => pipelines::describe(call).await,
        "DescribePipelineDefinitionForExecution" => views::definition(call).await,
        "DescribePipelineExecution" => views::describe(call).await,
        "DescribeProcessingJob" => jobs::describe(call, JobKind::Processing).await,
        "DescribeTrainingJob" => jobs::describe(call, JobKind::Training).await,
        "DescribeTransformJob" => jobs::describe(call, JobKind::Transform).await,
        "GetModelPackageGroupPolicy" => groups::policy(call).await,
        "ListModelPackageGroups" => groups::list(call).await,
        "ListModelPackages" => packages::list(call).await,
        "ListPipelineExecutionSteps" => views::steps(call).await,
        "ListPipelineExecutions" => views::list(call).await,
        "ListPipelineParametersForExecution" => views::parameters(call).await,
        "ListPipelineVersions" => versions::list(call).await,
        "ListPipelines" => pipelines::list(call).await,
        "ListTags" => tags::list(call).await,
        "RetryPipelineExecution" => executions::retry(call).await,
        "StartPipelineExecution" => executions::start(call).await,
        "UpdateModelPackage" => packages::update(call).await,
        "UpdatePipeline" => pipelines::update(call).await,
        "UpdatePipelineVersion" => versions::update(call).await,
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// Runs one step of each running execution of the call's account and region.
pub(super) async fn advance(call: &mut Call<'_>) -> Result<(), ServiceError> {
    advance::advance(call).await
}

/// The accounts and regions where executions run.
pub(super) async fn busy_places(shelf: &mut Shelf<'_>) -> Result<Vec<Place>, ShelfError> {
    let mut places = shelf.places_of::<executions::Running>().await?;
    let jobs = shelf.places_of::<own_jobs::Running>().await?;
    places.extend(jobs.into_iter().filter(|place| !places.contains(place)).collect::<Vec<_>>());
    Ok(places)
}

/// StartPipelineExecution, as another service does it.
pub(super) async fn start_execution(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    call.authorize("sagemaker:StartPipelineExecution", &resource(call))?;
    executions::start(call).await
}

/// The ARN the call is about, for the policies; `*` where it is about none.
pub(super) fn resource(call: &Call<'_>) -> String {
    let pipeline = || {
        let name = call.text("PipelineName")?;
        let is_arn = name.starts_with("arn:");
        Some(if is_arn { name.to_owned() } else { names::pipeline_arn(&call.place, name) })
    };
    let arn = |field| call.text(field).map(str::to_owned);
    arn("PipelineExecutionArn")
        .or_else(|| arn("PipelineArn"))
        .or_else(pipeline)
        .or_else(|| arn("ModelPackageArn"))
        .or_else(|| arn("ModelPackageName"))
        .or_else(|| call.text("ModelPackageGroupName").map(|name| groups::arn_for(call, name)))
        .or_else(|| call.text("ProcessingJobName").map(|name| own_jobs::arn(&call.place, name)))
        .or_else(|| arn("ResourceArn"))
        .unwrap_or_else(|| "*".to_owned())
}
