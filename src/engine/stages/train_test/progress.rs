//! An execution as it goes: each change of a step told once, with where to see its job, and what a job that failed said
//! last.

use super::super::work::Work;
use crate::{
    aws::{Job, Session, StepDetail, StepRecord, StepStatus},
    flow::Failure,
    ids::Region,
    logs::Level,
    spec::{Cloud, Environment},
};
use std::collections::BTreeSet;

/// Lines of a failed job's own log that are brought along: a Python traceback with what led to it.
const MOST_JOB_LINES: usize = 25;

/// What has been told of one execution.
#[derive(Debug, Default)]
pub(super) struct Progress {
    told: BTreeSet<(String, String)>,
}

impl Progress {
    /// Tells what is new in `steps`.
    pub(super) async fn tell(
        &mut self,
        work: &Work<'_>,
        session: &Session,
        steps: &[StepRecord],
    ) -> Result<(), Failure> {
        for step in steps {
            if !self.told.insert((step.name.clone(), format!("{:?}", step.status))) {
                continue;
            }
            work.tell(&sentence(step))?;
            let Some(job) = step.detail.job() else { continue };
            if work.environment()?.cloud == Cloud::Aws {
                work.tell(&format!("  {}", console(work.environment()?, &job)))?;
            }
            if step.status == StepStatus::Failed {
                last_words(work, session, &job).await?;
            }
        }
        Ok(())
    }
}

/// The end of a failed job's own log. A job that left none, or whose log may not be read, is no reason to fail.
async fn last_words(work: &Work<'_>, session: &Session, job: &Job) -> Result<(), Failure> {
    let group = job.kind.log_group();
    match session.logs().tail(group, &job.name, MOST_JOB_LINES).await {
        Ok(lines) if lines.is_empty() => work.tell(&format!("  {group} has no line of the job")),
        Ok(lines) => {
            work.tell(&format!("  the end of its log ({group}, {}):", job.name))?;
            let said = |line: &String| work.context.say(Level::Info, &format!("  | {line}"));
            lines.iter().try_for_each(said)
        }
        Err(error) => work.tell(&format!("  its log could not be read: {error}")),
    }
}

/// Where a person sees the job in AWS's console.
fn console(environment: &Environment, job: &Job) -> String {
    let (region, page) = (&environment.region, job.kind.console_page());
    let host = console_host(region);
    format!("https://{region}.{host}/sagemaker/home?region={region}#/{page}/{}", job.name)
}

fn console_host(region: &Region) -> &'static str {
    match region.partition().name {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    }
}

fn sentence(step: &StepRecord) -> String {
    let time = match (step.started, step.ended) {
        (Some(start), Some(end)) => {
            format!(" in {:.2} s", (end - start).total(jiff::Unit::Second).unwrap_or(0.0))
        }
        _ => String::new(),
    };
    let outcome = match &step.detail {
        StepDetail::Condition(Some(outcome)) => format!(", {outcome}"),
        StepDetail::RegisterModel(arn) => format!(", {arn}"),
        StepDetail::Fail(message) => format!(": {message}"),
        StepDetail::Condition(None)
        | StepDetail::Training(_)
        | StepDetail::Processing(_)
        | StepDetail::Transform(_)
        | StepDetail::Model(_)
        | StepDetail::Lambda(_)
        | StepDetail::QualityCheck { .. }
        | StepDetail::Other => {
            step.failure_reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default()
        }
    };
    format!("step {} {:?}{time}{outcome}", step.name, step.status)
}
