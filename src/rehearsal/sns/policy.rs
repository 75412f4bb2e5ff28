//! A topic's policy, as far as it says which service may publish.
//!
//! EventBridge sends no context that a condition could be checked with (user guide, "Permissions for Amazon SNS"), so
//! a statement with a condition lets it in never. A denial binds even with one, unless that asks for something which
//! EventBridge never does.

use crate::rehearsal::policy::wild;
use serde_json::Value;

/// What a service does to a topic.
pub(super) const PUBLISH: &str = "sns:Publish";

/// May `service` publish to `topic`, by the topic's policy?
pub(super) fn admits(policy: &Value, service: &str, topic: &str) -> bool {
    let meets =
        |statement: &&Value| names(&statement["Principal"], service) && acts(statement, topic);
    let statements: Vec<&Value> = each(&policy["Statement"]).filter(meets).collect();
    let effect = |statement: &Value, effect: &str| statement["Effect"].as_str() == Some(effect);
    let denied = statements.iter().any(|one| effect(one, "Deny") && binds(&one["Condition"]));
    let allowed = statements.iter().any(|one| effect(one, "Allow") && is_empty(&one["Condition"]));
    allowed && !denied
}

/// A list's elements, or the one thing that stands for a list of itself.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    each(value).filter_map(Value::as_str)
}

fn names(principal: &Value, service: &str) -> bool {
    principal.as_str() == Some("*")
        || texts(&principal["AWS"]).any(|name| name == "*")
        || texts(&principal["Service"]).any(|name| name == service)
}

fn acts(statement: &Value, topic: &str) -> bool {
    let publish = PUBLISH.to_ascii_lowercase();
    let mut actions = texts(&statement["Action"]);
    actions.any(|action| wild(&action.to_ascii_lowercase(), &publish))
        && texts(&statement["Resource"]).any(|resource| wild(resource, topic))
}

fn is_empty(condition: &Value) -> bool {
    condition.as_object().is_none_or(serde_json::Map::is_empty)
}

/// Does a denial with this condition meet a request without context? Negated operators hold where the key is missing,
/// the others do not; EventBridge always comes over TLS.
fn binds(condition: &Value) -> bool {
    let mut operators = condition.as_object().into_iter().flatten();
    operators.all(|(operator, _)| {
        operator.contains("Not") || operator.ends_with("IfExists") || operator == "Null"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:alerts";

    fn admitted(statements: Value) -> bool {
        admits(&json!({ "Statement": statements }), "events.amazonaws.com", TOPIC)
    }

    fn allow() -> Value {
        json!({ "Effect": "Allow", "Principal": { "Service": ["events.amazonaws.com"] },
                "Action": "SNS:Publish", "Resource": TOPIC })
    }

    fn with(mut statement: Value, field: &str, value: Value) -> Value {
        statement[field] = value;
        statement
    }

    #[test]
    fn the_service_must_be_let_in_by_name_action_and_topic() {
        assert!(admitted(allow()));
        assert!(admitted(json!([{ "Effect": "Deny" }, allow()])));
        assert!(admitted(with(allow(), "Principal", json!("*"))));
        for (field, value) in [
            ("Principal", json!({ "Service": "s3.amazonaws.com" })),
            ("Principal", json!({ "AWS": "arn:aws:iam::111111111111:root" })),
            ("Action", json!(["sns:Subscribe", "sns:GetTopicAttributes"])),
            ("Resource", json!("arn:aws:sns:us-east-1:111111111111:other")),
            ("Effect", json!("Deny")),
        ] {
            assert!(!admitted(with(allow(), field, value.clone())), "{field} {value}");
        }
    }

    #[test]
    fn a_condition_lets_nobody_in() {
        let account = json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } });
        assert!(!admitted(with(allow(), "Condition", account)));
        assert!(admitted(with(allow(), "Condition", json!({}))));
    }

    #[test]
    fn a_denial_of_plain_http_does_not_hurt_and_others_do() {
        let deny = with(with(allow(), "Effect", json!("Deny")), "Principal", json!("*"));
        let plain = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert!(admitted(json!([allow(), with(deny.clone(), "Condition", plain)])));
        let others = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } });
        assert!(!admitted(json!([allow(), with(deny.clone(), "Condition", others)])));
        assert!(!admitted(json!([allow(), deny])));
    }
}
