//! A second reader for every accepted file: another program that reads the same YAML must see the same values.
//!
//! The gate refuses what YAML is known to be ambiguous about; this is for what is not known. Where the two readers
//! differ nobody can say what the author meant, so the file is refused at that place.

use super::{
    finding::SourceFile,
    node::{Entry, Node, START, Value},
    notes::Notes,
};
use serde_yaml::Value as Second;

/// Reads `file` again with `serde_yaml` and compares; only for a file that has passed the gate, whose bounds hold here
/// as well.
pub(super) fn compare(file: &SourceFile, first: &Node, notes: &mut Notes) {
    let text = file.text.trim_start_matches('\u{feff}');
    match serde_yaml::from_str::<Second>(text) {
        Ok(second) => {
            if let Some(differing) = difference(first, &second) {
                let message = "YAML readers differ about this value";
                notes.error(differing.span, "ambiguous", message).help("put it in quotes");
            }
        }
        Err(error) => {
            let message = format!("another YAML reader refuses the file: {error}");
            notes.error(START, "ambiguous", message).help("write it in a simpler way");
        }
    }
}

/// The first value that the two readers see differently.
fn difference<'n>(first: &'n Node, second: &Second) -> Option<&'n Node> {
    let differs = match (&first.value, second) {
        (Value::Null, Second::Null) => false,
        (Value::Bool(one), Second::Bool(other)) => one != other,
        (Value::Number(one), Second::Number(other)) => one.as_f64() != other.as_f64(),
        (Value::Text(one), Second::String(other)) => one != other,
        (Value::List(ones), Second::Sequence(others)) if ones.len() == others.len() => {
            return ones.iter().zip(others).find_map(|(one, other)| difference(one, other));
        }
        (Value::Map(ones), Second::Mapping(others)) if ones.len() == others.len() => {
            return ones.iter().find_map(|Entry { key, node, .. }| {
                match others.get(key.as_str()) {
                    Some(other) => difference(node, other),
                    None => Some(node),
                }
            });
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_),
            _,
        ) => true,
    };
    differs.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::gate;

    fn findings(text: &str) -> Vec<&'static str> {
        let file = SourceFile { name: "pipeline.yaml".to_owned(), text: text.to_owned() };
        let mut notes = Notes::default();
        let root = gate::open(&file, &mut notes).unwrap();
        compare(&file, &root, &mut notes);
        notes.finish(&file).0.into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn readers_agree_on_what_people_write() {
        let text = "\u{feff}a: [no, 'x', 1, 2.5, true, ~]\r\nb: { c: \"d\\n\", e: }\r\n";
        assert!(findings(text).is_empty());
    }

    #[test]
    fn a_value_that_readers_see_differently_is_found() {
        let file = SourceFile { name: "pipeline.yaml".to_owned(), text: "a: [1, 2]".to_owned() };
        let mut notes = Notes::default();
        let root = gate::open(&file, &mut notes).unwrap();
        let other: Second = serde_yaml::from_str("a: [1, '2']").unwrap();
        assert_eq!(difference(&root, &other).map(|node| node.span.offset), Some(7));
    }
}
