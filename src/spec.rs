//! The files people write: pipeline.yaml and the environment files, raw text to checked types.
//!
//! Reading collects every [`Finding`] at once, each with file, line, column, the offending text and a
//! suggestion. A value of [`Pipeline`] or [`Environment`] exists only if its file had no error, so no
//! later code checks again.
//!
//! Each file passes three steps: `gate` (bounded text to a tree with places), `shape` (the tree
//! against the JSON Schema of the raw types, the same that editors use) and a check of the meaning.

mod check_data;
mod check_environment;
mod check_pipeline;
mod concealed;
pub mod condition;
mod data;
mod duration;
mod environment;
mod finding;
mod gate;
mod graph;
mod job_machine;
mod node;
mod notes;
mod pipeline;
mod policy;
mod raw_environment;
mod raw_pipeline;
mod raw_policy;
mod raw_windows;
mod reading;
pub mod render;
mod second_reader;
mod shape;
mod suggest;

pub use check_data::check_data_contract;
pub use check_environment::check_environment;
pub use check_pipeline::check_pipeline;
pub use data::{Column, ColumnKind, DataContract, Role};
pub use environment::{
    Addresses, Alerts, Cloud, Environment, Images, LogGroup, LogGroupClass, SessionTags, Sessions,
};
pub use finding::{Finding, Findings, Severity, SourceFile, Span};
pub use job_machine::{JobMachine, LONGEST_VARIABLE};
pub(crate) use notes::quoted;
pub use pipeline::{
    Action, BuiltIn, Command, EnvironmentRule, FailureClass, GatePolicy, Lent, Metric, On,
    Pipeline, Retry, Stage, Training,
};
pub use policy::{
    Approval, DeploymentApproval, DriftResponse, Monitor, NoSignificance, Respond, Response,
    Retrain, RetrainOn, Significance, Supersede,
};
pub(crate) use reading::Reading;
pub(crate) use suggest::did_you_mean;

/// The JSON Schema of pipeline.yaml, for editors.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    shape::schema_of::<raw_pipeline::RawPipeline>()
}

/// The JSON Schema of an environment file, for editors.
#[must_use]
pub fn environment_schema() -> serde_json::Value {
    shape::schema_of::<raw_environment::RawEnvironment>()
}
