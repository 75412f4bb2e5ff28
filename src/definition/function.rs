//! The Lambda function that finds the model to use: one per model and environment.

use super::partition::Partition;
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
    let partition = Partition::of(region).name;
    let name = function_name(environment);
    format!("arn:{partition}:lambda:{region}:{account}:function:{name}:{version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::fixture;

    fn name(model: &str, stage: &str) -> String {
        function_name(&Environment {
            model_name: model.into(),
            name: stage.parse().unwrap(),
            ..fixture::environment()
        })
    }

    #[test]
    fn names_say_the_model_and_the_environment() {
        assert_eq!(
            name("mammography-severity-model", "prod"),
            "mammography-severity-model-prod-sagemaker-latest-approved"
        );
        let arn = function_arn(&fixture::environment(), 7);
        assert!(arn.starts_with("arn:aws:lambda:us-east-1:222222222222:function:mammography-"));
        assert!(arn.ends_with(":7"));
    }

    #[test]
    fn long_or_odd_names_stay_legal_and_apart() {
        let long = "a-very-long-model-name-that-somebody-thought-was-fine";
        let names = [
            name(long, "prod"),
            name(&format!("{long}-2"), "prod"),
            name("tumour größe/v2", "prod"),
            name("a", "b-c"),
            name("a-b", "c"),
        ];
        for one in &names {
            assert!(one.len() <= LONGEST_NAME, "{one}");
            assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{one}");
            assert_eq!(names.iter().filter(|other| *other == one).count(), 1, "{one}");
        }
    }
}
