//! The files people write: pipeline.yaml and the environment files, raw text to checked types.
//!
//! Reading collects every [`Finding`] at once, each with file, line, column, the offending text and a
//! suggestion. A value of [`Pipeline`] or [`Environment`] exists only if its file had no error, so no
//! later code checks again.

mod data;
mod environment;
mod finding;
mod pipeline;

pub use data::{Column, ColumnKind, DataContract, Role};
pub use environment::{Alerts, Cloud, Environment, Images, LogGroup, Monitor, Retrain, RetrainOn};
pub use finding::{Finding, Findings, Severity, SourceFile, Span};
pub use pipeline::{
    Action, BuiltIn, Command, EnvironmentRule, FailureClass, GatePolicy, Metric, On, Pipeline,
    Retry, Stage, Training,
};
