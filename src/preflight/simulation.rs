//! What IAM's simulation said, against what a deployment needs.

use super::{Outcome, Permission, Want};
use std::collections::BTreeMap;

/// What IAM decided about one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// One simulated action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The action.
    pub action: String,
    /// The decision, the strictest over all resources.
    pub decision: Decision,
    /// The decision on each resource, as far as it was told.
    pub resources: BTreeMap<String, Decision>,
    /// Condition keys that the policies look at and the simulation was not told.
    pub missing_context: Vec<String>,
}

impl Simulated {
    /// The decision on `resource`, if it was told.
    #[must_use]
    pub fn on(&self, resource: &str) -> Option<Decision> {
        self.resources.get(resource).copied()
    }
}

/// Does what was simulated agree with what is wanted?
#[must_use]
pub fn judge(permission: &Permission, simulated: &[Simulated]) -> Outcome {
    let asked =
        |action: &&String| simulated.iter().all(|one| !one.action.eq_ignore_ascii_case(action));
    if let Some(unanswered) = permission.actions.iter().find(asked) {
        return Outcome::unknown(format!("the simulation did not answer for {unanswered}"));
    }
    match permission.want {
        Want::Allowed => allowed(permission, simulated),
        Want::Refused => refused(permission, simulated),
    }
}

fn allowed(permission: &Permission, simulated: &[Simulated]) -> Outcome {
    let lacking: Vec<&Simulated> =
        simulated.iter().filter(|one| one.decision != Decision::Allowed).collect();
    if lacking.is_empty() {
        return Outcome::ok(match permission.actions.as_slice() {
            [one] => one.clone(),
            many => format!("{} actions allowed", many.len()),
        });
    }
    let unasked: Vec<&str> =
        lacking.iter().flat_map(|one| &one.missing_context).map(String::as_str).collect();
    if lacking
        .iter()
        .all(|one| !one.missing_context.is_empty() && one.decision == Decision::NotAllowed)
    {
        return Outcome::unknown(format!(
            "the policy looks at {}, which only a real call has",
            unasked.join(", ")
        ));
    }
    let names: Vec<&str> = lacking.iter().map(|one| one.action.as_str()).collect();
    let (names, role) = (names.join(", "), permission.role.name());
    let on = permission.resources.join(", ");
    if let Some(denied) = lacking.iter().find(|one| one.decision == Decision::Denied) {
        return Outcome::failed(
            format!("{role} may not: {names}; a Deny stands against {}", denied.action),
            format!(
                "take {} out of that Deny (a permissions boundary or an SCP counts as well)",
                denied.action
            ),
        );
    }
    Outcome::failed(format!("{role} may not: {names}"), format!("allow {role} {names} on {on}"))
}

fn refused(permission: &Permission, simulated: &[Simulated]) -> Outcome {
    let role = permission.role.name();
    let allowed = simulated.iter().find(|one| one.decision == Decision::Allowed);
    if let Some(allowed) = allowed {
        let action = &allowed.action;
        return Outcome::failed(
            format!("{role} may {action}: who makes a model could approve it"),
            format!(
                r#"add to the policy of {role}: {{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#
            ),
        );
    }
    Outcome::ok(format!("{} is refused", permission.actions.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::fixture, preflight::permissions};
    use proptest::{prelude::*, sample};

    fn ask(want: Want) -> Permission {
        let all = permissions(&fixture::environment());
        all.into_iter().find(|ask| ask.want == want).unwrap()
    }

    fn answered(permission: &Permission, decision: Decision) -> Vec<Simulated> {
        let one = |action: &String| Simulated {
            action: action.clone(),
            decision,
            resources: BTreeMap::new(),
            missing_context: Vec::new(),
        };
        permission.actions.iter().map(one).collect()
    }

    #[test]
    fn a_role_that_could_approve_fails_and_one_that_may_not_is_right() {
        let never = ask(Want::Refused);
        let Outcome::Failed { why, fix } = judge(&never, &answered(&never, Decision::Allowed))
        else {
            panic!()
        };
        assert!(why.contains("UpdateModelPackage") && fix.contains("Deny"), "{why} {fix}");
        for decision in [Decision::Denied, Decision::NotAllowed] {
            assert!(matches!(judge(&never, &answered(&never, decision)), Outcome::Ok { .. }));
        }
    }

    #[test]
    fn what_only_a_real_call_has_makes_it_unknown() {
        let needed = ask(Want::Allowed);
        let mut answers = answered(&needed, Decision::Allowed);
        answers[0].decision = Decision::NotAllowed;
        let missing = judge(&needed, &answers);
        assert!(missing.is_failure());
        answers[0].missing_context.push("aws:PrincipalTag/team".to_owned());
        assert!(matches!(judge(&needed, &answers), Outcome::Unknown { .. }));
        answers[0].decision = Decision::Denied;
        assert!(judge(&needed, &answers).is_failure());
        assert!(matches!(judge(&needed, &[]), Outcome::Unknown { .. }));
    }

    proptest! {
        #[test]
        fn only_a_full_house_is_ok(decisions in prop::collection::vec(
            sample::select(vec![Decision::Allowed, Decision::NotAllowed, Decision::Denied]), 2
        )) {
            let needed = ask(Want::Allowed);
            let mut answers = answered(&needed, Decision::Allowed);
            for (answer, decision) in answers.iter_mut().zip(&decisions) {
                answer.decision = *decision;
            }
            let full = decisions.iter().all(|one| *one == Decision::Allowed);
            prop_assert_eq!(judge(&needed, &answers).is_failure(), !full);
        }
    }
}
