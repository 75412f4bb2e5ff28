//! The drift test against scipy, and against batches of the shipped data: how often it is wrong, how often right.

mod scipy;
mod draws_of_patients;
#[path = "../../benches/drift/draws.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with benches/drift.rs, which uses all of it"
)]
mod draws;
