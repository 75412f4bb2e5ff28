//! What an execution came to: from its steps and the reports of its data-quality check. Pure.

use super::case::{Case, FailedStep, Finding, Grounds, Predictions};
use crate::{
    aws::{ExecutionStatus, PastExecution, StepDetail, StepRecord, StepStatus},
    monitor::{self, Assessment, Evidence, Limits, Violation},
    spec::{DataContract, Monitor, Role},
};
use serde_json::Value;

/// The class of error that our function names when there is no model for the environment.
const NO_MODEL: &str = "NoApprovedModel";
/// Our own script's words when the batch is not what the contract says; it names rows and columns, never cells.
const BREACH: &str = "the data breaks its contract";
/// What a failure reason begins with when a container said it.
const OF_CONTAINER: &str = "AlgorithmError";
/// The script whose messages are known to repeat no cell.
const OUR_SCRIPT: &str = "batch_preprocess: ";
/// Characters kept of a reason: DescribeProcessingJob gives up to 1,024, of which people read the beginning.
const LONGEST_REASON: usize = 400;

/// The reports of a data-quality check.
#[derive(Debug, Clone, PartialEq)]
pub struct Reports {
    /// `statistics.json` of the batch.
    pub batch: Value,
    /// `statistics.json` of the data the model was trained on.
    pub baseline: Value,
    /// `constraints.json` of that data, where it can be read.
    pub constraints: Option<Value>,
    /// What the analyser found.
    pub violations: Vec<Violation>,
}

/// By what batches are judged.
#[derive(Debug, Clone, Copy)]
pub struct Yardstick<'a> {
    /// Minimum of rows and significance.
    pub monitor: Monitor,
    /// Gives the columns their names.
    pub contract: Option<&'a DataContract>,
}

/// Judges an execution that has ended.
#[must_use]
pub fn judge(
    execution: &PastExecution,
    steps: &[StepRecord],
    reports: Option<&Reports>,
    yardstick: Yardstick<'_>,
) -> Case {
    let (assessment, unreadable) = match reports.map(|reports| assess(reports, yardstick)) {
        Some(Ok(assessment)) => (Some(assessment), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    };
    let failed = steps.iter().find(|step| step.status == StepStatus::Failed);
    let mut told = failed.map(told);
    if let (None, Some(reason)) = (&told, unreadable) {
        let step = steps.iter().find(|step| is_check(step)).map(|step| step.name.clone());
        told = Some(FailedStep { step: step.unwrap_or_default(), reason: Some(reason) });
    }
    let predictions = match execution.status {
        ExecutionStatus::Succeeded => Predictions::Made,
        ExecutionStatus::Executing
        | ExecutionStatus::Stopping
        | ExecutionStatus::Stopped
        | ExecutionStatus::Failed
        | ExecutionStatus::CompletedWithFailures => Predictions::Withheld,
    };
    let finding = finding(execution.status, steps, assessment.as_ref());
    let finding = match finding {
        Finding::NotChecked if told.is_some() => Finding::InfrastructureFailure,
        other => other,
    };
    Case {
        execution: execution.arn.clone(),
        began: execution.began,
        finding,
        grounds: Grounds { predictions, assessment, report: report(steps), failed: told },
    }
}

/// The strongest word first: no model at all, then what is wrong with the data, then what is wrong with everything else.
fn finding(
    status: ExecutionStatus,
    steps: &[StepRecord],
    assessment: Option<&Assessment>,
) -> Finding {
    let failed = || steps.iter().filter(|step| step.status == StepStatus::Failed);
    let says = |step: &StepRecord, words: &str| {
        step.failure_reason.as_ref().is_some_and(|reason| reason.contains(words))
    };
    if failed().any(|step| says(step, NO_MODEL) && !of_container(step)) {
        return Finding::NothingApproved;
    }
    if failed().any(|step| says(step, BREACH)) {
        return Finding::DataDefect;
    }
    let of_batch = assessment.map(|assessment| Finding::from(assessment.verdict));
    match (of_batch, status) {
        (Some(found @ (Finding::Drift | Finding::DataDefect)), _) => found,
        // A check that failed and left a report has said all it has to say; another step has failed by itself.
        (_, _) if failed().any(|step| of_batch.is_none() || !is_check(step)) => {
            Finding::InfrastructureFailure
        }
        (_, ExecutionStatus::Stopped | ExecutionStatus::Stopping) => Finding::Stopped,
        (Some(found), _) => found,
        (None, ExecutionStatus::Failed | ExecutionStatus::CompletedWithFailures) => {
            Finding::InfrastructureFailure
        }
        (None, ExecutionStatus::Succeeded | ExecutionStatus::Executing) => Finding::NotChecked,
    }
}

fn is_check(step: &StepRecord) -> bool {
    matches!(step.detail, StepDetail::QualityCheck { .. })
}

fn of_container(step: &StepRecord) -> bool {
    step.failure_reason.as_ref().is_some_and(|reason| reason.starts_with(OF_CONTAINER))
}

fn report(steps: &[StepRecord]) -> Option<String> {
    steps.iter().find_map(|step| match &step.detail {
        StepDetail::QualityCheck { violation_report, .. } => violation_report.clone(),
        _ => None,
    })
}

fn told(step: &StepRecord) -> FailedStep {
    let reason = step.failure_reason.as_ref();
    let reason = reason.filter(|reason| !of_container(step) || reason.contains(OUR_SCRIPT));
    let reason = reason.map(|reason| reason.chars().take(LONGEST_REASON).collect());
    FailedStep { step: step.name.clone(), reason }
}

fn assess(
    reports: &Reports,
    yardstick: Yardstick<'_>,
) -> Result<Assessment, monitor::MonitorError> {
    let columns = reports.baseline.get("features").and_then(Value::as_array).map_or(0, Vec::len);
    monitor::assess(&Evidence {
        baseline_statistics: &reports.baseline,
        batch_statistics: &reports.batch,
        violations: &reports.violations,
        constraints: reports.constraints.as_ref(),
        names: &names(yardstick.contract, columns),
        limits: Limits {
            minimum_rows: u64::from(yardstick.monitor.minimum_rows),
            significance: yardstick.monitor.significance.get(),
        },
    })
}

/// The names of headerless columns: a batch holds the features alone, or all columns but the label.
fn names(contract: Option<&DataContract>, columns: usize) -> Vec<String> {
    let Some(contract) = contract else { return Vec::new() };
    let named = |keep: fn(Role) -> bool| -> Vec<String> {
        let kept = contract.columns.iter().filter(|column| keep(column.role));
        kept.map(|column| column.name.clone()).collect()
    };
    let features = named(|role| role == Role::Feature);
    let unlabelled = named(|role| role != Role::Label);
    [features, unlabelled].into_iter().find(|names| names.len() == columns).unwrap_or_default()
}

#[cfg(test)]
mod tests;
