//! The morning after: what the agent does about a verdict, and what people hear of it.

use super::{
    judgement::Execution,
    performance::{Performance, Stop},
};
use jiff::Timestamp;

impl Performance<'_> {
    /// Lets the agent watch, and holds it to the environment's policy.
    pub(super) async fn respond(&mut self, _night: &Execution, _at: Timestamp) -> Result<(), Stop> {
        Ok(())
    }
}
