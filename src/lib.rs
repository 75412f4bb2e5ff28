//! Relevo promotes machine-learning pipelines between AWS accounts.
//!
//! Modules stand in layers; each may use only what stands above it in this list
//! (`tests/it/layering.rs` checks it). ARCHITECTURE.md walks through one run.

// L0: pure. No IO, no async, no clock, no environment.
pub mod ids;
pub mod schedule;
pub mod event;
pub mod spec;
pub mod definition;
pub mod flow;
pub mod model;
pub mod monitor;
pub mod plan;
pub mod preflight;
pub mod foundation;
pub mod intake;
pub mod queue;
pub mod report;
pub mod audit;

// L1: adapters. One outside system each; foreign types stop here.
pub mod clock;
pub mod aws;
pub mod exec;
pub mod git;
pub mod store;
pub mod github;
pub mod remote;

// L2: drivers. Each pass is one idempotent step that re-reads state.
pub mod project;
pub mod registry;
pub mod logs;
pub mod deploy;
pub mod doctor;
pub mod bootstrap;
pub mod engine;
pub mod watch;
pub mod dispatch;
pub mod hearing;
pub mod telling;

// L3: faces.
pub mod web;
pub mod app;
pub mod story;
pub mod cli;

// Beside them: an AWS for the laptop. Uses L0 only; only `app` knows it.
pub mod rehearsal;
