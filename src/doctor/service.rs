//! What deployments make and people see to: log group, alerts, schedule, model, batch, executions.

use super::{judged, unread};
use crate::{
    aws::{Approval, CloudError, ModelPackageSummary, Session},
    plan::{BatchObject, alert_topic_arn, schedule_rule},
    preflight::{self, Check, Destination, Outcome},
    spec::Environment,
};

pub(super) async fn examine(session: &Session, destination: Destination<'_>) -> Vec<Check> {
    let environment = destination.environment;
    let (sns, logs, events) = (session.sns(), session.logs(), session.events());
    let (sagemaker, s3) = (session.sagemaker(), session.s3());
    let batch = BatchObject::of(environment);
    let (topic, rule) = (alert_topic_arn(environment), schedule_rule(environment));
    let group = environment.model_package_group.as_str();
    let (log_group, topic, rule, packages, size, going_on) = tokio::join!(
        logs.group(&environment.log_group.name),
        sns.topic(&topic),
        events.rule(&rule),
        sagemaker.packages(group, None),
        s3.size(&batch.bucket, &batch.key),
        Box::pin(going_on(session, environment)),
    );
    let wanted = &environment.log_group;
    let log_group =
        judged(&log_group, |found| preflight::log_group(found.as_ref(), wanted, destination));
    let alerts = judged(&topic, |topic| preflight::alert_path(topic.as_ref(), destination));
    let schedule = judged(&rule, |rule| preflight::scheduled(rule.as_ref(), destination));
    let batch = judged(&size, |size| preflight::batch(*size, &batch.address()));
    vec![
        Check::new("log group", log_group),
        Check::new("alerts", alerts),
        Check::new("schedule", schedule),
        Check::new("approved model", judged(&packages, |all| approved(all, destination))),
        Check::new("batch", batch),
        Check::new("executions", going_on),
    ]
}

/// Newest first, as the listing is.
fn approved(packages: &[ModelPackageSummary], destination: Destination<'_>) -> Outcome {
    let usable = packages.iter().find(|one| one.approval == Approval::Approved && one.completed);
    let waiting = packages.iter().filter(|one| one.approval == Approval::Pending).count();
    preflight::approved_model(usable.map(|one| one.version), waiting, destination)
}

/// An execution that goes on keeps the definition it began with; a deployment does not disturb it.
async fn going_on(session: &Session, environment: &Environment) -> Outcome {
    let mut told = Vec::new();
    for pipeline in [&environment.train_pipeline, &environment.inference_pipeline] {
        let found: Result<Option<Vec<String>>, CloudError> =
            session.sagemaker().going_on(pipeline.as_str()).await;
        match found {
            Err(error) => return unread(&error),
            Ok(None) => {}
            Ok(Some(ids)) => told.extend(ids.into_iter().map(|id| format!("{pipeline} {id}"))),
        }
    }
    if told.is_empty() {
        return Outcome::ok("none is going on");
    }
    Outcome::ok(format!("going on, with the definition they began with: {}", told.join(", ")))
}
