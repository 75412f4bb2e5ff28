//! Data quality as Amazon SageMaker Model Monitor describes it: the files `statistics.json` and `constraints.json`
//! of a baseline, and `constraint_violations.json` of a batch held against it.
//!
//! The shapes are those of the Model Monitor analyser container, so that a baseline written here can be read by it
//! and the other way round. Everything is computed from the text of the data set alone: same text, same file.
//! A column whose cells are all numbers is numerical, any other is text; a headerless column is called `_c0`, `_c1`, ….

mod check;
mod constraints;
mod distance;
mod error;
mod gamma;
mod goodness;
mod kll;
mod profile;
mod sample;
mod settings;
mod statistics;
mod table;
mod violation;

pub use check::violations;
pub use constraints::constraints;
pub use error::MonitorError;
pub use statistics::statistics;
pub use table::{Cell, Column, Header, InferredType, MAX_COLUMNS, Table, TableError};
pub use violation::{CheckKind, Violation, read_violations, violations_file};
