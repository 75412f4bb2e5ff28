//! Policies of resources and roles, as IAM reads them: who, what, on what, under which conditions.
//!
//! Only what can be told from the text is told. A statement with conditions is neither a yes nor a no: its
//! conditions are handed out, and whoever asks knows which of them the caller can meet.

use serde_json::{Map, Value};

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    pub(super) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    pub(super) who: Vec<Who>,
    /// Everybody but `who`.
    others: bool,
    actions: Vec<String>,
    not_actions: Vec<String>,
    resources: Vec<String>,
    not_resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    Everybody,
    Service(String),
    /// An ARN, or an account's twelve digits.
    Aws(String),
    /// Federated and canonical users: none of ours.
    Other(String),
}

/// One condition: it holds if one of the values fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) operator: String,
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a policy document: {0}")]
pub struct NotAPolicy(String);

/// What one policy says about one service doing one thing, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says<'p> {
    /// An unconditional Deny.
    Denied,
    /// A Deny that depends on these.
    DeniedIf(Vec<&'p Condition>),
    /// An unconditional Allow, for everybody or by name.
    Allowed { to_everybody: bool },
    /// Allowed only if all of these hold.
    AllowedIf(Vec<&'p Condition>),
    /// Nothing.
    Silent,
}

impl PolicyDocument {
    /// Reads a policy's JSON.
    ///
    /// # Errors
    /// Not JSON, or a statement without an effect.
    pub fn parse(text: &str) -> Result<Self, NotAPolicy> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| NotAPolicy(error.to_string()))?;
        let statements = match document.get("Statement") {
            Some(Value::Array(many)) => many.iter().map(statement).collect(),
            Some(one @ Value::Object(_)) => statement(one).map(|one| vec![one]),
            _ => Err(NotAPolicy("it has no statements".to_owned())),
        };
        Ok(Self { statements: statements? })
    }

    /// What the policy says about `service` doing `action` on `resource`. A Deny wins.
    pub(super) fn says(&self, service: &str, action: &str, resource: &str) -> Says<'_> {
        let mut found = Says::Silent;
        for statement in &self.statements {
            if statement.is_about(service) && statement.covers(action, resource) {
                let said = statement.says();
                if said.weight() > found.weight() {
                    found = said;
                }
            }
        }
        found
    }
}

impl Says<'_> {
    /// What outweighs what: denials, then plain permissions.
    fn weight(&self) -> u8 {
        match self {
            Self::Silent => 0,
            Self::AllowedIf(_) => 1,
            Self::Allowed { to_everybody: true } => 2,
            Self::Allowed { to_everybody: false } => 3,
            Self::DeniedIf(_) => 4,
            Self::Denied => 5,
        }
    }
}

impl Statement {
    fn is_about(&self, service: &str) -> bool {
        let named = self.who.iter().any(|who| match who {
            Who::Everybody => true,
            Who::Service(name) => name == service,
            Who::Aws(_) | Who::Other(_) => false,
        });
        named != self.others
    }

    pub(super) fn is_about_everybody(&self) -> bool {
        self.others || self.who.contains(&Who::Everybody)
    }

    /// Is it about doing `action` on `resource`? Trust policies name no resource, which is the role itself.
    pub(super) fn covers(&self, action: &str, resource: &str) -> bool {
        let named = |list: &[String], text: &str| list.iter().any(|pattern| wild(pattern, text));
        let action = action.to_ascii_lowercase();
        let acts = named(&self.actions, &action)
            || !self.not_actions.is_empty() && !named(&self.not_actions, &action);
        let anywhere = self.resources.is_empty() && self.not_resources.is_empty();
        let stands = anywhere
            || named(&self.resources, resource)
            || !self.not_resources.is_empty() && !named(&self.not_resources, resource);
        acts && stands
    }

