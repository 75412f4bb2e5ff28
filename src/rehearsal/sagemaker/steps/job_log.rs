//! A job's own log in CloudWatch, in the group and under the name that SageMaker gives it.
//!
//! It says what was executed, on how much, and how it ended; never what stands in a file. A job whose role may not
//! write logs leaves none, as in AWS.

use super::{
    super::{
        super::{Call, ServiceError, logs},
        jobs::JobKind,
    },
    Running, list,
};
use crate::ids::Digest;

/// What a job's role needs for its log.
const WRITE: &str = "logs:PutLogEvents";
/// Characters of the machine's name in a transform job's stream.
const MACHINE: usize = 17;

/// Writes the log of a job that has ended.
pub(super) async fn write(
    call: &mut Call<'_>,
    running: &Running<'_>,
    kind: JobKind,
    failure: Option<&str>,
) -> Result<(), ServiceError> {
    let lines = lines(running, kind, failure);
    write_lines(call, running, kind, &lines).await
}

/// Writes these lines as the log of a job that has ended.
pub(super) async fn write_lines(
    call: &mut Call<'_>,
    running: &Running<'_>,
    kind: JobKind,
    lines: &[String],
) -> Result<(), ServiceError> {
    let (group, stream) = place(call, running, kind);
    let arn = call.place.arn("logs", &format!("log-group:{group}:log-stream:{stream}"));
    if running.authorize(call, WRITE, &arn).is_err() {
        return Ok(());
    }
    logs::keep(call, (group, &stream), lines).await
}

/// SageMaker developer guide, "Log groups and streams that Amazon SageMaker AI sends to CloudWatch".
fn place(call: &Call<'_>, running: &Running<'_>, kind: JobKind) -> (&'static str, String) {
    let (job, began) = (&running.job, call.now.as_second());
    match kind {
        JobKind::Processing => ("/aws/sagemaker/ProcessingJobs", format!("{job}/algo-1-{began}")),
        JobKind::Training => ("/aws/sagemaker/TrainingJobs", format!("{job}/algo-1-{began}")),
        JobKind::Transform => {
            let machine = Digest::of(job.as_bytes()).as_str()[..MACHINE].to_owned();
            ("/aws/sagemaker/TransformJobs", format!("{job}/i-{machine}-{began}"))
        }
    }
}

fn lines(running: &Running<'_>, kind: JobKind, failure: Option<&str>) -> Vec<String> {
    let word = |pointer: &str| running.value(pointer).as_str().unwrap_or_default().to_owned();
    let mut lines = match kind {
        JobKind::Processing => {
            let application = "/Arguments/AppSpecification";
            let command: Vec<&str> = ["ContainerEntrypoint", "ContainerArguments"]
                .iter()
                .flat_map(|part| list(&running.step, &format!("{application}/{part}")))
                .filter_map(|word| word.as_str())
                .collect();
            let inputs = list(&running.step, "/Arguments/ProcessingInputs").len();
            let image = word(&format!("{application}/ImageUri"));
            vec![format!("{image}: {}", command.join(" ")), format!("{inputs} inputs")]
        }
        JobKind::Training => {
            let image = word("/Arguments/AlgorithmSpecification/TrainingImage");
            let channels = list(&running.step, "/Arguments/InputDataConfig").len();
            vec![format!("{image}: train"), format!("{channels} channels")]
        }
        JobKind::Transform => vec![format!("model {}", word("/Arguments/ModelName"))],
    };
    match failure {
        None => lines.push("Reporting job SUCCESS".to_owned()),
        Some(reason) => {
            // CloudWatch takes no empty line.
            let said = reason.lines().filter(|line| !line.is_empty()).map(str::to_owned);
            lines.extend(said);
            lines.push("Reporting job FAILURE".to_owned());
        }
    }
    lines
}
