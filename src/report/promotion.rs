//! The run as a whole: one commit status, which a branch can be protected by; and the approval it waits for.

use super::{
    Action, Approval, CheckRun, CommitStatus, Conclusion, Content, Progress, Saying, Stages,
    StatusState, View, text,
};
use crate::flow::{Outcome, Phase, Standing};

/// Characters of a status's description (Create a commit status).
pub(super) const LONGEST_DESCRIPTION: usize = 140;

impl View<'_> {
    /// The run's own status.
    pub(super) fn promotion(&self) -> Saying {
        let (state, description) = self.standing();
        Saying {
            key: "status".to_owned(),
            content: Content::Status(CommitStatus {
                commit: self.record.commit.clone(),
                context: self.context(),
                state,
                description: text::line(&description, LONGEST_DESCRIPTION),
                page: self.run_page(),
            }),
        }
    }

    fn standing(&self) -> (StatusState, String) {
        let environment = self.record.environment;
        match self.state.phase() {
            Phase::Unborn | Phase::Open => (StatusState::Pending, self.under_way()),
            Phase::Finished(Outcome::Succeeded) if self.is_filtered() => {
                (StatusState::Success, "skipped: no stage had a reason to run".to_owned())
            }
            Phase::Finished(Outcome::Succeeded) => {
                (StatusState::Success, format!("promoted to {environment}"))
            }
            Phase::Finished(Outcome::GateRefused) => {
                (StatusState::Failure, format!("the gate refused it; {environment} is untouched"))
            }
            Phase::Finished(outcome @ Outcome::Failed { .. }) => {
                let because = self.last_failure().map(|failure| format!(": {}", failure.message));
                (StatusState::Failure, format!("{outcome}{}", because.unwrap_or_default()))
            }
            Phase::Finished(outcome @ Outcome::Rejected) => {
                (StatusState::Failure, outcome.to_string())
            }
            Phase::Finished(
                outcome @ (Outcome::Cancelled
                | Outcome::Expired
                | Outcome::Superseded { .. }
                | Outcome::Unfit { .. }),
            ) => (StatusState::Error, outcome.to_string()),
        }
    }

    fn under_way(&self) -> String {
        match (&self.record.waits, self.record.approval) {
            (_, Approval::Asked) => {
                format!("waits for approval: agent approve {}", self.record.run.short())
            }
            (_, Approval::Unasked | Approval::Given) if self.has_begun() => "running".to_owned(),
            (Some(reason), Approval::Unasked | Approval::Given) => format!("waits: {reason}"),
            (None, Approval::Unasked | Approval::Given) => "waits in the queue".to_owned(),
        }
    }

    fn has_begun(&self) -> bool {
        self.state.stages().values().any(|stage| stage.standing != Standing::Waiting)
    }

    /// Nothing ran, because nothing had a reason to.
    fn is_filtered(&self) -> bool {
        let mut stages = self.state.stages().values();
        stages.all(|stage| matches!(stage.standing, Standing::Skipped(_)))
    }

    /// The check run that asks for an approval, with a button.
    pub(super) fn approval(&self) -> Option<Saying> {
        let record = self.record;
        let short = record.run.short();
        let (conclusion, title, summary) = match (record.approval, self.manner.stages) {
            (Approval::Unasked, _) | (_, Stages::Statuses | Stages::Hidden) => return None,
            (Approval::Given, Stages::Checks) => {
                (Conclusion::Success, "approved", "Somebody who may has approved it.".to_owned())
            }
            (Approval::Asked, Stages::Checks) => {
                let summary = format!(
                    "The promotion of {} to {} waits until somebody who may approves it: with the button, or with \
                     `agent approve {short}`.",
                    record.commit.short(),
                    record.environment
                );
                (Conclusion::ActionRequired, "waits for approval", summary)
            }
        };
        let (at, _) = record.events.first()?;
        let actions = match conclusion {
            Conclusion::ActionRequired => vec![Action {
                label: "Approve".to_owned(),
                description: "Let this promotion go on".to_owned(),
                identifier: "approve".to_owned(),
            }],
            _ => Vec::new(),
        };
        Some(Saying {
            key: "check/approval".to_owned(),
            content: Content::Check(CheckRun {
                commit: record.commit.clone(),
                name: format!("{}/approval", self.context()),
                external_id: format!("{}/approval", record.run),
                progress: Progress::Completed { conclusion, at: *at },
                started: None,
                page: self.run_page(),
                title: title.to_owned(),
                summary,
                text: None,
                annotations: Vec::new(),
                actions,
            }),
        })
    }
}
