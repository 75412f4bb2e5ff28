//! A Processing job of its own: the command is the user's, and is really run, between two transactions.

use super::{
    super::{
        super::{Call, Processing, Ran, ServiceError, standin::JobFailure},
        jobs::{Job, JobKind, Standing},
    },
    LONGEST_REASON, Running, Trouble, job, job_log, processing,
};
use serde_json::{Value, json};

/// Longest last word of a container, in bytes (DescribeProcessingJob API, `ExitMessage`).
const LONGEST_MESSAGE: usize = 1_024;

/// The job as its container gets it, or why it fails before that.
pub(in crate::rehearsal::sagemaker) async fn prepared(
    call: &mut Call<'_>,
    record: &Job,
) -> Result<Result<Processing, JobFailure>, ServiceError> {
    let running = running(record);
    let prepared = match running.check_role(call) {
        Ok(()) => processing::prepared(call, &running).await,
        Err(trouble) => Err(trouble),
    };
    told(prepared)
}

/// Keeps what the job left, what it said, and its end.
pub(in crate::rehearsal::sagemaker) async fn ended(
    call: &mut Call<'_>,
    mut record: Job,
    ran: Ran,
) -> Result<(), ServiceError> {
    let running = running(&record);
    let left = match ran.files {
        Ok(files) => told(job::outputs(call, &running, &files).await)?,
        Err(failure) => Err(failure),
    };
    // CloudWatch takes no empty line.
    let whole = |line: String| if line.is_empty() { " ".into() } else { line };
    let lines: Vec<String> = ran.lines.into_iter().map(whole).collect();
    if !lines.is_empty() {
        job_log::write_lines(call, &running, JobKind::Processing, &lines).await?;
    }
    record.standing = Standing::Ended;
    record.message = ran.message.map(|text| {
        let end = text.floor_char_boundary(LONGEST_MESSAGE);
        text[..end].to_owned()
    });
    let reason = left.err().map(|failure| failure.0.chars().take(LONGEST_REASON).collect());
    let reason: Option<String> = reason;
    record.ended(call, reason.as_deref()).await.map(drop)
}

fn running(record: &Job) -> Running<'static> {
    let step = json!({ "Arguments": record.arguments() });
    let role = step.pointer("/Arguments/RoleArn").and_then(Value::as_str).unwrap_or_default();
    let role = role.to_owned();
    Running { execution: None, step, job: record.name().to_owned(), role }
}

/// What fails the job apart from what fails the rehearsal.
fn told<T>(result: Result<T, Trouble>) -> Result<Result<T, JobFailure>, ServiceError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Trouble::Failed { reason, .. }) => Ok(Err(JobFailure(reason))),
        Err(Trouble::Service(error)) => Err(error),
    }
}
