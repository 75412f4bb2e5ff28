//! Event patterns: which events a rule wants.
//!
//! A pattern is read with EventBridge's own rules (user guide, "Amazon EventBridge event patterns"), so a
//! [`Pattern`] exists only if PutRule would take its text. Fields that a pattern does not name do not matter; a
//! field of the event that is an array matches if one of its elements does; fields inside one array of objects
//! must match in the same element.
//!
//! One thing is not as in EventBridge: it also refuses wildcards that are costly for it to match, by a measure that
//! it does not publish. Here no wildcard is costly.

use super::{
    branch::{self, Node},
    dots,
    operator::Test,
};
use serde_json::Value;

/// A checked event pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// One of these must match.
    branches: Vec<Node>,
}

/// A pattern that EventBridge would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {}{problem}", self.place())]
pub struct PatternError {
    /// The field at fault, such as `detail.state`; empty for the pattern as a whole.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl PatternError {
    pub(super) fn at(path: &[String], problem: impl Into<String>) -> Self {
        Self { path: path.join("."), problem: problem.into() }
    }

    fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("'{}': ", self.path) }
    }
}

impl Pattern {
    /// Reads a pattern. Its length is not checked: the quota is PutRule's.
    ///
    /// # Errors
    /// If EventBridge would refuse the pattern: it is no JSON object, an object or array in it is empty, a leaf is
    /// no array, an operator is unknown or has an operand of the wrong kind, `$or` makes more than 1000 combinations.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| PatternError::at(&[], format!("it is no JSON: {error}")))?;
        let fields =
            json.as_object().ok_or_else(|| PatternError::at(&[], "it is not a JSON object"))?;
        Ok(Self { branches: branch::branches(fields)? })
    }

    /// Does the pattern want this event? Takes [`Event::envelope`](super::Event::envelope), or any other JSON.
    #[must_use]
    pub fn matches(&self, envelope: &Value) -> bool {
        let event = dots::resolved(envelope);
        self.branches.iter().any(|branch| below(branch, Some(&event)) != Verdict::No)
    }
}

/// How far an event meets what a node asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It does not.
    No,
    /// Only because what must be absent is.
    Absent,
    /// Some value is as asked.
    Present,
}

/// What `node` asks of a field with this value, or of one that is not there.
fn judge(node: &Node, value: Option<&Value>) -> Verdict {
    let itself = (!node.tests.is_empty()).then(|| leaf(&node.tests, value));
    let inside = (!node.fields.is_empty()).then(|| below(node, value));
    both(itself.into_iter().chain(inside))
}

/// All must be met.
fn both(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut all = Verdict::Absent;
    for verdict in verdicts {
        if verdict == Verdict::No {
            return Verdict::No;
        }
        all = all.max(verdict);
    }
    all
}

/// What the fields of `node` ask. In an array one element must meet them all; where they ask for nothing but
/// absence, every element must.
fn below(node: &Node, value: Option<&Value>) -> Verdict {
    match value {
        Some(Value::Array(elements)) => {
            let mut all = Verdict::Absent;
            for element in
                elements.iter().filter(|element| element.is_object() || element.is_array())
            {
                match below(node, Some(element)) {
                    Verdict::Present => return Verdict::Present,
                    verdict => all = all.min(verdict),
                }
            }
            all
        }
        value => {
            let fields = value.and_then(Value::as_object);
            let field = |name: &str| fields.and_then(|fields| fields.get(name));
            both(node.fields.iter().map(|(name, node)| judge(node, field(name))))
        }
    }
}

/// One test must hold for the value, or for one element of an array. Objects are no values, so a field that holds
/// nothing else is as good as absent.
fn leaf(tests: &[Test], value: Option<&Value>) -> Verdict {
    let mut values = Vec::new();
    scalars(value, &mut values);
    if values.iter().any(|value| tests.iter().any(|test| test.holds(value))) {
        Verdict::Present
    } else if values.is_empty() && tests.contains(&Test::Absent) {
        Verdict::Absent
    } else {
        Verdict::No
    }
}

fn scalars<'v>(value: Option<&'v Value>, found: &mut Vec<&'v Value>) {
    match value {
        None | Some(Value::Object(_)) => {}
        Some(Value::Array(elements)) => {
            elements.iter().for_each(|element| scalars(Some(element), found));
        }
        Some(scalar) => found.push(scalar),
    }
}
