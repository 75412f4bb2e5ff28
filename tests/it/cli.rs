//! The real binary in a small world: what it says, how it ends, what it leaves behind.

mod broken;
mod cloud_logs;
mod gate;
mod kill;
mod looking_back;
mod operations;
mod promotion;
mod source;
mod stages;
mod stopping;
