//! Running a stage's command.
//!
//! A child runs in its own process group with a cleared environment; its lines go to a sink as they come, which holds
//! the child back if it is slow, and it has no standard input, unless it is spoken with. Whatever ends the command (its
//! exit, a time limit, a cancel, or the caller dropping the future), afterwards nothing of its group is alive. What
//! `kill -9` of the agent left alive is killed before the stage starts again.

mod answers;
mod cancel;
mod environment;
mod error;
mod group;
mod lines;
mod run;
mod survivors;
#[cfg(test)]
mod tests;
mod watchdog;

pub use cancel::{Cancel, Canceller};
pub use environment::Inherited;
pub use error::ExecError;
pub use lines::{Ending, LONGEST_LINE, Line, Source, each};
pub use run::{CommandSpec, Exit, Sink, converse, run};
pub use survivors::kill_survivors;
