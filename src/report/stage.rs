//! One stage on the commit: a check run, or a status where check runs cannot be had.
//!
//! A stage that was filtered out says `skipped`, which GitHub takes for good, so that a required check is never waited
//! for in vain. One that was left out because something before it failed says `cancelled`: it must not look as if it
//! had been passed.

use super::{
    Button, CheckRun, CommitStatus, Conclusion, Content, MOST_ANNOTATIONS, Progress, Saying,
    Stages, StatusState, View, by_several, promotion::LONGEST_DESCRIPTION, text,
};
use crate::{
    flow::{Ending, Event, Failure, SkipReason, StageState, Standing},
    ids::{Digest, StageName},
    plan,
    spec::{Action, BuiltIn, FailureClass, Stage},
};
use jiff::Timestamp;

/// Characters of a check run's summary and of its text (Create a check run).
const LONGEST_SUMMARY: usize = 65_535;
/// Characters of a title that people still read.
const LONGEST_TITLE: usize = 200;

/// How a stage looks from outside.
struct Face {
    progress: Progress,
    title: String,
}

impl View<'_> {
    /// What is said about each stage.
    pub(super) fn stages(&self) -> Vec<Saying> {
        let stages = self.record.pipeline.stages.iter();
        stages.filter_map(|stage| self.stage(stage, self.state.stage(&stage.name)?)).collect()
    }

    fn stage(&self, stage: &Stage, state: &StageState) -> Option<Saying> {
        let face = self.face(&stage.name, state);
        let name = format!("{}/{}", self.context(), stage.name);
        match self.manner.stages {
            Stages::Hidden => None,
            Stages::Statuses => Some(Saying {
                key: format!("status/{}", stage.name),
                content: Content::Status(CommitStatus {
                    commit: self.record.commit.clone(),
                    context: name,
                    state: status(face.progress),
                    description: text::line(&face.title, LONGEST_DESCRIPTION),
                    page: self.run_page(),
                }),
            }),
            Stages::Checks => Some(Saying {
                key: format!("check/{}", stage.name),
                content: Content::Check(self.check(stage, state, face, name)),
            }),
        }
    }

    fn check(&self, stage: &Stage, state: &StageState, face: Face, name: String) -> CheckRun {
        let annotations = match (&stage.action, face.progress) {
            (Action::Uses(BuiltIn::Validate), Progress::Completed { .. }) => {
                self.record.evidence.findings.clone()
            }
            (Action::Uses(_) | Action::Run(_), _) => Vec::new(),
        };
        let asked = match &state.standing {
            Standing::Parked(request) => Some(&request.plan),
            Standing::Waiting
            | Standing::Running
            | Standing::Retrying(..)
            | Standing::Failed(_)
            | Standing::Succeeded(_)
            | Standing::Skipped(_) => None,
        };
        let asks = asked.map_or_else(String::new, |plan| format!("/{plan}"));
        CheckRun {
            commit: self.record.commit.clone(),
            name,
            external_id: format!("{}/{}{asks}", self.record.run, stage.name),
            actions: asked.map(|plan| buttons(plan).to_vec()).unwrap_or_default(),
            progress: face.progress,
            started: self.began(&stage.name),
            page: self.run_page(),
            summary: text::cut(&self.summary(stage, state, &face.title), LONGEST_SUMMARY),
            title: text::line(&face.title, LONGEST_TITLE),
            text: self.details(stage, face.progress, asked),
            annotations: annotations.into_iter().take(MOST_ANNOTATIONS).collect(),
        }
    }

    fn face(&self, name: &StageName, state: &StageState) -> Face {
        let (progress, title) = match &state.standing {
            Standing::Waiting => (Progress::Queued, "waiting".to_owned()),
            Standing::Running => (Progress::InProgress, "running".to_owned()),
            Standing::Parked(request) => {
                let (plan, by) = (request.plan.short(), by_several(request));
                let title = format!("waits for approval of plan {plan}{by}");
                (Progress::InProgress, title)
            }
            Standing::Retrying(failure, _) if self.state.stop().is_none() => {
                (Progress::InProgress, format!("to be tried again: {failure}"))
            }
            Standing::Failed(failure) | Standing::Retrying(failure, _) => {
                (self.ended(name, conclusion(failure.class)), failure.to_string())
            }
            Standing::Succeeded(_) => {
                (self.ended(name, Conclusion::Success), "succeeded".to_owned())
            }
            Standing::Skipped(reason) => {
                let (conclusion, title) = skipped(reason);
                (self.ended(name, conclusion), title)
            }
        };
        Face { progress, title }
    }

    fn ended(&self, name: &StageName, conclusion: Conclusion) -> Progress {
        let of_stage = |event: &Event| event.stage() == Some(name);
        let mut events = self.record.events.iter().rev();
        let at = events.find(|(_, event)| of_stage(event)).map_or(Timestamp::UNIX_EPOCH, |e| e.0);
        Progress::Completed { conclusion, at }
    }

    fn began(&self, name: &StageName) -> Option<Timestamp> {
        let starts =
            |event: &Event| matches!(event, Event::StageStarted { stage, .. } if stage == name);
        self.record.events.iter().find(|(_, event)| starts(event)).map(|(at, _)| *at)
    }

    /// The last thing that went wrong.
    pub(super) fn last_failure(&self) -> Option<&Failure> {
        self.record.events.iter().rev().find_map(|(_, event)| match event {
            Event::StageFailed { failure, .. } => Some(failure),
            Event::RunCreated
            | Event::StageReused { .. }
            | Event::StageStarted { .. }
            | Event::StageSucceeded { .. }
            | Event::StageInterrupted { .. }
            | Event::StageParked { .. }
            | Event::StageAwoken { .. }
            | Event::RunWithdrawn { .. }
            | Event::RetryScheduled { .. }
            | Event::StageSkipped { .. }
            | Event::CancelRequested { .. }
            | Event::RunFinished { .. } => None,
        })
    }

    fn summary(&self, stage: &Stage, state: &StageState, title: &str) -> String {
        let mut lines = vec![text::block(title, LONGEST_SUMMARY / 2, "")];
        if let Standing::Failed(Failure { hint: Some(hint), .. }) = &state.standing {
            lines.push(text::block(&format!("hint: {hint}"), LONGEST_SUMMARY / 4, ""));
        }
        let found = self.record.evidence.findings.len();
        if matches!(stage.action, Action::Uses(BuiltIn::Validate)) && found > MOST_ANNOTATIONS {
            lines.push(format!("{MOST_ANNOTATIONS} of {found} findings are shown.\n"));
        }
        lines.push(format!("Its log: `agent logs {}`", self.record.run.short()));
        lines.join("\n")
    }

    /// The figures behind a stage that has ended.
    fn details(&self, stage: &Stage, progress: Progress, asked: Option<&Digest>) -> Option<String> {
        let is_over = matches!(progress, Progress::Completed { .. });
        let evidence = &self.record.evidence;
        let pointer = format!("The rest: `agent show {}`", self.record.run.short());
        let shown = match &stage.action {
            Action::Uses(BuiltIn::Gate(_)) if is_over => evidence.verdict.as_ref()?.to_string(),
            Action::Uses(BuiltIn::Plan) if is_over => self.plan_text(evidence.plan.as_ref()?),
            Action::Uses(BuiltIn::Approve) if asked.is_some() => {
                // Beside a button stands what it approves, or nothing.
                let plan = evidence.plan.as_ref().filter(|plan| Some(&plan.hash()) == asked)?;
                self.plan_text(plan)
            }
            Action::Uses(_) | Action::Run(_) => return None,
        };
        Some(text::block(&shown, LONGEST_SUMMARY, &pointer))
    }

    /// The plan for people, as it was when the run began, so that it is the same each time it is written.
    pub(super) fn plan_text(&self, plan: &plan::Plan) -> String {
        let from = self.record.events.first().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
        plan::render::human(plan, from)
    }
}

