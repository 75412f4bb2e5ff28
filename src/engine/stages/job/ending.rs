//! What the end of a job means for its stage.

use super::{
    Job,
    follow::{End, Why},
    is_well,
    lines::Lines,
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

/// The failure that the end of a job is, if it is one.
pub(super) fn judge(job: &Job<'_>, end: &End, lines: &Lines<'_>) -> Result<(), Failure> {
    if let Some(error) = lines.trouble() {
        let group = JobKind::Processing.log_group();
        job.said(Level::Warning, &format!("{group} could not be read to the end: {error}"))?;
    }
    let failure = match (end.stopped, is_well(&end.record)) {
        (Some(Why::Cancelled), _) => {
            let how = if end.record.status.is_over() { "stopped" } else { "stopping" };
            return Err(Failure::new(FailureClass::Cancelled, format!("{how}, {}", job.name)));
        }
        (_, true) => return Ok(()),
        (Some(Why::TimedOut), false) => {
            let longest = job.work.context.stage.timeout;
            timed_out(&format!("the job {} was not done after {longest:?}", job.name))
        }
        (None, false) => of_record(&job.name, &end.record),
    };
    Err(match lines.last_words() {
        Some(words) if failure.hint.is_none() => failure.with_hint(words),
        Some(_) | None => failure,
    })
}

/// A job that ended badly by itself, or by somebody else's hand.
fn of_record(name: &str, record: &JobRecord) -> Failure {
    let words = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (exit, reason) = (words(&record.exit_message), words(&record.failure_reason));
    let is_service = |text: &String| SERVICE.iter().any(|word| text.contains(word));
    let class = match &reason {
        Some(reason) if is_service(reason) => FailureClass::CloudError,
        Some(_) | None => FailureClass::UserError,
    };
    let why = match (exit, reason) {
        (Some(exit), Some(reason)) => format!("{exit} ({reason})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if record.status == JobStatus::Stopped => {
            "somebody stopped it, or its time was up".to_owned()
        }
        (None, None) => "SageMaker gives no reason".to_owned(),
    };
    Failure::new(class, format!("the Processing job {name} failed: {why}"))
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

    #[test]
    fn a_failure_has_the_commands_words_and_sagemakers() {
        let reason = "AlgorithmError: See job logs for more information, exit code: 3";
        let both = record(Some(reason), Some("the command exited with code 3"));
        let failure = of_record("job", &both);
        assert_eq!(failure.class, FailureClass::UserError);
        assert_eq!(
            failure.message,
            format!("the Processing job job failed: the command exited with code 3 ({reason})")
        );
        let failure = of_record("job", &record(Some("CapacityError: Unable to provision"), None));
        assert_eq!(failure.class, FailureClass::CloudError);
        assert!(of_record("job", &record(None, Some(" "))).message.contains("no reason"));
    }

    #[test]
    fn what_somebody_else_stopped_is_not_started_again_by_itself() {
        let stopped = JobRecord { status: JobStatus::Stopped, ..record(None, None) };
        let failure = of_record("job", &stopped);
        assert_eq!(failure.class, FailureClass::UserError);
        assert!(failure.message.contains("somebody stopped it"), "{failure:?}");
    }
}
