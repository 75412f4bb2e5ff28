//! Roles: whom they trust, and what they may do by IAM's own simulation.

mod roles;

use super::{
    CloudError, MOST_PAGES,
    error::{Act, Maybe},
};
use crate::{
    ids::Arn,
    preflight::{Decision, NotAPolicy, Permission, PolicyDocument, Simulated},
};
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use std::{collections::BTreeMap, time::Duration};

/// Longest wait for the answer to what is asked once: IAM, which has one address for the whole world, takes below one.
const LONGEST_QUESTION: Duration = Duration::from_secs(5);

/// Most results on one page (SimulatePrincipalPolicy, `MaxItems`).
const PAGE: i32 = 1000;

/// IAM as one session sees it.
#[derive(Debug, Clone)]
pub struct Iam {
    client: aws_sdk_iam::Client,
}

impl Iam {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_iam::Client::new(config) }
    }

    /// The same for a question that nothing depends on: it is sent once, and an answer is waited for only so long.
    #[must_use]
    pub fn asking_once(self) -> Self {
        let config = self.client.config().to_builder().retry_config(RetryConfig::disabled());
        let timeouts = TimeoutConfig::builder().operation_timeout(LONGEST_QUESTION).build();
        Self { client: aws_sdk_iam::Client::from_conf(config.timeout_config(timeouts).build()) }
    }

    /// The trust policy of a role, if there is such a role.
    ///
    /// # Errors
    /// If IAM refuses, or its answer is no policy.
    pub async fn trust_policy(&self, role: &Arn) -> Result<Option<PolicyDocument>, CloudError> {
        const OPERATION: &str = "GetRole";
        let found = self.client.get_role().role_name(role.name()).send().await;
        let Some(found) = found.act(OPERATION, role.as_str()).maybe()? else { return Ok(None) };
        let broken = |why: String| CloudError::broken_answer(OPERATION, role.as_str(), why);
        let found = found.role.ok_or_else(|| broken("no role".to_owned()))?;
        let text = decoded(&found.assume_role_policy_document.unwrap_or_default());
        let policy = PolicyDocument::parse(&text);
        policy.map(Some).map_err(|error: NotAPolicy| broken(error.to_string()))
    }

    /// What IAM says to each action of `permission`. Nothing is done but thinking.
    ///
    /// # Errors
    /// If IAM refuses, or there is no end of pages.
    pub async fn simulate(&self, permission: &Permission) -> Result<Vec<Simulated>, CloudError> {
        const OPERATION: &str = "SimulatePrincipalPolicy";
        let role = permission.role.as_str();
        let context: Vec<ContextEntry> = permission.context.iter().map(entry).collect();
        let mut results = Vec::new();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .simulate_principal_policy()
                .policy_source_arn(role)
                .set_action_names(Some(permission.actions.clone()))
                .set_resource_arns(Some(permission.resources.clone()))
                .set_context_entries(Some(context.clone()))
                .max_items(PAGE)
                .set_marker(marker)
                .send()
                .await
                .act(OPERATION, role)?;
            results.extend(page.evaluation_results.unwrap_or_default().into_iter().map(plain));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(results);
            }
        }
        Err(CloudError::endless(OPERATION, role))
    }
}

fn entry((key, value): (&String, &String)) -> ContextEntry {
    let kind = match value.as_str() {
        "true" | "false" => ContextKeyTypeEnum::Boolean,
        _ => ContextKeyTypeEnum::String,
    };
    ContextEntry::builder()
        .context_key_name(key)
        .context_key_values(value)
        .context_key_type(kind)
        .build()
}

/// The decision at the top is the strictest over all resources; what was missing may stand with each of them. Where no
/// resource is told apart, the one that is named is the one that was looked at.
fn plain(result: EvaluationResult) -> Simulated {
    let decision = of(&result.eval_decision);
    let mut missing_context = result.missing_context_values.unwrap_or_default();
    let mut resources = BTreeMap::new();
    for one in result.resource_specific_results.unwrap_or_default() {
        resources.insert(one.eval_resource_name, of(&one.eval_resource_decision));
        missing_context.extend(one.missing_context_values.unwrap_or_default());
    }
    if resources.is_empty() {
        resources.extend(result.eval_resource_name.map(|name| (name, decision)));
    }
    missing_context.sort();
    missing_context.dedup();
    Simulated { action: result.eval_action_name, decision, resources, missing_context }
}

fn of(decision: &PolicyEvaluationDecisionType) -> Decision {
    match decision {
        PolicyEvaluationDecisionType::Allowed => Decision::Allowed,
        PolicyEvaluationDecisionType::ExplicitDeny => Decision::Denied,
        _ => Decision::NotAllowed,
    }
}

/// IAM percent-encodes policies (RFC 3986); a plus is a plus.
fn decoded(text: &str) -> String {
    let kept = text.replace('+', "%2B").replace('&', "%26");
    let pair = format!("policy={kept}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_come_percent_encoded_or_plain() {
        assert_eq!(decoded("%7B%22a+b%22%3A%20%22%2B%22%7D"), r#"{"a+b": "+"}"#);
        assert_eq!(decoded(r#"{"a":"b"}"#), r#"{"a":"b"}"#);
    }
}
