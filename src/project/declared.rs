//! What a merge would change of what is declared: two commits' projects held against each other, without an account.

use super::{
    Incomplete, Project,
    files::{FileError, Files},
    reader::{ENVIRONMENTS, PIPELINE_FILE, environment_of, rules},
};
use crate::{
    git,
    ids::{EnvName, Sha},
    plan::{self, DesiredError, Plan, Undeclared},
    spec::Environment,
};

/// Why two projects cannot be compared.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Incomparable {
    /// Whose files do not allow it.
    pub side: Side,
    /// What is wrong with them.
    pub why: String,
}

/// One of two that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is there.
    Before,
    /// What is to come.
    After,
}

impl Project {
    /// The plan from what this project declares for an environment to what `after` does; nothing where neither deploys
    /// anything. It is the same for the same files, and no account is looked at.
    ///
    /// # Errors
    /// If one of the two declares no such environment, or cannot be rendered for it.
    pub fn difference(
        &self,
        after: &Self,
        environment: &EnvName,
    ) -> Result<Option<Plan>, Incomparable> {
        if self.templates.is_none() && after.templates.is_none() {
            return Ok(None);
        }
        let of = |side, project: &Self| -> Result<Environment, Incomparable> {
            let found = project.environments.get(environment).cloned();
            found.ok_or_else(|| {
                incomparable(side, format!("there is no environment '{environment}'"))
            })
        };
        let (old, new) = (of(Side::Before, self)?, of(Side::After, after)?);
        let before = self.blueprint(&old).map_err(incomplete(Side::Before))?;
        let after = after.blueprint(&new).map_err(incomplete(Side::After))?;
        plan::declared(&before, &after).map(Some).map_err(|error| match error {
            Undeclared::Before(error) => incomparable(Side::Before, with_causes(error)),
            Undeclared::After(error) => incomparable(Side::After, with_causes(error)),
        })
    }
}

/// The environment files that are not the same in two commits, and pipeline.yaml where its environments are not: what
/// counts as the default branch has it.
///
/// # Errors
/// A commit cannot be read.
pub fn changed_rules(
    repository: &git::Repository,
    older: &Sha,
    newer: &Sha,
) -> Result<Vec<String>, FileError> {
    let paths = repository.changed_paths(Some(older), newer)?;
    let is_environment = |path: &&String| {
        let name = path.strip_prefix(ENVIRONMENTS).and_then(|rest| rest.strip_prefix('/'));
        name.and_then(environment_of).is_some()
    };
    let mut changed: Vec<String> = paths.iter().filter(is_environment).cloned().collect();
    let of = |commit| rules(Files::Commit(repository, commit));
    if paths.iter().any(|path| path == PIPELINE_FILE) && of(older)? != of(newer)? {
        changed.push(PIPELINE_FILE.to_owned());
    }
    Ok(changed)
}

fn incomplete(side: Side) -> impl FnOnce(Incomplete) -> Incomparable {
    move |error| incomparable(side, error.to_string())
}

fn incomparable(side: Side, why: String) -> Incomparable {
    Incomparable { side, why }
}

/// An error with its causes; templates say what is wrong in the last of them.
fn with_causes(error: DesiredError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::load;
    use std::path::Path;

    fn project() -> Project {
        let files = Files::Folder(Path::new(env!("CARGO_MANIFEST_DIR")));
        load(None, &Sha::null(), files, files).unwrap()
    }

    fn prod() -> EnvName {
        "prod".parse().unwrap()
    }

    #[test]
    fn a_project_differs_from_itself_in_nothing() {
        let plan = project().difference(&project(), &prod()).unwrap().unwrap();
        assert!(plan.is_empty() && plan.notes.is_empty(), "{plan:?}");
    }

    #[test]
    fn whose_files_do_not_allow_it_is_told() {
        let mut other = project();
        other.training = None;
        let of = |one: &Project, two: &Project| one.difference(two, &prod()).unwrap_err();
        assert_eq!(of(&other, &project()).side, Side::Before);
        assert_eq!(of(&project(), &other).side, Side::After);
        other.environments.clear();
        assert_eq!(of(&project(), &other).to_string(), "there is no environment 'prod'");
        let templates = other.templates.as_mut().unwrap();
        templates.train.text.push('}');
        other =
            Project { training: project().training, environments: project().environments, ..other };
        let why = of(&other, &project()).to_string();
        assert!(why.starts_with("the Train pipeline's definition cannot be rendered: "), "{why}");
    }

    #[test]
    fn where_nothing_is_deployed_nothing_is_declared() {
        let mut project = project();
        project.templates = None;
        assert_eq!(project.difference(&project, &prod()), Ok(None));
    }
}
