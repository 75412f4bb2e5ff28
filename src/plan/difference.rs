//! From what there should be and what there is to what is to be done.

use super::{
    change::{Change, PipelineSummary, Plan},
    desired::Desired,
    function::published,
    observed::{LogGroupRecord, Observed, SubscriptionState},
    resources::{Object, PipelineSpec, RuleSpec, RuleState, Target, Trigger},
};
use crate::definition::{Kind, compare};

/// What is to be done so that `observed` becomes `desired`: nothing if it is so already.
///
/// The order is the one in which nothing ever points to what is not there yet, and the schedule is
/// last, disabled while it would have no model or no batch.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let hindrances = hindrances(desired, observed);
    let mut changes = Vec::new();
    log_group(desired, observed, &mut changes);
    changes.extend(desired.objects.iter().filter_map(|wanted| object(wanted, observed)));
    function(desired, observed, &mut changes);
    topic(desired, observed, &mut changes);
    changes.extend(pipeline(Kind::Train, &desired.train, observed));
    changes.extend(pipeline(Kind::Inference, &desired.inference, observed));
    for wanted in &desired.rules {
        rule(wanted, observed, &mut changes);
    }
    for name in &desired.retired_rules {
        retire(name, observed, &mut changes);
    }
    let mut schedule = desired.schedule.clone();
    if !hindrances.is_empty() {
        schedule.rule.state = RuleState::Disabled;
    }
    rule(&schedule, observed, &mut changes);
    let mut notes = hindrances;
    notes.extend(unheard(desired, observed));
    notes.extend(of_another_class(desired, observed));
    let expression = match (&schedule.rule.state, schedule.rule.trigger) {
        (RuleState::Enabled, Trigger::Schedule(expression)) => Some(expression),
        (RuleState::Enabled, Trigger::Pattern(_)) | (RuleState::Disabled, _) => None,
    };
    Plan {
        environment: desired.environment.clone(),
        account: desired.account.clone(),
        region: desired.region.clone(),
        commit: desired.commit.clone(),
        changes,
        notes,
        schedule: expression,
    }
}

/// Why the schedule may not fire yet.
fn hindrances(desired: &Desired, observed: &Observed) -> Vec<String> {
    let mut reasons = Vec::new();
    if observed.approved_model.is_none() {
        let (group, environment) = (&desired.model_package_group, &desired.environment);
        reasons.push(format!(
            "the schedule is disabled: no model of {group} is approved for {environment} yet (agent models approve VERSION --env {environment} --reason '…')"
        ));
    }
    if !observed.batch_present {
        let super::BatchObject { bucket, key } = &desired.batch;
        reasons.push(format!("the schedule is disabled: there is no batch at s3://{bucket}/{key}"));
    }
    reasons
}

/// Whether anybody hears the alerts.
fn unheard(desired: &Desired, observed: &Observed) -> Option<String> {
    let email = &desired.topic.email;
    match subscription(desired, observed) {
        Some(SubscriptionState::Confirmed) => None,
        Some(SubscriptionState::Pending) => Some(format!(
            "nobody hears alerts yet: {email} has not followed the link in its confirmation mail"
        )),
        None => Some(format!(
            "nobody hears alerts until {email} follows the link in the confirmation mail it will get"
        )),
    }
}

fn subscription(desired: &Desired, observed: &Observed) -> Option<SubscriptionState> {
    let topic = observed.topic.as_ref()?;
    let wanted = &desired.topic.email;
    let ours =
        topic.subscriptions.iter().filter(|s| s.protocol == "email" && s.endpoint == *wanted);
    ours.map(|subscription| subscription.state).min_by_key(|state| match state {
        SubscriptionState::Confirmed => 0,
        SubscriptionState::Pending => 1,
    })
}

fn log_group(desired: &Desired, observed: &Observed, changes: &mut Vec<Change>) {
    let wanted = &desired.log_group;
    let name = || wanted.name.clone();
    let key = wanted.kms_key.as_ref().map(|key| key.as_str().to_owned());
    let class = wanted.class;
    let created = LogGroupRecord { retention_days: None, kms_key: key.clone(), class };
    let group = observed.log_group.as_ref().unwrap_or(&created);
    if observed.log_group.is_none() {
        changes.push(Change::CreateLogGroup { name: name(), kms_key: key.clone(), class });
    }
    // a key that nobody asked for is left: taking it away would store lines in the clear
    if let Some(to) = key.filter(|key| group.kms_key.as_ref() != Some(key)) {
        changes.push(Change::SetLogGroupKey { name: name(), from: group.kms_key.clone(), to });
    }
    let (from, to) = (group.retention_days, wanted.retention_days);
    if from != to {
        changes.push(Change::SetRetention { name: name(), from, to });
    }
}

/// The class of a group never changes.
fn of_another_class(desired: &Desired, observed: &Observed) -> Option<String> {
    let (wanted, found) = (&desired.log_group, observed.log_group.as_ref()?);
    (found.class != wanted.class).then(|| {
        format!(
            "log group {} is of class {} and cannot become {}: name another group, which a deployment makes",
            wanted.name,
            found.class.name(),
            wanted.class.name()
        )
    })
}

