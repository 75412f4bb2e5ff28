//! The one integration binary: `cargo nextest run` or `cargo test`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test that cannot go on panics, says why it skips, and may start other programs"
)]

mod api;
mod aws;
mod called_off;
mod campaign;
mod cli;
mod cloud;
mod conformance;
mod crash;
mod definition;
mod dispatch;
mod engine;
mod faults;
mod github;
mod hearing;
mod hostile;
mod layering;
mod model;
mod monitor;
mod moto;
mod postgres;
mod python;
mod real_scripts;
mod rehearsal;
mod sagemaker;
mod serve;
mod servers;
mod spec;
mod ssh;
mod stage_jobs;
mod store;
mod tls;
mod watch;
mod wire;
mod world;
