//! The real binary in a small world: what it says, how it ends, what it leaves behind.

mod broken;
mod cloud_logs;
mod doctor;
mod fleet;
mod gate;
mod inbox;
mod kill;
mod looking_back;
mod models;
mod monitor;
mod operations;
mod promotion;
mod rehearse;
mod source;
mod stages;
mod stopping;
mod watch;
