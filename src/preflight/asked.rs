//! What the agent asks for beside a role, and whether the role's trust policy lets it have that.
//!
//! A source identity takes `sts:SetSourceIdentity`, session tags take `sts:TagSession` (STS API reference, AssumeRole).
//! STS gives all that is asked for or nothing.

use super::{
    Outcome, PolicyDocument,
    document::{Condition, Effect, Statement, wild},
    trust::{ASSUME, EXTERNAL_ID},
};
use crate::spec::{Environment, SessionTags, Sessions};

const SET_IDENTITY: &str = "sts:SetSourceIdentity";
const TAG: &str = "sts:TagSession";
const SOURCE_IDENTITY: &str = "sts:SourceIdentity";
const SESSION_NAME: &str = "sts:RoleSessionName";
/// A name as sessions have it: the agent's and a run's.
const A_NAME: &str = "agent-0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e";

/// What is asked for beside the role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked<'e> {
    /// The id that shows the role who asks.
    pub external_id: Option<&'e str>,
    /// Who is behind the sessions.
    pub source_identity: Option<&'e str>,
    /// Whether sessions carry what they are for.
    pub tags: SessionTags,
}

impl<'e> From<&'e Environment> for Asked<'e> {
    fn from(environment: &'e Environment) -> Self {
        let Sessions { source_identity, tags, .. } = &environment.sessions;
        Self {
            external_id: environment.external_id.as_deref(),
            source_identity: source_identity.as_deref(),
            tags: *tags,
        }
    }
}

