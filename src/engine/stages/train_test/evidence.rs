//! Where an execution left its evidence: the definition's own outputs, evaluated for that execution.

use super::super::failure;
use crate::{
    aws::ExecutionRecord,
    definition::{Definition, output_address},
    flow::Failure,
    spec::FailureClass,
};

/// Addresses of what the gate judges.
pub(super) struct Files {
    pub(super) train: String,
    pub(super) test: String,
    pub(super) scores: String,
}

/// Evaluates the outputs `train`, `test` and `evaluation` of the definition's processing steps.
pub(super) fn find(definition: &Definition, execution: &ExecutionRecord) -> Result<Files, Failure> {
    let output = |name: &str| -> Result<String, Failure> {
        let address = output_address(definition, name, execution.id());
        address.map_err(failure::user("find the evidence"))?.ok_or_else(|| {
            Failure::new(
                FailureClass::UserError,
                format!("no processing step of the train pipeline has an output named '{name}'"),
            )
            .with_hint("the gate reads the outputs train, test and evaluation")
        })
    };
    Ok(Files {
        train: format!("{}/train.csv", output("train")?),
        test: format!("{}/test.csv", output("test")?),
        scores: format!("{}/scores.csv", output("evaluation")?),
    })
}
