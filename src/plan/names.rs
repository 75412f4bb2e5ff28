//! Names and ARNs that follow from an environment.

use crate::{ids::Digest, spec::Environment};

/// Hexadecimal digits that tell shortened names apart.
const HASH_DIGITS: usize = 8;

/// `name`, or, where it is longer than `longest`, its beginning and a hash of all of it.
pub(super) fn shortened(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let digest = Digest::of(name);
    let hash: String = digest.as_str().chars().take(HASH_DIGITS).collect();
    let kept: String = name.chars().take(longest - HASH_DIGITS - 1).collect();
    format!("{}-{hash}", kept.trim_end_matches('-'))
}

/// What every name that begins with `prefix` begins with once it is [`shortened`].
pub(super) fn beginning(prefix: &str, longest: usize) -> String {
    let kept: String = prefix.chars().take(longest - HASH_DIGITS - 1).collect();
    if kept.len() < prefix.len() { kept.trim_end_matches('-').to_owned() } else { kept }
}

/// The ARN of something in the environment's account and region.
pub(super) fn arn(environment: &Environment, service: &str, resource: &str) -> String {
    let Environment { region, account, deploy_role, .. } = environment;
    format!("arn:{}:{service}:{region}:{account}:{resource}", deploy_role.partition())
}

/// The ARN of the topic that people hear of trouble by.
#[must_use]
pub fn alert_topic_arn(environment: &Environment) -> String {
    arn(environment, "sns", &environment.alerts.topic)
}

/// The ARN of the train pipeline.
#[must_use]
pub fn train_pipeline_arn(environment: &Environment) -> String {
    pipeline_arn(environment, environment.train_pipeline.as_str())
}

/// SageMaker lower-cases the names in pipeline ARNs, and events are matched by ARN to the letter.
pub(super) fn pipeline_arn(environment: &Environment, name: &str) -> String {
    arn(environment, "sagemaker", &format!("pipeline/{}", name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;

    #[test]
    fn a_long_name_is_cut_to_length_and_stays_its_own() {
        let (one, other) = ("a".repeat(70) + "-1", "a".repeat(70) + "-2");
        assert_eq!(shortened(&one, 64).len(), 64);
        assert_ne!(shortened(&one, 64), shortened(&other, 64));
        assert_eq!(shortened("short", 64), "short");
    }

    #[test]
    fn pipeline_arns_are_in_lower_case() {
        let arn = pipeline_arn(&fixture::environment(), "Mammo-Train");
        assert_eq!(arn, "arn:aws:sagemaker:us-east-1:222222222222:pipeline/mammo-train");
    }
}
