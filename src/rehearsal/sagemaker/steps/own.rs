//! A Processing job of its own: the command is the user's, and is really run.

use super::{
    super::{
        super::{Call, Commands, ServiceError},
        jobs::{Job, JobKind, Standing},
    },
    LONGEST_REASON, Running, Trouble, job, job_log, processing,
};
use crate::rehearsal::Ran;
use serde_json::{Value, json};

/// Longest last word of a container, in bytes (DescribeProcessingJob API, `ExitMessage`).
const LONGEST_MESSAGE: usize = 1_024;

/// Runs the job, and keeps its end and what it said.
pub(in crate::rehearsal::sagemaker) async fn run(
    call: &mut Call<'_>,
    commands: &dyn Commands,
    mut record: Job,
) -> Result<(), ServiceError> {
    let step = json!({ "Arguments": record.arguments() });
    let role = step.pointer("/Arguments/RoleArn").and_then(Value::as_str).unwrap_or_default();
    let role = role.to_owned();
    let running = Running { execution: None, step, job: record.name().to_owned(), role };
    let ended = match work(call, commands, &running).await {
        Ok(ended) => ended,
        Err(Trouble::Failed { reason, .. }) => Ended { reason: Some(reason), ..Ended::default() },
        Err(Trouble::Service(error)) => return Err(error),
    };
    // CloudWatch takes no empty line.
    let lines: Vec<String> = ended
        .lines
        .into_iter()
        .map(|line| if line.is_empty() { " ".into() } else { line })
        .collect();
    if !lines.is_empty() {
        job_log::write_lines(call, &running, JobKind::Processing, &lines).await?;
    }
    record.standing = Standing::Ended;
    record.message = ended.message.map(|text| {
        let end = text.floor_char_boundary(LONGEST_MESSAGE);
        text[..end].to_owned()
    });
    let reason: Option<String> =
        ended.reason.map(|reason| reason.chars().take(LONGEST_REASON).collect());
    record.ended(call, reason.as_deref()).await.map(drop)
}

#[derive(Default)]
struct Ended {
    lines: Vec<String>,
    message: Option<String>,
    reason: Option<String>,
}

async fn work(
    call: &mut Call<'_>,
    commands: &dyn Commands,
    running: &Running<'_>,
) -> Result<Ended, Trouble> {
    running.check_role(call)?;
    let job = processing::prepared(call, running).await?;
    let Ran { lines, message, files } = commands.run(job).await;
    let reason = match files {
        Err(failure) => Some(failure.to_string()),
        Ok(files) => match job::outputs(call, running, &files).await {
            Ok(()) => None,
            Err(Trouble::Failed { reason, .. }) => Some(reason),
            Err(Trouble::Service(error)) => return Err(Trouble::Service(error)),
        },
    };
    Ok(Ended { lines, message, reason })
}
