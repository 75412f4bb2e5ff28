//! `agent models approve|promote|reject|rollback`: gather what speaks for and against, decide, write, tell.

use super::{
    super::{
        failure::{CliError, CliResult, Exit},
        output::{Format, Output},
    },
    Of, One,
    desk::{Desk, of_cloud},
};
use crate::{
    aws::{ModelPackage, Purpose},
    ids::EnvName,
    registry::{self, Grounds, Objections, Refusal, Steps, Word},
};
use anyhow::Context as _;
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(super) struct Said {
    /// Why; kept with the version
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides [default: git's user.email]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct About {
    #[command(flatten)]
    pub(super) one: One,
    #[command(flatten)]
    said: Said,
}

#[derive(Debug, clap::Args)]
pub(super) struct Give {
    #[command(flatten)]
    pub(super) about: About,
    /// Decide although the evidence speaks against it; what it says is kept with the reason
    #[arg(long = "override")]
    overriding: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Back {
    #[command(flatten)]
    pub(super) of: Of,
    /// The version to go back to [default: the one that was in use before]
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i32).range(1..))]
    to: Option<i32>,
    #[command(flatten)]
    said: Said,
}

pub(super) async fn approve(desk: &Desk, give: &Give, output: &Output) -> CliResult {
    let decision = Decision::of(desk, &give.about.said)?;
    let version = give.about.one.version;
    let grounds = decision.grounds(version, output).await?;
    let word = Word { objections: give.objections(), ..decision.word() };
    let steps = registry::approve(&desk.versions, version, &word, &grounds);
    decision.perform(steps, Some(&grounds), output).await
}

pub(super) async fn promote(desk: &Desk, give: &Give, output: &Output) -> CliResult {
    let decision = Decision::of(desk, &give.about.said)?;
    let version = give.about.one.version;
    let grounds = decision.grounds(version, output).await?;
    let word = Word { objections: give.objections(), ..decision.word() };
    let steps = registry::promote(&desk.versions, version, &word, &grounds);
    decision.perform(steps, Some(&grounds), output).await
}

pub(super) async fn reject(desk: &Desk, about: &About, output: &Output) -> CliResult {
    let decision = Decision::of(desk, &about.said)?;
    let steps = registry::reject(&desk.versions, about.one.version, &decision.word());
    decision.perform(steps, None, output).await
}

pub(super) async fn rollback(desk: &Desk, back: &Back, output: &Output) -> CliResult {
    let decision = Decision::of(desk, &back.said)?;
    let target = registry::way_back(&desk.versions, &desk.name, back.to).map_err(refused)?;
    let artefact = decision.artefact(target).await?;
    let version = target.summary.version;
    let steps = registry::rollback(&desk.versions, version, &decision.word(), artefact);
    decision.perform(steps, None, output).await
}

impl Give {
    fn objections(&self) -> Objections {
        if self.overriding { Objections::Overridden } else { Objections::Heeded }
    }
}

/// A decision in the making.
pub(super) struct Decision<'a> {
    pub(super) desk: &'a Desk,
    reason: &'a str,
    pub(super) by: String,
    before: Vec<EnvName>,
    at: jiff::Timestamp,
}

impl<'a> Decision<'a> {
    fn of(desk: &'a Desk, said: &'a Said) -> Result<Self, CliError> {
        let reason = said.reason.trim();
        if reason.is_empty() {
            return Err(CliError::usage("a reason is needed").hint(
                "it is what an auditor reads: --reason 'AUC 0.86; reviewed with the clinic'",
            ));
        }
        let given = said.by.as_deref().map(str::trim).filter(|by| !by.is_empty());
        let by = given.map(str::to_owned).or_else(|| desk.repository.user_email());
        let by = by.ok_or_else(|| {
            CliError::usage("it is not known who decides")
                .hint("say it with --by NAME, or set it once: git config user.email ADDRESS")
        })?;
        let pipeline = &desk.project.pipeline;
        let earlier = pipeline.environments.iter().map(|rule| &rule.name);
        let before = earlier
            .filter(|name| **name != desk.name && pipeline.may_use(&desk.name, name))
            .cloned()
            .collect();
        Ok(Self { desk, reason, by, before, at: desk.app.clock.now() })
    }

