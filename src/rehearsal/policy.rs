//! IAM policies, as far as allow-lists go: effects, actions and resources with wildcards.
//!
//! Conditions and principals are read over. An explicit deny wins; what no statement allows is denied.

use crate::foundation;
use serde::{Deserialize, Serialize};

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    statement: OneOrMany<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    #[serde(default)]
    action: OneOrMany<String>,
    #[serde(default)]
    not_action: OneOrMany<String>,
    #[serde(default)]
    resource: OneOrMany<String>,
    #[serde(default)]
    not_resource: OneOrMany<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// A text that is not a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a policy document: {0}")]
pub struct MalformedPolicy(String);

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// Not JSON, or a statement without an effect, actions or resources.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        let policy: Self =
            serde_json::from_str(text).map_err(|error| MalformedPolicy(error.to_string()))?;
        let whole = policy.statement.as_slice().iter().all(|statement| {
            statement.action.as_slice().len() + statement.not_action.as_slice().len() > 0
                && statement.resource.as_slice().len() + statement.not_resource.as_slice().len() > 0
        });
        if whole && !policy.statement.as_slice().is_empty() {
            Ok(policy)
        } else {
            Err(MalformedPolicy("each statement needs actions and resources".to_owned()))
        }
    }

    /// The statements of both.
    #[must_use]
    pub(super) fn and(self, other: &Self) -> Self {
        let mut statements = self.statement.into_vec();
        statements.extend_from_slice(other.statement.as_slice());
        Self { statement: OneOrMany::Many(statements) }
    }

    /// A statement as this reads it. A denial that depends on something denies nothing here.
    fn read(statement: &foundation::Statement) -> Option<Statement> {
        let effect = match (statement.effect(), statement.conditions().is_empty()) {
            (foundation::Effect::Allow, _) => Effect::Allow,
            (foundation::Effect::Deny, true) => Effect::Deny,
            (foundation::Effect::Deny, false) => return None,
        };
        Some(Statement {
            effect,
            action: OneOrMany::Many(statement.actions().to_vec()),
            not_action: OneOrMany::default(),
            resource: OneOrMany::Many(statement.resources().to_vec()),
            not_resource: OneOrMany::default(),
        })
    }

    /// Does the policy allow `action` on `resource`?
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let mut allowed = false;
        for statement in self.statement.as_slice() {
            if statement.covers(action, resource) {
                match statement.effect {
                    Effect::Deny => return false,
                    Effect::Allow => allowed = true,
                }
            }
        }
        allowed
    }
}

impl From<&foundation::Policy> for Policy {
    fn from(policy: &foundation::Policy) -> Self {
        let statements = policy.statements().iter().filter_map(Self::read);
        Self { statement: OneOrMany::Many(statements.collect()) }
    }
}

impl Policy {
    /// Does a statement deny `action` on `resource`, whatever else allows it?
    #[must_use]
    pub(super) fn denies(&self, action: &str, resource: &str) -> bool {
        let denies = |one: &Statement| one.effect == Effect::Deny && one.covers(action, resource);
        self.statement.as_slice().iter().any(denies)
    }
}

impl Statement {
    fn covers(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let named = |list: &OneOrMany<String>| {
            list.as_slice().iter().any(|pattern| wild(&pattern.to_ascii_lowercase(), &action))
        };
        let placed = |list: &OneOrMany<String>| {
            list.as_slice().iter().any(|pattern| wild(pattern, resource))
        };
        let acts = named(&self.action)
            || !self.not_action.as_slice().is_empty() && !named(&self.not_action);
        let stands = placed(&self.resource)
            || !self.not_resource.as_slice().is_empty() && !placed(&self.not_resource);
        acts && stands
    }
}

/// `*` stands for any text, `?` for one character.
pub(super) fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || Some(&c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == b'*'))
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }

    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(many) => many,
            Self::One(one) => vec![one],
        }
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_iam_matches() {
        assert!(wild("s3:get*", "s3:getobject"));
        assert!(wild("arn:aws:s3:::b/*/x?", "arn:aws:s3:::b/m/1/x1"));
        assert!(wild("*", ""));
        assert!(!wild("s3:get*", "s3:putobject"));
        assert!(!wild("abc", "abcd"));
        assert!(!wild("a?", "a"));
    }

    #[test]
    fn an_explicit_deny_wins_and_silence_denies() {
        let policy = Policy::parse(
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::b/*"},
                {"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}"#,
        )
        .unwrap();
        assert!(policy.allows("s3:GetObject", "arn:aws:s3:::b/k"));
        assert!(!policy.allows("s3:DeleteObject", "arn:aws:s3:::b/k"));
        assert!(!policy.allows("s3:GetObject", "arn:aws:s3:::other/k"));
        assert!(!policy.allows("sns:Publish", "arn:aws:s3:::b/k"));
    }

    #[test]
    fn not_action_allows_all_but_the_named() {
        let policy =
            Policy::parse(r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#)
                .unwrap();
        assert!(policy.allows("s3:GetObject", "x"));
        assert!(!policy.allows("iam:CreateRole", "x"));
    }

    #[test]
    fn a_policy_without_statements_is_malformed() {
        assert!(Policy::parse(r#"{"Statement":[]}"#).is_err());
        assert!(Policy::parse(r#"{"Statement":{"Effect":"Allow","Action":"s3:*"}}"#).is_err());
        assert!(Policy::parse("{").is_err());
    }
}
