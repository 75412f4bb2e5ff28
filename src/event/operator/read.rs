//! Reads the entries of a pattern's leaf. What EventBridge would refuse when the rule is put is refused here.

use super::{Test, TextTest};
use crate::event::{network::Network, wildcard::Wildcard};
use serde_json::{Map, Value};
use std::ops::Bound;

/// Numbers that `numeric` takes lie between minus this and this (user guide, "Numeric matching").
const LARGEST_NUMBER: f64 = 5.0e9;

/// Reads one entry: a value that must be equal, or an object with one operator.
pub(in crate::event) fn read(entry: &Value) -> Result<Test, String> {
    match entry {
        Value::Object(operator) => {
            let (name, operand) = only_entry(operator)?;
            read_operator(name, operand)
        }
        Value::Array(_) => {
            Err("a match value must be a text, a number, true, false, null or an operator".into())
        }
        exact => Ok(Test::Equals(exact.clone())),
    }
}

fn read_operator(name: &str, operand: &Value) -> Result<Test, String> {
    match name {
        "prefix" | "suffix" => match operand {
            Value::Object(inner) => ignoring_case(name, inner),
            _ => affix(name, text(name, operand)?),
        },
        "equals-ignore-case" | "wildcard" => affix(name, text(name, operand)?),
        "anything-but" => anything_but(operand).map(Test::AnythingBut),
        "numeric" => numeric(operand),
        "exists" => match operand {
            Value::Bool(true) => Ok(Test::Exists),
            Value::Bool(false) => Ok(Test::Absent),
            _ => Err("'exists' must be true or false".into()),
        },
        "cidr" => Network::parse(text(name, operand)?).map(Test::Cidr),
        unknown => Err(format!("unrecognized match type '{unknown}'")),
    }
}

/// One of the operators on texts.
fn affix(name: &str, text: &str) -> Result<Test, String> {
    let test = match name {
        "prefix" => TextTest::Prefix(text.to_owned()),
        "suffix" => TextTest::Suffix(text.to_owned()),
        "equals-ignore-case" => TextTest::EqualsIgnoringCase(text.to_lowercase()),
        "wildcard" => TextTest::Wildcard(Wildcard::parse(text)?),
        other => return Err(format!("unsupported pattern '{other}' in 'anything-but'")),
    };
    Ok(Test::Text(test))
}

/// `{"prefix": {"equals-ignore-case": "x"}}`, and the same with a suffix.
fn ignoring_case(name: &str, inner: &Map<String, Value>) -> Result<Test, String> {
    let (inner, operand) = only_entry(inner)?;
    if inner != "equals-ignore-case" {
        return Err(format!("unsupported pattern '{inner}' in '{name}'"));
    }
    let folded = text(inner, operand)?.to_lowercase();
    Ok(Test::Text(match name {
        "prefix" => TextTest::PrefixIgnoringCase(folded),
        _ => TextTest::SuffixIgnoringCase(folded),
    }))
}

/// What `anything-but` excludes: texts or numbers, one or a list, or what one operator on texts matches.
fn anything_but(operand: &Value) -> Result<Vec<Test>, String> {
    if let Value::Object(inner) = operand {
        let (name, operand) = only_entry(inner)?;
        return one_or_more(operand)?.iter().map(|value| excluded(name, value)).collect();
    }
    let values = one_or_more(operand)?;
    if values.iter().all(Value::is_string) || values.iter().all(Value::is_number) {
        return Ok(values.iter().cloned().map(Test::Equals).collect());
    }
    Err("'anything-but' takes texts or numbers, and all of one kind".into())
}

fn excluded(name: &str, operand: &Value) -> Result<Test, String> {
    let text = text(name, operand)?;
    if text.is_empty() && matches!(name, "prefix" | "suffix") {
        return Err(format!("an empty {name} in 'anything-but' would match nothing"));
    }
    affix(name, text)
}

fn one_or_more(operand: &Value) -> Result<&[Value], String> {
    match operand {
        Value::Array(list) if list.is_empty() => Err("'anything-but' needs a value".into()),
        Value::Array(list) => Ok(list),
        one => Ok(std::slice::from_ref(one)),
    }
}

/// `["=", 5]`, `["<", 5]` or `[">", 0, "<=", 5]`; the lower bound stands first.
fn numeric(operand: &Value) -> Result<Test, String> {
    let malformed = || {
        Err("'numeric' must be a list such as [\"=\", 5], [\"<\", 5] or [\">\", 0, \"<=\", 5]"
            .into())
    };
    let Some(terms) = operand.as_array() else { return malformed() };
    let terms: Vec<(&str, &Value)> = match terms.as_slice() {
        [Value::String(one), first] => vec![(one, first)],
        [Value::String(one), first, Value::String(two), second] => {
            vec![(one, first), (two, second)]
        }
        _ => return malformed(),
    };
    let range = match terms.as_slice() {
        [("=", same)] => (Bound::Included(number(same)?), Bound::Included(number(same)?)),
        [(low @ (">" | ">="), bottom)] => (bound(low, bottom)?, Bound::Unbounded),
        [(high @ ("<" | "<="), top)] => (Bound::Unbounded, bound(high, top)?),
        [(low @ (">" | ">="), bottom), (high @ ("<" | "<="), top)] => {
            if number(bottom)? >= number(top)? {
                return Err("in 'numeric' the bottom must be less than the top".into());
            }
            (bound(low, bottom)?, bound(high, top)?)
        }
        _ => return malformed(),
    };
    Ok(Test::Numeric(range))
}

fn bound(operator: &str, operand: &Value) -> Result<Bound<f64>, String> {
    let number = number(operand)?;
    Ok(if operator.ends_with('=') { Bound::Included(number) } else { Bound::Excluded(number) })
}

fn number(operand: &Value) -> Result<f64, String> {
    match operand.as_f64() {
        Some(number) if number.abs() <= LARGEST_NUMBER => Ok(number),
        Some(_) => Err(format!("'numeric' takes -{LARGEST_NUMBER:e} to {LARGEST_NUMBER:e}")),
        None => Err("'numeric' compares with a number".into()),
    }
}

fn text<'v>(name: &str, operand: &'v Value) -> Result<&'v str, String> {
    operand.as_str().ok_or_else(|| format!("'{name}' must be a text"))
}

fn only_entry(object: &Map<String, Value>) -> Result<(&str, &Value), String> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, operand)), None) => Ok((name, operand)),
        _ => Err("a match expression has exactly one operator".into()),
    }
}
