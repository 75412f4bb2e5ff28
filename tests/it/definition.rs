//! Definitions: what the templates render, how it differs from the reference, what the lint finds.

mod golden;
mod lint;
mod oddities;
mod rendering;
mod world;
