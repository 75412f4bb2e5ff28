//! Running one step: its arguments resolved, its job done, what it left recorded.

mod condition;
mod job;
mod job_log;
mod lambda;
mod model;
mod own;
mod processing;
mod quality;
mod register;
mod training;
mod transform;

use super::{
    super::{Call, Service, ServiceError, standin::JobFailure},
    graph::Node,
    kind::StepKind,
    names::job_name,
    record::{Execution, StepRecord, StepStatus},
    scope::ExecutionScope,
};
use crate::definition::{EvaluateError, evaluate};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

pub(super) use own::{ended as own_ended, prepared as own_prepared};

/// Longest failure reason of a step, in characters (ListPipelineExecutionSteps API, `FailureReason`).
const LONGEST_REASON: usize = 1_024;

/// How long a job may run if its definition does not say (CreateProcessingJob API, `MaxRuntimeInSeconds`).
const LONGEST_JOB_SECONDS: u64 = 86_400;

/// A step about to run.
struct Running<'r> {
    /// What it is a step of; a job of its own is of none.
    execution: Option<&'r Execution>,
    /// The step with every reference replaced by what it stands for; a condition as written.
    step: Value,
    /// The name its job gets, if it starts one.
    job: String,
    /// The role that the step acts as: its own if it names one, else the execution's.
    role: String,
}

/// What a step leaves.
#[derive(Default)]
struct Outcome {
    metadata: Value,
    properties: Value,
    property_files: BTreeMap<String, Value>,
    taken: Option<bool>,
}

/// Why a step ends otherwise than well.
enum Trouble {
    /// The step failed; the execution goes on to say so.
    Failed { reason: String, metadata: Value },
    /// The rehearsal failed; nothing is recorded.
    Service(ServiceError),
}

impl Trouble {
    fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed { reason: reason.to_string(), metadata: Value::Null }
    }

    /// The same, and the step shows `metadata`.
    fn showing(self, metadata: Value) -> Self {
        match self {
            Self::Failed { reason, .. } => Self::Failed { reason, metadata },
            Self::Service(error) => Self::Service(error),
        }
    }
}

impl From<EvaluateError> for Trouble {
    fn from(error: EvaluateError) -> Self {
        Self::failed(error)
    }
}

impl From<JobFailure> for Trouble {
    fn from(failure: JobFailure) -> Self {
        Self::failed(failure)
    }
}

/// What the service refuses a step with fails the step; what the rehearsal cannot do fails the request.
impl From<ServiceError> for Trouble {
    fn from(error: ServiceError) -> Self {
        if error.status.is_server_error() {
            Self::Service(error)
        } else {
            Self::failed(format!("ClientError: {error}"))
        }
    }
}

impl From<super::super::ShelfError> for Trouble {
    fn from(error: super::super::ShelfError) -> Self {
        Self::Service(error.into())
    }
}

/// Runs the step of `node` and records it.
pub(super) async fn run(
    call: &mut Call<'_>,
    execution: &Execution,
    node: &Node<'_>,
) -> Result<StepRecord, ServiceError> {
    // However often an execution is retried, it makes one model.
    let attempt = if node.kind == StepKind::Model { 0 } else { execution.retries };
    let job = job_name(&execution.arn, &execution.id, node.step.name, attempt);
    let scope = ExecutionScope { execution, job_name: &job, now: call.now };
    let resolved = match node.kind {
        StepKind::Condition => Ok(node.step.value.clone()),
        _ => evaluate(node.step.value, &scope),
    };
    let result = match resolved {
        Ok(step) => perform(call, node.kind, &Running::new(execution, step, job)).await,
        Err(error) => Err(error.into()),
    };
    let (status, failure, outcome) = match result {
        Ok(outcome) => (StepStatus::Succeeded, None, outcome),
        Err(Trouble::Failed { reason, metadata }) => {
            let reason = reason.chars().take(LONGEST_REASON).collect();
            let outcome = Outcome { metadata, ..Outcome::default() };
            (StepStatus::Failed, Some(reason), outcome)
        }
        Err(Trouble::Service(error)) => return Err(error),
    };
    Ok(StepRecord {
        name: node.step.name.to_owned(),
        display_name: node.step.value.get("DisplayName").and_then(Value::as_str).map(str::to_owned),
        kind: node.kind,
        status,
        // It began when the step before it ended, or when the execution did.
        started: execution.modified,
        ended: call.now,
        failure,
        metadata: outcome.metadata,
        properties: outcome.properties,
        property_files: outcome.property_files,
        outcome: outcome.taken,
    })
}

