//! The run as a whole: one commit status, which a branch can be protected by.

use super::{CommitStatus, Content, Saying, StatusState, View, by_several, text};
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
        if let Some((_, request)) = self.state.requests().next() {
            let (plan, run) = (request.plan.short(), self.record.run.short());
            let by = by_several(request);
            return format!(
                "waits for approval of plan {plan}{by}: agent approve {run} --plan {plan}"
            );
        }
        if self.has_begun() { "running".to_owned() } else { "waits in the queue".to_owned() }
    }

    fn has_begun(&self) -> bool {
        let mut stages = self.state.stages().values();
        // One that was awoken waits again.
        stages.any(|stage| stage.attempt.is_some() || stage.standing != Standing::Waiting)
    }

    /// Nothing ran, because nothing had a reason to.
    fn is_filtered(&self) -> bool {
        let mut stages = self.state.stages().values();
        stages.all(|stage| matches!(stage.standing, Standing::Skipped(_)))
    }
}
