//! Reads and checks everything a commit says, reporting all findings of all files together.

use super::{
    files::{FileError, Files},
    reader::Reader,
};
use crate::{
    ids::{EnvName, Sha},
    spec::{self, Action, BuiltIn, DataContract, Environment, Findings, Pipeline, SourceFile},
};
use std::collections::BTreeMap;

/// A checked project: no file in it has an error.
#[derive(Debug, Clone)]
pub struct Project {
    /// What the registered metadata calls the repository: its address or, where it has none, the pipeline's name. Never
    /// a folder of this machine, so that the same commit gives the same bytes everywhere.
    pub repository: String,
    /// The commit, or git's null id for a folder.
    pub commit: Sha,
    /// The policy commit, or git's null id for a folder.
    pub policy: Sha,
    /// pipeline.yaml of the commit, with the environments of the policy commit.
    pub pipeline: Pipeline,
    /// The environment files of the policy commit.
    pub environments: BTreeMap<EnvName, Environment>,
    /// The definitions' templates, where a stage of the pipeline deploys or trains.
    pub templates: Option<Templates>,
    /// `templates/scripts/*.py` by file name.
    pub scripts: BTreeMap<String, String>,
    /// What `train-test` trains on, where the pipeline has such a stage.
    pub training: Option<Training>,
    /// What the author should know although it stops nothing.
    pub warnings: Findings,
    /// The files that findings point into.
    pub sources: Vec<SourceFile>,
}

/// The two definitions before their values are filled in.
#[derive(Debug, Clone)]
pub struct Templates {
    /// `templates/pipelines/train.json.hbs`.
    pub train: SourceFile,
    /// `templates/pipelines/inference.json.hbs`.
    pub inference: SourceFile,
}

/// The training data and the contract it is read by.
#[derive(Debug, Clone)]
pub struct Training {
    /// The data file.
    pub source: SourceFile,
    /// Columns, ranges, roles.
    pub contract: DataContract,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file could not be read at all.
    #[error(transparent)]
    File(#[from] FileError),
    /// Files were read and have errors.
    #[error("findings in the project's files: {}", findings.0.len())]
    Findings {
        /// Everything found.
        findings: Findings,
        /// The files they are in.
        sources: Vec<SourceFile>,
    },
}

/// Loads the project of `files`; branch mapping, roles and accounts come from `policy`.
///
/// # Errors
/// A file cannot be read, or the files together have at least one error.
pub fn load(
    address: Option<String>,
    commit: &Sha,
    files: Files<'_>,
    policy: Files<'_>,
) -> Result<Project, ProjectError> {
    let mut reader = Reader::default();
    let pipeline = reader.pipeline(files, policy)?;
    let rules = pipeline.as_ref().map(|pipeline| pipeline.environments.as_slice());
    let environments = reader.environments(policy, rules)?;
    let templates = reader.templates(files, pipeline.as_ref())?;
    let scripts = reader.scripts(files)?;
    let training = reader.training(files, pipeline.as_ref())?;
    match (pipeline, reader.findings.has_errors()) {
        (Some(pipeline), false) => Ok(Project {
            repository: address.unwrap_or_else(|| pipeline.name.clone()),
            commit: commit.clone(),
            policy: policy.commit(),
            pipeline: with_windows(pipeline, &environments),
            environments,
            templates,
            scripts,
            training,
            warnings: reader.findings,
            sources: reader.sources,
        }),
        _ => Err(ProjectError::Findings { findings: reader.findings, sources: reader.sources }),
    }
}

impl Project {
    /// The same, but for who may approve and when it may be deployed: that is as `newer` has it.
    #[must_use]
    pub fn governed_by(mut self, newer: &Self) -> Self {
        for (name, environment) in &mut self.environments {
            if let Some(now) = newer.environments.get(name) {
                environment.approval = now.approval.clone();
                environment.windows = now.windows.clone();
            }
        }
        self.pipeline = with_windows(self.pipeline, &self.environments);
        self
    }
}

/// A run keeps its graph, and with it the windows of the environments it may deploy to.
fn with_windows(mut pipeline: Pipeline, environments: &BTreeMap<EnvName, Environment>) -> Pipeline {
    for rule in &mut pipeline.environments {
        rule.windows = environments.get(&rule.name).and_then(|file| file.windows.clone());
    }
    pipeline
}

fn built_ins(pipeline: &Pipeline) -> impl Iterator<Item = &BuiltIn> {
    pipeline.stages.iter().filter_map(|stage| match &stage.action {
        Action::Uses(built_in) => Some(built_in),
        Action::Run(_) => None,
    })
}

/// Does any stage render a definition?
pub(super) fn deploys(pipeline: &Pipeline) -> bool {
    built_ins(pipeline).any(|built_in| match built_in {
        BuiltIn::TrainTest(_)
        | BuiltIn::Plan
        | BuiltIn::Approve
        | BuiltIn::DeployPipelines
        | BuiltIn::ScheduleRules => true,
        BuiltIn::Validate | BuiltIn::Gate(_) | BuiltIn::AssumeRole => false,
    })
}

/// What is trained on what, where a stage trains.
pub(super) fn train_test(pipeline: &Pipeline) -> Option<&spec::Training> {
    built_ins(pipeline).find_map(|built_in| match built_in {
        BuiltIn::TrainTest(training) => Some(training),
        BuiltIn::Validate
        | BuiltIn::Gate(_)
        | BuiltIn::AssumeRole
        | BuiltIn::Plan
        | BuiltIn::Approve
        | BuiltIn::DeployPipelines
        | BuiltIn::ScheduleRules => None,
    })
}
