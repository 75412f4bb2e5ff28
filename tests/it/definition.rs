//! Definitions: what the templates render, how it differs from the reference, what the lint finds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod golden;
mod lint;
mod oddities;
mod rendering;
mod world;
