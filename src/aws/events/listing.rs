//! Finding rules: one listing tells what a question for each would.

use super::Events;
use crate::{
    aws::{
        CloudError, ErrorClass, MOST_PAGES,
        error::{Act, Maybe},
    },
    plan::{Rule, RuleState, Tags, Trigger},
};
use aws_sdk_eventbridge::{operation::describe_rule::DescribeRuleOutput, types};
use std::collections::{BTreeMap, BTreeSet};

/// Beginning of a rule's name that is searched for: a longer name is cut, and its end is a hash (PutRule, `Name`).
const LONGEST_PREFIX: usize = 40;

impl Events {
    /// Those of `wanted` that are there and those of `retired` that are there and carry all of `tags`, by name: what
    /// another has made under a name that we gave up is not ours to remove.
    ///
    /// Where listing is not allowed each rule is asked about by itself.
    ///
    /// # Errors
    /// If EventBridge refuses, there is no end of pages, or a rule is of a kind no plan of ours makes.
    pub async fn rules(
        &self,
        wanted: &[&str],
        (retired, tags): (&[&str], &Tags),
    ) -> Result<BTreeMap<String, Rule>, CloudError> {
        let names: BTreeSet<&str> = wanted.iter().chain(retired).copied().collect();
        let there = match self.listed(&shared_beginning(&names)).await {
            Err(error) if error.class == ErrorClass::Denied => self.each(&names).await?,
            listed => listed?,
        };
        let mut rules = BTreeMap::new();
        for rule in there {
            let Some(name) = rule.name().filter(|name| names.contains(name)) else { continue };
            if wanted.contains(&name) || self.carries(&rule, tags).await? {
                rules.insert(name.to_owned(), plain_rule(name, rule.clone())?);
            }
        }
        Ok(rules)
    }

    /// The rules of the default bus whose names begin with `prefix` and that carry all of `tags`, by name.
    ///
    /// # Errors
    /// If EventBridge refuses, or there is no end of pages.
    pub async fn rules_with(&self, prefix: &str, tags: &Tags) -> Result<Vec<Rule>, CloudError> {
        let prefix: String = prefix.chars().take(LONGEST_PREFIX).collect();
        let mut rules = Vec::new();
        for rule in self.listed(&prefix).await? {
            if self.carries(&rule, tags).await? {
                rules.push(plain_rule(rule.name.clone().unwrap_or_default().as_str(), rule)?);
            }
        }
        Ok(rules)
    }

    /// The rules whose names begin with `prefix`; of all rules, where nothing is to be begun with.
    async fn listed(&self, prefix: &str) -> Result<Vec<types::Rule>, CloudError> {
        let named = (!prefix.is_empty()).then(|| prefix.to_owned());
        let mut rules = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let request = self.client.list_rules().set_name_prefix(named.clone());
            let page = request.set_next_token(token).send().await.act("ListRules", prefix)?;
            rules.extend(page.rules.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(rules);
            }
        }
        Err(CloudError::endless("ListRules", prefix))
    }

    async fn each(&self, names: &BTreeSet<&str>) -> Result<Vec<types::Rule>, CloudError> {
        let mut rules = Vec::new();
        for name in names {
            let found = self.client.describe_rule().name(*name).send().await;
            rules.extend(found.act("DescribeRule", name).maybe()?.map(described));
        }
        Ok(rules)
    }

    async fn carries(&self, rule: &types::Rule, tags: &Tags) -> Result<bool, CloudError> {
        let (name, arn) = (rule.name().unwrap_or_default(), rule.arn().unwrap_or_default());
        let listed = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let listed = listed.act("ListTagsForResource", name).maybe()?;
        let carried = listed.and_then(|listed| listed.tags).unwrap_or_default();
        Ok(tags.iter().all(|(key, value)| {
            carried.iter().any(|tag| tag.key() == key.as_str() && tag.value() == value.as_str())
        }))
    }
}

/// What all of these names begin with.
fn shared_beginning(names: &BTreeSet<&str>) -> String {
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return String::new() };
    // what lies between the two in order begins with whatever they both begin with
    let both = first.chars().zip(last.chars()).take_while(|(one, other)| one == other);
    both.map(|(one, _)| one).collect()
}

/// A rule as a listing shows it.
pub(super) fn described(rule: DescribeRuleOutput) -> types::Rule {
    types::Rule::builder()
        .set_name(rule.name)
        .set_arn(rule.arn)
        .set_description(rule.description)
        .set_event_pattern(rule.event_pattern)
        .set_schedule_expression(rule.schedule_expression)
        .set_state(rule.state)
        .build()
}

pub(super) fn plain_rule(name: &str, rule: types::Rule) -> Result<Rule, CloudError> {
    let broken = |what: String| CloudError::broken_answer("DescribeRule", name, what);
    let trigger = match (rule.event_pattern, rule.schedule_expression) {
        (Some(pattern), None) => Trigger::Pattern(
            serde_json::from_str(&pattern).map_err(|error| broken(format!("pattern: {error}")))?,
        ),
        (None, Some(expression)) => Trigger::Schedule(expression),
        (Some(_), Some(_)) => return Err(broken("both a pattern and a schedule".to_owned())),
        (None, None) => return Err(broken("neither a pattern nor a schedule".to_owned())),
    };
    let state = match rule.state {
        Some(types::RuleState::Disabled) => RuleState::Disabled,
        _ => RuleState::Enabled,
    };
    let description = rule.description.unwrap_or_default();
    Ok(Rule { name: name.to_owned(), description, trigger, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_searched_for_by_what_they_share() {
        let shared = |names: &[&str]| shared_beginning(&names.iter().copied().collect());
        assert_eq!(
            shared(&["m-prod-drift", "m-prod-train-alert", "m-prod-inference-alert"]),
            "m-prod-"
        );
        assert_eq!(shared(&["m-prod-drift"]), "m-prod-drift");
        assert_eq!((shared(&["a", "b"]), shared(&[])), (String::new(), String::new()));
    }
}
