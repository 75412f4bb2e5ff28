//! The query wire: a form in, XML out.

use super::{answer::Answer, incoming::Incoming, xml};
use crate::rehearsal::ServiceError;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Most fields of a form that are looked at; SNS and STS take far fewer.
const MOST_FIELDS: usize = 1000;

/// The action, and the form as JSON: `Tags.member.1.Key=a` becomes `{"Tags":[{"Key":"a"}]}` and
/// `Attributes.entry.1.key=a`, `….value=b` becomes `{"Attributes":{"a":"b"}}`.
pub(super) fn read(incoming: &Incoming) -> Result<(String, Value), ServiceError> {
    let form = url::form_urlencoded::parse(&incoming.body).into_owned();
    let mut fields = Value::Object(Map::new());
    for (name, value) in form.chain(incoming.query.iter().cloned()).take(MOST_FIELDS) {
        insert(&mut fields, &name, value);
    }
    let fields = gather(fields);
    let operation = fields.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
    if operation.is_empty() {
        return Err(ServiceError::refused("MissingAction", "the form has no Action"));
    }
    Ok((operation, fields))
}

/// Puts `value` at the dotted `path`.
fn insert(tree: &mut Value, path: &str, value: String) {
    let mut node = tree;
    for step in path.split('.') {
        if !node.is_object() {
            *node = json!({});
        }
        node = &mut node[step];
    }
    *node = Value::String(value);
}

/// Turns numbered members into lists and numbered entries into maps, inside out.
fn gather(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let fields: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name, gather(value))).collect();
    match (fields.get("member"), fields.get("entry")) {
        (Some(Value::Object(members)), _) => numbered(members).into_iter().cloned().collect(),
        (_, Some(Value::Object(entries))) => Value::Object(
            numbered(entries)
                .into_iter()
                .filter_map(|entry| {
                    Some((entry.get("key")?.as_str()?.to_owned(), entry.get("value")?.clone()))
                })
                .collect(),
        ),
        _ => Value::Object(fields),
    }
}

fn numbered(members: &Map<String, Value>) -> Vec<&Value> {
    let mut numbered: Vec<(u32, &Value)> = members
        .iter()
        .filter_map(|(number, member)| Some((number.parse().ok()?, member)))
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, member)| member).collect()
}

pub(super) fn write(operation: &str, output: &Value, id: &str) -> Answer {
    // Clients insist that the result comes first.
    let mut response = json!({});
    if !output.is_null() {
        response[format!("{operation}Result")] = output.clone();
    }
    response["ResponseMetadata"] = json!({ "RequestId": id });
    xml::document(StatusCode::OK, &format!("{operation}Response"), &response)
}

pub(super) fn fail(error: &ServiceError, id: &str) -> Answer {
    let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    let response = json!({
        "Error": { "Type": fault, "Code": error.code, "Message": error.message },
        "RequestId": id,
    });
    xml::document(error.status, "ErrorResponse", &response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_fields_become_lists_and_maps() {
        let mut tree = json!({});
        for (path, value) in [
            ("Action", "CreateTopic"),
            ("Tags.member.2.Key", "b"),
            ("Tags.member.1.Key", "a"),
            ("Attributes.entry.1.key", "Policy"),
            ("Attributes.entry.1.value", "{}"),
        ] {
            insert(&mut tree, path, value.to_owned());
        }
        assert_eq!(
            gather(tree),
            json!({"Action": "CreateTopic", "Tags": [{"Key": "a"}, {"Key": "b"}],
                   "Attributes": {"Policy": "{}"}})
        );
    }
}
