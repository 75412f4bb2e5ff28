//! Sessions, plans and deployments against the rehearsal, through the real SDK.

mod deployment;
mod sessions;
mod training;
mod wire_tap;
pub(crate) mod world;
