//! Reads the files of a project one after another, collecting what is wrong with each.

use super::{
    files::{FileError, Files},
    load::{Templates, Training, deploys, train_test},
};
use crate::{
    ids::EnvName,
    schedule::Windows,
    spec::{self, Environment, EnvironmentRule, Finding, Findings, Pipeline, SourceFile},
};
use std::collections::{BTreeMap, BTreeSet};

/// Where the pipeline is described.
pub const PIPELINE_FILE: &str = "pipeline.yaml";
/// In which folder the environments are.
pub const ENVIRONMENTS: &str = "environments";
/// The format of the older Terraform set-up comes last.
const ENVIRONMENT_ENDINGS: [&str; 3] = ["yaml", "yml", "tfvars.json"];
const SCRIPTS: &str = "templates/scripts";
/// Scripts of a project, which are held in memory: far more than there are kinds of steps.
const MOST_SCRIPTS: usize = 256;
/// Bytes of all scripts (16 MiB). One blob can stand in a folder under any number of names.
const MOST_SCRIPT_BYTES: usize = 16 << 20;
const TRAIN_TEMPLATE: &str = "templates/pipelines/train.json.hbs";
const INFERENCE_TEMPLATE: &str = "templates/pipelines/inference.json.hbs";

/// The environments that `policy` knows, or nothing where it has no valid pipeline.yaml.
///
/// # Errors
/// The file is there but cannot be read.
pub fn rules(policy: Files<'_>) -> Result<Option<Vec<EnvironmentRule>>, FileError> {
    let source = match policy.text(PIPELINE_FILE) {
        Err(error) if error.is_of_content() => None,
        read => read?,
    };
    Ok(source.and_then(|source| Some(spec::check_pipeline(&source).ok()?.0.environments)))
}

/// When each environment may be deployed to; at any time if nothing is said.
pub type Opens = BTreeMap<EnvName, Option<Windows>>;

/// The deploy windows of the environments that `policy` knows, or nothing where a file of theirs has an error.
///
/// # Errors
/// A file is there but cannot be read.
pub fn windows(policy: Files<'_>) -> Result<Option<Opens>, FileError> {
    let Some(rules) = rules(policy)? else { return Ok(None) };
    let mut reader = Reader::default();
    let environments = reader.environments(policy, Some(&rules))?.into_iter();
    let windows = environments.map(|(name, environment)| (name, environment.windows)).collect();
    Ok((!reader.findings.has_errors()).then_some(windows))
}

/// What there is at a path.
enum Content {
    Text(SourceFile),
    Absent,
    /// A finding says why.
    Unusable,
}

/// The environments that have a file, for when pipeline.yaml is too broken to name them.
fn present(files: Files<'_>) -> Result<BTreeSet<EnvName>, FileError> {
    let names = files.list(ENVIRONMENTS)?;
    Ok(names.iter().filter_map(|name| environment_of(name)).collect())
}

/// The environment that a file of this name is about.
pub(super) fn environment_of(file: &str) -> Option<EnvName> {
    let stems = ENVIRONMENT_ENDINGS.map(|ending| file.strip_suffix(ending)?.strip_suffix('.'));
    stems.into_iter().flatten().next()?.parse().ok()
}

/// Collects findings and sources while files are read one after another.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) findings: Findings,
    pub(super) sources: Vec<SourceFile>,
}

impl Reader {
    pub(super) fn pipeline(
        &mut self,
        files: Files<'_>,
        policy: Files<'_>,
    ) -> Result<Option<Pipeline>, FileError> {
        let own = self.checked(files, PIPELINE_FILE, spec::check_pipeline)?;
        let rules = rules(policy)?;
        let Some((pipeline, environments)) = own.zip(rules) else {
            // A commit of another branch must not say in its stead where it goes.
            if !self.findings.has_errors() {
                self.complain(
                    "no-policy",
                    PIPELINE_FILE,
                    "the default branch has no valid pipeline.yaml, so nothing says which branch deploys where",
                    "commit a valid pipeline.yaml to the default branch first",
                );
            }
            return Ok(None);
        };
        Ok(Some(Pipeline { environments, ..pipeline }))
    }

