//! What people decide about versions: approving, comparing, rejecting, going back.

use super::{
    audience::Voice,
    performance::{Performance, Stop},
    promises::{Holds, Outcome},
    record::Turn,
    stage::Stage,
};
use crate::{
    aws::{Approval, ModelPackage, Purpose},
    clock::Clock as _,
    ids::EnvName,
    registry::{self, Objections, Steps, Word},
};
use anyhow::Context as _;

/// Who decides in every story.
pub(super) const PERSON: &str = "Ada Lovelace";
/// Shows the versions.
const LOOK: &str = "agent models list --env ENV";

impl Performance<'_> {
    /// The first version is approved; the next plan enables the schedule.
    pub(super) async fn approve_first(&mut self) -> Result<(), Stop> {
        let versions = self.stage.versions().await?;
        let waiting: Vec<i32> = versions.iter().map(|package| package.summary.version).collect();
        self.hold(
            "the promotion registered one version",
            Outcome::equal(&waiting, &vec![1], LOOK),
        )?;
        self.approve(&versions, 1).await?;
        self.enable().await
    }

    /// Approves a version, and looks whether that is the one in use now.
    async fn approve(&mut self, versions: &[ModelPackage], version: i32) -> Result<(), Stop> {
        let grounds = self.stage.grounds(versions, version).await?;
        let reason = "the figures were looked at in the rehearsal";
        let decide = |word: &Word<'_>| registry::approve(versions, version, word, &grounds);
        match self.stage.decide(reason, decide).await? {
            Ok(_) => {
                self.tell(Voice::Person, format!("{PERSON} approves version {version}: {reason}"));
                self.note(Turn::Approved { version });
                self.champion = version;
                self.in_use(version).await
            }
            Err(refusal) => {
                self.hold("the version can be approved", Outcome::when(Holds::No, refusal, LOOK))
            }
        }
    }

    /// Looks whether the environment uses `version`.
    async fn in_use(&mut self, version: i32) -> Result<(), Stop> {
        let environment = &self.stage.environment.name;
        let versions = self.stage.versions().await?;
        let used = registry::in_use(&versions, environment).map(|package| package.summary.version);
        let promise = format!("{environment} uses version {version} and no other");
        self.hold(&promise, Outcome::equal(&used, &Some(version), LOOK))
    }

    /// The challenger is held against the champion; until somebody decides, nothing changes.
    pub(super) async fn compare(&mut self) -> Result<(), Stop> {
        let Some(challenger) = self.challenger else {
            let why = format!(
                "no training was started, so there is no challenger to version {}",
                self.champion
            );
            self.leave_out(&why);
            return Ok(());
        };
        let versions = self.stage.versions().await?;
        let approval = versions.iter().find(|package| package.summary.version == challenger);
        let approval = approval.map(|package| package.summary.approval);
        let waits = Outcome::equal(&approval, &Some(Approval::Pending), LOOK);
        self.hold("the challenger waits for a person", waits)?;
        let told = self.stage.standing(&versions, challenger).await?;
        self.tell(
            Voice::Agent,
            format!("version {challenger} against version {}: {told}", self.champion),
        );
        let text = format!("nobody has decided yet, so version {} stays in use", self.champion);
        self.tell(Voice::Person, text);
        self.in_use(self.champion).await
    }

    /// The challenger takes the champion's place.
    pub(super) async fn approve_challenger(&mut self) -> Result<(), Stop> {
        let Some(challenger) = self.challenger else {
            self.leave_out("no challenger, so nobody approves one");
            return Ok(());
        };
        let versions = self.stage.versions().await?;
        self.approve(&versions, challenger).await
    }

    /// The environment goes back to the version before.
    pub(super) async fn roll_back(&mut self) -> Result<(), Stop> {
        if self.challenger.is_none() {
            self.leave_out("version 1 was never replaced, so there is nothing to roll back");
            return Ok(());
        }
        let versions = self.stage.versions().await?;
        let environment = self.stage.environment.name.clone();
        let before = registry::way_back(&versions, &environment, None);
        let before = before.map(|package| package.summary.version).ok();
        self.hold("there is a way back to version 1", Outcome::equal(&before, &Some(1), LOOK))?;
        let artefact = self.stage.artefact(&versions, 1).await?;
        let reason = "the new model is to be looked at again";
        let decide = |word: &Word<'_>| registry::rollback(&versions, 1, word, artefact);
        match self.stage.decide(reason, decide).await? {
            Ok(_) => {
                self.tell(Voice::Person, format!("{PERSON} goes back to version 1: {reason}"));
                self.note(Turn::RolledBack { version: 1 });
                self.champion = 1;
                self.in_use(1).await
            }
            Err(refusal) => {
                self.hold("the version can be restored", Outcome::when(Holds::No, refusal, LOOK))
            }
        }
    }

    /// A training that nobody needed is rejected: its night was clean after all.
    pub(super) async fn reject(&mut self, version: i32) -> Result<(), Stop> {
        let versions = self.stage.versions().await?;
        let reason = "the night before was a false alarm";
        let decide = |word: &Word<'_>| registry::reject(&versions, version, word);
        match self.stage.decide(reason, decide).await? {
            Ok(_) => {
                self.tell(Voice::Person, format!("{PERSON} rejects version {version}: {reason}"));
                self.note(Turn::Rejected { version });
                Ok(())
            }
            Err(refusal) => {
                self.hold("the version can be rejected", Outcome::when(Holds::No, refusal, LOOK))
            }
        }
    }
}

impl Stage {
    /// Every version, newest first.
    pub(super) async fn versions(&self) -> anyhow::Result<Vec<ModelPackage>> {
        let group = self.environment.model_package_group.to_string();
        let versions = registry::versions(&self.reader().sagemaker(), &group).await;
        versions.context("list the versions")
    }

    /// Decides and writes what was decided, or says why not.
    async fn decide(
        &self,
        reason: &str,
        decide: impl FnOnce(&Word<'_>) -> Result<Steps, registry::Refusal>,
    ) -> anyhow::Result<Result<Steps, String>> {
        let before = self.before();
        let word = Word {
            environment: &self.environment.name,
            before: &before,
            by: PERSON,
            reason,
            at: self.clock.now(),
            objections: Objections::Heeded,
        };
        let steps = match decide(&word) {
            Ok(steps) => steps,
            Err(refusal) => return Ok(Err(refusal.to_string())),
        };
        let approver = self.session(Purpose::Approve).await?.sagemaker();
        registry::perform(&approver, &steps.updates).await.context("record the decision")?;
        Ok(Ok(steps))
    }

    /// The environments before this one in the order of promotion.
    fn before(&self) -> Vec<EnvName> {
        let environments = &self.project.pipeline.environments;
        let own = &self.environment.name;
        let before = environments.iter().map(|rule| &rule.name).filter(|name| *name != own);
        before.filter(|name| self.project.pipeline.may_use(own, name)).cloned().collect()
    }
}
