//! What one commit declares, held against what another does: the comparison a plan makes, without an account.
//!
//! Everything that the first commit declares is taken to be there, and nothing else. What only an account knows is as it
//! would be had the first commit been deployed into an empty one, and all been well since: its function has version 1, the
//! next one is 2; an approved model and a batch are there and the alerts are heard, so the schedule is as it is declared.
//! Both are rendered under the second's commit, since the number of a commit is no part of what it declares. So the same
//! files give the same plan, whoever compares them and whenever.

use super::{
    blueprint::Blueprint,
    change::Plan,
    desired::{Desired, DesiredError, desired},
    difference::plan,
    function::{function, predict_version},
    observed::{
        Function, LogGroupRecord, Observed, ObservedFunction, ObservedRule, PipelineRecord,
        Readiness, Subscription, SubscriptionState, Topic, policy_with,
    },
    resources::{PipelineSpec, RuleSpec},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// The version that a function has which was deployed once.
const FIRST_VERSION: u32 = 1;

/// Why two commits cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Undeclared {
    /// The first declares nothing that could be deployed.
    #[error(transparent)]
    Before(DesiredError),
    /// The second does not.
    #[error(transparent)]
    After(DesiredError),
}

/// What would be done to come from what `before` declares to what `after` does. The plan's commit is the second's; it is
/// for reading: applying needs one that was made from an account.
///
/// # Errors
/// If one of the two cannot be rendered.
pub fn declared(before: &Blueprint<'_>, after: &Blueprint<'_>) -> Result<Plan, Undeclared> {
    let before = Blueprint { commit: after.commit, ..*before };
    let before = desired(&before, FIRST_VERSION).map_err(Undeclared::Before)?;
    let wanted = function(after).map_err(Undeclared::After)?;
    let environment = after.environment;
    let is_moved = (&before.account, &before.region) != (&environment.account, &environment.region);
    let there = if is_moved || before.function.name != wanted.name {
        ObservedFunction::default()
    } else {
        functions(&before)
    };
    let version = predict_version(&wanted, &there);
    let after = desired(after, version).map_err(Undeclared::After)?;
    let elsewhere = Observed { batch_present: true, ..Observed::default() };
    let observed = if is_moved { elsewhere } else { deployed(&before, &after) };
    let approved_model = Some(after.model_package_group.clone());
    let mut plan = plan(&after, &Observed { function: there, approved_model, ..observed });
    if is_moved {
        plan.notes.push(moved(&before, &after));
    } else {
        plan.notes.extend(left(&before, &after));
    }
    if version != FIRST_VERSION {
        plan.notes.push(format!(
            "versions of the function are counted from {FIRST_VERSION} here; the account knows the next one"
        ));
    }
    Ok(plan)
}

/// What is there once `before` is deployed, as far as `after` names it; without the function.
fn deployed(before: &Desired, after: &Desired) -> Observed {
    let group = &before.log_group;
    let log_group = (group.name == after.log_group.name).then(|| LogGroupRecord {
        retention_days: group.retention_days,
        kms_key: group.kms_key.as_ref().map(|key| key.as_str().to_owned()),
        class: group.class,
    });
    let rules = before.rules.iter().chain([&before.schedule]).map(|spec| {
        let RuleSpec { rule, targets } = spec.clone();
        (rule.name.clone(), ObservedRule { rule, targets })
    });
    Observed {
        log_group,
        objects: before.objects.iter().map(super::Object::address).collect(),
        function: ObservedFunction::default(),
        topic: (before.topic.arn == after.topic.arn).then(|| topic(before)),
        pipelines: before.pipelines().map(|spec| (spec.name.clone(), record(spec))).into(),
        rules: rules.collect(),
        batch_present: true,
        approved_model: None,
    }
}

fn functions(before: &Desired) -> ObservedFunction {
    let function = Function {
        code_sha256: before.function.code_sha256.clone(),
        settings: before.function.settings.clone(),
        readiness: Readiness::Ready,
    };
    ObservedFunction {
        head: Some(function.clone()),
        versions: [(before.function_version, function)].into(),
    }
}

fn topic(before: &Desired) -> Topic {
    Topic {
        kms_key: Some(before.topic.kms_key.clone()),
        policy: policy_with(&Value::Null, &before.topic.statement),
        subscriptions: vec![Subscription {
            protocol: "email".to_owned(),
            endpoint: before.topic.email.clone(),
            state: SubscriptionState::Confirmed,
        }],
    }
}

fn record(spec: &PipelineSpec) -> PipelineRecord {
    let PipelineSpec { name: _, arn, role, description, definition } = spec.clone();
    PipelineRecord { arn, role, description, definition }
}

fn moved(before: &Desired, after: &Desired) -> String {
    format!(
        "it moves from account {} ({}) to account {} ({}); what is in the first stays there",
        before.account, before.region, after.account, after.region
    )
}

