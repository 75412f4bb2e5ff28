//! Gives waiting runs to agents: looks at the queue, decides, supersedes, and says why the others wait; and takes
//! people's orders about runs and environments.
//!
//! [`Desk`] is where every order arrives, whether it comes from the command line, the API or GitHub. It names the
//! [`Person`] who gives it, is refused with a [`DeskError`] or done, and is kept in the audit log. [`pass`] is one look
//! at the line: it ends what can be ended without an agent, and answers which runs an agent should drive now.

mod answering;
mod crew;
mod desk;
mod error;
mod line;
mod pass;
mod person;
mod rerun;
mod reuse;
mod starting;
mod stopping;

pub use answering::{Accepted, Asked};
pub use desk::Desk;
pub use error::DeskError;
pub use line::{Stand, Standing};
pub use pass::{MOST_STRIKES, Pass, pass};
pub use person::{Person, Via};
pub use reuse::reused;
pub use stopping::Cancelling;
