//! The environment's history at GitHub: a deployment for each run that came so far as to change it.

use super::{
    Content, Deployment, DeploymentState, Saying, View, promotion::LONGEST_DESCRIPTION, text,
};
use crate::{
    flow::{Ending, Outcome, Phase},
    spec::{Action, BuiltIn},
};

impl View<'_> {
    /// The deployment; none before a stage that changes the environment has begun.
    pub(super) fn deployment(&self) -> Option<Saying> {
        let applies = |action: &Action| {
            matches!(action, Action::Uses(BuiltIn::DeployPipelines | BuiltIn::ScheduleRules))
        };
        let record = self.record;
        let has_begun = record.pipeline.stages.iter().any(|stage| {
            let state = self.state.stage(&stage.name);
            applies(&stage.action) && state.is_some_and(|state| state.attempt.is_some())
        });
        if !has_begun {
            return None;
        }
        let (state, description) = self.deployed();
        let mut later = record.pipeline.environments.iter();
        Some(Saying {
            key: "deployment".to_owned(),
            content: Content::Deployment(Deployment {
                run: record.run.clone(),
                commit: record.commit.clone(),
                environment: record.environment.clone(),
                production: later.all(|rule| rule.after.as_ref() != Some(record.environment)),
                state,
                description: text::line(&description, LONGEST_DESCRIPTION),
                log_page: self.run_page(),
                environment_page: self.environment_page(),
            }),
        })
    }

    fn deployed(&self) -> (DeploymentState, String) {
        match self.state.phase() {
            Phase::Unborn | Phase::Open => (DeploymentState::InProgress, "deploying".to_owned()),
            Phase::Finished(outcome) => {
                let state = match outcome {
                    Outcome::Succeeded => DeploymentState::Success,
                    Outcome::GateRefused | Outcome::Rejected => DeploymentState::Failure,
                    Outcome::Cancelled
                    | Outcome::Expired
                    | Outcome::Superseded { .. }
                    | Outcome::Unfit { .. } => DeploymentState::Error,
                    Outcome::Failed { class, .. } => match Ending::from(*class) {
                        Ending::Failed => DeploymentState::Failure,
                        Ending::Errored | Ending::Aborted | Ending::Skipped | Ending::Succeeded => {
                            DeploymentState::Error
                        }
                    },
                };
                (state, outcome.to_string())
            }
        }
    }
}
