//! The processing step of inference as a function: batch files in, their features out, as they are and imputed.

use super::{data_set::Batch, flaw::DataError, imputer::Imputer, number};
use crate::spec::{DataContract, SourceFile};

/// What `batch_preprocess.py` writes, byte for byte: headerless CSV, the features in contract order, one line per
/// input row in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedBatch {
    /// `features/features.csv`: blanks left blank. The monitor holds it against the baseline.
    pub features: String,
    /// `batch/batch.csv`: blanks filled with the medians that training used. The model scores it.
    pub imputed: String,
}

/// Checks a batch against its contract and prepares it for the monitor and the model.
///
/// # Errors
/// [`DataError`] if a file breaks the contract, or the imputer was fitted on other columns.
pub fn batch_preprocess(
    files: &[SourceFile],
    contract: &DataContract,
    imputer: &Imputer,
) -> Result<PreparedBatch, DataError> {
    let batch = Batch::read(files, contract)?;
    if imputer.columns() != batch.columns {
        return Err(DataError::OtherColumns);
    }
    let line = |row: Vec<Option<f64>>| number::row_text(row) + "\n";
    let imputed = |row: &Vec<Option<f64>>| imputer.apply(row).into_iter().map(Some).collect();
    Ok(PreparedBatch {
        features: batch.rows.iter().cloned().map(line).collect(),
        imputed: batch.rows.iter().map(imputed).map(line).collect(),
    })
}
