//! Does the key let in the services that must use it?
//!
//! EventBridge publishes to an encrypted topic under its own name and sends neither source account nor source ARN
//! (EventBridge user guide, "Configuring a customer managed key for an encrypted Amazon SNS topic"): a policy that
//! asks for them is never met, the message is dropped, and only a metric shows it.

use super::{
    Outcome, PolicyDocument,
    document::{Condition, Says, wild},
};
use crate::ids::{Arn, Region};
use serde::Serialize;

const EVENTS: &str = "events.amazonaws.com";
/// What publishing to an encrypted topic takes.
const PUBLISHING: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];
/// What writing and reading an encrypted log group takes (CloudWatch Logs user guide, "Encrypt log data").
const LOGGING: [&str; 3] = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];
/// The context in which CloudWatch uses a key.
const LOGS_CONTEXT: &str = "kms:EncryptionContext:aws:logs:arn";

/// The statement that lets EventBridge in.
const EVENTS_STATEMENT: &str = r#"{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}"#;

/// What state a key is in, as DescribeKey gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyUse {
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// `ENCRYPT_DECRYPT` is the one that encrypts objects.
    pub usage: String,
    /// Its own ARN, which is another than that of an alias, if it was told.
    pub arn: Option<Arn>,
}

/// Does it name a key by an alias?
#[must_use]
pub fn is_alias(arn: &str) -> bool {
    arn.contains(":alias/")
}

/// Can anything be encrypted with the key?
#[must_use]
pub fn usable(key: &KeyUse) -> Outcome {
    match (key.state.as_str(), key.usage.as_str()) {
        ("Enabled", "ENCRYPT_DECRYPT") => Outcome::ok("enabled"),
        ("Enabled", "") => Outcome::unknown("it is enabled; what its use is was not told"),
        ("Enabled", other) => Outcome::failed(
            format!("its use is {other}, which encrypts no objects"),
            "make a symmetric key for encryption and write its ARN as kms_key",
        ),
        (state, _) => Outcome::failed(
            format!("it is {state}: nothing can be read or written with it"),
            "aws kms enable-key; one that waits for its deletion needs cancel-key-deletion first",
        ),
    }
}

/// May EventBridge publish to the topic under this key?
#[must_use]
pub fn events_may_use(policy: &PolicyDocument, key: &str) -> Outcome {
    let fix = || format!("add to the key's policy, with no condition: {EVENTS_STATEMENT}");
    let mut everybody = false;
    for action in PUBLISHING {
        match policy.says(EVENTS, action, key) {
            Says::Allowed { to_everybody } => everybody |= to_everybody,
            Says::Denied => {
                return Outcome::failed(
                    format!("a Deny keeps {EVENTS} from {action}: no alert would arrive"),
                    "take EventBridge out of the Deny statement of the key's policy",
                );
            }
            Says::DeniedIf(conditions) => {
                return Outcome::warning(
                    format!(
                        "a Deny of {action} may concern {EVENTS}, depending on {}",
                        keys(&conditions)
                    ),
                    "except AWS services from it: BoolIfExists aws:PrincipalIsAWSService false",
                );
            }
            Says::AllowedIf(conditions) if conditions.iter().any(|one| is_of_source(one)) => {
                let keys = keys(&conditions);
                return Outcome::failed(
                    format!(
                        "{action} asks {EVENTS} for {keys}, which EventBridge does not send: no alert would arrive"
                    ),
                    fix(),
                );
            }
            Says::AllowedIf(conditions) => {
                let keys = keys(&conditions);
                return Outcome::warning(
                    format!(
                        "{action} of {EVENTS} depends on {keys}; whether it is met only an alert can tell"
                    ),
                    fix(),
                );
            }
            Says::Silent => {
                return Outcome::failed(
                    format!("it does not let {EVENTS} use {action}: no alert would arrive"),
                    fix(),
                );
            }
        }
    }
    if everybody {
        return Outcome::warning(
            "the key lets everybody in, EventBridge among them",
            format!("name those who may; for EventBridge: {EVENTS_STATEMENT}"),
        );
    }
    Outcome::ok(format!("{EVENTS} may publish with it"))
}