    fn word(&self) -> Word<'_> {
        Word {
            environment: &self.desk.name,
            before: &self.before,
            by: &self.by,
            reason: self.reason,
            at: self.at,
            objections: Objections::Heeded,
        }
    }

    /// Writes what was decided with an approver's session, and tells what it came to.
    async fn perform(
        &self,
        steps: Result<Steps, Refusal>,
        grounds: Option<&Grounds>,
        output: &Output,
    ) -> CliResult {
        let (desk, steps) = (self.desk, steps.map_err(refused)?);
        let environment = desk.environment()?;
        // Whoever wrote reads it back: others may be shown less of another account's registry.
        let sagemaker = if steps.updates.is_empty() {
            desk.session.sagemaker()
        } else {
            let approver = desk.session_for(Purpose::Approve).await?.sagemaker();
            let written = registry::perform(&approver, &steps.updates).await;
            written.map_err(|error| of_cloud(error, "record the decision", environment))?;
            approver
        };
        let arn = &desk.version(steps.version)?.summary.arn;
        let package = sagemaker.package(arn).await;
        let package = package.map_err(|error| of_cloud(error, "read it back", environment))?;
        let package = package.context("the version was removed meanwhile")?;
        match output.format {
            Format::Json => output.json(&Done {
                package: &package,
                changed: !steps.updates.is_empty(),
                replaced: &steps.replaced,
                left: steps.left.as_deref(),
                grounds,
            })?,
            Format::Text => self.tell(&package, &steps, output)?,
        }
        Ok(Exit::Done)
    }

    fn tell(&self, package: &ModelPackage, steps: &Steps, output: &Output) -> Result<(), CliError> {
        let (version, name) = (steps.version, &self.desk.name);
        let approval = package.summary.approval;
        let used = registry::is_approved_for(&package.summary, name);
        output.data(&match (used, steps.updates.is_empty()) {
            (true, true) => format!("version {version} is already in use by {name}"),
            (true, false) => format!("version {version} is {approval} and in use by {name}"),
            (false, true) => format!("version {version} is {approval} already"),
            (false, false) => format!("version {version} is {approval}"),
        })?;
        for replaced in &steps.replaced {
            output.data(&format!("version {replaced} is superseded"))?;
        }
        if let Some(left) = &steps.left {
            output.data(&format!("{left} uses no model now"))?;
            output.talk(&format!("Next: agent models rollback --env {left} --reason '…'"));
        } else if used && !steps.updates.is_empty() {
            output.talk(&format!("Next: agent plan --env {name}"));
        }
        Ok(())
    }
}

/// What a decision came to, for programs.
#[derive(Serialize)]
struct Done<'a> {
    #[serde(flatten)]
    package: &'a ModelPackage,
    /// Was anything written?
    changed: bool,
    /// Versions that are not in use any more.
    replaced: &'a [i32],
    /// Another environment that lost its model by this.
    left: Option<&'a str>,
    /// What was looked at before.
    grounds: Option<&'a Grounds>,
}

/// What the evidence forbids is refused like a gate refuses; everything else is a matter of what was asked.
fn refused(refusal: Refusal) -> CliError {
    let hint = refusal.hint();
    let exit = match &refusal {
        Refusal::Objections { .. }
        | Refusal::OwnChange { .. }
        | Refusal::UnknownAuthor { .. }
        | Refusal::Artefact { .. } => Exit::Refused,
        Refusal::NoSuchVersion { .. }
        | Refusal::NotCompleted { .. }
        | Refusal::NotApproved { .. }
        | Refusal::InUseElsewhere { .. }
        | Refusal::NoStage { .. }
        | Refusal::NothingBefore { .. }
        | Refusal::NeverUsed { .. } => Exit::Usage,
    };
    CliError::Plain { exit, error: refusal.into(), hint: Some(hint) }
}