async fn perform(
    call: &mut Call<'_>,
    kind: StepKind,
    running: &Running<'_>,
) -> Result<Outcome, Trouble> {
    running.check_role(call)?;
    match kind {
        StepKind::Condition => condition::run(call, running),
        StepKind::Processing => processing::run(call, running).await,
        StepKind::Training => training::run(call, running).await,
        StepKind::QualityCheck => quality::run(call, running).await,
        StepKind::RegisterModel => register::run(call, running).await,
        StepKind::Model => model::run(call, running).await,
        StepKind::Lambda => lambda::run(call, running).await,
        StepKind::Transform => transform::run(call, running).await,
        StepKind::Fail => {
            let message = running.step.pointer("/Arguments/ErrorMessage").and_then(Value::as_str);
            let message = message.unwrap_or_default();
            Err(Trouble::failed(message).showing(json!({ "Fail": { "ErrorMessage": message } })))
        }
        StepKind::AutoML
        | StepKind::Callback
        | StepKind::ClarifyCheck
        | StepKind::EMR
        | StepKind::Endpoint
        | StepKind::EndpointConfig
        | StepKind::InferenceComponent
        | StepKind::Lineage
        | StepKind::NotebookJob
        | StepKind::Tuning => {
            Err(Trouble::failed(format!("the rehearsal does not execute {kind} steps yet")))
        }
    }
}

impl<'r> Running<'r> {
    fn new(execution: &'r Execution, step: Value, job: String) -> Self {
        let role = step.pointer("/Arguments/RoleArn").and_then(Value::as_str);
        let role = role.unwrap_or(&execution.role).to_owned();
        Self { execution: Some(execution), step, job, role }
    }

    /// What it is a step of.
    fn execution(&self) -> Result<&'r Execution, Trouble> {
        self.execution.ok_or_else(|| Trouble::failed("it is a step of no execution"))
    }

    /// The same step, acting as `role`.
    fn acting_as(other: &Self, role: &str) -> Self {
        let (execution, step, job) = (other.execution, other.step.clone(), other.job.clone());
        Self { execution, step, job, role: role.to_owned() }
    }

    /// Fails the step if SageMaker cannot act as its role.
    fn check_role(&self, call: &Call<'_>) -> Result<(), Trouble> {
        let role = &self.role;
        let found = call.landscape.role(role);
        if found.is_some_and(|found| found.may_be_passed(&call.place.account, Service::SageMaker)) {
            return Ok(());
        }
        Err(Trouble::failed(format!(
            "ClientError: ValidationException: Could not assume role {role}. Please ensure that the role exists \
             and allows principal 'sagemaker.amazonaws.com' to assume the role."
        )))
    }

    /// May the role of the step do `action` on `resource`?
    fn authorize(&self, call: &Call<'_>, action: &str, resource: &str) -> Result<(), Trouble> {
        let role = &self.role;
        if call.landscape.role(role).is_some_and(|role| role.permissions.allows(action, resource)) {
            return Ok(());
        }
        Err(Trouble::failed(format!(
            "ClientError: AccessDeniedException: {role} is not authorized to perform: {action} on resource: {resource}"
        )))
    }

    /// How long its job may run, a day unless the step says otherwise.
    fn longest(&self) -> Duration {
        let seconds = self.value("/Arguments/StoppingCondition/MaxRuntimeInSeconds").as_u64();
        Duration::from_secs(seconds.unwrap_or(LONGEST_JOB_SECONDS))
    }

    /// A value of the step.
    fn value(&self, pointer: &str) -> &Value {
        self.step.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A text that the step must have.
    fn text(&self, pointer: &str) -> Result<&str, Trouble> {
        text(&self.step, pointer)
    }

    /// Keys and texts of an object of the step; none if it is absent.
    fn texts(&self, pointer: &str) -> BTreeMap<String, String> {
        let entries = self.value(pointer).as_object().into_iter().flatten();
        entries
            .map(|(key, value)| {
                (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect()
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Trouble> {
    let found = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        Trouble::failed(format!("ClientError: ValidationException: '{field}' must be a text"))
    })
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
