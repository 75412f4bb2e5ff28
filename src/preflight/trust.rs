//! Whom does the deploy role trust?
//!
//! It should be one role, with the environment's external id, and it must be let do what the environment asks for
//! beside the role: STS refuses all of it where one is not allowed. An account's root stands for every role of that
//! account, so whoever may make a role there may deploy here.

use super::{
    Outcome, PolicyDocument,
    asked::Asked,
    document::{Condition, Effect, Statement, Who},
};

pub(super) const ASSUME: &str = "sts:AssumeRole";
pub(super) const EXTERNAL_ID: &str = "sts:ExternalId";

/// What the trust policy of the deploy role lets in, seen with what the environment asks for. `agent` is the role
/// the agent comes with, as `account role`, where it is known.
#[must_use]
pub fn trust(policy: &PolicyDocument, asked: &Asked<'_>, agent: Option<(&str, &str)>) -> Outcome {
    let external_id = asked.external_id;
    let lets_in =
        |statement: &&Statement| statement.effect == Effect::Allow && statement.covers(ASSUME, "");
    let statements: Vec<&Statement> = policy.statements.iter().filter(lets_in).collect();
    if statements.is_empty() {
        return Outcome::failed("it lets nobody in", fix(external_id));
    }
    if statements.iter().any(|statement| statement.is_about_everybody()) {
        return Outcome::failed("it trusts everybody in any account", fix(external_id));
    }
    if let Some(refused) = asked.refusal(policy) {
        return refused;
    }
    let trusted: Vec<&Who> = statements.iter().flat_map(|statement| &statement.who).collect();
    let strangers: Vec<String> = trusted.iter().filter_map(|who| stranger(who, agent)).collect();
    if !strangers.is_empty() {
        let strangers = strangers.join(", ");
        return Outcome::warning(
            format!("it trusts more than the agent's role: {strangers}"),
            fix(external_id),
        );
    }
    let besides = asked.besides();
    match external_id {
        None => Outcome::ok(format!(
            "it trusts the agent's role{besides}; the environment has no external id"
        )),
        Some(wanted) => match statements.iter().find_map(|statement| id_flaw(statement, wanted)) {
            None => Outcome::ok(format!(
                "it trusts the agent's role, with the environment's external id{besides}"
            )),
            Some(flaw) => flaw,
        },
    }
}

fn fix(external_id: Option<&str>) -> String {
    let id = external_id.map(|id| format!(" with \"StringEquals\":{{\"{EXTERNAL_ID}\":\"{id}\"}}"));
    let id = id.unwrap_or_default();
    format!(
        "name the agent's role alone as Principal of {ASSUME}{id}: aws iam update-assume-role-policy"
    )
}

/// Why `who` should not be trusted, if so.
fn stranger(who: &Who, agent: Option<(&str, &str)>) -> Option<String> {
    match who {
        Who::Everybody => Some("everybody".to_owned()),
        Who::Service(name) => Some(format!("the service {name}")),
        Who::Other(name) => Some(name.clone()),
        Who::Aws(name) if name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()) => {
            Some(format!("every role of account {name}"))
        }
        Who::Aws(name) if name.ends_with(":root") => {
            Some(format!("every role of the account of {name}"))
        }
        Who::Aws(name) if name.contains('*') => Some(name.clone()),
        Who::Aws(name) => {
            let (account, role) = agent?;
            let is_agent =
                name.contains(&format!("::{account}:")) && name.rsplit('/').next() == Some(role);
            (!is_agent).then(|| name.clone())
        }
    }
}