/// What nobody declares any more and no deployment takes away, since it is looked for by its name.
fn left(before: &Desired, after: &Desired) -> Option<String> {
    let kept: BTreeSet<String> =
        named(after).chain(after.retired_rules.iter().map(|rule| format!("rule {rule}"))).collect();
    let left: Vec<String> = named(before).filter(|name| !kept.contains(name)).collect();
    (!left.is_empty())
        .then(|| format!("what has another name now stays there: {}", left.join(", ")))
}

fn named(desired: &Desired) -> impl Iterator<Item = String> {
    let rules = desired.rules.iter().chain([&desired.schedule]).map(|spec| &spec.rule.name);
    let pipelines = desired.pipelines().map(|spec| format!("pipeline {}", spec.name));
    pipelines.into_iter().chain(rules.map(|name| format!("rule {name}"))).chain([
        format!("function {}", desired.function.name),
        format!("topic {}", desired.topic.name),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{
            fixture::{Commit, environment},
            render,
        },
        spec::{Environment, Retrain, RetrainOn},
    };

    fn between(before: (&Commit, &Environment), after: (&Commit, &Environment)) -> Plan {
        declared(&before.0.blueprint(before.1), &after.0.blueprint(after.1)).unwrap()
    }

    fn of_environments(before: &Environment, after: &Environment) -> Vec<String> {
        let plan = between((&Commit::first(), before), (&Commit::first().again(), after));
        render::difference(&plan).lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn another_commit_of_the_same_files_declares_the_same() {
        let plan =
            between((&Commit::first(), &environment()), (&Commit::first().again(), &environment()));
        assert!(plan.is_empty() && plan.notes.is_empty(), "{plan:?}");
        assert_eq!(render::difference(&plan), "");
    }

    #[test]
    fn an_instance_type_and_a_schedule_are_told_before_and_after() {
        let mut commit = Commit::first().again();
        commit.train = commit.train.replace("ml.m5.xlarge", "ml.m5.4xlarge");
        let later = Environment { schedule: "cron(30 4 * * ? *)".to_owned(), ..environment() };
        let plan = between((&Commit::first(), &environment()), (&commit, &later));
        let text = render::difference(&plan);
        assert!(text.contains(r#""ml.m5.xlarge" -> "ml.m5.4xlarge""#), "{text}");
        let fires = "      fires on cron(0 23 * * ? *) -> cron(30 4 * * ? *)\n";
        assert!(text.ends_with(fires), "{text}");
        assert_eq!(render::tally(&plan), "0 to create, 2 to change, 0 to remove");
    }

    #[test]
    fn a_new_function_is_the_second_version_and_where_that_is_from_is_said() {
        let mut commit = Commit::first();
        commit.scripts.insert("latest_approved_model.py".to_owned(), "pass".to_owned());
        let plan = between((&Commit::first(), &environment()), (&commit, &environment()));
        let text = render::difference(&plan);
        assert!(
            text.contains("latest-approved:1\" -> ") && text.contains(", version 2\n"),
            "{text}"
        );
        assert!(text.ends_with("counted from 1 here; the account knows the next one.\n"), "{text}");
    }

    #[test]
    fn what_another_policy_wanted_is_removed() {
        let any = Retrain { on: RetrainOn::AnyFailure, ..environment().retrain };
        let lines = of_environments(&environment(), &Environment { retrain: any, ..environment() });
        let removed = lines.iter().any(|line| line.starts_with("- remove   rule"));
        assert!(removed && lines.iter().all(|line| !line.starts_with("Note")), "{lines:?}");
    }

    #[test]
    fn what_is_named_anew_is_made_anew_and_the_old_is_named() {
        let after = Environment { train_pipeline: "Other".parse().unwrap(), ..environment() };
        let lines = of_environments(&environment(), &after);
        assert!(lines.iter().any(|line| line.starts_with("+ create   pipeline      Other")));
        let note = "Note: what has another name now stays there: pipeline Mammo-Severity-Train.";
        assert_eq!(lines.last().unwrap(), note);
    }

    #[test]
    fn in_another_region_nothing_is_there_yet() {
        let after = Environment { region: "eu-west-1".parse().unwrap(), ..environment() };
        let plan = between((&Commit::first(), &environment()), (&Commit::first(), &after));
        let whole = super::super::plan(
            &desired(&Commit::first().blueprint(&after), 1).unwrap(),
            &Observed::default(),
        );
        assert_eq!(plan.changes.len(), whole.changes.len());
        assert!(
            plan.notes.last().unwrap().contains("(us-east-1) to account 222222222222 (eu-west-1)")
        );
    }

    #[test]
    fn which_side_cannot_be_rendered_is_told() {
        let (good, mut bad) = (Commit::first(), Commit::first());
        bad.scripts.clear();
        let environment = environment();
        let of = |one: &Commit, other: &Commit| {
            declared(&one.blueprint(&environment), &other.blueprint(&environment)).unwrap_err()
        };
        assert!(matches!(of(&bad, &good), Undeclared::Before(DesiredError::NoScript(_))));
        assert!(matches!(of(&good, &bad), Undeclared::After(DesiredError::NoScript(_))));
    }
}
