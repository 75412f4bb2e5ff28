//! Sessions, plans and deployments against the rehearsal, through the real SDK.

mod deployment;
mod doctor;
mod ledger;
pub(crate) mod long_run;
mod renewal;
mod sessions;
mod training;
mod wire_tap;
pub(crate) mod world;
