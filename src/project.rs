//! What one commit (or one folder) holds: the checked pipeline, its environments and every file that is deployed.
//!
//! Two commits speak: the run's own commit says what is built; the tip of the default branch, the policy commit, says
//! which branch goes to which environment and with which roles. A pushed branch can therefore never point itself at
//! another account.

mod blueprint;
mod check;
mod declared;
mod files;
mod kept;
mod load;
mod reader;
mod recent;

pub use blueprint::Incomplete;
pub use check::{Report, check};
pub use declared::{Incomparable, Side, changed_rules};
pub use files::{FileError, Files};
pub use kept::Projects;
pub use load::{Project, ProjectError, Templates, Training, load};
pub use reader::{ENVIRONMENTS, Opens, PIPELINE_FILE, rules, windows};
pub use recent::Recent;