    /// A Deny of what comes over an open line concerns no service: they all use TLS.
    fn says(&self) -> Says<'_> {
        let conditions: Vec<&Condition> = self.conditions.iter().collect();
        match (self.effect, conditions.is_empty()) {
            (Effect::Deny, true) => Says::Denied,
            (Effect::Deny, false) if conditions.iter().any(|one| one.is_open_line()) => {
                Says::Silent
            }
            (Effect::Deny, false) => Says::DeniedIf(conditions),
            (Effect::Allow, true) => Says::Allowed { to_everybody: self.is_about_everybody() },
            (Effect::Allow, false) => Says::AllowedIf(conditions),
        }
    }
}

impl Condition {
    pub(super) fn is_about(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    /// `"Bool": { "aws:SecureTransport": "false" }`
    pub(super) fn is_open_line(&self) -> bool {
        self.operator.starts_with("Bool")
            && self.is_about("aws:SecureTransport")
            && self.values.iter().all(|value| value.eq_ignore_ascii_case("false"))
    }
}

fn statement(value: &Value) -> Result<Statement, NotAPolicy> {
    let effect = match value.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(NotAPolicy("a statement allows and denies nothing".to_owned())),
    };
    let list = |name: &str| value.get(name).map(texts).unwrap_or_default();
    let lower = |name: &str| list(name).iter().map(|text| text.to_ascii_lowercase()).collect();
    let others = value.get("NotPrincipal");
    Ok(Statement {
        effect,
        who: others.or_else(|| value.get("Principal")).map(who).unwrap_or_default(),
        others: others.is_some(),
        actions: lower("Action"),
        not_actions: lower("NotAction"),
        resources: list("Resource"),
        not_resources: list("NotResource"),
        conditions: value
            .get("Condition")
            .and_then(Value::as_object)
            .map(conditions)
            .unwrap_or_default(),
    })
}

fn who(principal: &Value) -> Vec<Who> {
    let Some(kinds) = principal.as_object() else {
        return texts(principal).into_iter().map(|text| aws(&text)).collect();
    };
    let one = |kind: &str, text: String| match kind {
        "Service" => Who::Service(text),
        "AWS" => aws(&text),
        _ => Who::Other(text),
    };
    let named = |(kind, names): (&String, &Value)| {
        texts(names).into_iter().map(|text| one(kind, text)).collect::<Vec<_>>()
    };
    kinds.iter().flat_map(named).collect()
}

fn aws(text: &str) -> Who {
    if text == "*" { Who::Everybody } else { Who::Aws(text.to_owned()) }
}

fn conditions(operators: &Map<String, Value>) -> Vec<Condition> {
    let mut all = Vec::new();
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            all.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: texts(values),
            });
        }
    }
    all
}

/// One text or many; numbers and booleans as they are written.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(many) => many.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

/// `*` stands for any text, `?` for one character.
pub(super) fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p + 1, t));
                p += 1;
            }
            (Some(c), _) if *c == b'?' || text.get(t) == Some(c) => (p, t) = (p + 1, t + 1),
            (_, Some((after, from))) => {
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_or_many_of_everything_is_read() {
        let one =
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let many = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["kms:*"],"Resource":["*"]}]}"#;
        assert_eq!(PolicyDocument::parse(one), PolicyDocument::parse(many));
        assert!(PolicyDocument::parse("{}").is_err());
        assert!(PolicyDocument::parse("{").is_err());
        assert!(PolicyDocument::parse(r#"{"Statement":[{"Action":"*"}]}"#).is_err());
    }

    proptest! {
        #[test]
        fn a_pattern_with_a_star_fits_whatever_stands_for_it(head in "[a-z:]{0,8}", middle in "[a-z:/*?]{0,8}", tail in "[a-z:]{0,8}") {
            let pattern = format!("{head}*{tail}");
            let text = format!("{head}{middle}{tail}");
            prop_assert!(wild(&pattern, &text));
            let longer = format!("{text}!");
            prop_assert!(!wild(&pattern, &longer) || tail.is_empty());
            prop_assert!(wild(&text.replace('*', "?"), &text));
        }
    }
}