/// What is wrong with how a statement asks for the external id, if anything is.
fn id_flaw(statement: &Statement, wanted: &str) -> Option<Outcome> {
    let asks = |condition: &&Condition| condition.is_about(EXTERNAL_ID);
    let Some(asked) = statement.conditions.iter().find(asks) else {
        return Some(Outcome::warning(
            "it asks for no external id, though the environment has one",
            fix(Some(wanted)),
        ));
    };
    if asked.operator.ends_with("IfExists") {
        return Some(Outcome::warning(
            format!("{} lets in who sends no external id", asked.operator),
            fix(Some(wanted)),
        ));
    }
    let exact = asked.operator == "StringEquals" && asked.values.iter().any(|id| id == wanted);
    (!exact).then(|| {
        Outcome::failed(
            format!("it asks for another external id than the environment has ({wanted})"),
            "write the one that the policy asks for as external_id, or change the policy",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const AGENT: &str = "arn:aws:iam::444444444444:role/ci/agent";

    fn policy(principal: Value, condition: Value) -> PolicyDocument {
        let text = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": condition,
        }]});
        PolicyDocument::parse(&text.to_string()).unwrap()
    }

    fn judged(principal: Value, condition: Value) -> Outcome {
        let asked = Asked { external_id: Some("relevo-prod"), ..Asked::default() };
        trust(&policy(principal, condition), &asked, Some(("444444444444", "agent")))
    }

    fn id(operator: &str, value: &str) -> Value {
        json!({ operator: { "sts:ExternalId": value } })
    }

    #[test]
    fn one_role_with_the_external_id_is_as_it_should_be() {
        let outcome = judged(json!({ "AWS": AGENT }), id("StringEquals", "relevo-prod"));
        assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    }

    #[test]
    fn whoever_else_is_trusted_is_named() {
        for (principal, said) in [
            (json!({ "AWS": "arn:aws:iam::444444444444:root" }), "every role"),
            (json!({ "AWS": "444444444444" }), "every role of account 444444444444"),
            (json!({ "AWS": [AGENT, "arn:aws:iam::444444444444:role/other"] }), "role/other"),
            (json!({ "AWS": "arn:aws:iam::555555555555:role/ci/agent" }), "555555555555"),
            (
                json!({ "AWS": AGENT, "Service": "events.amazonaws.com" }),
                "the service events.amazonaws.com",
            ),
            (json!({ "Federated": "arn:aws:iam::444444444444:saml-provider/x" }), "saml-provider"),
        ] {
            match judged(principal.clone(), id("StringEquals", "relevo-prod")) {
                Outcome::Warning { why, .. } => assert!(why.contains(said), "{principal}: {why}"),
                other => panic!("{principal}: {other:?}"),
            }
        }
    }

    #[test]
    fn everybody_and_nobody_fail_whatever_the_condition() {
        for principal in [json!("*"), json!({ "AWS": "*" }), json!({ "AWS": [AGENT, "*"] })] {
            assert!(judged(principal, id("StringEquals", "relevo-prod")).is_failure());
        }
        let denies = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#;
        let denies = PolicyDocument::parse(denies).unwrap();
        assert!(trust(&denies, &Asked::default(), None).is_failure());
    }

    #[test]
    fn the_external_id_must_be_asked_for_and_be_the_same() {
        let with = |condition| judged(json!({ "AWS": AGENT }), condition);
        assert!(matches!(with(json!({})), Outcome::Warning { .. }));
        assert!(matches!(with(id("StringEqualsIfExists", "relevo-prod")), Outcome::Warning { .. }));
        assert!(with(id("StringEquals", "relevo-dev")).is_failure());
        assert!(with(id("StringNotEquals", "relevo-prod")).is_failure());
    }

    proptest! {
        #[test]
        fn adding_everybody_to_any_policy_makes_it_fail(roles in prop::collection::vec("[a-z]{1,9}", 0..5)) {
            let mut names: Vec<String> =
                roles.iter().map(|role| format!("arn:aws:iam::444444444444:role/{role}")).collect();
            names.push("*".to_owned());
            let judged = judged(json!({ "AWS": names }), id("StringEquals", "relevo-prod"));
            prop_assert!(judged.is_failure());
        }
    }
}
