//! Taking away what deployments made in an environment: only what carries our tags, the schedule first.
//!
//! Objects, log lines and model versions stay: they are evidence of what was predicted by what, and the deploy role
//! could not delete them anyway. [`inventory`] names what they are.

use crate::{
    aws::{CloudError, Session},
    definition::function_name,
    ids::Digest,
    plan::{Removal, tags},
    spec::Environment,
};
use serde::Serialize;

/// What there is of ours, and beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inventory {
    /// What goes, in order.
    pub removals: Vec<Removal>,
    /// What has one of our names but not our tags, and so is somebody else's.
    pub foreign: Vec<String>,
    /// What stays although deployments or executions made it.
    pub kept: Vec<String>,
}

/// Reads what there is of ours in the environment. Writes nothing.
///
/// # Errors
/// If the account cannot be read.
pub async fn inventory(
    session: &Session,
    environment: &Environment,
) -> Result<Inventory, CloudError> {
    let mut found =
        Inventory { removals: Vec::new(), foreign: Vec::new(), kept: kept(environment) };
    rules(session, environment, &mut found).await?;
    pipelines(session, environment, &mut found).await?;
    let ours = tags(environment);
    let function = function_name(environment);
    if let Some(carried) = session.lambda().tags(&function).await? {
        let removal = Removal::Function { name: function };
        found.add(removal, ours.iter().all(|(key, value)| carried.get(key) == Some(value)));
    }
    let topic = crate::plan::alert_topic_arn(environment);
    if let Some(carried) = session.sns().tags(&topic).await? {
        let removal = Removal::Topic { arn: topic };
        found.add(removal, ours.iter().all(|(key, value)| carried.get(key) == Some(value)));
    }
    Ok(found)
}

impl Inventory {
    fn add(&mut self, removal: Removal, is_ours: bool) {
        if is_ours {
            self.removals.push(removal);
        } else {
            self.foreign.push(removal.to_string());
        }
    }
}

/// The schedule before the other rules, so that nothing starts while the rest goes.
async fn rules(
    session: &Session,
    environment: &Environment,
    found: &mut Inventory,
) -> Result<(), CloudError> {
    let events = session.events();
    let mut rules = events.rules_with(&environment.model_name, &tags(environment)).await?;
    rules.sort_by_key(|rule| (!rule.trigger.is_schedule(), rule.name.clone()));
    for rule in rules {
        let targets = events.targets(&rule.name).await?;
        found.removals.push(Removal::rule(&rule.name, &targets));
    }
    Ok(())
}

/// Inference before training, as the one uses what the other makes.
async fn pipelines(
    session: &Session,
    environment: &Environment,
    found: &mut Inventory,
) -> Result<(), CloudError> {
    let (sagemaker, ours) = (session.sagemaker(), tags(environment));
    for name in [&environment.inference_pipeline, &environment.train_pipeline] {
        let Some(record) = sagemaker.pipeline(name.as_str()).await? else { continue };
        let carried = sagemaker.tags(&record.arn).await?;
        let is_ours = ours.iter().all(|(key, value)| carried.get(key) == Some(value));
        found.add(Removal::Pipeline { name: name.to_string() }, is_ours);
    }
    Ok(())
}

fn kept(environment: &Environment) -> Vec<String> {
    let Environment {
        bucket, artifacts_bucket, model_name, log_group, model_package_group, ..
    } = environment;
    vec![
        format!(
            "objects under s3://{bucket}/{model_name}/ and s3://{artifacts_bucket}/{model_name}/"
        ),
        format!("log group {}", log_group.name),
        format!("model versions of {model_package_group}"),
    ]
}

/// Removes one thing.
///
/// # Errors
/// If AWS refuses, for instance because an execution of the pipeline is going on.
pub async fn remove(session: &Session, removal: &Removal) -> Result<(), CloudError> {
    match removal {
        Removal::Rule { name, targets } => {
            let events = session.events();
            if !targets.is_empty() {
                events.remove_targets(name, targets).await?;
            }
            events.delete_rule(name).await
        }
        Removal::Pipeline { name } => {
            let token = Digest::of(format!("remove {} {name}", session.account()));
            session.sagemaker().delete_pipeline(name, token.as_str()).await
        }
        Removal::Function { name } => session.lambda().delete(name).await,
        Removal::Topic { arn } => session.sns().delete(arn).await,
    }
}
