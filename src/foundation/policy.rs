//! Policies as values: whom, what, on what, under which conditions; written as IAM's JSON in one canonical form.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of the policy language, the only one that is not legacy.
const VERSION: &str = "2012-10-17";

/// A policy document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// One statement. Its id begins with [`Statement::OURS`], so that what others wrote beside it can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    sid: String,
    effect: Effect,
    principal: Option<Principal>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Whom a statement of a resource's policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Everybody; for denials only.
    Everybody,
    /// Roles, users or whole accounts, by ARN.
    Aws(Vec<String>),
    /// A service.
    Service(String),
}

impl Policy {
    /// A policy of these statements, each once.
    #[must_use]
    pub fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self::default().and(statements)
    }

    /// The same with more statements; one that is there already is not added again.
    #[must_use]
    pub fn and(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        for statement in statements {
            if !self.statements.contains(&statement) {
                self.statements.push(statement);
            }
        }
        self
    }

    /// Its statements.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The document, with everything in its canonical place.
    #[must_use]
    pub fn json(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(Statement::json).collect();
        json!({ "Version": VERSION, "Statement": statements })
    }

    /// The document without a blank, as it is sent.
    #[must_use]
    pub fn text(&self) -> String {
        self.json().to_string()
    }
}

impl Statement {
    /// What the ids of our statements begin with.
    pub const OURS: &'static str = "Relevo";

    /// Allows `actions` on nothing yet.
    pub(super) fn allow(name: &str, actions: &[&str]) -> Self {
        Self::new(name, Effect::Allow, actions)
    }

    /// Denies `actions` on nothing yet.
    pub(super) fn deny(name: &str, actions: &[&str]) -> Self {
        Self::new(name, Effect::Deny, actions)
    }

    fn new(name: &str, effect: Effect, actions: &[&str]) -> Self {
        let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            sid: format!("{}{word}", Self::OURS),
            effect,
            principal: None,
            actions: actions.iter().map(ToString::to_string).collect(),
            resources: Vec::new(),
            conditions: BTreeMap::new(),
        }
    }

    /// On these resources.
    pub(super) fn on<T: ToString>(mut self, resources: impl IntoIterator<Item = T>) -> Self {
        self.resources.extend(resources.into_iter().map(|resource| resource.to_string()));
        self
    }

    /// By this principal.
    pub(super) fn by(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Only where `operator` holds between the request's `key` and one of `values`.
    pub(super) fn when<T: ToString>(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let keys = self.conditions.entry(operator.to_owned()).or_default();
        let list = keys.entry(key.to_owned()).or_default();
        list.extend(values.into_iter().map(|value| value.to_string()));
        self
    }

    /// What it does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Its actions, as they are written.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// What it is about; patterns.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// Whom it is about, in policies of resources.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Operator to key to values.
    #[must_use]
    pub fn conditions(&self) -> &BTreeMap<String, BTreeMap<String, Vec<String>>> {
        &self.conditions
    }

    fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("Sid".to_owned(), json!(self.sid));
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        fields.insert("Effect".to_owned(), json!(effect));
        if let Some(principal) = &self.principal {
            let principal = match principal {
                Principal::Everybody => json!("*"),
                Principal::Aws(names) => json!({ "AWS": texts(names) }),
                Principal::Service(name) => json!({ "Service": name }),
            };
            fields.insert("Principal".to_owned(), principal);
        }
        fields.insert("Action".to_owned(), texts(&self.actions));
        if !self.resources.is_empty() {
            fields.insert("Resource".to_owned(), texts(&self.resources));
        }
        if !self.conditions.is_empty() {
            let operators = self.conditions.iter().map(|(operator, keys)| {
                let keys = keys.iter().map(|(key, values)| (key.clone(), texts(values)));
                (operator.clone(), Value::Object(keys.collect()))
            });
            fields.insert("Condition".to_owned(), Value::Object(operators.collect()));
        }
        Value::Object(fields)
    }
}

/// One text, or many in order and each once.
fn texts(list: &[String]) -> Value {
    let mut list = list.to_vec();
    list.sort();
    list.dedup();
    match list.as_slice() {
        [one] => json!(one),
        many => json!(many),
    }
}
