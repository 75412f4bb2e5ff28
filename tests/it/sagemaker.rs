//! SageMaker in the rehearsal, through the AWS SDK: pipelines, executions on real files, the registry.

#![expect(clippy::unwrap_used, reason = "a test may stop anywhere")]

mod executions;
mod pipelines;
mod registry;
mod train;
mod world;
