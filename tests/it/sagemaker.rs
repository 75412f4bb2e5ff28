//! SageMaker in the rehearsal, through the AWS SDK: pipelines, executions on real files, the registry.

mod clinic;
mod executions;
mod inference;
mod life_cycle;
mod pipelines;
mod registry;
mod train;
mod world;