impl Asked<'_> {
    /// What is asked for besides the external id, in words that follow a sentence.
    pub(super) fn besides(&self) -> &'static str {
        match (self.source_identity, self.tags) {
            (None, SessionTags::None) => "",
            (Some(_), SessionTags::None) => ", and lets it set its source identity",
            (None, SessionTags::Sent) => ", and lets it tag sessions",
            (Some(_), SessionTags::Sent) => {
                ", and lets it set its source identity and tag sessions"
            }
        }
    }

    /// Why STS would refuse, if the policy's text shows that it would.
    pub(super) fn refusal(&self, policy: &PolicyDocument) -> Option<Outcome> {
        self.actions().into_iter().find_map(|(action, otherwise)| {
            self.refused(policy, action).map(|why| {
                let fix = format!(
                    "add \"{action}\" to the Action of the statement that lets the agent's role in, under conditions \
                     that it meets (aws iam update-assume-role-policy){otherwise}"
                );
                Outcome::failed(format!("{why}: the role is refused"), fix)
            })
        })
    }

    /// What must be allowed, and what else would do.
    fn actions(&self) -> Vec<(&'static str, &'static str)> {
        let identity = self
            .source_identity
            .map(|_| (SET_IDENTITY, "; or take source_identity out of the environment file"));
        let tags = match self.tags {
            SessionTags::Sent => Some((TAG, "; or take session_tags out of the environment file")),
            SessionTags::None => None,
        };
        [(ASSUME, "")].into_iter().chain(identity).chain(tags).collect()
    }

    fn refused(&self, policy: &PolicyDocument, action: &str) -> Option<String> {
        let about = |effect: Effect| {
            let all = policy.statements.iter();
            all.filter(move |one| one.effect == effect && one.covers(action, ""))
                .collect::<Vec<&Statement>>()
        };
        if about(Effect::Deny)
            .iter()
            .any(|one| one.is_about_everybody() && one.conditions.is_empty())
        {
            return Some(format!("a Deny stands against {action}"));
        }
        let allowing = about(Effect::Allow);
        if allowing.is_empty() {
            return Some(format!("it does not allow {action}, which the environment asks for"));
        }
        let failed: Vec<&Condition> = allowing
            .iter()
            .filter_map(|one| one.conditions.iter().find(|asks| self.fails(asks)))
            .collect();
        if failed.len() < allowing.len() {
            return None;
        }
        let Condition { operator, key, values } = failed.first()?;
        // an external id that is another is told in its own words
        let own_words = key.eq_ignore_ascii_case(EXTERNAL_ID);
        let values = values.join(", ");
        (!own_words).then(|| format!("{action} asks for {operator} {key} {values}"))
    }

    /// Does what is asked for fail the condition for sure? What only a real call has is left open.
    fn fails(&self, condition: &Condition) -> bool {
        let sent = [
            (EXTERNAL_ID, self.external_id),
            (SOURCE_IDENTITY, self.source_identity),
            (SESSION_NAME, Some(A_NAME)),
        ];
        let Some((_, sent)) = sent.iter().find(|(key, _)| condition.is_about(key)) else {
            return false;
        };
        let Condition { operator, values, .. } = condition;
        match (operator.as_str(), sent) {
            ("StringEquals" | "StringLike", None) => true,
            ("StringEquals", Some(sent)) => !values.iter().any(|value| value == sent),
            ("StringLike", Some(sent)) => !values.iter().any(|value| wild(value, sent)),
            (_, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::trust;
    use serde_json::{Value, json};

    const AGENT: &str = "arn:aws:iam::444444444444:role/agent";

    fn judged(actions: Value, condition: Value, asked: Asked<'_>) -> Outcome {
        let text = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": AGENT }, "Action": actions, "Condition": condition,
        }]});
        let policy = PolicyDocument::parse(&text.to_string()).unwrap();
        trust(&policy, &asked, Some(("444444444444", "agent")))
    }

    fn everything() -> Asked<'static> {
        Asked {
            external_id: Some("relevo-prod"),
            source_identity: Some("relevo"),
            tags: SessionTags::Sent,
        }
    }

    fn met() -> Value {
        json!({
            "StringEquals": { "sts:ExternalId": "relevo-prod", "sts:SourceIdentity": "relevo" },
            "StringLike": { "sts:RoleSessionName": "agent-*" },
        })
    }

    #[test]
    fn each_thing_that_is_asked_for_must_be_allowed() {
        for (actions, lacking) in [
            (json!("sts:AssumeRole"), Some("sts:SetSourceIdentity")),
            (json!(["sts:AssumeRole", "sts:TagSession"]), Some("sts:SetSourceIdentity")),
            (json!(["sts:AssumeRole", "sts:SetSourceIdentity"]), Some("sts:TagSession")),
            (json!(["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]), None),
            (json!("sts:*"), None),
        ] {
            match (judged(actions.clone(), met(), everything()), lacking) {
                (Outcome::Failed { why, fix }, Some(action)) => {
                    assert!(why.contains(action) && fix.contains(action), "{why} {fix}");
                    assert!(fix.contains("out of the environment file"), "{fix}");
                }
                (Outcome::Ok { detail }, None) => assert!(detail.contains("tag sessions")),
                (other, _) => panic!("{actions}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_asked_for_need_not_be_allowed() {
        let asked = Asked { external_id: Some("relevo-prod"), ..Asked::default() };
        let mut condition = met();
        condition["StringEquals"].as_object_mut().unwrap().remove("sts:SourceIdentity");
        let outcome = judged(json!("sts:AssumeRole"), condition, asked);
        assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    }

    #[test]
    fn conditions_that_what_is_asked_for_cannot_meet_refuse_it() {
        let all = json!(["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]);
        for (operator, key, value) in [
            ("StringEquals", "sts:SourceIdentity", "somebody"),
            ("StringLike", "sts:RoleSessionName", "jenkins-*"),
        ] {
            let mut condition = met();
            condition[operator][key] = json!(value);
            match judged(all.clone(), condition, everything()) {
                Outcome::Failed { why, .. } => {
                    assert!(why.contains(key) && why.contains(value), "{why}");
                }
                other => panic!("{key}: {other:?}"),
            }
        }
        let unsent = Asked { source_identity: None, ..everything() };
        assert!(judged(all.clone(), met(), unsent).is_failure(), "it asks for one, none is sent");
        let mut open = met();
        open["StringEquals"]["aws:PrincipalOrgID"] = json!("o-1");
        assert!(!judged(all, open, everything()).is_failure(), "only a real call has it");
    }

    #[test]
    fn a_denial_of_what_is_asked_for_refuses_it() {
        let text = json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": AGENT }, "Action": "sts:*", "Condition": met() },
            { "Effect": "Deny", "Principal": "*", "Action": "sts:TagSession" },
        ]});
        let policy = PolicyDocument::parse(&text.to_string()).unwrap();
        let outcome = trust(&policy, &everything(), None);
        assert!(matches!(&outcome, Outcome::Failed { why, .. } if why.contains("sts:TagSession")));
    }
}