/// May CloudWatch encrypt the log group `group` (its ARN) in `region` with this key?
#[must_use]
pub fn logs_may_use(policy: &PolicyDocument, key: &str, region: &Region, group: &str) -> Outcome {
    let service = format!("logs.{region}.{}", region.partition().domain);
    let fix = format!(
        r#"let {service} use kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey* and kms:Describe*, if at all with "ArnLike":{{"{LOGS_CONTEXT}":"{group}"}}"#
    );
    for action in LOGGING {
        let why = match policy.says(&service, action, key) {
            Says::Allowed { .. } => continue,
            Says::AllowedIf(conditions) if conditions.iter().all(|one| is_of_group(one, group)) => {
                continue;
            }
            Says::AllowedIf(conditions) | Says::DeniedIf(conditions) => {
                format!("{action} of {service} depends on {}", keys(&conditions))
            }
            Says::Denied => format!("a Deny keeps {service} from {action}"),
            Says::Silent => format!("it does not let {service} use {action}"),
        };
        return Outcome::failed(format!("{why}: the log group cannot be encrypted"), fix);
    }
    Outcome::ok(format!("{service} may encrypt the log group"))
}

/// `aws:SourceArn`, `aws:SourceAccount` and their kin.
fn is_of_source(condition: &Condition) -> bool {
    condition.key.to_ascii_lowercase().starts_with("aws:source")
}

fn is_of_group(condition: &Condition, group: &str) -> bool {
    let compares = ["ArnLike", "ArnEquals", "StringLike", "StringEquals"];
    compares.contains(&condition.operator.as_str())
        && condition.is_about(LOGS_CONTEXT)
        && condition.values.iter().any(|value| wild(value, group))
}

