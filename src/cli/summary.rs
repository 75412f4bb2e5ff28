//! The end of a run: what went where, the gate's numbers, what changed, what to do next.

use super::runs::told;
use crate::{
    dispatch::Standing,
    engine::stages::outputs::{Applied, Judged, Origin, Planned, Trained},
    flow::{Event, Failure, Outcome, Request},
    queue::Reason,
    report::by_several,
    spec::{Action, BuiltIn, Pipeline},
    store::{RunRecord, StoredEvent},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What a run came to, gathered from its record alone: the same while it ends and years later.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    #[serde(skip)]
    run: &'a RunRecord,
    /// How it ended.
    outcome: Option<Outcome>,
    trained: Option<Trained>,
    judged: Option<Judged>,
    planned: Option<Planned>,
    /// Changes made, in order.
    changes: Vec<String>,
    /// How many of the planned ones an earlier run made, whose stages this one took over.
    made_before: usize,
    failures: Vec<Failure>,
    /// What people are asked, while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(skip)]
    standing: Option<Standing>,
}

impl<'a> Summary<'a> {
    /// Gathers what the events of `run` say; a gate that refused has left no outputs, only its `verdict`.
    pub(crate) fn of(run: &'a RunRecord, events: &[StoredEvent], verdict: Option<&Value>) -> Self {
        let mut summary = Self {
            run,
            outcome: None,
            trained: None,
            judged: None,
            planned: None,
            changes: Vec::new(),
            made_before: 0,
            failures: Vec::new(),
            request: None,
            standing: None,
        };
        for stored in events {
            summary.add(&stored.event);
        }
        if summary.judged.is_none() {
            let model_package = summary.trained.as_ref().and_then(|t| t.model_package.clone());
            let verdict = verdict.and_then(read);
            summary.judged = verdict.map(|verdict| Judged { verdict, model_package });
        }
        summary
    }

    /// The same of a run that stands there.
    pub(crate) fn standing(self, standing: Option<Standing>) -> Self {
        Self { standing, ..self }
    }

    fn add(&mut self, event: &Event) {
        match event {
            Event::StageSucceeded { stage, outputs, .. } => {
                if let Some(built_in) = built_in(&self.run.pipeline, stage.as_str()) {
                    self.succeeded(built_in, outputs);
                }
            }
            Event::StageReused { stage, outputs, .. } => {
                let before = self.changes.len();
                if let Some(built_in) = built_in(&self.run.pipeline, stage.as_str()) {
                    self.succeeded(built_in, outputs);
                }
                self.made_before += self.changes.drain(before..).len();
            }
            Event::StageFailed { failure, .. } => {
                self.request = None;
                self.failures.push(failure.clone());
            }
            Event::RunFinished { outcome } => self.outcome = Some(outcome.clone()),
            Event::RunCreated
            | Event::StageStarted { .. }
            | Event::StageInterrupted { .. }
            | Event::RetryScheduled { .. }
            | Event::StageSkipped { .. }
            | Event::StageAwoken { .. }
            | Event::RunWithdrawn { .. }
            | Event::CancelRequested { .. } => {}
            Event::StageParked { request, .. } => self.request = Some(request.clone()),
        }
    }

