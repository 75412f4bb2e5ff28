//! What goes wrong between the agent and the cloud, on a real wire: deployments, log lines and waits survive it, or
//! fail with the right class and can be done again from where they stopped.

mod applying;
mod classes;
mod latency;
pub(crate) mod proxy;
mod random;
mod shipping;
mod waiting;
pub(crate) mod wire;
mod world;
