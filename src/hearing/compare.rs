//! What a pull request declares, held against the branch that it is for: both as git has them, without any credential.

use super::{
    Hearing,
    rules::{Rules, Trouble},
};
use crate::{
    git,
    ids::Sha,
    project::{self, Incomparable, Project, Side},
    report::{Changed, Counts, Declared, Difference, Lead, StageChanges},
    spec::EnvironmentRule,
};

/// Where a pull request leads to.
#[derive(Clone, Copy)]
pub(super) struct Merge<'a> {
    /// The repository, as it was fetched.
    pub(super) opened: &'a git::Repository,
    /// What its default branch says.
    pub(super) rules: &'a Rules,
    /// The branch, and where it deploys to.
    pub(super) rule: &'a EnvironmentRule,
}

impl<'a> Merge<'a> {
    /// The commit whose environment files are good for `commit` once it is merged. The default branch's own are, so into
    /// it a commit brings those by which it will be judged; into any other branch it cannot.
    pub(super) fn policy(&self, commit: &'a Sha) -> &'a Sha {
        if self.is_default() { commit } else { &self.rules.commit }
    }

    fn is_default(&self) -> bool {
        self.rule.branch == self.rules.branch
    }

    fn counts(&self) -> Counts {
        if self.is_default() { Counts::Merged } else { Counts::Later(self.rules.branch.clone()) }
    }
}

impl Hearing {
    /// Holds `after` against the branch's tip. What is wrong with the tip is told and no reason to say nothing.
    pub(super) fn declared(&self, merge: Merge<'_>, after: &Project) -> Result<Declared, Trouble> {
        let Merge { opened, rule, .. } = merge;
        let base = opened.branch(&rule.branch)?;
        let (mut difference, stages) = match self.projects.load(opened, &base, merge.policy(&base))
        {
            Ok(before) => (
                difference(before.difference(after, &rule.name)),
                StageChanges::between(&before.pipeline, &after.pipeline),
            ),
            Err(error) => (Difference::NoBase(lasting(error.into())?), StageChanges::default()),
        };
        let files = match project::changed_rules(opened, &base, &after.commit) {
            Ok(files) => files,
            Err(error) => {
                difference = Difference::NoHead(lasting(error.into())?);
                Vec::new()
            }
        };
        // A history that is cut off says nothing about where the two parted.
        let lead = match opened.leads_to(&base, &after.commit) {
            Ok(false) => Lead::Parted,
            Ok(true) | Err(_) => Lead::Ahead,
        };
        let rules = Changed { files, counts: merge.counts() };
        Ok(Declared { base, lead, difference, stages, rules })
    }
}

fn difference(found: Result<Option<crate::plan::Plan>, Incomparable>) -> Difference {
    match found {
        Ok(Some(plan)) => Difference::Plan(Box::new(plan)),
        Ok(None) => Difference::Nothing,
        Err(Incomparable { side: Side::Before, why }) => Difference::NoBase(why),
        Err(Incomparable { side: Side::After, why }) => Difference::NoHead(why),
    }
}

/// Why, if it stays so until something is committed.
fn lasting(trouble: Trouble) -> Result<String, Trouble> {
    match trouble {
        Trouble::Lasting(why) => Ok(why),
        passing @ Trouble::Passing(_) => Err(passing),
    }
}
