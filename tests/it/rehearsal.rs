//! The rehearsal, driven by the real AWS SDK in-process.

pub(crate) mod bench;
mod events;
mod iam;
mod lambda;
mod logs;
mod s3;
mod sns;
mod state;
mod sts;
