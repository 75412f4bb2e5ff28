//! Reads and checks everything a commit says, reporting all findings of all files together.

use super::{
    files::{FileError, Files},
    reader::Reader,
};
use crate::{
    ids::{EnvName, Sha},
    spec::{
        self, Action, BuiltIn, DataContract, Environment, EnvironmentRule, Findings, Pipeline,
        SourceFile,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Where the pipeline is described.
const PIPELINE_FILE: &str = "pipeline.yaml";
const ENVIRONMENTS: &str = "environments";
/// The format of the older Terraform set-up comes last.
const ENVIRONMENT_ENDINGS: [&str; 3] = ["yaml", "yml", "tfvars.json"];
const SCRIPTS: &str = "templates/scripts";
const TRAIN_TEMPLATE: &str = "templates/pipelines/train.json.hbs";
const INFERENCE_TEMPLATE: &str = "templates/pipelines/inference.json.hbs";

/// A checked project: no file in it has an error.
#[derive(Debug, Clone)]
pub struct Project {
    /// What the registered metadata calls the repository: its address or, where it has none, the pipeline's name. Never
    /// a folder of this machine, so that the same commit gives the same bytes everywhere.
    pub repository: String,
    /// The commit, or git's null id for a folder.
    pub commit: Sha,
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
    let environments = reader.environments(policy, pipeline.as_ref())?;
    let templates = reader.templates(files, pipeline.as_ref())?;
    let scripts = reader.scripts(files)?;
    let training = reader.training(files, pipeline.as_ref())?;
    match (pipeline, reader.findings.has_errors()) {
        (Some(pipeline), false) => Ok(Project {
            repository: address.unwrap_or_else(|| pipeline.name.clone()),
            commit: commit.clone(),
            pipeline,
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

/// The environments that `policy` knows, or nothing where it has no valid pipeline.yaml.
///
/// # Errors
/// The file is there but cannot be read.
pub fn rules(policy: Files<'_>) -> Result<Option<Vec<EnvironmentRule>>, FileError> {
    let source = Reader::text(policy, PIPELINE_FILE)?;
    Ok(source.and_then(|source| Some(spec::check_pipeline(&source).ok()?.0.environments)))
}

/// The environments that have a file, for when pipeline.yaml is too broken to name them.
fn present(files: Files<'_>) -> Result<BTreeSet<EnvName>, FileError> {
    let names = files.list(ENVIRONMENTS)?;
    let stem = |name: &String| {
        let stems = ENVIRONMENT_ENDINGS.map(|ending| name.strip_suffix(ending)?.strip_suffix('.'));
        stems.into_iter().flatten().next()?.parse().ok()
    };
    Ok(names.iter().filter_map(stem).collect())
}

impl Reader {
    fn pipeline(
        &mut self,
        files: Files<'_>,
        policy: Files<'_>,
    ) -> Result<Option<Pipeline>, FileError> {
        let own = self.checked(files, PIPELINE_FILE, spec::check_pipeline)?;
        let rules = rules(policy)?;
        // Before the default branch has its first valid pipeline.yaml, nobody can deploy but that branch itself.
        Ok(own.map(|pipeline| match rules {
            Some(environments) => Pipeline { environments, ..pipeline },
            None => pipeline,
        }))
    }

    fn environments(
        &mut self,
        policy: Files<'_>,
        pipeline: Option<&Pipeline>,
    ) -> Result<BTreeMap<EnvName, Environment>, FileError> {
        let names = match pipeline {
            Some(pipeline) => pipeline.environments.iter().map(|rule| rule.name.clone()).collect(),
            None => present(policy)?,
        };
        let mut environments = BTreeMap::new();
        for name in names {
            let candidates =
                ENVIRONMENT_ENDINGS.map(|ending| format!("{ENVIRONMENTS}/{name}.{ending}"));
            let mut found = Vec::new();
            for path in &candidates {
                if let Some(source) = Self::text(policy, path)? {
                    found.push(source);
                }
            }
            match found.as_slice() {
                [] => self.missing(
                    &candidates[0],
                    format!("environment '{name}' has no file"),
                    format!("write {} (or {})", candidates[0], candidates[2]),
                ),
                [source] => {
                    let checked = self.check(source, |file| spec::check_environment(&name, file));
                    environments.extend(checked.map(|environment| (name, environment)));
                }
                [_, second, ..] => self.missing(
                    &second.name,
                    format!("environment '{name}' has more than one file"),
                    "keep one of them".to_owned(),
                ),
            }
        }
        Ok(environments)
    }

    fn templates(
        &mut self,
        files: Files<'_>,
        pipeline: Option<&Pipeline>,
    ) -> Result<Option<Templates>, FileError> {
        if !pipeline.is_some_and(deploys) {
            return Ok(None);
        }
        let train = self.required(files, TRAIN_TEMPLATE)?;
        let inference = self.required(files, INFERENCE_TEMPLATE)?;
        let templates = train.zip(inference);
        if let Some((train, inference)) = &templates {
            self.sources.extend([train.clone(), inference.clone()]);
        }
        Ok(templates.map(|(train, inference)| Templates { train, inference }))
    }

    fn scripts(&mut self, files: Files<'_>) -> Result<BTreeMap<String, String>, FileError> {
        let mut scripts = BTreeMap::new();
        for name in files.list(SCRIPTS)?.into_iter().filter(|name| name.ends_with(".py")) {
            if let Some(script) = Self::text(files, &format!("{SCRIPTS}/{name}"))? {
                scripts.insert(name, script.text);
            }
        }
        Ok(scripts)
    }

    fn training(
        &mut self,
        files: Files<'_>,
        pipeline: Option<&Pipeline>,
    ) -> Result<Option<Training>, FileError> {
        let Some(wanted) = pipeline.and_then(train_test) else { return Ok(None) };
        let Some(path) = self.data_path(files, wanted)? else { return Ok(None) };
        let contract_path = format!("{}.yaml", path.trim_end_matches(".csv"));
        let contract = self.checked(files, &contract_path, |file| {
            spec::check_data_contract(file).map(|contract| (contract, Findings::default()))
        })?;
        let data = self.required(files, &path)?;
        Ok(contract.zip(data).map(|(contract, source)| Training { source, contract }))
    }

    /// The data file that was named, or the one in `data/` that has a contract beside it.
    fn data_path(
        &mut self,
        files: Files<'_>,
        wanted: &spec::Training,
    ) -> Result<Option<String>, FileError> {
        if let Some(path) = &wanted.data {
            return Ok(Some(path.clone()));
        }
        let names = files.list("data")?;
        let described: Vec<&String> = names
            .iter()
            .filter(|name| {
                name.strip_suffix(".csv")
                    .is_some_and(|stem| names.iter().any(|other| *other == format!("{stem}.yaml")))
            })
            .collect();
        if let [only] = described.as_slice() {
            return Ok(Some(format!("data/{only}")));
        }
        let message = match described.len() {
            0 => "no data set with a contract (NAME.csv beside NAME.yaml) in data/".to_owned(),
            several => format!("{several} data sets with a contract in data/"),
        };
        self.missing(
            PIPELINE_FILE,
            message,
            "name it: uses: train-test, with: { data: data/NAME.csv }".to_owned(),
        );
        Ok(None)
    }
}

fn built_ins(pipeline: &Pipeline) -> impl Iterator<Item = &BuiltIn> {
    pipeline.stages.iter().filter_map(|stage| match &stage.action {
        Action::Uses(built_in) => Some(built_in),
        Action::Run(_) => None,
    })
}

/// Does any stage render a definition?
fn deploys(pipeline: &Pipeline) -> bool {
    built_ins(pipeline).any(|built_in| match built_in {
        BuiltIn::TrainTest(_)
        | BuiltIn::Plan
        | BuiltIn::DeployPipelines
        | BuiltIn::ScheduleRules => true,
        BuiltIn::Validate | BuiltIn::Gate(_) | BuiltIn::AssumeRole => false,
    })
}

fn train_test(pipeline: &Pipeline) -> Option<&spec::Training> {
    built_ins(pipeline).find_map(|built_in| match built_in {
        BuiltIn::TrainTest(training) => Some(training),
        BuiltIn::Validate
        | BuiltIn::Gate(_)
        | BuiltIn::AssumeRole
        | BuiltIn::Plan
        | BuiltIn::DeployPipelines
        | BuiltIn::ScheduleRules => None,
    })
}
