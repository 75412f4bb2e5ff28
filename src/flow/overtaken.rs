//! The whole course of a run that another has overtaken before it was made.

use super::{Event, IllegalEvent, Phase, RunState, Withdrawal, next};
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
    let why = Withdrawal::Superseded { by };
    let mut course = vec![Event::RunCreated, Event::RunWithdrawn { why }];
    let mut state = RunState::of(pipeline, &course)?;
    while !matches!(state.phase(), Phase::Finished(_)) {
        let effects = next(&state, pipeline, &|_| true);
        if effects.is_empty() {
            break;
        }
        for effect in effects {
            let event = effect.event(now);
            state.apply(&event)?;
            course.push(event);
        }
    }
    Ok(course)
}
