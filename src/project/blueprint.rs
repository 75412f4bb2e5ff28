//! A project on its way into one environment.

use super::Project;
use crate::{
    plan::{Blueprint, DataFile, Templates},
    spec::{Action, BuiltIn, Environment},
};

/// What a project lacks for a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Definitions are rendered from templates.
    #[error("there are no templates in templates/pipelines")]
    Templates,
    /// Definitions name the data they train on.
    #[error("no stage trains: a stage with 'uses: train-test' names the training data")]
    Training,
    /// The train pipeline registers no model below the gate's floor.
    #[error(
        "no stage judges: a stage with 'uses: gate' says from which AUC on a model is registered"
    )]
    Gate,
}

impl Project {
    /// What the plan for `environment` is made of.
    ///
    /// # Errors
    /// The project has no templates, no training data, or no gate.
    pub fn blueprint<'a>(
        &'a self,
        environment: &'a Environment,
    ) -> Result<Blueprint<'a>, Incomplete> {
        let templates = self.templates.as_ref().ok_or(Incomplete::Templates)?;
        let training = self.training.as_ref().ok_or(Incomplete::Training)?;
        let name = training.source.name.rsplit('/').next().unwrap_or_default();
        Ok(Blueprint {
            environment,
            commit: &self.commit,
            repository: &self.repository,
            templates: Templates {
                train: &templates.train.text,
                inference: &templates.inference.text,
            },
            scripts: &self.scripts,
            contract: &training.contract,
            data: DataFile { name, content: training.source.text.as_bytes() },
            auc_at_least: self.floor().ok_or(Incomplete::Gate)?,
        })
    }

    /// The gate's floor: the train pipeline's own threshold is the same.
    fn floor(&self) -> Option<f64> {
        self.pipeline.stages.iter().find_map(|stage| match &stage.action {
            Action::Uses(BuiltIn::Gate(policy)) => Some(policy.at_least),
            Action::Uses(
                BuiltIn::Validate
                | BuiltIn::TrainTest(_)
                | BuiltIn::AssumeRole
                | BuiltIn::Plan
                | BuiltIn::Approve
                | BuiltIn::DeployPipelines
                | BuiltIn::ScheduleRules,
            )
            | Action::Run(_) => None,
        })
    }
}
