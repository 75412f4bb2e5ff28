//! The whole course of a run that another has overtaken before it was made.

use super::{Event, IllegalEvent, Outcome, RunState, Withdrawal, close};
use crate::{ids::RunId, spec::Pipeline};
use jiff::Timestamp;

/// Its events, from the first to the last: nothing of it is ever started.
///
/// # Errors
/// The graph has a stage that cannot be given up; there is none such.
pub fn overtaken(
    pipeline: &Pipeline,
    by: RunId,
    now: Timestamp,
) -> Result<Vec<Event>, IllegalEvent> {
    let why = Withdrawal::Superseded { by: by.clone() };
    let mut course = vec![Event::RunCreated, Event::RunWithdrawn { why }];
    let mut state = RunState::of(pipeline, &course)?;
    let Some(closing) = close(&mut state, pipeline, now)? else {
        let event = Box::new(Event::RunFinished { outcome: Outcome::Superseded { by } });
        return Err(IllegalEvent { event, reason: "a stage would have to act first" });
    };
    course.extend(closing);
    Ok(course)
}
