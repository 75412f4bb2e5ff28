//! Data quality as Amazon SageMaker Model Monitor describes it: the files `statistics.json` and `constraints.json`
//! of a baseline, `constraint_violations.json` of a batch held against it, and our own verdict on such a batch.
//!
//! The shapes are those of the Model Monitor analyser container, so that a baseline written here can be read by it
//! and the other way round. Everything is computed from the text of the data set alone: same text, same file.
//! A column whose cells are all numbers is numerical, any other is text; a headerless column is called `_c0`, `_c1`, ….

mod assess;
mod check;
mod constraints;
mod distance;
mod drift;
mod error;
mod gamma;
mod goodness;
mod kll;
mod kolmogorov;
mod profile;
mod sample;
mod settings;
mod shares;
mod statistics;
mod table;
mod two_sample;
mod verdict;
mod violation;

pub use assess::{Assessment, Evidence, Limits, assess};
pub use check::violations;
pub use constraints::constraints;
pub use drift::{Change, FeatureDrift, ShareChange};
pub use error::MonitorError;
pub use statistics::statistics;
pub use table::{Cell, Column, Header, InferredType, MAX_COLUMNS, Table, TableError};
pub use two_sample::DriftTest;
pub use verdict::Verdict;
pub use violation::{CheckKind, Violation, read_violations, violations_file};
