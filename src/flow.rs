//! The run as a state machine: events in, effects out.
//!
//! A run is the list of its [`Event`]s; [`RunState`] is what they add up to, and [`next`] says what is to
//! be done about it. The same two functions serve a live run and one found after a crash: recovery adds
//! [`Event::StageInterrupted`] for whatever was running ([`RunState::interrupted`]) and goes on as ever.
//! Invariants: a stage that ended never starts again; a stage starts only when its needs have ended;
//! every run in which the started stages end comes to an end itself, or stands still with a stage that is
//! parked: people are asked, nobody works, and the run goes on when the stage is awoken
//! ([`RunState::awoken`]).

mod chain;
mod close;
mod decide;
mod ending;
mod event;
mod overtaken;
mod request;
mod stage;
mod state;

#[cfg(test)]
mod tests;

pub use chain::begun_by;
pub use close::close;
pub use decide::{Effect, is_retried, next};
pub use ending::{Ending, Outcome};
pub use event::{Event, Failure, SkipReason, Stop, Withdrawal};
pub use overtaken::overtaken;
pub use request::{NotEntitled, Request, Voice};
pub use stage::{StageState, Standing};
pub use state::{IllegalEvent, MOST_INTERRUPTIONS, Phase, RunState};
