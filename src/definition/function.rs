//! The Lambda function that finds the model to use: one per model and environment.

use crate::ids::Digest;
use crate::spec::Environment;

/// The longest name Lambda takes, in characters (CreateFunction API, `FunctionName`).
const LONGEST_NAME: usize = 64;

/// What every such function's name ends with. The managed SageMaker policy lets pipelines invoke
/// only functions with `sagemaker` in their name.
const SUFFIX: &str = "-sagemaker-latest-approved";

/// Hexadecimal digits that tell shortened names apart.
const HASH_DIGITS: usize = 8;

/// The function's name: of no other model and no other environment, at most 64 characters.
#[must_use]
pub fn function_name(environment: &Environment) -> String {
    let (model, stage) = (environment.model_name.as_str(), environment.name.as_str());
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let plain = format!("{model}-{stage}{SUFFIX}");
    // With a hyphen in `stage`, model `a` in `b-c` and model `a-b` in `c` would share a name.
    if plain.chars().all(legal) && plain.len() <= LONGEST_NAME && !stage.contains('-') {
        return plain;
    }
    let digest = Digest::of(format!("{model}\n{stage}"));
    let hash: String = digest.as_str().chars().take(HASH_DIGITS).collect();
    let readable = format!("{model}-{stage}");
    let kept = readable.chars().map(|c| if legal(c) { c } else { '-' });
    let kept: String = kept.take(LONGEST_NAME - SUFFIX.len() - HASH_DIGITS - 1).collect();
    format!("{kept}-{hash}{SUFFIX}")
}

/// The ARN of one published version of the function.
pub(super) fn function_arn(environment: &Environment, version: u32) -> String {
    let Environment { region, account, .. } = environment;
    let partition = region.partition().name;
    let name = function_name(environment);
    format!("arn:{partition}:lambda:{region}:{account}:function:{name}:{version}")
}
