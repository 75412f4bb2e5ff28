//! The end of a run that nobody drives.

use super::{Effect, Event, IllegalEvent, Phase, RunState, next};
use crate::spec::Pipeline;
use jiff::Timestamp;

/// The events with which the run ends by itself, as `state` takes them into account: its last stages are given up.
/// Nothing if a stage must act first, or acts.
///
/// # Errors
/// The graph is not the one that `state` is of.
pub fn close(
    state: &mut RunState,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<Option<Vec<Event>>, IllegalEvent> {
    let mut closing = Vec::new();
    while !matches!(state.phase(), Phase::Finished(_)) {
        let effects = next(state, pipeline, &|_| true);
        if effects.is_empty() || effects.iter().any(acts) {
            return Ok(None);
        }
        for effect in effects {
            let event = effect.event(now);
            state.apply(&event)?;
            closing.push(event);
        }
    }
    Ok(Some(closing))
}

fn acts(effect: &Effect) -> bool {
    match effect {
        Effect::Start { .. } | Effect::CallOff { .. } | Effect::Retry { .. } => true,
        Effect::Skip { .. } | Effect::Finish(_) => false,
    }
}
