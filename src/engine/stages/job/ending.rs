//! What the end of a job means for its stage.
//!
//! A failure is told elsewhere, GitHub among it. So nothing of it is the command's own: what the command wrote, wherever
//! SageMaker repeats it, stays in the stage's log.

use super::{
    Job,
    follow::{End, Why},
    is_well,
    lines::Lines,
    script,
};
use crate::{
    aws::{JobKind, JobRecord, JobStatus},
    engine::attempt::timed_out,
    flow::Failure,
    logs::Level,
    spec::FailureClass,
};

/// Words of a reason that is SageMaker's own, and not the command's: a second try may do better.
const SERVICE: [&str; 4] =
    ["InternalServerError", "InternalServiceError", "CapacityError", "InsufficientCapacity"];

/// How SageMaker begins the reason of a container that ended badly by itself; what the container said follows.
const CONTAINER: &str = "AlgorithmError";

/// The failure that the end of a job is, if it is one.
pub(super) fn judge(job: &Job<'_>, end: &End, lines: &Lines<'_>) -> Result<(), Failure> {
    if let Some(error) = lines.trouble() {
        let group = JobKind::Processing.log_group();
        job.said(Level::Warning, &format!("{group} could not be read to the end: {error}"))?;
    }
    let stage = &job.work.context.stage;
    match (end.stopped, is_well(&end.record)) {
        (Some(Why::Cancelled), _) => {
            let how = if end.record.status.is_over() { "stopped" } else { "stopping" };
            Err(Failure::new(FailureClass::Cancelled, format!("{how}, {}", job.name)))
        }
        (_, true) => Ok(()),
        (Some(Why::TimedOut), false) => {
            let longest = stage.timeout;
            Err(timed_out(&format!("the job {} was not done after {longest:?}", job.name)))
        }
        (None, false) => {
            let hint = format!("its lines: agent logs --stage {}", stage.name);
            Err(of_record(&job.name, &end.record, &stage.outputs).with_hint(hint))
        }
    }
}

/// A job that ended badly by itself, or by somebody else's hand.
fn of_record(name: &str, record: &JobRecord, outputs: &[String]) -> Failure {
    let word = record.exit_message.clone().filter(|word| script::is_last_word(word, outputs));
    let reason = record.failure_reason.as_deref().filter(|text| !text.trim().is_empty());
    let (class, reason) = match reason {
        Some(reason) if reason.starts_with(CONTAINER) => {
            (FailureClass::UserError, Some(of_container(reason)))
        }
        Some(reason) if SERVICE.iter().any(|word| reason.contains(word)) => {
            (FailureClass::CloudError, Some(reason.to_owned()))
        }
        Some(_) | None => (FailureClass::UserError, reason.map(str::to_owned)),
    };
    let why = match (word, reason) {
        (Some(word), Some(reason)) if reason.starts_with(CONTAINER) => word,
        (Some(word), Some(reason)) => format!("{word} ({reason})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if record.status == JobStatus::Stopped => {
            "somebody stopped it, or its time was up".to_owned()
        }
        (None, None) => "SageMaker gives no reason".to_owned(),
    };
    Failure::new(class, format!("the Processing job {name} failed: {why}"))
}

/// The reason of a container that ended badly, without what the container said.
fn of_container(reason: &str) -> String {
    let code =
        reason.rsplit_once("exit code: ").and_then(|(_, code)| code.trim().parse::<i32>().ok());
    code.map_or_else(|| CONTAINER.to_owned(), |code| format!("{CONTAINER}, exit code {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(reason: Option<&str>, exit: Option<&str>) -> JobRecord {
        JobRecord {
            arn: "arn".to_owned(),
            status: JobStatus::Failed,
            failure_reason: reason.map(str::to_owned),
            exit_message: exit.map(str::to_owned),
            created: None,
        }
    }

    const REASON: &str = "AlgorithmError: row 7: age 61, exit code: 3";

    #[test]
    fn a_failure_has_nothing_of_what_the_command_wrote() {
        let told =
            |reason, exit| of_record("job", &record(reason, exit), &["out/a.csv".to_owned()]);
        let message = |reason, exit| told(reason, exit).message;
        let failed = |why: &str| format!("the Processing job job failed: {why}");
        let code = Some("the command exited with code 3");
        assert_eq!(message(Some(REASON), code), failed("the command exited with code 3"));
        for word in
            [None, Some(" "), Some("row 7: age 61"), Some("the command exited with code 61, row 7")]
        {
            assert_eq!(message(Some(REASON), word), failed("AlgorithmError, exit code 3"));
        }
        assert_eq!(
            message(Some("AlgorithmError: row 7, exit code: many"), None),
            failed("AlgorithmError")
        );
        let left = "the command succeeded but left no file out/a.csv";
        assert_eq!(message(Some(REASON), Some(left)), failed(left));
        let other = "the command succeeded but left no file row 7";
        assert_eq!(message(None, Some(other)), failed("SageMaker gives no reason"));
    }

    #[test]
    fn what_sagemaker_could_not_do_is_no_fault_of_the_commands() {
        let class = |reason| of_record("job", &record(Some(reason), None), &[]).class;
        assert_eq!(class(REASON), FailureClass::UserError);
        assert_eq!(class("CapacityError: Unable to provision"), FailureClass::CloudError);
        assert_eq!(class("AlgorithmError: said CapacityError"), FailureClass::UserError);
        let failure = of_record("job", &record(Some("ClientError: no S3 objects"), None), &[]);
        assert!(failure.message.ends_with("failed: ClientError: no S3 objects"), "{failure:?}");
    }

    #[test]
    fn what_somebody_else_stopped_is_not_started_again_by_itself() {
        let stopped = JobRecord { status: JobStatus::Stopped, ..record(None, None) };
        let failure = of_record("job", &stopped, &[]);
        assert_eq!(failure.class, FailureClass::UserError);
        assert!(failure.message.contains("somebody stopped it"), "{failure:?}");
    }
}
