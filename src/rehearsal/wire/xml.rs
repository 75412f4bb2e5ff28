//! XML out of JSON values: objects nest, a list repeats its element.

use super::answer::Answer;
use crate::rehearsal::ServiceError;
use http::StatusCode;
use serde_json::{Value, json};

/// A whole document with one root.
pub(in crate::rehearsal) fn document(status: StatusCode, root: &str, content: &Value) -> Answer {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element(&mut text, root, content);
    Answer::with_body(status, "text/xml", text)
}

/// An error as S3 writes it.
pub(super) fn fail(error: &ServiceError, id: &str) -> Answer {
    let content = json!({ "Code": error.code, "Message": error.message, "RequestId": id });
    document(error.status, "Error", &content)
}

fn element(text: &mut String, name: &str, content: &Value) {
    match content {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(text, name, item)),
        Value::Object(fields) => {
            tag(text, "<", name);
            fields.iter().for_each(|(name, value)| element(text, name, value));
            tag(text, "</", name);
        }
        Value::String(content) => leaf(text, name, content),
        Value::Bool(_) | Value::Number(_) => leaf(text, name, &content.to_string()),
    }
}

fn leaf(text: &mut String, name: &str, content: &str) {
    tag(text, "<", name);
    for character in content.chars() {
        match character {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#13;"),
            other => text.push(other),
        }
    }
    tag(text, "</", name);
}

fn tag(text: &mut String, open: &str, name: &str) {
    text.push_str(open);
    text.push_str(name);
    text.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_repeat_their_element_and_text_is_escaped() {
        let mut text = String::new();
        element(&mut text, "R", &json!({"K": ["a<b", 2], "N": null, "M": {"x": true}}));
        assert_eq!(text, "<R><K>a&lt;b</K><K>2</K><M><x>true</x></M></R>");
    }
}