fn keys(conditions: &[&Condition]) -> String {
    let keys: Vec<&str> = conditions.iter().map(|condition| condition.key.as_str()).collect();
    keys.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, sample};
    use serde_json::{Value, json};

    const KEY: &str = "arn:aws:kms:us-east-1:222222222222:key/1";

    fn judged(statements: &[Value]) -> Outcome {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        events_may_use(&PolicyDocument::parse(&text).unwrap(), KEY)
    }

    fn admits() -> Value {
        serde_json::from_str(EVENTS_STATEMENT).unwrap()
    }

    fn with(field: &str, value: Value) -> Value {
        let mut statement = admits();
        statement[field] = value;
        statement
    }

    fn owner() -> Value {
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:root" }, "Action": "kms:*", "Resource": "*" })
    }

    #[test]
    fn the_statement_of_the_fix_is_what_is_wanted() {
        assert!(matches!(judged(&[owner(), admits()]), Outcome::Ok { .. }));
        for actions in [json!("kms:*"), json!(["kms:Decrypt", "kms:generatedatakey"])] {
            assert!(matches!(judged(&[with("Action", actions)]), Outcome::Ok { .. }));
        }
    }

    #[test]
    fn near_misses_fail_and_say_what_is_missed() {
        let source = |key: &str| json!({ "StringEquals": { key: "222222222222" } });
        for (statement, said) in [
            (with("Condition", source("aws:SourceAccount")), "aws:SourceAccount"),
            (with("Condition", source("aws:SourceArn")), "aws:SourceArn"),
            (with("Principal", json!({ "Service": "sns.amazonaws.com" })), "does not let"),
            (with("Principal", json!({ "AWS": "events.amazonaws.com" })), "does not let"),
            (with("Action", json!(["kms:Decrypt"])), "kms:GenerateDataKey"),
            (with("Action", json!(["kms:GenerateDataKey*"])), "kms:Decrypt"),
            (with("Resource", json!("arn:aws:kms:us-east-1:222222222222:key/2")), "does not let"),
            (with("NotPrincipal", json!({ "Service": "events.amazonaws.com" })), "does not let"),
        ] {
            match judged(&[owner(), statement.clone()]) {
                Outcome::Failed { why, fix } => {
                    assert!(why.contains(said), "{statement}: {why}");
                    assert!(fix.contains("events.amazonaws.com"), "{fix}");
                }
                other => panic!("{statement}: {other:?}"),
            }
        }
        assert!(judged(&[owner()]).is_failure());
    }

    #[test]
    fn everybody_is_too_many_and_a_deny_with_conditions_is_doubtful() {
        assert!(matches!(judged(&[with("Principal", json!("*"))]), Outcome::Warning { .. }));
        let mut deny = with("Effect", json!("Deny"));
        deny["Principal"] = json!("*");
        deny["Condition"] = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } });
        assert!(matches!(judged(&[admits(), deny.clone()]), Outcome::Warning { .. }));
        let topic = json!({ "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": "t" } });
        assert!(matches!(judged(&[with("Condition", topic)]), Outcome::Warning { .. }));
        deny["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert!(matches!(judged(&[admits(), deny]), Outcome::Ok { .. }));
    }

    #[test]
    fn logs_may_ask_for_the_group_and_for_no_other() {
        let group = "arn:aws:logs:us-east-1:222222222222:log-group:jenkins-log";
        let judged = |arn: &str| {
            let policy = json!({ "Statement": {
                "Effect": "Allow", "Principal": { "Service": "logs.us-east-1.amazonaws.com" },
                "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"], "Resource": "*",
                "Condition": { "ArnLike": { LOGS_CONTEXT: arn } }
            }});
            logs_may_use(
                &PolicyDocument::parse(&policy.to_string()).unwrap(),
                KEY,
                &"us-east-1".parse().unwrap(),
                group,
            )
        };
        assert!(matches!(judged("arn:aws:logs:us-east-1:222222222222:*"), Outcome::Ok { .. }));
        assert!(judged("arn:aws:logs:us-east-1:222222222222:log-group:other").is_failure());
    }

    #[test]
    fn a_key_that_is_not_enabled_is_told() {
        let key = |state: &str, usage: &str| KeyUse {
            state: state.to_owned(),
            usage: usage.to_owned(),
            arn: None,
        };
        assert!(!usable(&key("Enabled", "ENCRYPT_DECRYPT")).is_failure());
        assert!(usable(&key("PendingDeletion", "ENCRYPT_DECRYPT")).is_failure());
        assert!(usable(&key("Enabled", "SIGN_VERIFY")).is_failure());
    }

    fn any_statement() -> impl Strategy<Value = Value> {
        let who = sample::select(vec![
            json!("*"),
            json!({ "Service": "events.amazonaws.com" }),
            json!({ "Service": "sns.amazonaws.com" }),
            json!({ "AWS": "arn:aws:iam::222222222222:root" }),
        ]);
        let what = sample::select(vec![json!("kms:*"), json!("kms:Decrypt"), json!("s3:*")]);
        let condition = sample::select(vec![
            json!({}),
            json!({ "StringEquals": { "aws:SourceAccount": "1" } }),
        ]);
        (who, what, condition).prop_map(|(who, what, condition)| {
            json!({ "Effect": "Allow", "Principal": who, "Action": what, "Resource": "*", "Condition": condition })
        })
    }

    proptest! {
        #[test]
        fn more_permission_never_hurts_a_deny_always_wins_and_order_is_nothing(
            others in prop::collection::vec(any_statement(), 0..6)
        ) {
            let mut statements = others;
            statements.push(admits());
            let whole = judged(&statements);
            let is_ok = matches!(whole, Outcome::Ok { .. });
            prop_assert!(is_ok, "{:?}", whole);
            statements.reverse();
            prop_assert_eq!(judged(&statements), whole);
            statements.push(with("Effect", json!("Deny")));
            prop_assert!(judged(&statements).is_failure());
        }
    }
}
