//! The first two mornings: the commit is promoted, its version approved, the schedule enabled, the address confirmed.

use super::{
    audience::Voice,
    performance::{Performance, Stop},
    promises::{Holds, Outcome},
    record::Turn,
};
use crate::flow;

impl Performance<'_> {
    /// Promotes the commit; without an approved model the schedule stays off.
    pub(super) async fn promote(&mut self) -> Result<(), Stop> {
        let commit = self.stage.project.commit.short().to_owned();
        let name = self.stage.environment.name.clone();
        self.tell(Voice::Agent, format!("promotes commit {commit} to {name}"));
        let promoted = self.stage.promote().await?;
        let why = promoted.failure.map(|failure| failure.to_string());
        let found = why.unwrap_or_else(|| format!("{:?}", promoted.outcome));
        let done = Holds::from(promoted.outcome == flow::Outcome::Succeeded);
        self.hold(
            "the commit is trained, judged by the gate and deployed",
            Outcome::when(done, found, "agent runs"),
        )?;
        if let Some(judged) = promoted.judged {
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
        Ok(())
    }
}
