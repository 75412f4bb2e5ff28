//! The branches of a pattern: each `$or` is multiplied out, so that a branch is a plain tree of fields that
//! must all match.
//!
//! Only so can fields that stand in different places of the pattern, but in the same array of the event, be held
//! to the same element of it.

use super::{
    operator::{self, Test},
    pattern::PatternError,
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// Combinations that the `$or` of one pattern may make (user guide, "OR matching").
const MOST_BRANCHES: usize = 1000;

const OR: &str = "$or";

/// Names that a field inside `$or` must not have, because EventBridge takes them for operators there.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// A field and what is asked of it and of the fields below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node {
    /// One of these must hold for the field itself. Empty: only the fields below matter.
    pub(super) tests: Arc<[Test]>,
    /// What is asked below.
    pub(super) fields: BTreeMap<String, Node>,
}

/// Paths with what is asked there: one way to match.
type Branch = BTreeMap<Vec<String>, Arc<[Test]>>;

/// Multiplies out a whole pattern.
pub(super) fn branches(pattern: &Map<String, Value>) -> Result<Vec<Node>, PatternError> {
    let mut path = Vec::new();
    let branches = object(pattern, &mut path, vec![Branch::new()], Place::Outside)?;
    Ok(branches.into_iter().map(tree).collect())
}

/// Is a field inside an `$or`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InsideOr,
}

/// Adds what `fields` ask to each of `branches`.
fn object(
    fields: &Map<String, Value>,
    path: &mut Vec<String>,
    mut branches: Vec<Branch>,
    place: Place,
) -> Result<Vec<Branch>, PatternError> {
    if fields.is_empty() {
        return Err(PatternError::at(path, "empty objects are not allowed"));
    }
    for (name, value) in fields {
        let depth = path.len();
        path.extend(name.split('.').map(str::to_owned));
        branches = match value {
            _ if name == OR => alternatives(value, path, &branches)?,
            _ if place == Place::InsideOr && RESERVED.contains(&name.as_str()) => {
                return Err(PatternError::at(path, "an operator's name is no field inside '$or'"));
            }
            Value::Object(inner) => object(inner, path, branches, place)?,
            Value::Array(entries) => leaf(entries, path, branches)?,
            _ => return Err(PatternError::at(path, "must be an object or an array")),
        };
        path.truncate(depth);
    }
    Ok(branches)
}

/// Each branch goes on in each alternative. `$or` itself is no step of the path of what is inside.
fn alternatives(
    value: &Value,
    path: &mut Vec<String>,
    branches: &[Branch],
) -> Result<Vec<Branch>, PatternError> {
    let few = "must be an array of at least two objects";
    let Some(list) = value.as_array().filter(|list| list.len() > 1) else {
        return Err(PatternError::at(path, few));
    };
    let or = path.pop();
    let mut all = Vec::new();
    for alternative in list {
        let Some(fields) = alternative.as_object() else {
            path.extend(or);
            return Err(PatternError::at(path, few));
        };
        all.extend(object(fields, path, branches.to_vec(), Place::InsideOr)?);
        if all.len() > MOST_BRANCHES {
            path.extend(or);
            let many = format!("makes more than {MOST_BRANCHES} combinations");
            return Err(PatternError::at(path, many));
        }
    }
    path.extend(or);
    Ok(all)
}

fn leaf(
    entries: &[Value],
    path: &[String],
    mut branches: Vec<Branch>,
) -> Result<Vec<Branch>, PatternError> {
    if entries.is_empty() {
        return Err(PatternError::at(path, "empty arrays are not allowed"));
    }
    let tests: Result<Arc<[Test]>, String> = entries.iter().map(operator::read).collect();
    let tests = tests.map_err(|problem| PatternError::at(path, problem))?;
    for branch in &mut branches {
        if branch.insert(path.to_vec(), Arc::clone(&tests)).is_some() {
            return Err(PatternError::at(path, "a path cannot be given more than once"));
        }
    }
    Ok(branches)
}

fn tree(branch: Branch) -> Node {
    let mut root = Node::default();
    for (path, tests) in branch {
        let mut node = &mut root;
        for name in path {
            node = node.fields.entry(name).or_default();
        }
        node.tests = tests;
    }
    root
}
