//! A job until it is over: looked at now and then, stopped when the stage is stopped or its time is up.

use super::{Job, lines::Lines};
use crate::{
    aws::{CloudError, ErrorClass, JobRecord},
    clock::{later, until},
    flow::{Failure, Stop},
    spec::FailureClass,
};
use std::time::Duration;

/// How long a job that was told to stop is waited for: SageMaker kills it two minutes later, and clears up.
const LONGEST_STOP: Duration = Duration::from_secs(10 * 60);
/// Looks in a row that SageMaker may leave unanswered: with those of the SDK ten minutes and more.
const MOST_MISSED: u32 = 40;
/// Looks for the last lines: CloudWatch has them some seconds later than SageMaker has the end.
const LAST_LOOKS: u32 = 4;
/// Time between two of these.
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// A job that is over.
pub(super) struct End {
    pub(super) record: JobRecord,
    /// Why the agent stopped it, if it did.
    pub(super) stopped: Option<Why>,
}

/// Why a job is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Cancelled,
    TimedOut,
}

/// Follows a job, whose lines become the stage's.
pub(super) async fn to_its_end(
    job: &Job<'_>,
    lines: &mut Lines<'_>,
    mut record: JobRecord,
) -> Result<End, Failure> {
    let context = job.work.context;
    let began = record.created.unwrap_or_else(|| context.clock.now());
    let deadline = later(began, context.stage.timeout);
    let (mut stopped, mut given_up) = (None, None);
    while !record.status.is_over() {
        lines.look().await?;
        let next = tokio::select! {
            biased;
            // What was stopped gently may still be stopped by force.
            () = context.cancel.requested(if stopped.is_none() { Stop::Gentle } else { Stop::Forced }) => {
                Next::Stop(Why::Cancelled)
            }
            () = context.clock.sleep(until(context.clock.now(), given_up.unwrap_or(deadline))) => {
                Next::Stop(Why::TimedOut)
            }
            found = look_again(job) => Next::Look(found?),
        };
        match (next, stopped) {
            (Next::Look(found), _) => record = found,
            (Next::Stop(why), None) => {
                job.session.sagemaker().stop_job(&job.name).await?;
                stopped = Some(why);
                given_up = Some(later(context.clock.now(), LONGEST_STOP));
            }
            // It stops without being watched.
            (Next::Stop(_), Some(_)) => break,
        }
    }
    last_lines(job, lines).await?;
    Ok(End { record, stopped })
}

enum Next {
    Look(JobRecord),
    Stop(Why),
}

/// Waits, and looks. That SageMaker cannot answer now and then says nothing about the job, and giving up would start a
/// second one.
async fn look_again(job: &Job<'_>) -> Result<JobRecord, Failure> {
    let pause = job.work.clouds.poll_interval(job.environment);
    let mut missed = 0;
    loop {
        job.work.context.clock.sleep(pause).await;
        match job.session.sagemaker().job(&job.name).await {
            Ok(Some(record)) => return Ok(record),
            Ok(None) => {
                let message = format!("the Processing job {} is gone", job.name);
                return Err(Failure::new(FailureClass::CloudError, message));
            }
            Err(error) if passes(&error) && missed < MOST_MISSED => missed += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn passes(error: &CloudError) -> bool {
    match error.class {
        ErrorClass::Throttled | ErrorClass::Unavailable | ErrorClass::Conflict => true,
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Denied
        | ErrorClass::Expired
        | ErrorClass::Invalid
        | ErrorClass::LimitExceeded
        | ErrorClass::WrongAccount
        | ErrorClass::Other => false,
    }
}

async fn last_lines(job: &Job<'_>, lines: &mut Lines<'_>) -> Result<(), Failure> {
    let context = job.work.context;
    let pause = LAST_PAUSE.min(job.work.clouds.poll_interval(job.environment));
    for looked in 0..LAST_LOOKS {
        let is_quiet = lines.look().await? == 0 && looked > 0;
        if is_quiet || context.cancel.stop() == Some(Stop::Forced) {
            break;
        }
        context.clock.sleep(pause).await;
    }
    Ok(())
}
