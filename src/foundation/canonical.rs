//! Are two policies the same? AWS gives them back with lists where one text stood, in another order, and with the ARN
//! of an account's root where its twelve digits were written.

use super::policy::{Policy, Statement};
use serde_json::{Map, Value, json};

/// The policy in one form, whatever the order and spelling of what is equal in it.
#[must_use]
pub fn canonical(policy: &Value) -> Value {
    let mut statements: Vec<Value> =
        listed(policy.get("Statement")).into_iter().map(|one| statement(&one)).collect();
    statements.sort_by_cached_key(Value::to_string);
    json!({ "Version": policy.get("Version"), "Statement": statements })
}

/// What others wrote in `found`, and our statements as they should be. Statements are ours by their ids.
#[must_use]
pub fn merged(found: &Value, ours: &Policy) -> Value {
    let ours = ours.json();
    let is_ours = |one: &Value| {
        let sid = one.get("Sid").and_then(Value::as_str);
        sid.is_some_and(|sid| sid.starts_with(Statement::OURS))
    };
    let mut statements = listed(found.get("Statement"));
    statements.retain(|one| !is_ours(one));
    statements.extend(listed(ours.get("Statement")));
    json!({ "Version": ours.get("Version"), "Statement": statements })
}

fn listed(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(many)) => many.clone(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one.clone()],
    }
}

fn statement(statement: &Value) -> Value {
    let Value::Object(fields) = statement else { return statement.clone() };
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    let fields = names.into_iter().map(|name| {
        let value = &fields[name.as_str()];
        let value = match name.as_str() {
            "Condition" => conditions(value),
            "Principal" | "NotPrincipal" => principal(value),
            "Sid" | "Effect" => value.clone(),
            "Action" | "NotAction" => actions(value),
            _ => texts(value),
        };
        (name.clone(), value)
    });
    Value::Object(fields.collect())
}

fn sorted(fields: &Map<String, Value>, each: impl Fn(&Value) -> Value) -> Value {
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    Value::Object(
        names.into_iter().map(|name| (name.clone(), each(&fields[name.as_str()]))).collect(),
    )
}

fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    sorted(operators, |keys| match keys {
        Value::Object(keys) => sorted(keys, texts),
        other => other.clone(),
    })
}

/// Everybody is `*` or `{"AWS": "*"}`.
fn principal(value: &Value) -> Value {
    let Value::Object(kinds) = value else { return json!({ "AWS": texts(value) }) };
    sorted(kinds, |names| {
        let account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        let short = |text: String| match text.strip_suffix(":root") {
            // an account and its root are one, in whichever partition
            Some(arn) => {
                arn.rsplit(':').next().filter(|id| account(id)).unwrap_or(&text).to_owned()
            }
            None => text,
        };
        let mut names: Vec<String> = strings(names).into_iter().map(short).collect();
        names.sort();
        names.dedup();
        json!(names)
    })
}

/// IAM reads `S3:getobject` as `s3:GetObject`.
fn actions(value: &Value) -> Value {
    let lower: Vec<String> = strings(value).iter().map(|one| one.to_ascii_lowercase()).collect();
    texts(&json!(lower))
}

fn texts(value: &Value) -> Value {
    let mut list = strings(value);
    list.sort();
    list.dedup();
    json!(list)
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(many) => many.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_are_the_same() {
        let one = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": ["B:X", "a:x"], "Resource": "*",
            "Principal": { "AWS": ["111111111111"] },
            "Condition": { "Bool": { "aws:SecureTransport": true } } } });
        let other = json!({ "Version": "2012-10-17", "Statement": [{
            "Principal": { "AWS": "arn:aws:iam::111111111111:root" }, "Effect": "Allow",
            "Resource": ["*"], "Action": ["a:x", "b:x"],
            "Condition": { "Bool": { "aws:SecureTransport": "true" } } }] });
        assert_eq!(canonical(&one), canonical(&other));
        let mut wider = other.clone();
        wider["Statement"][0]["Principal"]["AWS"] = json!("*");
        assert_ne!(canonical(&wider), canonical(&other));
    }

    #[test]
    fn the_order_of_statements_does_not_matter_and_ours_are_replaced() {
        let theirs =
            json!({ "Sid": "Theirs", "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
        let stale =
            json!({ "Sid": "RelevoOld", "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
        let ours = Policy::of([Statement::deny("New", &["s3:*"]).on(["*"])]);
        let found = json!({ "Version": "2012-10-17", "Statement": [stale, theirs] });
        let wanted = merged(&found, &ours);
        let sids: Vec<&str> = wanted["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["Sid"].as_str().unwrap())
            .collect();
        assert_eq!(sids, ["Theirs", "RelevoNew"]);
        let turned =
            json!({ "Version": "2012-10-17", "Statement": [wanted["Statement"][1], theirs] });
        assert_eq!(canonical(&wanted), canonical(&turned));
        assert_eq!(canonical(&merged(&wanted, &ours)), canonical(&wanted));
    }
}
