//! Rules on the default bus and their targets. AWS answers 200 and counts failed entries: a count is a failure here.

mod listing;
mod target;

use super::{
    CloudError, ErrorClass, MOST_PAGES,
    error::{Act, Maybe},
};
use crate::plan::{Rule, RuleState, Tags, Target, Trigger};
use aws_sdk_eventbridge::types;
use aws_types::SdkConfig;
use listing::{described, plain_rule};
use target::{plain_target, sdk_target};

/// EventBridge as one session sees it.
#[derive(Debug, Clone)]
pub struct Events {
    client: aws_sdk_eventbridge::Client,
}

impl Events {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_eventbridge::Client::new(config) }
    }

    /// A rule of the default bus, if there is one.
    ///
    /// # Errors
    /// If EventBridge refuses, or the rule is of a kind no plan of ours makes.
    pub async fn rule(&self, name: &str) -> Result<Option<Rule>, CloudError> {
        let found = self
            .client
            .describe_rule()
            .name(name)
            .send()
            .await
            .act("DescribeRule", name)
            .maybe()?;
        found.map(|rule| plain_rule(name, described(rule))).transpose()
    }

    /// The targets of a rule, by id.
    ///
    /// # Errors
    /// If EventBridge refuses, or there is no end of pages.
    pub async fn targets(&self, rule: &str) -> Result<Vec<Target>, CloudError> {
        let mut targets = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_targets_by_rule()
                .rule(rule)
                .set_next_token(token)
                .send()
                .await
                .act("ListTargetsByRule", rule)
                .maybe()?;
            let Some(page) = page else { return Ok(Vec::new()) };
            targets.extend(page.targets.unwrap_or_default().into_iter().map(plain_target));
            token = page.next_token;
            if token.is_none() {
                targets.sort_by(|a: &Target, b| a.id.cmp(&b.id));
                return Ok(targets);
            }
        }
        Err(CloudError::endless("ListTargetsByRule", rule))
    }

    /// Creates a rule or replaces it whole. Tags count for a new rule only.
    ///
    /// # Errors
    /// If EventBridge refuses.
    pub async fn put_rule(&self, rule: &Rule, tags: &Tags) -> Result<(), CloudError> {
        let tags: Result<Vec<types::Tag>, _> = tags
            .iter()
            .map(|(key, value)| types::Tag::builder().key(key).value(value).build())
            .collect();
        let tags = tags.map_err(|error| CloudError::not_built("PutRule", &rule.name, &error))?;
        let state = match rule.state {
            RuleState::Enabled => types::RuleState::Enabled,
            RuleState::Disabled => types::RuleState::Disabled,
        };
        let request = self
            .client
            .put_rule()
            .name(&rule.name)
            .description(&rule.description)
            .state(state)
            .set_tags(Some(tags));
        let request = match &rule.trigger {
            Trigger::Pattern(pattern) => request.event_pattern(pattern.to_string()),
            Trigger::Schedule(expression) => request.schedule_expression(expression),
        };
        request.send().await.act("PutRule", &rule.name).map(drop)
    }

    /// Adds targets to a rule, or replaces those of the same ids.
    ///
    /// # Errors
    /// If EventBridge refuses, also if it refuses a single one.
    pub async fn put_targets(&self, rule: &str, targets: &[Target]) -> Result<(), CloudError> {
        let targets: Result<Vec<types::Target>, _> = targets.iter().map(sdk_target).collect();
        let targets = targets.map_err(|error| CloudError::not_built("PutTargets", rule, &error))?;
        let answer = self
            .client
            .put_targets()
            .rule(rule)
            .set_targets(Some(targets))
            .send()
            .await
            .act("PutTargets", rule)?;
        let failed = answer.failed_entries.unwrap_or_default();
        let failed = failed.into_iter().map(|e| (e.target_id, e.error_code, e.error_message));
        entries("PutTargets", rule, answer.failed_entry_count, failed)
    }

    /// Removes targets from a rule; a rule that is not there has none.
    ///
    /// # Errors
    /// If EventBridge refuses, also if it refuses a single one.
    pub async fn remove_targets(&self, rule: &str, ids: &[String]) -> Result<(), CloudError> {
        let answer = self
            .client
            .remove_targets()
            .rule(rule)
            .set_ids(Some(ids.to_vec()))
            .send()
            .await
            .act("RemoveTargets", rule)
            .maybe()?;
        let Some(answer) = answer else { return Ok(()) };
        let failed = answer.failed_entries.unwrap_or_default();
        let failed = failed.into_iter().map(|e| (e.target_id, e.error_code, e.error_message));
        entries("RemoveTargets", rule, answer.failed_entry_count, failed)
    }

    /// Removes a rule that has no targets; one that is not there is no error.
    ///
    /// # Errors
    /// If EventBridge refuses.
    pub async fn delete_rule(&self, name: &str) -> Result<(), CloudError> {
        self.client.delete_rule().name(name).send().await.act("DeleteRule", name).map(drop)
    }
}

type FailedEntry = (Option<String>, Option<String>, Option<String>);

/// A request that succeeded as a whole and failed for some entries has failed.
fn entries(
    operation: &'static str,
    rule: &str,
    count: i32,
    failed: impl Iterator<Item = FailedEntry>,
) -> Result<(), CloudError> {
    if count == 0 {
        return Ok(());
    }
    let failed: Vec<FailedEntry> = failed.collect();
    let code = failed.iter().find_map(|(_, code, _)| code.clone());
    let each: Vec<String> = failed
        .into_iter()
        .map(|(id, _, message)| {
            format!("{}: {}", id.unwrap_or_default(), message.unwrap_or_default())
        })
        .collect();
    let code = code.unwrap_or_else(|| "FailedEntries".to_owned());
    Err(CloudError {
        class: ErrorClass::of_code(&code).unwrap_or(ErrorClass::Other),
        code,
        operation,
        resource: rule.to_owned(),
        message: format!("{count} failed: {}", each.join("; ")),
    })
}
