//! The rehearsal, driven by the real AWS SDK in-process.

pub(crate) mod bench;
mod custom_events;
mod delivery;
mod events;
mod iam;
mod inbox;
mod lambda;
mod own_jobs;
mod logs;
mod plant;
mod s3;
mod s3_copy;
mod schedules;
mod sns;
mod state;
mod sts;
