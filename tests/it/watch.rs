//! An environment being watched: nights on the deployed pipelines, and what a watcher makes of them.

mod answers;
mod crash;
mod supplies;
mod ward;
