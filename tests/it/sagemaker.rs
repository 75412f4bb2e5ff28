//! SageMaker in the rehearsal, through the AWS SDK: pipelines, executions on real files, the registry.

mod executions;
mod pipelines;
mod registry;
mod train;
mod world;
