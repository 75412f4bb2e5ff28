//! Projects that were loaded of late: a push is judged by its project, and its run driven with the same one a moment
//! later.
//!
//! Files of a commit never change, so what was made of them holds for ever. The commits themselves are no part of the
//! key: those with the same files differ in nothing else that a project says.

use super::{Files, Project, ProjectError, Recent, load};
use crate::{git, ids::Sha};
use std::sync::Arc;

/// Projects that are kept.
const MOST_KEPT: usize = 8;
/// Bytes of files in a project that is kept; a larger one is loaded each time, as its data would fill the memory of an
/// agent that has nothing to do.
const MOST_BYTES: usize = 512 << 10;

/// Loads projects, or finds them; clones share what they found.
#[derive(Debug, Clone)]
pub struct Projects(Arc<Recent<Key, Arc<Project>>>);

/// Everything that a project is made of.
#[derive(Debug, PartialEq)]
struct Key {
    address: Option<String>,
    files: Sha,
    policy: Sha,
}

impl Default for Projects {
    fn default() -> Self {
        Self(Arc::new(Recent::of(MOST_KEPT)))
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
        let tree = |commit| repository.tree_of(commit).map_err(super::FileError::from);
        let key = Key { address, files: tree(commit)?, policy: tree(policy)? };
        if let Some(found) = self.0.get(&key) {
            return Ok(of_commits(found, commit, policy));
        }
        let files = Files::Commit(repository, commit);
        let policy = Files::Commit(repository, policy);
        let project = Arc::new(load(key.address.clone(), commit, files, policy)?);
        if bytes(&project) <= MOST_BYTES {
            self.0.keep(key, Arc::clone(&project));
        }
        Ok(project)
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
