//! Paths into an event, such as `$.detail.pipelineArn` or `$.resources[0]`.
//!
//! EventBridge takes a small part of JSON path (user guide, "Amazon EventBridge input transformation"): names
//! after dots, made of letters, digits, `-`, `_` and `/`, and indexes of arrays. Its `*` is not read here, because a
//! path with it can mean several values.

use serde_json::Value;

/// Characters of a path (InputTransformer and InputPath API).
const LONGEST_PATH: usize = 256;

/// A checked path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
}

impl Path {
    /// Reads `$`, followed by `.name` and `[n]`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.chars().count() > LONGEST_PATH {
            return None;
        }
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix('.') {
                Some(named) => {
                    let end = named.find(['.', '[']).unwrap_or(named.len());
                    let (name, after) = named.split_at(end);
                    (Step::Field(legal_name(name)?.to_owned()), after)
                }
                None => {
                    let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                    (Step::Element(index.parse().ok()?), after)
                }
            };
            steps.push(step);
            rest = after;
        }
        Some(Self(steps))
    }

    /// The value there.
    pub(super) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Field(name) => value.as_object()?.get(name),
            Step::Element(index) => value.as_array()?.get(*index),
        })
    }
}

fn legal_name(name: &str) -> Option<&str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    (!name.is_empty() && name.chars().all(legal)).then_some(name)
}

/// The value at `path` in an event, if the path can be read and leads somewhere.
#[must_use]
pub fn at_path<'v>(envelope: &'v Value, path: &str) -> Option<&'v Value> {
    Path::parse(path)?.find(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_through_fields_and_elements() {
        let event = json!({
            "detail-type": "news",
            "resources": ["a", "b"],
            "detail": { "list": [[{ "x": 1 }]], "none": null },
        });
        for (path, expected) in [
            ("$", Some(event.clone())),
            ("$.detail-type", Some(json!("news"))),
            ("$.resources[1]", Some(json!("b"))),
            ("$.detail.list[0][0].x", Some(json!(1))),
            ("$.detail.none", Some(json!(null))),
            ("$.resources[2]", None),
            ("$.resources.0", None),
            ("$.detail.missing.x", None),
            ("detail.none", None),
            ("$detail", None),
            ("$.", None),
            ("$..x", None),
            ("$.detail.*", None),
            ("$.resources[-1]", None),
            ("$.resources[0", None),
            ("$['detail']", None),
        ] {
            assert_eq!(at_path(&event, path).cloned(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_tried_as_a_path(path in ".{0,20}", dotted in "\\$[.\\[\\]a0-]{0,10}") {
            let event = json!({ "a": [[0]] });
            prop_assert_eq!(at_path(&event, &path).is_some(), Path::parse(&path).is_some_and(|path| path.0.is_empty()));
            prop_assert!(at_path(&event, &dotted).is_none_or(|found| event.to_string().contains(&found.to_string())));
        }
    }
}
