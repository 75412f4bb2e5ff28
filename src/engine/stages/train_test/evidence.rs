//! Where an execution left its evidence: the definition's own outputs, evaluated for that execution.

use super::super::failure;
use crate::{
    aws::ExecutionRecord,
    definition::{self, Definition, Reference, Scope},
    flow::Failure,
    spec::FailureClass,
};
use serde_json::Value;

/// Addresses of what the gate judges.
pub(super) struct Files {
    pub(super) train: String,
    pub(super) test: String,
    pub(super) scores: String,
}

/// Evaluates the outputs `train`, `test` and `evaluation` of the definition's processing steps.
pub(super) fn find(definition: &Definition, execution: &ExecutionRecord) -> Result<Files, Failure> {
    let output = |name: &str| -> Result<String, Failure> {
        let uri = outputs(definition.value()).find(|output| output["OutputName"] == name);
        let uri = uri.ok_or_else(|| {
            Failure::new(
                FailureClass::UserError,
                format!("no processing step of the train pipeline has an output named '{name}'"),
            )
            .with_hint("the gate reads the outputs train, test and evaluation")
        })?;
        let scope = OfExecution(execution.id());
        let value = definition::evaluate(&uri["S3Output"]["S3Uri"], &scope)
            .map_err(failure::user("find the evidence"))?;
        Ok(value.as_str().unwrap_or_default().trim_end_matches('/').to_owned())
    };
    Ok(Files {
        train: format!("{}/train.csv", output("train")?),
        test: format!("{}/test.csv", output("test")?),
        scores: format!("{}/scores.csv", output("evaluation")?),
    })
}

fn outputs(definition: &Value) -> impl Iterator<Item = &Value> {
    let steps = definition["Steps"].as_array().into_iter().flatten();
    steps.filter(|step| step["Type"] == "Processing").flat_map(|step| {
        step["Arguments"]["ProcessingOutputConfig"]["Outputs"].as_array().into_iter().flatten()
    })
}

/// What an output's address may depend on: the execution's own id.
struct OfExecution<'a>(&'a str);

impl Scope for OfExecution<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Execution(property) if property == "PipelineExecutionId" => {
                Some(self.0.into())
            }
            Reference::Execution(_) | Reference::Parameter(_) | Reference::Step { .. } => None,
        }
    }

    fn property_file(&self, _step: &str, _file: &str) -> Option<Value> {
        None
    }
}
