//! An account in which changes are done, without a cloud.

use super::*;
use std::collections::BTreeMap;

/// What is there once `change` is done.
pub(super) fn done(mut observed: Observed, change: &Change, desired: &Desired) -> Observed {
    let topic = |observed: &mut Observed, change: &dyn Fn(&mut Topic)| {
        change(observed.topic.as_mut().unwrap());
    };
    match change {
        Change::CreateLogGroup { kms_key, class, .. } => {
            let kms_key = kms_key.clone();
            observed.log_group =
                Some(LogGroupRecord { retention_days: None, kms_key, class: *class });
        }
        Change::SetLogGroupKey { to, .. } => {
            observed.log_group.as_mut().unwrap().kms_key = Some(to.clone());
        }
        Change::SetRetention { to, .. } => {
            observed.log_group.as_mut().unwrap().retention_days = *to;
        }
        Change::PutObject { bucket, key, .. } => {
            observed.objects.insert(format!("s3://{bucket}/{key}"));
        }
        Change::CreateFunction { code_sha256, settings, .. } => {
            observed.function.head = Some(Function {
                code_sha256: code_sha256.clone(),
                settings: settings.clone(),
                readiness: Readiness::Ready,
            });
        }
        Change::UpdateFunctionCode { to, .. } => {
            observed.function.head.as_mut().unwrap().code_sha256 = to.clone();
        }
        Change::UpdateFunctionSettings { to, .. } => {
            observed.function.head.as_mut().unwrap().settings = to.clone();
        }
        Change::PublishFunction { version, .. } => {
            let head = observed.function.head.clone().unwrap();
            observed.function.versions.insert(*version, head);
        }
        Change::CreateTopic { .. } => {
            let owner = json!({ "Sid": "__default_statement_ID", "Effect": "Allow" });
            observed.topic = Some(Topic {
                kms_key: None,
                policy: json!({ "Statement": [owner] }),
                subscriptions: Vec::new(),
            });
        }
        Change::SetTopicKey { to, .. } => {
            topic(&mut observed, &|topic| topic.kms_key = Some(to.clone()));
        }
        Change::SetTopicStatement { to, .. } => {
            topic(&mut observed, &|topic| topic.policy = policy_with(&topic.policy, to));
        }
        Change::Subscribe { email, .. } => topic(&mut observed, &|topic| {
            topic.subscriptions.push(Subscription {
                protocol: "email".to_owned(),
                endpoint: email.clone(),
                state: SubscriptionState::Pending,
            });
        }),
        Change::CreatePipeline { name, .. } | Change::UpdatePipeline { name, .. } => {
            let spec = desired.pipelines().into_iter().find(|spec| spec.name == *name).unwrap();
            let PipelineSpec { arn, role, description, definition, .. } = spec.clone();
            let record = PipelineRecord { arn, role, description, definition };
            observed.pipelines.insert(name.clone(), record);
        }
        Change::PutRule { .. }
        | Change::PutTargets { .. }
        | Change::RemoveTargets { .. }
        | Change::RemoveRule { .. } => rule_done(&mut observed.rules, change),
    }
    observed
}

fn rule_done(rules: &mut BTreeMap<String, ObservedRule>, change: &Change) {
    match change {
        Change::PutRule { to, .. } => {
            let targets = rules.remove(&to.name).map(|rule| rule.targets);
            let targets = targets.unwrap_or_default();
            rules.insert(to.name.clone(), ObservedRule { rule: to.clone(), targets });
        }
        Change::PutTargets { rule, to, .. } => {
            let targets = &mut rules.get_mut(rule).unwrap().targets;
            targets.retain(|there| to.iter().all(|new| new.id != there.id));
            targets.extend(to.iter().cloned());
        }
        Change::RemoveTargets { rule, from } => {
            let targets = &mut rules.get_mut(rule).unwrap().targets;
            targets.retain(|there| !from.contains(there));
        }
        Change::RemoveRule { from } => {
            assert_eq!(rules.remove(&from.name).unwrap().targets, [], "a rule in use");
        }
        other => unreachable!("{other:?} is about no rule"),
    }
}
