//! Objects in buckets.

use super::{Found, Ground, refused, same};
use relevo::{
    aws::{ErrorClass, Purpose, Put},
    ids::AccountId,
    spec::Environment,
};

/// More than any object here.
const MOST: u64 = 1000;

pub(super) async fn an_object_is_stored_once(ground: Ground) -> Found {
    let (s3, bucket) = (ground.deployer().await?.s3(), ground.prod.bucket.as_str());
    let folder = &ground.prod.model_name;
    let key = format!("{folder}/some script.py");
    same("size before", s3.size(bucket, &key).await?, None)?;
    same("content before", s3.get(bucket, &key, MOST).await?, None)?;
    same("first put", s3.put_new(bucket, &key, b"first".to_vec()).await?, Put::Stored)?;
    same("second put", s3.put_new(bucket, &key, b"second".to_vec()).await?, Put::AlreadyThere)?;
    same("size", s3.size(bucket, &key).await?, Some(5))?;
    same("content", s3.get(bucket, &key, MOST).await?, Some(b"first".to_vec()))?;
    s3.put(bucket, &key, b"replaced".to_vec()).await?;
    same("replaced", s3.get(bucket, &key, MOST).await?, Some(b"replaced".to_vec()))?;
    same("list", s3.list(bucket, &format!("{folder}/")).await?, vec![key])?;
    same("list of nothing", s3.list(bucket, "nowhere/").await?, Vec::new())
}

pub(super) async fn an_object_too_large_is_not_read(ground: Ground) -> Found {
    let (s3, bucket) = (ground.deployer().await?.s3(), ground.prod.bucket.as_str());
    let key = format!("{}/large", ground.prod.model_name);
    s3.put(bucket, &key, vec![0; 100]).await?;
    let error = refused("GetObject", s3.get(bucket, &key, 99).await)?;
    same("GetObject", error.class, ErrorClass::LimitExceeded)
}

pub(super) async fn a_bucket_of_another_owner_is_refused(ground: Ground) -> Found {
    let theirs: AccountId = "999999999999".parse().unwrap();
    let group = ground.prod.model_package_group.as_str();
    let registry = ground.prod.model_package_group.account().unwrap();
    let group = group.replace(registry.as_str(), theirs.as_str()).parse().unwrap();
    let lured = Environment { model_package_group: group, ..ground.prod.clone() };
    let s3 = ground.assume(&lured, Purpose::Read).await?.s3();
    let head = s3.size(lured.artifacts_bucket.as_str(), "any").await;
    same("HeadObject", refused("HeadObject", head)?.class, ErrorClass::Denied)
}
