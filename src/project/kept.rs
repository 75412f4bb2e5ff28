//! Projects and rules that were loaded of late: a push is judged by its project and the default branch's rules, and its run
//! driven with the same a moment later.
//!
//! Files of a commit never change, so what was made of them holds for ever. The commits themselves are no part of the
//! key: those with the same files differ in nothing else that a project says.

use super::{FileError, Files, Project, ProjectError, Recent, load, rules};
use crate::{git, ids::Sha, spec::EnvironmentRule};
use std::sync::Arc;

/// Projects that are kept, and rules.
const MOST_KEPT: usize = 8;
/// Bytes of files in a project that is kept; a larger one is loaded each time, as its data would fill the memory of an
/// agent that has nothing to do.
const MOST_BYTES: usize = 512 << 10;

/// Loads projects and rules, or finds them; clones share what they found.
#[derive(Debug, Clone)]
pub struct Projects {
    projects: Arc<Recent<Key, Arc<Project>>>,
    /// By the tree they are from.
    rules: Arc<Recent<Sha, Vec<EnvironmentRule>>>,
}

/// Everything that a project is made of.
#[derive(Debug, PartialEq)]
struct Key {
    address: Option<String>,
    files: Sha,
    policy: Sha,
}

impl Default for Projects {
    fn default() -> Self {
        let (projects, rules) = (Recent::of(MOST_KEPT), Recent::of(MOST_KEPT));
        Self { projects: Arc::new(projects), rules: Arc::new(rules) }
    }
}

impl Projects {
    /// As [`load`], from two commits of a repository.
    ///
    /// # Errors
    /// As [`load`]; a project with errors is not kept.
    pub fn load(
        &self,
        repository: &git::Repository,
        commit: &Sha,
        policy: &Sha,
    ) -> Result<Arc<Project>, ProjectError> {
        let address = repository.public_address();
        let tree = |commit| repository.tree_of(commit).map_err(FileError::from);
        let key = Key { address, files: tree(commit)?, policy: tree(policy)? };
        if let Some(found) = self.projects.get(&key) {
            return Ok(of_commits(found, commit, policy));
        }
        let files = Files::Commit(repository, commit);
        let policy = Files::Commit(repository, policy);
        let project = Arc::new(load(key.address.clone(), commit, files, policy)?);
        if bytes(&project) <= MOST_BYTES {
            self.projects.keep(key, Arc::clone(&project));
        }
        Ok(project)
    }

    /// As [`rules`], from a commit of a repository.
    ///
    /// # Errors
    /// As [`rules`].
    pub fn rules(
        &self,
        repository: &git::Repository,
        policy: &Sha,
    ) -> Result<Option<Vec<EnvironmentRule>>, FileError> {
        let tree = repository.tree_of(policy)?;
        if let Some(found) = self.rules.get(&tree) {
            return Ok(Some(found));
        }
        let read = rules(Files::Commit(repository, policy))?;
        if let Some(rules) = &read {
            self.rules.keep(tree, rules.clone());
        }
        Ok(read)
    }
}

fn of_commits(project: Arc<Project>, commit: &Sha, policy: &Sha) -> Arc<Project> {
    if project.commit == *commit && project.policy == *policy {
        return project;
    }
    let (commit, policy) = (commit.clone(), policy.clone());
    Arc::new(Project { commit, policy, ..Project::clone(&project) })
}

/// Bytes of the files that a project holds.
fn bytes(project: &Project) -> usize {
    let sources = project.sources.iter().map(|source| source.text.len());
    sources.chain(project.scripts.values().map(String::len)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(commit: &str, bytes: usize) -> Project {
        let files = Files::Folder(std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
        let commit = commit.parse().unwrap();
        let mut project = load(None, &commit, files, files).unwrap();
        project.scripts.insert("long.py".to_owned(), "x".repeat(bytes));
        project
    }

    #[test]
    fn a_project_of_other_commits_with_the_same_files_says_its_own_commit() {
        let (one, other) = ("1".repeat(40), "2".repeat(40));
        let found = Arc::new(project(&one, 0));
        let same = of_commits(Arc::clone(&found), &found.commit, &found.policy);
        assert!(Arc::ptr_eq(&same, &found));
        let of_other = of_commits(Arc::clone(&found), &other.parse().unwrap(), &found.policy);
        assert_eq!(
            (of_other.commit.as_str(), of_other.pipeline == found.pipeline),
            (&*other, true)
        );
    }

    #[test]
    fn a_large_project_is_told_from_a_small_one() {
        let small = project(&"1".repeat(40), 0);
        assert!(bytes(&small) < MOST_BYTES, "the example is one that is kept: {}", bytes(&small));
        assert!(bytes(&project(&"1".repeat(40), MOST_BYTES)) > MOST_BYTES);
    }
}
