//! The real binary in a small world: what it says, how it ends, what it leaves behind.

mod against;
mod approvals;
mod begun;
mod bootstrap;
mod broken;
mod cloud_logs;
mod cut_off;
mod denied;
mod doctor;
mod fleet;
mod gate;
mod images;
mod inbox;
mod job_logs;
pub(crate) mod kill;
mod leave;
mod lending;
mod looking_back;
mod models;
mod monitor;
mod operations;
mod promotion;
mod rehearse;
mod source;
pub(crate) mod stages;
pub(crate) mod stopping;
mod watch;