    pub(super) fn environments(
        &mut self,
        policy: Files<'_>,
        rules: Option<&[EnvironmentRule]>,
    ) -> Result<BTreeMap<EnvName, Environment>, FileError> {
        let names = match rules {
            Some(rules) => rules.iter().map(|rule| rule.name.clone()).collect(),
            None => present(policy)?,
        };
        let mut environments = BTreeMap::new();
        for name in names {
            let candidates =
                ENVIRONMENT_ENDINGS.map(|ending| format!("{ENVIRONMENTS}/{name}.{ending}"));
            let (mut found, mut unusable) = (Vec::new(), false);
            for path in &candidates {
                match self.content(policy, path)? {
                    Content::Text(source) => found.push(source),
                    Content::Absent => {}
                    Content::Unusable => unusable = true,
                }
            }
            match found.as_slice() {
                [] if unusable => {}
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

    pub(super) fn templates(
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

    pub(super) fn scripts(
        &mut self,
        files: Files<'_>,
    ) -> Result<BTreeMap<String, String>, FileError> {
        let (mut scripts, mut bytes) = (BTreeMap::new(), 0);
        for name in files.list(SCRIPTS)?.into_iter().filter(|name| name.ends_with(".py")) {
            if let Content::Text(script) = self.content(files, &format!("{SCRIPTS}/{name}"))? {
                bytes += script.text.len();
                if scripts.len() == MOST_SCRIPTS || bytes > MOST_SCRIPT_BYTES {
                    let message = format!(
                        "more than {MOST_SCRIPTS} scripts, or {MOST_SCRIPT_BYTES} bytes of them"
                    );
                    self.complain("too-many", SCRIPTS, message, "keep what the steps run there");
                    break;
                }
                scripts.insert(name, script.text);
            }
        }
        Ok(scripts)
    }

    pub(super) fn training(
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
        Ok(contract.zip(data).map(|(contract, data)| Training { source: data, contract }))
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

    fn checked<T>(
        &mut self,
        files: Files<'_>,
        path: &str,
        check: impl FnOnce(&SourceFile) -> Result<(T, Findings), Findings>,
    ) -> Result<Option<T>, FileError> {
        let Some(source) = self.required(files, path)? else { return Ok(None) };
        Ok(self.check(&source, check))
    }

    fn check<T>(
        &mut self,
        source: &SourceFile,
        check: impl FnOnce(&SourceFile) -> Result<(T, Findings), Findings>,
    ) -> Option<T> {
        self.sources.push(source.clone());
        match check(source) {
            Ok((value, warnings)) => {
                self.findings.0.extend(warnings.0);
                Some(value)
            }
            Err(findings) => {
                self.findings.0.extend(findings.0);
                None
            }
        }
    }

    fn required(&mut self, files: Files<'_>, path: &str) -> Result<Option<SourceFile>, FileError> {
        match self.content(files, path)? {
            Content::Text(source) => return Ok(Some(source)),
            Content::Absent => {
                let (message, help) = match files {
                    Files::Commit(_, commit) => (
                        format!("there is no {path} in commit {}", commit.short()),
                        format!("commit {path}"),
                    ),
                    Files::Folder(folder) => {
                        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
                        (
                            format!("there is no {path} in {}", whole.display()),
                            format!("write {path}, or name the project's folder"),
                        )
                    }
                };
                self.missing(path, message, help);
            }
            Content::Unusable => {}
        }
        Ok(None)
    }

    fn content(&mut self, files: Files<'_>, path: &str) -> Result<Content, FileError> {
        match files.text(path) {
            Ok(source) => Ok(source.map_or(Content::Absent, Content::Text)),
            Err(error) if error.is_of_content() => {
                let help = "every file here must be UTF-8 text of a bounded size";
                self.complain("unusable-file", path, error.to_string(), help);
                Ok(Content::Unusable)
            }
            Err(error) => Err(error),
        }
    }

    fn missing(&mut self, path: &str, message: String, help: String) {
        self.complain("missing-file", path, message, &help);
    }

    fn complain(&mut self, code: &'static str, path: &str, message: impl Into<String>, help: &str) {
        self.findings.0.push(Finding::of_file(code, path, message.into(), help.to_owned()));
    }
}
