//! What administrators make once: the key, the buckets, the group of models.

use super::{judged, unread};
use crate::{
    aws::{CloudError, ErrorClass, Session},
    ids::Arn,
    preflight::{self, Check, Outcome, PolicyDocument},
    spec::Environment,
};

/// Of an environment that knows its key, whatever its file calls that.
pub(super) async fn examine(
    session: &Session,
    environment: &Environment,
    written: &Arn,
) -> Vec<Check> {
    let (key, bucket, artefacts, registry) = tokio::join!(
        Box::pin(key(session, environment)),
        Box::pin(bucket(session, environment, written)),
        artefacts(session, environment),
        registry(session, environment),
    );
    key.into_iter().chain(bucket).chain(artefacts).chain([registry]).collect()
}

async fn key(session: &Session, environment: &Environment) -> Vec<Check> {
    let (kms, key) = (session.kms(), &environment.kms_key);
    let (state, policy) = tokio::join!(kms.key(key), kms.policy(key));
    let state = judged(&state, |found| match found {
        Some(found) => preflight::usable(found),
        None => Outcome::failed(
            format!("there is no key {key}"),
            "write the ARN of one in this account and region as kms_key",
        )
        .or_bootstrap(&environment.name),
    });
    let events = judged(&policy, |policy| {
        preflight::events_may_use(policy, key.as_str()).or_bootstrap(&environment.name)
    });
    let mut checks = vec![Check::new("key", state), Check::new("key: EventBridge", events)];
    if let Some(log_key) = &environment.log_group.kms_key {
        let policy = if log_key == key { policy } else { kms.policy(log_key).await };
        checks.push(Check::new("key: logs", logs(&policy, log_key, environment)));
    }
    checks
}

fn logs(
    policy: &Result<PolicyDocument, CloudError>,
    key: &Arn,
    environment: &Environment,
) -> Outcome {
    let Environment { account, region, log_group, deploy_role, .. } = environment;
    let partition = deploy_role.partition();
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{}", log_group.name);
    judged(policy, |policy| {
        preflight::logs_may_use(policy, key.as_str(), region, &group)
            .or_bootstrap(&environment.name)
    })
}

async fn bucket(session: &Session, environment: &Environment, written: &Arn) -> Vec<Check> {
    let (s3, name) = (session.s3(), environment.bucket.as_str());
    let (region, encryption, versioning, public, policy) = tokio::join!(
        s3.region(name),
        s3.encryption(name),
        s3.versioning(name),
        s3.public_access(name),
        s3.policy(name),
    );
    let there = Check::new("bucket", stands(&region, name, environment));
    if region.as_ref().is_ok_and(Option::is_none) {
        return vec![there];
    }
    let (keys, partition) = ([&environment.kms_key, written], environment.deploy_role.partition());
    let tls =
        |policy: &Option<PolicyDocument>| preflight::tls_only(policy.as_ref(), partition, name);
    let settings = [
        Check::new(
            "bucket: encryption",
            judged(&encryption, |e| preflight::encrypted(e.as_ref(), keys)),
        ),
        Check::new("bucket: versions", judged(&versioning, |v| preflight::versioned(v.as_deref()))),
        Check::new("bucket: public access", judged(&public, |access| preflight::private(*access))),
        Check::new("bucket: TLS only", judged(&policy, tls)),
    ];
    let mendable = settings
        .into_iter()
        .map(|check| Check::new(check.what, check.outcome.or_bootstrap(&environment.name)));
    [there].into_iter().chain(mendable).collect()
}

fn stands(
    region: &Result<Option<String>, CloudError>,
    name: &str,
    environment: &Environment,
) -> Outcome {
    match region {
        Ok(Some(found)) => preflight::in_region(found, environment.region.as_str()),
        Ok(None) => Outcome::failed(
            format!("there is no bucket {name}"),
            format!("make it in {}, or name another in the environment file", environment.region),
        )
        .or_bootstrap(&environment.name),
        Err(error) if error.class == ErrorClass::Denied => Outcome::failed(
            format!("{name} does not let the deploy role in, or is another account's"),
            "allow the deploy role s3:GetBucketLocation and s3:ListBucket on it, if it is yours",
        ),
        Err(error) => unread(error),
    }
}

/// The registry's bucket, where it is another: its settings are for its own account to read.
async fn artefacts(session: &Session, environment: &Environment) -> Option<Check> {
    let Environment { bucket, artifacts_bucket, .. } = environment;
    if artifacts_bucket == bucket {
        return None;
    }
    let name = artifacts_bucket.as_str();
    let region = session.s3().region(name).await;
    Some(Check::new("artefact bucket", stands(&region, name, environment)))
}

async fn registry(session: &Session, environment: &Environment) -> Check {
    let group = environment.model_package_group.as_str();
    let account = session.account();
    let outcome = match session.sagemaker().has_group(group).await {
        Ok(true) => Outcome::ok(format!("account {account} may look into the group")),
        Ok(false) => Outcome::failed(
            format!("there is no model package group {group}"),
            "make it in the registry's account: aws sagemaker create-model-package-group",
        )
        .or_bootstrap(&environment.name),
        Err(error) if error.class == ErrorClass::Denied => Outcome::failed(
            format!("the group does not let account {account} in"),
            format!(
                "in the registry's account: aws sagemaker put-model-package-group-policy with arn:{}:iam::{account}:root as Principal",
                environment.deploy_role.partition()
            ),
        )
        .or_bootstrap(&environment.name),
        Err(error) => unread(&error),
    };
    Check::new("registry", outcome)
}
