//! Processing jobs of their own: CreateProcessingJob, StopProcessingJob, and how they go on.
//!
//! One look finds the machine started, the next one at the job has the command run to its end ([`own_work`]); the lines are
//! there then, all at once. Only what the agent in a process of its own asked for is run: a port is open to everybody on
//! the machine.
//!
//! [`own_work`]: super::own_work

use super::{
    super::{Call, Item, Place, Service, ServiceError},
    check::{constraint, entity_name, required, validation, without_nulls},
    jobs::{self, Door, Job, JobKind, Standing},
    own_work::Work,
    page::items,
    tags,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Limits of the CreateProcessingJob API.
const LONGEST_NAME: usize = 63;
const MOST_WORDS: usize = 100;
const MOST_VARIABLES: usize = 100;
const LONGEST_TEXT: usize = 256;
const LONGEST_RUN: u64 = 777_600;
const LARGEST_VOLUME: u64 = 16_384;

/// What DescribeProcessingJob repeats of the request.
const ARGUMENTS: [&str; 8] = [
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
];

/// Why a job fails that was asked for through a port.
const NOBODYS: &str = "ClientError: the rehearsal runs the commands of its own agent only, and of nobody who comes \
                       through a port";

/// Marks a job that has not ended; kept under its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Running {}

impl Item for Running {
    const KIND: &'static str = "running job";
}

/// The ARN of a job, its name in lower case.
pub(super) fn arn(place: &Place, name: &str) -> String {
    place.arn("sagemaker", &format!("processing-job/{}", name.to_lowercase()))
}

/// CreateProcessingJob.
pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ProcessingJobName")?.to_owned();
    entity_name("ProcessingJobName", &name, LONGEST_NAME)?;
    check(call)?;
    let role = required(call, "RoleArn")?.to_owned();
    call.pass_role(&role, Service::SageMaker, "ValidationException")?;
    if jobs::find(call, JobKind::Processing, &name).await?.is_some() {
        return Err(ServiceError::refused(
            "ResourceInUse",
            format!(
                "Job name must be unique within an AWS account and region, and a job with this name already exists ({})",
                arn(&call.place, &name)
            ),
        ));
    }
    let arguments = ARGUMENTS.map(|key| (key.to_owned(), call.body[key].clone()));
    let arguments = without_nulls(Value::Object(arguments.into_iter().collect()));
    let job = Job::starting(call, &name, arguments);
    job.keep(call).await?;
    call.shelf.put(&call.place, &name.to_lowercase(), &Running {}).await?;
    tags::put(call, job.arn()).await?;
    Ok(json!({ "ProcessingJobArn": job.arn() }))
}

/// What SageMaker checks before it makes a job.
fn check(call: &Call<'_>) -> Result<(), ServiceError> {
    let at = |pointer: &str| call.body.pointer(pointer).cloned().unwrap_or_default();
    let within = |pointer: &str, least: u64, most: u64| {
        let value = at(pointer);
        let fits = value.as_u64().is_some_and(|value| (least..=most).contains(&value));
        let rule = format!("Member must have value between {least} and {most}, inclusive");
        if fits { Ok(()) } else { Err(constraint(pointer, &value.to_string(), &rule)) }
    };
    within("/StoppingCondition/MaxRuntimeInSeconds", 1, LONGEST_RUN)?;
    within("/ProcessingResources/ClusterConfig/InstanceCount", 1, 100)?;
    within("/ProcessingResources/ClusterConfig/VolumeSizeInGB", 1, LARGEST_VOLUME)?;
    let image = at("/AppSpecification/ImageUri");
    if image.as_str().is_none_or(|image| image.is_empty() || image.contains(char::is_whitespace)) {
        return Err(constraint("ImageUri", &image.to_string(), "an image's address has no blank"));
    }
    let words = at("/AppSpecification/ContainerEntrypoint");
    let words = words.as_array().map_or(&[][..], Vec::as_slice);
    let too_long =
        |text: &Value| text.as_str().is_none_or(|text| text.chars().count() > LONGEST_TEXT);
    if words.len() > MOST_WORDS || words.iter().any(too_long) {
        let rule = "up to 100 members of up to 256 characters";
        return Err(constraint("ContainerEntrypoint", "…", rule));
    }
    let variables = at("/Environment");
    let variables = variables.as_object().cloned().unwrap_or_default();
    if variables.len() > MOST_VARIABLES || variables.values().any(too_long) {
        let rule = "Map value must satisfy constraint: [Member must have length less than or equal to 256]";
        return Err(constraint("Environment", "…", rule));
    }
    Ok(())
}

/// StopProcessingJob.
pub(super) async fn stop(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ProcessingJobName")?.to_owned();
    let job = jobs::find(call, JobKind::Processing, &name).await?;
    let mut job = job.ok_or_else(|| jobs::unknown(&name))?;
    match job.standing {
        Standing::Starting | Standing::Working => {
            job.standing = Standing::Stopping;
            job.keep(call).await?;
        }
        Standing::Stopping => {}
        Standing::Stopped | Standing::Ended => {
            return Err(validation(format!("The job '{name}' has already ended.")));
        }
    }
    Ok(json!({}))
}

/// Has the command of the job that is looked at run, if it is at work and this process may.
pub(super) async fn look_at(call: &mut Call<'_>) -> Result<(), ServiceError> {
    let Some(name) = call.text("ProcessingJobName").map(str::to_owned) else { return Ok(()) };
    let job = jobs::find(call, JobKind::Processing, &name).await?;
    if call.commands.is_some() && job.is_some_and(|job| job.awaits_its_command()) {
        call.looked_at = Some(Work { place: call.place.clone(), name });
    }
    Ok(())
}

/// The names of the jobs that have not ended.
pub(super) async fn names(call: &mut Call<'_>) -> Result<Vec<String>, ServiceError> {
    let running: Vec<(String, Running)> = items(call, "").await?;
    Ok(running.into_iter().map(|(name, _)| name).collect())
}

/// Lets each job go on by one look, but for those whose command is to run.
pub(super) async fn advance(call: &mut Call<'_>) -> Result<(), ServiceError> {
    for name in names(call).await? {
        let Some(mut job) = jobs::find(call, JobKind::Processing, &name).await? else { continue };
        match job.standing {
            Standing::Starting => {
                job.standing = Standing::Working;
                job.keep(call).await?;
                continue;
            }
            Standing::Working => match job.door {
                Door::Process => continue,
                Door::Port => drop(job.ended(call, Some(NOBODYS)).await?),
            },
            Standing::Stopping => {
                job.standing = Standing::Stopped;
                job.keep(call).await?;
            }
            Standing::Stopped | Standing::Ended => {}
        }
        call.shelf.delete::<Running>(&call.place, &name).await?;
    }
    Ok(())
}
