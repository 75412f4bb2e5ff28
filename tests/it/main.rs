//! The one integration binary: `cargo nextest run` or `cargo test`.

mod aws;
mod cli;
mod cloud;
mod definition;
mod engine;
mod layering;
mod model;
mod rehearsal;
mod sagemaker;
mod spec;
mod wire;
mod world;
