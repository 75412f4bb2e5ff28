//! `agent plan --against REF`: what a commit declares otherwise than another, without an account.

use super::{
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::{SourceArgs, of_git, of_project, open, policy},
};
use crate::{
    git::{GitError, Repository},
    ids::{EnvName, Sha},
    plan::{Plan, render},
    project::{self, Files, Incomparable, Project, Side},
    report::StageChanges,
};
use std::path::Path;

/// Two commits that are compared.
struct Pair<'a> {
    repository: &'a Repository,
    /// What the first was called.
    reference: &'a str,
    base: Sha,
    head: Sha,
    rules: Rules,
}

/// By whose environment files they are compared.
enum Rules {
    /// Each by its own, as on the default branch.
    Own,
    /// Both by those of the default branch, at this commit.
    Of(Sha),
}

impl Rules {
    /// What a change of them means.
    fn note(&self) -> &'static str {
        match self {
            Self::Own => {
                "Changed too, and who may approve and when it may be deployed is not listed"
            }
            Self::Of(_) => "Not compared, as it counts only on the default branch",
        }
    }
}

/// Prints what differs between the declarations of `reference` and of the commit that `args` name.
pub(crate) fn against(
    args: &SourceArgs,
    reference: &str,
    state: &Path,
    output: &Output,
) -> CliResult {
    let repository = open(&args.repo, state)?;
    let pair = Pair::find(args, reference, &repository)?;
    let environment = pair.environment(args)?;
    let before = pair.project(&pair.base).inspect_err(|_| {
        output.talk(&format!("{reference} ({}) cannot be compared with:", pair.base.short()));
    })?;
    let after = pair.project(&pair.head)?;
    let plan = before.difference(&after, &environment).map_err(|error| pair.told(error))?;
    let stages = StageChanges::between(&before.pipeline, &after.pipeline);
    let is_same = stages.is_empty() && plan.as_ref().is_none_or(Plan::is_empty);
    let changed = project::changed_rules(&repository, &pair.base, &pair.head)
        .map_err(|error| of_project(error.into()))?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({
            "environment": environment, "against": pair.base, "commit": pair.head,
            "differs": !is_same, "plan": plan, "stages": stages, "rules": changed,
        }))?,
        Format::Text => {
            output.data(&pair.text(&environment, plan.as_ref()))?;
            if !stages.is_empty() {
                output.data(&format!("The stages of a run change: {}.", stages.list()))?;
            }
            if !changed.is_empty() {
                output.talk(&format!("{}: {}", pair.rules.note(), changed.join(", ")));
            }
        }
    }
    Ok(if is_same { Exit::Done } else { Exit::Differs })
}

impl<'a> Pair<'a> {
    fn find(
        args: &SourceArgs,
        reference: &'a str,
        repository: &'a Repository,
    ) -> Result<Self, CliError> {
        let head = match (&args.commit, &args.branch) {
            (Some(digits), _) => repository.commit(digits),
            (None, Some(branch)) => repository.branch(branch),
            (None, None) => repository.current_branch().and_then(|own| repository.branch(&own)),
        };
        let head = head.map_err(of_git)?;
        let default = repository.default_branch().map_err(of_git)?;
        let (base, is_default) = match repository.branch(reference) {
            Ok(base) => (base, reference == default),
            Err(missing @ GitError::NoSuchBranch { .. }) => {
                let base = repository.commit(reference).map_err(|_| of_git(missing))?;
                let is_default = repository.is_on_branch(&base, &default).map_err(of_git)?;
                (base, is_default)
            }
            Err(error) => return Err(of_git(error)),
        };
        let rules = if is_default { Rules::Own } else { Rules::Of(policy(repository)?) };
        Ok(Self { repository, reference, base, head, rules })
    }

    /// The environment asked for, or the one that a merge would reach.
    fn environment(&self, args: &SourceArgs) -> Result<EnvName, CliError> {
        if let Some(name) = &args.env {
            return Ok(name.clone());
        }
        let policy = policy(self.repository)?;
        let rules = project::rules(Files::Commit(self.repository, &policy));
        let rules = rules.map_err(|error| of_project(error.into()))?.unwrap_or_default();
        let own = match &args.branch {
            Some(branch) => Some(branch.clone()),
            None => self.repository.current_branch().ok(),
        };
        let of = |branch: &str| rules.iter().find(|rule| rule.branch == branch);
        let found = of(self.reference).or_else(|| of(own.as_deref()?));
        found.map(|rule| rule.name.clone()).ok_or_else(|| {
            CliError::usage(format!("'{}' deploys nowhere", self.reference))
                .hint("name the environment: --env NAME")
        })
    }

    fn project(&self, commit: &Sha) -> Result<Project, CliError> {
        let policy = match &self.rules {
            Rules::Own => commit,
            Rules::Of(policy) => policy,
        };
        let of = |commit| Files::Commit(self.repository, commit);
        let address = self.repository.public_address();
        project::load(address, commit, of(commit), of(policy)).map_err(of_project)
    }

    fn told(&self, Incomparable { side, why }: Incomparable) -> CliError {
        let which = match side {
            Side::Before => self.reference,
            Side::After => self.head.short(),
        };
        CliError::usage(format!("{which} cannot be compared: {why}"))
    }

    fn text(&self, environment: &EnvName, plan: Option<&Plan>) -> String {
        let (base, head) = (self.base.short(), self.head.short());
        let named = if self.base.as_str().starts_with(self.reference) {
            base.to_owned()
        } else {
            format!("{} ({base})", self.reference)
        };
        match plan {
            Some(plan) if !plan.is_empty() => format!(
                "{environment}: what {head} declares otherwise than {named}, whatever is in the account\n\n{}\n{}.\n",
                render::difference(plan),
                render::tally(plan)
            ),
            Some(plan) => format!(
                "{environment}: {head} deploys the same as {named}.\n{}",
                render::difference(plan)
            ),
            None => format!("{environment}: neither {head} nor {named} deploys anything.\n"),
        }
    }
}
