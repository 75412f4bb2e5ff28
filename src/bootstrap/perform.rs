//! One thing, made or changed. Each call may have been done before without anybody having heard of it.

use crate::{
    aws::{Administrator, CloudError, ErrorClass},
    foundation::{Difference, Item, KeySpec, Origin, Resource, Setting, Standing},
    ids::Arn,
};
use serde_json::Value;

/// Brings `item` from how it stands to how it should. What the address does not offer is left out, and given back with
/// how it said so.
pub(super) async fn perform(
    administrator: &Administrator,
    item: &Item,
    standing: &Standing,
) -> Result<Vec<(String, String)>, CloudError> {
    let wanted: Vec<(Setting, Value)> = match standing {
        Standing::Missing => {
            create(administrator, item).await?;
            let settings = item.settings().into_iter().filter(|one| !is_set_by_making(one));
            settings.map(|setting| (setting.clone(), setting.wanted())).collect()
        }
        Standing::Differs { differences, adopting } => {
            if *adopting {
                tag(administrator, item, Origin::Adopted).await?;
            }
            values(differences)
        }
        Standing::Unread { again, .. } => values(again),
        Standing::Fine | Standing::Foreign { .. } | Standing::Blocked { .. } => Vec::new(),
    };
    let mut unoffered = Vec::new();
    for (setting, to) in wanted {
        match set(administrator, item, (&setting, &to)).await {
            Err(error) if administrator.is_elsewhere() && error.is_unheard_of() => {
                unoffered.push((setting.aspect(), error.to_string()));
            }
            done => done?,
        }
    }
    Ok(unoffered)
}

fn values(differences: &[Difference]) -> Vec<(Setting, Value)> {
    differences.iter().map(|one| (one.setting.clone(), one.to.clone())).collect()
}

/// Makes the key unless it is there, and gives it its alias; the ARN of one that was made.
pub(super) async fn key(
    administrator: &Administrator,
    item: &Item,
    spec: &KeySpec,
) -> Result<Option<Arn>, CloudError> {
    let kms = administrator.kms();
    if let Some(found) = kms.find(spec).await? {
        if found != spec.written && !spec.written.resource().starts_with("alias/") {
            kms.name(&spec.alias, &found).await?;
        }
        return Ok(None);
    }
    let made = kms.create(spec, &item.tags(Origin::Made)).await?;
    kms.name(&spec.alias, &made).await?;
    let known = KeySpec { arn: made.clone(), ..spec.clone() };
    kms.set(&known, &Setting::KeyRotation, &Value::Null).await?;
    Ok(Some(made))
}

async fn create(administrator: &Administrator, item: &Item) -> Result<(), CloudError> {
    let tags = item.tags(Origin::Made);
    let made = match &item.resource {
        Resource::Key(spec) => key(administrator, item, spec).await.map(drop),
        Resource::Role(role) => administrator.iam().create_role(role, &tags).await,
        Resource::Bucket(bucket) => {
            let buckets = administrator.buckets();
            buckets.create(bucket, &item.region, &tags).await
        }
        Resource::Group(group) => administrator.sagemaker().create_group(group, &tags).await,
        Resource::LogGroup(log) => administrator.logs().create(log, &tags).await,
    };
    match made {
        // a create that was tried twice finds its own first try; reading back tells whether it is ours
        Err(error) if is_there(&error) => Ok(()),
        made => made,
    }
}

fn is_there(error: &CloudError) -> bool {
    match error.class {
        ErrorClass::AlreadyExists => true,
        ErrorClass::Conflict => error.code == "EntityAlreadyExists",
        ErrorClass::NotFound
        | ErrorClass::Throttled
        | ErrorClass::Denied
        | ErrorClass::Expired
        | ErrorClass::Invalid
        | ErrorClass::LimitExceeded
        | ErrorClass::Unavailable
        | ErrorClass::WrongAccount
        | ErrorClass::Other => false,
    }
}

/// What came with the making need not be set again.
fn is_set_by_making(setting: &Setting) -> bool {
    match setting {
        Setting::KeyPolicy(_)
        | Setting::Trust(_)
        | Setting::LongestSession(_)
        | Setting::Ownership
        | Setting::LogKey(_) => true,
        // a new group keeps its lines for ever
        Setting::Retention(days) => days.is_none(),
        Setting::KeyRotation
        | Setting::Permissions { .. }
        | Setting::PublicAccess
        | Setting::Versioning
        | Setting::Encryption { .. }
        | Setting::BucketPolicy(_)
        | Setting::GroupPolicy(_) => false,
    }
}

async fn set(
    administrator: &Administrator,
    item: &Item,
    (setting, to): (&Setting, &Value),
) -> Result<(), CloudError> {
    match &item.resource {
        Resource::Key(key) => administrator.kms().set(key, setting, to).await,
        Resource::Role(role) => administrator.iam().set(role, setting, to).await,
        Resource::Bucket(bucket) => administrator.buckets().set(bucket, setting, to).await,
        Resource::Group(group) => administrator.sagemaker().set_group(group, setting, to).await,
        Resource::LogGroup(log) => administrator.logs().set(log, setting).await,
    }
}

async fn tag(administrator: &Administrator, item: &Item, origin: Origin) -> Result<(), CloudError> {
    let tags = item.tags(origin);
    match &item.resource {
        Resource::Key(key) => administrator.kms().tag(&key.arn, &tags).await,
        Resource::Role(role) => administrator.iam().tag_role(role, &tags).await,
        Resource::Bucket(bucket) => administrator.buckets().tag(bucket, &tags).await,
        Resource::Group(group) => administrator.sagemaker().tag_group(group, &tags).await,
        Resource::LogGroup(_) => administrator.logs().tag(&item.address(), &tags).await,
    }
}