    fn succeeded(&mut self, built_in: &BuiltIn, outputs: &Value) {
        match built_in {
            BuiltIn::TrainTest(_) => self.trained = read(outputs),
            BuiltIn::Gate(_) => self.judged = read(outputs),
            BuiltIn::Plan | BuiltIn::Approve => {
                self.request = None;
                self.planned = read(outputs);
            }
            BuiltIn::DeployPipelines | BuiltIn::ScheduleRules => {
                self.changes.extend(read::<Applied>(outputs).into_iter().flat_map(|a| a.changes));
            }
            BuiltIn::Validate | BuiltIn::AssumeRole => {}
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        lines.extend(self.trained.iter().map(training));
        if let Some(judged) = &self.judged {
            let verdict = judged.verdict.to_string();
            lines.push(format!("  gate: {}", verdict.replace('\n', "\n        ")));
        }
        if let Some(planned) = &self.planned {
            lines.push(self.changed(planned));
            lines.extend(self.changes.iter().map(|change| format!("    {change}")));
            lines.extend(planned.notes.iter().map(|note| format!("  note: {note}")));
        }
        if let Some(failure) = self.failures.last().filter(|_| self.is_unexplained()) {
            lines.push(format!("  reason: {failure}"));
            lines.extend(failure.hint.iter().map(|hint| format!("  hint: {hint}")));
        }
        if let Some(request) = self.request.as_ref().filter(|_| self.outcome.is_none()) {
            lines.push(format!("  asks: {}", asks(request)));
        }
        lines.push(format!("  next: {}", self.next()));
        lines.join("\n")
    }

    fn changed(&self, planned: &Planned) -> String {
        if planned.changes == 0 {
            return "  changed: nothing, everything is as planned".to_owned();
        }
        let (made, all, plan) = (self.changes.len(), planned.changes, planned.hash.short());
        let before = match self.made_before {
            0 => String::new(),
            before => format!(", {before} by an earlier run"),
        };
        format!("  changed: {made} of {all} planned (plan {plan}){before}")
    }

    fn headline(&self) -> String {
        let RunRecord { pipeline, reference, environment, commit, .. } = self.run;
        let (name, commit) = (&pipeline.name, commit.short());
        match &self.outcome {
            Some(Outcome::Succeeded) => {
                format!("{name}: {reference} at {commit} is promoted to {environment}")
            }
            Some(Outcome::GateRefused) => {
                format!("{name}: the gate refused {commit}; {environment} is untouched")
            }
            None if self.request.is_some() => {
                format!("{name}: {reference} at {commit} waits for approval to {environment}")
            }
            other => format!(
                "{name}: {reference} at {commit} to {environment}: {}",
                told(other.as_ref(), self.standing.as_ref())
            ),
        }
    }

    /// Not a success, and not a refusal either, whose verdict holds its reasons.
    fn is_unexplained(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Succeeded) => false,
            Some(Outcome::GateRefused) => self.judged.is_none(),
            Some(
                Outcome::Failed { .. }
                | Outcome::Rejected
                | Outcome::Expired
                | Outcome::Cancelled
                | Outcome::Superseded { .. }
                | Outcome::Unfit { .. },
            )
            | None => true,
        }
    }

    /// The number of the version that the run's training has registered.
    fn candidate(&self) -> Option<i32> {
        self.judged.as_ref()?.model_package.as_ref()?.name().parse().ok()
    }

    fn next(&self) -> String {
        let (run, environment) = (self.run.id.short(), &self.run.environment);
        match &self.outcome {
            Some(Outcome::Succeeded) if let Some(version) = self.candidate() => format!(
                "agent models approve {version} --env {environment} --reason '…'   (or reject it; `agent models show {version} --env {environment}` has its evidence)"
            ),
            Some(Outcome::Succeeded) if self.judged.is_some() => {
                format!("agent models list --env {environment}")
            }
            Some(Outcome::Succeeded) => format!("agent show {run}"),
            None if let Some(request) = &self.request => {
                let plan = request.plan.short();
                format!("agent approve {run} --plan {plan}, or: agent reject {run} --reason '…'")
            }
            None => self.next_of_open(),
            Some(Outcome::Superseded { by }) => format!("agent show {}", by.short()),
            Some(
                Outcome::GateRefused
                | Outcome::Failed { .. }
                | Outcome::Rejected
                | Outcome::Expired
                | Outcome::Cancelled
                | Outcome::Unfit { .. },
            ) => format!("agent logs {run}"),
        }
    }

    /// What helps an open run on about which nobody is asked.
    fn next_of_open(&self) -> String {
        match &self.standing {
            None | Some(Standing::Next | Standing::Waiting { why: Reason::Approval }) => {
                format!("agent resume {}", self.run.id.short())
            }
            Some(Standing::Running) => format!("agent logs --follow {}", self.run.id.short()),
            Some(
                Standing::Superseded { by: other }
                | Standing::Waiting { why: Reason::Run { run: other } },
            ) => format!("agent show {}", other.short()),
            Some(Standing::Waiting { why: Reason::Lock { lock } }) => {
                format!("agent unlock {}", lock.environment)
            }
            Some(Standing::Waiting { why: Reason::Labels { .. } | Reason::Elsewhere }) => {
                "agent agents".to_owned()
            }
            Some(Standing::Waiting {
                why:
                    Reason::Window { .. } | Reason::Slot | Reason::Room { .. } | Reason::Setback { .. },
            }) => "agent queue".to_owned(),
        }
    }
}

fn built_in<'p>(pipeline: &'p Pipeline, stage: &str) -> Option<&'p BuiltIn> {
    let stage = pipeline.stages.iter().find(|known| known.name.as_str() == stage)?;
    match &stage.action {
        Action::Uses(built_in) => Some(built_in),
        Action::Run(_) => None,
    }
}

/// An output of another version of the agent may be unreadable; the summary then goes without it.
fn read<T: DeserializeOwned>(outputs: &Value) -> Option<T> {
    serde_json::from_value(outputs.clone()).ok()
}

/// What people are asked, and who.
fn asks(request: &Request) -> String {
    let (plan, by) = (request.plan.short(), by_several(request));
    let until = request.until.strftime("%F %T UTC");
    let who = match request.approvers.as_slice() {
        [] => "anybody may answer".to_owned(),
        approvers => format!("these may answer: {}", approvers.join(", ")),
    };
    format!("approval of plan {plan}{by} until {until}; {who}")
}

fn training(trained: &Trained) -> String {
    let how = match trained.origin {
        Origin::Started => "trained in",
        Origin::Found => "the same definition and data were trained before in",
    };
    format!("  candidate: {how} {}, execution {}", trained.environment, trained.execution.name())
}
