//! Requests whose answer nobody has heard: what they ask for may still be made, although who has sent them is gone.

use super::work::Work;
use crate::{
    clock::{later, until},
    flow::Failure,
};
use jiff::Timestamp;
use std::time::Duration;

/// How long after it was sent a request may make what it asks for: SageMaker answers such requests within seconds.
const MADE_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What may still come of a request.
pub(super) struct Arrival<'a> {
    work: &'a Work<'a>,
    /// What was asked for, as people are told of it.
    what: &'a str,
    until: Option<Timestamp>,
    is_told: bool,
}

impl<'a> Arrival<'a> {
    /// What was last asked for then, if there was no answer; never waited for longer from now than a request takes.
    pub(super) fn of(work: &'a Work<'a>, what: &'a str, asked: Option<Timestamp>) -> Self {
        let now = work.context.clock.now();
        let until = asked.map(|asked| later(asked.min(now), MADE_WITHIN));
        Self { work, what, until, is_told: false }
    }

    /// Waits before another look for what was not there; there is none once it would have been there.
    pub(super) async fn may_come(&mut self) -> Result<bool, Failure> {
        let clock = &self.work.context.clock;
        let left = self.until.map(|moment| until(clock.now(), moment)).unwrap_or_default();
        if left.is_zero() {
            return Ok(false);
        }
        if !self.is_told {
            let what = self.what;
            self.work.tell(&format!("nobody has heard whether {what} is made: looks for it"))?;
            self.is_told = true;
        }
        clock.sleep(left.min(BETWEEN_LOOKS)).await;
        Ok(true)
    }
}
