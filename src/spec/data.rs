//! The data contract: which columns a data set has, what they may hold and what they are for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The columns of a data set in file order, and how many rows it takes to judge a model on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataContract {
    /// Columns in file order; exactly one has the role `label`.
    pub columns: Vec<Column>,
    /// Text that stands for a missing value, beside the empty cell.
    pub missing: String,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the header.
    pub name: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Smallest and largest legal value, both included. Values outside are refused, not clipped.
    pub range: [f64; 2],
    /// What the column is for.
    pub role: Role,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// A whole number with a meaning of size.
    Integer,
    /// A real number.
    Number,
    /// A whole number that only names a class.
    Category,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the model may use; may be missing, is then imputed.
    Feature,
    /// What the model predicts: 0 or 1, never missing.
    Label,
    /// Read and checked, then dropped.
    Ignored,
}
