//! An environment file: from text to [`Environment`], or to everything that is wrong with it.
//!
//! What can be derived is derived; what is given although it can be derived must agree. So a name
//! typed twice can no longer differ silently, which in the replaced system kept rules from firing.

mod arns;
mod desk;
mod heritage;
mod names;
mod pipelines;
mod policy;
mod sessions;
mod settings;
mod site;
mod windows;

use self::{arns::Given, desk::Desk, site::Site};
use super::{
    environment::{Alerts, Environment},
    finding::{Findings, SourceFile},
    raw_environment::RawEnvironment,
    reading::Reading,
};
use crate::ids::EnvName;

/// Reads the environment file of `name`: YAML, or the reference's `NAME.tfvars.json` unchanged.
///
/// # Errors
/// Everything that is wrong with the file, in file order. Beside an environment, findings are warnings.
pub fn check_environment(
    name: &EnvName,
    file: &SourceFile,
) -> Result<(Environment, Findings), Findings> {
    Reading::of(file, |reading, raw| check(name, reading, &raw))
}

fn check(name: &EnvName, reading: &mut Reading<'_>, raw: &RawEnvironment) -> Option<Environment> {
    let mut desk = Desk::new(reading, raw);
    let desk = &mut desk;
    heritage::check(desk, name, raw);
    let given = Given::read(desk, raw);
    let site = site::derive(desk, raw, &given);
    let site = site.as_ref();
    let model_name = names::model(desk, raw.model_name.as_ref());
    let roles = given.settle(desk, site, model_name.as_deref());

    // Everything is read before the first `?`, so that everything wrong is found.
    let endpoint_url = names::endpoint(desk, raw);
    let sessions = sessions::read(desk, raw, site);
    let external_id = names::external_id(desk, raw.external_id.as_ref());
    let bucket = desk.parsed(&["default_bucket"], raw.default_bucket.as_ref());
    let artifacts_bucket =
        desk.parsed(&["model_artifacts_bucket"], raw.model_artifacts_bucket.as_ref());
    let train_pipeline = pipelines::train(desk, raw, site);
    let inference_pipeline = pipelines::inference(desk, raw, site);
    let schedule = pipelines::schedule(desk, raw);
    let batch_dataset = names::batch_dataset(desk, raw.batch_dataset_filename.as_ref());
    let topic = names::topic(desk, raw.pipelines_alert_topic_name.as_ref());
    let email = names::email(desk, raw.email.as_ref());
    let log_group = settings::log_group(desk, raw.log_group.as_ref(), site);
    let images = settings::images(desk, raw.images.as_ref());
    let policy = policy::read(desk, raw);
    let windows = windows::read(desk, raw.windows.as_ref());

    let Site { account, region, .. } = site?.clone();
    let roles = roles?;
    Some(Environment {
        name: name.clone(),
        cloud: raw.cloud.unwrap_or_default(),
        account,
        region,
        deploy_role: roles.deploy,
        external_id,
        approver_role: roles.approver,
        train_role: roles.train,
        inference_role: roles.inference,
        lambda_role: roles.lambda,
        events_role: roles.events,
        bucket: bucket?,
        artifacts_bucket: artifacts_bucket?,
        kms_key: given.kms_key?,
        model_name: model_name?,
        model_package_group: given.group?,
        train_pipeline: train_pipeline?,
        inference_pipeline: inference_pipeline?,
        schedule: schedule?,
        batch_dataset: batch_dataset?,
        alerts: Alerts { topic: topic?, email: email? },
        log_group: log_group?,
        images,
        monitor: policy.monitor,
        respond: policy.respond,
        retrain: policy.retrain,
        approval: policy.approval,
        windows,
        endpoint_url,
        sessions,
    })
}
