//! Times, gathered while the process lives. As with every histogram, a restart begins anew.

use super::AttemptTime;
use crate::{
    flow::Ending,
    spec::{Action, BuiltIn},
    store::RunRecord,
};
use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// From a webhook to the first command: milliseconds as a rule, hours where a lock is waited for.
const FIRST_COMMAND: [f64; 14] =
    [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1800.0, 7200.0];
/// A stage: a check takes milliseconds, a training hours.
const STAGE: [f64; 12] =
    [0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0];

/// What is told apart about a stage. Names of stages are the users'; what they use is ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    uses: &'static str,
    ending: &'static str,
}

/// What happened to a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TraceLabels {
    result: &'static str,
}

/// Times and counts.
#[derive(Debug, Clone)]
pub struct Gathered {
    first_command: Histogram,
    stages: Family<StageLabels, Histogram>,
    traces: Family<TraceLabels, Counter>,
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            first_command: Histogram::new(FIRST_COMMAND),
            stages: Family::new_with_constructor(|| Histogram::new(STAGE)),
            traces: Family::default(),
        }
    }
}

impl Gathered {
    /// A run's first command began.
    pub fn first_command(&self, received: Timestamp, began: Timestamp) {
        self.first_command.observe(seconds(received, began));
    }

    /// A run has ended: these were its attempts.
    pub fn attempts(&self, run: &RunRecord, attempts: &[AttemptTime]) {
        for attempt in attempts {
            let Some((ended, ending)) = attempt.ended else { continue };
            let labels = StageLabels { uses: uses(run, attempt), ending: named(ending) };
            self.stages.get_or_create(&labels).observe(seconds(attempt.began, ended));
        }
    }

    /// A trace has been sent, or given up.
    pub fn trace(&self, result: &'static str) {
        self.traces.get_or_create(&TraceLabels { result }).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "From the arrival of a delivery to the first command of its run, since this process began";
        let times = self.first_command.clone();
        registry.register_with_unit("webhook_to_first_command", help, Unit::Seconds, times);
        let help = "How long attempts at stages took that ended since this process began, by what the stage uses and how it ended";
        registry.register_with_unit("stage_duration", help, Unit::Seconds, self.stages.clone());
        registry.register(
            "traces",
            "Traces sent, given up, and tries that failed, since this process began",
            self.traces.clone(),
        );
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

fn uses(run: &RunRecord, attempt: &AttemptTime) -> &'static str {
    let stage = run.pipeline.stages.iter().find(|stage| stage.name == attempt.stage);
    match stage.map(|stage| &stage.action) {
        Some(Action::Run(_)) => "command",
        Some(Action::Uses(BuiltIn::Validate)) => "validate",
        Some(Action::Uses(BuiltIn::TrainTest(_))) => "train-test",
        Some(Action::Uses(BuiltIn::Gate(_))) => "gate",
        Some(Action::Uses(BuiltIn::AssumeRole)) => "assume-role",
        Some(Action::Uses(BuiltIn::Plan)) => "plan",
        Some(Action::Uses(BuiltIn::DeployPipelines)) => "deploy-pipelines",
        Some(Action::Uses(BuiltIn::ScheduleRules)) => "schedule-rules",
        Some(Action::Uses(BuiltIn::Approve)) => "approve",
        None => "unknown",
    }
}

fn named(ending: Ending) -> &'static str {
    match ending {
        Ending::Succeeded => "succeeded",
        Ending::Failed => "failed",
        Ending::Errored => "errored",
        Ending::Aborted => "aborted",
        Ending::Skipped => "skipped",
    }
}
