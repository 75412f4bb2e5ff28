//! Where an execution leaves what its processing steps write.

use super::{Definition, EvaluateError, Reference, Scope, evaluate};
use serde_json::Value;

/// The address of the output `name` in the execution with this id, without a `/` at its end; nothing if no processing
/// step has such an output.
///
/// # Errors
/// If the address depends on more than the execution's own id.
pub fn output_address(
    definition: &Definition,
    name: &str,
    execution: &str,
) -> Result<Option<String>, EvaluateError> {
    let Some(output) = outputs(definition.value()).find(|output| output["OutputName"] == name)
    else {
        return Ok(None);
    };
    let address = evaluate(&output["S3Output"]["S3Uri"], &OfExecution(execution))?;
    Ok(Some(address.as_str().unwrap_or_default().trim_end_matches('/').to_owned()))
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
