//! The processing step of inference as a function: batch files in, the imputed batch out.

use super::{data_set::Batch, flaw::DataError, imputer::Imputer, number};
use crate::spec::{DataContract, SourceFile};

/// What `batch_preprocess.py` writes as `batch/batch.csv`, byte for byte: the features in contract order, one line
/// per input row in the same order, blanks filled with the medians that training used.
///
/// # Errors
/// [`DataError`] if a file breaks the contract, or the imputer was fitted on other columns.
pub fn batch_preprocess(
    files: &[SourceFile],
    contract: &DataContract,
    imputer: &Imputer,
) -> Result<String, DataError> {
    let batch = Batch::read(files, contract)?;
    if imputer.columns() != batch.columns {
        return Err(DataError::OtherColumns);
    }
    let line =
        |row: &Vec<Option<f64>>| number::row_text(imputer.apply(row).into_iter().map(Some)) + "\n";
    Ok(batch.rows.iter().map(line).collect())
}
