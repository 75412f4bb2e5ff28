//! The first two mornings: the commit is promoted, its version approved, the schedule enabled, the address confirmed.

use super::{
    audience::Voice,
    performance::{Performance, Stop},
    promises::{Holds, Outcome},
    record::Turn,
};
use crate::flow;
use anyhow::Context as _;

/// Shows what was sent.
const LOOK: &str = "agent rehearsal inbox";

impl Performance<'_> {
    /// Promotes the commit; without an approved model the schedule stays off.
    pub(super) async fn promote(&mut self) -> Result<(), Stop> {
        let commit = self.stage.project.commit.short().to_owned();
        let name = self.stage.environment.name.clone();
        self.tell(Voice::Agent, format!("promotes commit {commit} to {name}"));
        let promoted = self.stage.promote().await?;
        let why = promoted.failure.as_ref().map(ToString::to_string);
        let found = why.unwrap_or_else(|| format!("{:?}", promoted.outcome));
        let done = Holds::from(promoted.outcome == flow::Outcome::Succeeded);
        self.hold(
            "the commit is trained, judged by the gate and deployed",
            Outcome::when(done, found, "agent runs"),
        )?;
        if let Some(judged) = &promoted.judged {
            let verdict = judged.verdict.to_string();
            let line = verdict.lines().next().unwrap_or_default().to_owned();
            self.tell(Voice::Agent, format!("the gate: {line}"));
        }
        let changes = promoted.changes.len();
        self.tell(
            Voice::Agent,
            format!("{changes} changes made in {name}, nobody has approved the model yet"),
        );
        self.note(Turn::Promoted);
        self.promoted = Some(promoted);
        self.confirm().await
    }

    /// The address that is told of alerts says that it wants them; without that nothing would ever arrive.
    async fn confirm(&mut self) -> Result<(), Stop> {
        let asked = self.stage.cloud.confirm_all().await?;
        let address = self.stage.environment.alerts.email.clone();
        let outcome = Outcome::when(Holds::from(asked > 0), format!("{asked} asked"), LOOK);
        self.hold("SNS asks the alert address for its confirmation", outcome)?;
        self.tell(Voice::Person, format!("{address} confirms that it wants alerts"));
        Ok(())
    }

    /// The first batch is there and a model is approved, so the next plan enables the schedule.
    pub(super) async fn enable(&mut self) -> Result<(), Stop> {
        self.bring_first().await?;
        let before = self.promoted.take().context("the commit was not promoted")?;
        let promoted = self.stage.deploy_again(&before).await?;
        let done = Holds::from(promoted.outcome == flow::Outcome::Succeeded);
        let found = format!("{:?}", promoted.outcome);
        self.hold("the commit can be deployed again", Outcome::when(done, found, "agent runs"))?;
        let changes = promoted.changes;
        let only = Holds::from(changes.len() == 1);
        let outcome = Outcome::when(only, changes.join("; "), "agent plan --env ENV");
        self.hold(
            "with a model and a batch the next plan enables the schedule, and changes nothing else",
            outcome,
        )?;
        let schedule = self.stage.environment.schedule.clone();
        self.tell(Voice::Agent, format!("deploys again: the schedule {schedule} is enabled"));
        self.note(Turn::Scheduled);
        Ok(())
    }
}
