//! Where the branches of a repository point to, told without fetching anything.

use super::error::failed;
use super::{GitError, Origin, Repository, transport};
use crate::ids::{BranchName, Sha};
use git2::BranchType;
use std::collections::BTreeMap;

/// Branches that are looked at. A repository with more has them made by machines, and no rule names them.
const MOST_BRANCHES: usize = 50_000;

/// Where each branch points to, and which is the default one. Branches with names that git would not
/// take, or that lead to no commit, are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tips {
    /// The commit of each branch.
    pub branches: BTreeMap<BranchName, Sha>,
    /// The default branch, where the server tells.
    pub default: Option<BranchName>,
}

impl Repository {
    /// Where the branches point to now: on the server for a URL, here for a local repository.
    ///
    /// # Errors
    /// If the server cannot be reached, or the repository cannot be read.
    pub fn tips(&self) -> Result<Tips, GitError> {
        match &self.origin {
            Origin::Url(url, credentials) => {
                Ok(of_listing(&transport::list(self.inner.path(), url, credentials)?))
            }
            Origin::Local => {
                self.local_tips().map_err(failed("list the branches of", &self.name()))
            }
        }
    }

    fn local_tips(&self) -> Result<Tips, git2::Error> {
        let mut tips = Tips::default();
        for branch in self.inner.branches(Some(BranchType::Local))?.take(MOST_BRANCHES) {
            let (branch, _) = branch?;
            let name = branch.name()?.map(str::parse);
            // A branch that leads to no commit must not hide the others.
            let Ok(commit) = branch.get().peel_to_commit() else { continue };
            if let (Some(Ok(name)), Ok(commit)) = (name, commit.id().to_string().parse()) {
                tips.branches.insert(name, commit);
            }
        }
        tips.default = self.default_branch().ok().and_then(|name| name.parse().ok());
        Ok(tips)
    }
}

/// Reads what `git ls-remote --symref` prints: `ref: NAME<tab>HEAD` and `COMMIT<tab>NAME`.
fn of_listing(text: &str) -> Tips {
    let mut tips = Tips::default();
    for line in text.lines().take(MOST_BRANCHES) {
        let Some((left, name)) = line.split_once('\t') else { continue };
        let branch = |name: &str| name.strip_prefix("refs/heads/")?.parse::<BranchName>().ok();
        match left.strip_prefix("ref: ") {
            Some(target) if name == "HEAD" => tips.default = branch(target),
            Some(_) => {}
            None => tips.branches.extend(branch(name).zip(left.parse().ok())),
        }
    }
    tips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_and_what_is_no_branch_is_left_out() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let text = format!(
            "ref: refs/heads/main\tHEAD\n{one}\tHEAD\n{one}\trefs/heads/main\n{two}\trefs/heads/a/b\n\
             {two}\trefs/heads/-x\n{two}\trefs/heads/a..b\n{two}\trefs/tags/v1\nshort\trefs/heads/x\nnoise\n"
        );
        let tips = of_listing(&text);
        assert_eq!(tips.default, Some("main".parse().unwrap()));
        let names: Vec<&str> = tips.branches.keys().map(BranchName::as_str).collect();
        assert_eq!(names, ["a/b", "main"]);
        assert_eq!(of_listing(""), Tips::default());
    }
}
