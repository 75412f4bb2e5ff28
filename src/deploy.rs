//! Observe, plan, apply, verify.
//!
//! [`survey`] reads what is there and renders what should be; [`crate::plan::plan`] compares them;
//! [`apply`] does exactly the plan it is given. It goes by what was just read: whatever is still to do
//! must be part of that plan, to the last old value, or it refuses. So it can be stopped anywhere and
//! applied again, a second apply writes nothing, and nobody's change since the plan is overwritten.
//! [`verify`] reads back what was applied.

mod apply;
mod destroy;
mod observe;
mod perform;
mod verify;

pub use apply::{Applied, ApplyError, Deployment, Journal, Step, apply};
pub use destroy::{Inventory, inventory, remove};
pub use observe::{SurveyError, observe, survey};
pub use perform::PerformError;
pub use verify::{Verified, VerifyError, verify};
