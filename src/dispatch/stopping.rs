//! Stopping runs, whoever drives them.

use super::{Desk, DeskError, Person};
use crate::{
    engine::{AtRest, Order, end_at_rest},
    flow::{Outcome, Stop},
    ids::RunId,
};
use serde_json::json;

/// What a cancel has led to so far.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cancelling {
    /// The run is over.
    Over(Outcome),
    /// Its agent stops it within a second or so.
    Told,
    /// Nobody drives it, and a stage is to tidy up: the next agent that looks lets it.
    Waits,
}

impl Desk {
    /// Stops a run: gently, so that its stages can end by themselves and tidy up; or by force.
    ///
    /// # Errors
    /// [`DeskError::Over`], or the store failed.
    pub async fn cancel(
        &self,
        person: &Person,
        run: &RunId,
        stop: Stop,
    ) -> Result<Cancelling, DeskError> {
        if let Some(outcome) = self.store.run(run).await?.outcome {
            return Err(DeskError::Over { run: run.clone(), outcome });
        }
        self.note(person, "cancel", (run.as_str(), json!({ "stop": stop }))).await?;
        self.store.tell_to_stop(run, stop).await?;
        let order = Order::Stop;
        Ok(match end_at_rest(&self.store, run, order, self.clock.now()).await? {
            AtRest::Over(outcome) => Cancelling::Over(outcome),
            AtRest::Driven => Cancelling::Told,
            AtRest::Acts => Cancelling::Waits,
        })
    }
}
