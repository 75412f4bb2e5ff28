//! Data set, imputer, decision-tree baseline, metrics with intervals, gate verdict.
//!
//! Everything a promotion decision rests on, as pure functions: rows in, numbers out. The same rows give the
//! same bytes whatever their order and whichever language ran: [`preprocess`] writes exactly what
//! `templates/scripts/preprocess.py` writes. The imputer never sees validation or test rows, identical patients
//! never stand on both sides of a split, and no error text repeats a cell: the rows are health data.

mod auc;
mod baseline;
mod batch_preprocess;
pub mod champion;
mod data_set;
mod difference;
mod examples;
mod flaw;
mod gate;
mod imputer;
mod mersenne;
mod normal;
mod number;
mod prepare;
mod preprocess;
mod split;

pub use auc::{Auc, MetricError, auc};
pub use baseline::{Baseline, FitError, TreeOptions};
pub use batch_preprocess::batch_preprocess;
pub use data_set::{Batch, DataSet, MAX_ROWS, Row};
pub use difference::{Difference, difference};
pub use examples::{Examples, Scores};
pub use flaw::{DataError, Flaw, Flaws};
pub use gate::{Decision, Evidence, MIN_ROWS_PER_CLASS, Reason, Verdict, judge};
pub use imputer::Imputer;
pub use prepare::prepare;
pub use preprocess::preprocess;
pub use split::{DEFAULT_SEED, Split, split};
