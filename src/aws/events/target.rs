//! Targets: ours to the SDK's and back.

use crate::plan::{Message, Target};
use aws_sdk_eventbridge::types;
use aws_smithy_types::error::operation::BuildError;

/// EventBridge's own defaults, where a target carries no retry policy (PutTargets, `RetryPolicy`).
const DEFAULT_RETRIES: i32 = 185;
const DEFAULT_AGE_SECONDS: i32 = 86_400;

/// A target as EventBridge lists it.
pub(super) fn plain_target(target: types::Target) -> Target {
    let policy = target.retry_policy;
    let message = target.input_transformer.map(|transformer| Message {
        paths: transformer.input_paths_map.unwrap_or_default().into_iter().collect(),
        template: transformer.input_template,
    });
    Target {
        id: target.id,
        arn: target.arn,
        role: target.role_arn,
        retries: policy.as_ref().and_then(|p| p.maximum_retry_attempts).unwrap_or(DEFAULT_RETRIES),
        longest_age_seconds: policy
            .and_then(|p| p.maximum_event_age_in_seconds)
            .unwrap_or(DEFAULT_AGE_SECONDS),
        message,
    }
}

/// A target as PutTargets takes it.
pub(super) fn sdk_target(target: &Target) -> Result<types::Target, BuildError> {
    let transformer = target.message.as_ref().map(|message| {
        types::InputTransformer::builder()
            .set_input_paths_map(Some(message.paths.clone().into_iter().collect()))
            .input_template(&message.template)
            .build()
    });
    types::Target::builder()
        .id(&target.id)
        .arn(&target.arn)
        .set_role_arn(target.role.clone())
        .set_input_transformer(transformer.transpose()?)
        .retry_policy(
            types::RetryPolicy::builder()
                .maximum_retry_attempts(target.retries)
                .maximum_event_age_in_seconds(target.longest_age_seconds)
                .build(),
        )
        .build()
}