/// Each names the plan beside it, so that a page that somebody left open cannot approve another.
fn buttons(plan: &Digest) -> [Button; 2] {
    let button = |label: &str, description: &str, identifier: String| Button {
        label: label.to_owned(),
        description: description.to_owned(),
        identifier,
    };
    let plan = plan.short();
    [
        button("Approve", &format!("Apply plan {plan}"), format!("approve-{plan}")),
        button("Reject", "End the run; nothing is changed", format!("reject-{plan}")),
    ]
}

fn conclusion(class: FailureClass) -> Conclusion {
    match class {
        FailureClass::TimedOut | FailureClass::Expired => Conclusion::TimedOut,
        FailureClass::Cancelled => Conclusion::Cancelled,
        FailureClass::UserError
        | FailureClass::GateRefused
        | FailureClass::Rejected
        | FailureClass::CloudError
        | FailureClass::AgentError => Conclusion::Failure,
    }
}

fn skipped(reason: &SkipReason) -> (Conclusion, String) {
    match reason {
        SkipReason::ConditionFalse => {
            (Conclusion::Skipped, "skipped: its condition does not hold for this run".to_owned())
        }
        SkipReason::NotCalledFor => {
            (Conclusion::Skipped, "skipped: there was nothing for it to do".to_owned())
        }
        SkipReason::Cancelled => (Conclusion::Cancelled, "cancelled before it began".to_owned()),
        SkipReason::NeedNotMet { need, ending } => match ending {
            Ending::Skipped | Ending::Succeeded => {
                (Conclusion::Skipped, format!("skipped with {need}"))
            }
            Ending::Failed | Ending::Errored => {
                (Conclusion::Cancelled, format!("not run: {need} failed"))
            }
            Ending::Aborted => (Conclusion::Cancelled, format!("not run: {need} was cancelled")),
        },
    }
}

fn status(progress: Progress) -> StatusState {
    match progress {
        Progress::Queued | Progress::InProgress => StatusState::Pending,
        Progress::Completed { conclusion, .. } => match conclusion {
            Conclusion::Success | Conclusion::Skipped => StatusState::Success,
            Conclusion::Failure => StatusState::Failure,
            Conclusion::Cancelled | Conclusion::TimedOut => StatusState::Error,
        },
    }
}