fn object(wanted: &Object, observed: &Observed) -> Option<Change> {
    let Object { bucket, key, kind, digest, content } = wanted;
    (!observed.objects.contains(&wanted.address())).then(|| Change::PutObject {
        bucket: bucket.clone(),
        key: key.clone(),
        kind: *kind,
        digest: digest.clone(),
        bytes: content.len() as u64,
    })
}

fn function(desired: &Desired, observed: &Observed, changes: &mut Vec<Change>) {
    let wanted = &desired.function;
    if published(wanted, &observed.function).is_some() {
        return;
    }
    let name = || wanted.name.clone();
    let (code, settings) = (wanted.code_sha256.clone(), wanted.settings.clone());
    match &observed.function.head {
        None => changes.push(Change::CreateFunction {
            name: name(),
            code_sha256: code.clone(),
            settings,
        }),
        Some(head) => {
            if head.code_sha256 != code {
                let (from, to) = (head.code_sha256.clone(), code.clone());
                changes.push(Change::UpdateFunctionCode { name: name(), from, to });
            }
            if head.settings != settings {
                let from = head.settings.clone();
                changes.push(Change::UpdateFunctionSettings { name: name(), from, to: settings });
            }
        }
    }
    let version = desired.function_version;
    changes.push(Change::PublishFunction { name: name(), code_sha256: code, version });
}

fn topic(desired: &Desired, observed: &Observed, changes: &mut Vec<Change>) {
    let wanted = &desired.topic;
    let name = || wanted.name.clone();
    let there = observed.topic.as_ref();
    if there.is_none() {
        changes.push(Change::CreateTopic { name: name() });
    }
    let from = there.and_then(|topic| topic.kms_key.clone());
    if from.as_ref() != Some(&wanted.kms_key) {
        changes.push(Change::SetTopicKey { name: name(), from, to: wanted.kms_key.clone() });
    }
    let from = there.and_then(|topic| topic.statement(&wanted.statement)).cloned();
    if from.as_ref() != Some(&wanted.statement) {
        let to = wanted.statement.clone();
        changes.push(Change::SetTopicStatement { name: name(), from, to });
    }
    if subscription(desired, observed).is_none() {
        changes.push(Change::Subscribe { topic: name(), email: wanted.email.clone() });
    }
}

fn pipeline(kind: Kind, wanted: &PipelineSpec, observed: &Observed) -> Option<Change> {
    let name = wanted.name.clone();
    let to = PipelineSummary {
        definition: wanted.definition.digest(),
        role: wanted.role.clone(),
        description: wanted.description.clone(),
    };
    let Some(record) = observed.pipelines.get(&wanted.name) else {
        let steps = wanted.definition.steps();
        let steps = steps.into_iter().map(|step| step.name.to_owned()).collect();
        return Some(Change::CreatePipeline { kind, name, to, steps });
    };
    let from = record.summary();
    let told = || compare(&record.definition, &wanted.definition);
    (from != to).then(|| Change::UpdatePipeline {
        kind,
        name,
        from,
        to,
        differences: told().iter().map(ToString::to_string).collect(),
    })
}

fn rule(wanted: &RuleSpec, observed: &Observed, changes: &mut Vec<Change>) {
    let there = observed.rules.get(&wanted.rule.name);
    if there.map(|there| &there.rule) != Some(&wanted.rule) {
        let from = there.map(|there| there.rule.clone());
        changes.push(Change::PutRule { from, to: wanted.rule.clone() });
    }
    let targets: &[Target] = there.map_or(&[], |there| &there.targets);
    let rule = || wanted.rule.name.clone();
    let unwanted = |target: &&Target| wanted.targets.iter().all(|wanted| wanted.id != target.id);
    let surplus: Vec<Target> = targets.iter().filter(unwanted).cloned().collect();
    let to: Vec<Target> =
        wanted.targets.iter().filter(|target| !targets.contains(target)).cloned().collect();
    // first out, then in: the two together may be more than a rule can hold
    if !surplus.is_empty() {
        changes.push(Change::RemoveTargets { rule: rule(), from: surplus });
    }
    if !to.is_empty() {
        let from = targets.iter().filter(|there| to.iter().any(|new| new.id == there.id));
        changes.push(Change::PutTargets { rule: rule(), from: from.cloned().collect(), to });
    }
}

/// After the wanted rules: an alert told twice for a moment is better than one not told.
fn retire(name: &str, observed: &Observed, changes: &mut Vec<Change>) {
    let Some(there) = observed.rules.get(name) else { return };
    if !there.targets.is_empty() {
        let (rule, from) = (there.rule.name.clone(), there.targets.clone());
        changes.push(Change::RemoveTargets { rule, from });
    }
    changes.push(Change::RemoveRule { from: there.rule.clone() });
}
