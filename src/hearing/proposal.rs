//! Pull requests into a branch that deploys: what they hold is checked, and told there. Nothing of it is run, and no
//! account is looked at.
//!
//! Where a branch deploys to is the default branch's word, whatever the pull request says. One from a fork is not looked
//! at: people who may not write here must not make the agent work.

use super::{
    Hearing, Repository,
    answer::{Heard, later_or_never},
    compare::Merge,
    rules::{Rules, Trouble},
};
use crate::{
    github::{Before, Client, GithubError, Origin},
    ids::{GitHubName, Sha, StageName},
    intake::{Proposed, Verdict},
    project::{self, ProjectError},
    report::{Annotation, Asks, Declared, Proposal},
    spec::{Action, BuiltIn, EnvironmentRule, Findings},
};

/// What a pull request holds.
#[derive(Default)]
struct Held {
    stages: Vec<StageName>,
    asks: bool,
    findings: Vec<Annotation>,
    declared: Option<Declared>,
}

impl Hearing {
    /// Checks a pull request and tells what was found there.
    pub(super) async fn propose(&self, repository: &Repository, proposed: &Proposed) -> Heard {
        let at = self.github.as_deref().zip(repository.github.as_ref());
        let Some((github, name)) = at else {
            return ignored("a pull request deploys nothing until it is merged");
        };
        let pull = match github.pull_request(name, proposed.number).await {
            Ok(Some(pull)) if pull.head == proposed.head => pull,
            Ok(_) => return ignored("the pull request is closed or has moved on"),
            Err(error) => return later_or_never(&error),
        };
        if pull.origin == Origin::Fork {
            return ignored("a pull request from a fork deploys nothing and sees no secret");
        }
        let (rule, held) = match self.held(repository, (&pull.base, &proposed.head)) {
            Ok(Some(found)) => found,
            Ok(None) => {
                return ignored(&format!("branch '{}' deploys nowhere", pull.base));
            }
            Err(Trouble::Passing(why)) => return Heard::Later(why),
            Err(Trouble::Lasting(why)) => return Heard::Judged(Verdict::refused(why)),
        };
        let proposal = Proposal {
            number: pull.number,
            commit: &pull.head,
            branch: &pull.base,
            environment: &rule.name,
            stages: held.stages.iter().collect(),
            asks: if held.asks { Asks::People } else { Asks::Nobody },
            findings: &held.findings,
            declared: held.declared.as_ref(),
            at: self.clock.now(),
        };
        match self.tell((github, name), &proposal).await {
            Ok(()) => ignored(&format!(
                "pull request {} into '{}': {}; it deploys nothing until it is merged",
                pull.number,
                pull.base,
                proposal.title()
            )),
            Err(error) => later_or_never(&error),
        }
    }

    /// What a commit holds that is to be merged into `base`, and where that deploys to; nothing if nowhere.
    fn held(
        &self,
        repository: &Repository,
        (base, head): (&str, &Sha),
    ) -> Result<Option<(EnvironmentRule, Held)>, Trouble> {
        let opened = self.open(repository)?;
        opened.fetch()?;
        let rules = Rules::of(&opened, &self.projects)?;
        let Some(rule) = rules.environments.iter().find(|rule| rule.branch == base) else {
            return Ok(None);
        };
        let commit = opened.commit(head.as_str())?;
        let merge = Merge { opened: &opened, rules: &rules, rule };
        Ok(Some((rule.clone(), self.look_into(merge, &commit)?)))
    }

    fn look_into(&self, merge: Merge<'_>, commit: &Sha) -> Result<Held, Trouble> {
        let opened = merge.opened;
        match self.projects.load(opened, commit, merge.policy(commit)) {
            Ok(project) => {
                let report = project::check(&project);
                let stages = &project.pipeline.stages;
                Ok(Held {
                    asks: stages.iter().any(|stage| stage.action == Action::Uses(BuiltIn::Approve)),
                    stages: stages.iter().map(|stage| stage.name.clone()).collect(),
                    findings: self.annotations(&report.findings),
                    declared: Some(self.declared(merge, &project)?),
                })
            }
            Err(ProjectError::Findings { findings, .. }) => {
                Ok(Held { findings: self.annotations(&findings), ..Held::default() })
            }
            Err(error @ ProjectError::File(_)) => Err(error.into()),
        }
    }

    fn annotations(&self, findings: &Findings) -> Vec<Annotation> {
        let masked = |annotation: Annotation| {
            let message = self.masker.mask(&annotation.message).into_owned();
            Annotation { message, ..annotation }
        };
        findings.0.iter().map(Annotation::from).map(masked).collect()
    }

    /// Says it; whatever an earlier try has left is found again.
    async fn tell(
        &self,
        (github, name): (&Client, &GitHubName),
        proposal: &Proposal<'_>,
    ) -> Result<(), GithubError> {
        if github.is_app() {
            github.say_check(name, &proposal.check(), Before::Perhaps).await?;
        } else {
            github.say_status(name, &proposal.status(), Before::Perhaps).await?;
        }
        let mut comment = proposal.comment();
        comment.body = self.masker.mask(&comment.body).into_owned();
        github.say_comment_on(name, proposal.number, &comment).await
    }
}

fn ignored(why: &str) -> Heard {
    Heard::Judged(Verdict::ignored(why))
}
