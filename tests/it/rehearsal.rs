//! The rehearsal, driven by the real AWS SDK in-process.

pub(crate) mod bench;
mod custom_events;
mod events;
mod lambda;
mod logs;
mod s3;
mod sns;
mod state;
mod sts;
