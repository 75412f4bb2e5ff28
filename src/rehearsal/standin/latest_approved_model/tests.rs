use super::*;
use serde_json::json;

const GROUP: &str = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/g";

fn package(version: u64, stage: &str, touched: f64) -> Value {
    json!({
        "ModelPackageArn": format!("arn:aws:sagemaker:us-east-1:333333333333:model-package/g/{version}"),
        "ModelPackageVersion": version,
        "ModelApprovalStatus": "Approved",
        "ModelPackageStatus": "Completed",
        "ModelLifeCycle": {"Stage": stage, "StageStatus": "Approved"},
        "CreationTime": version as f64,
        "LastModifiedTime": touched,
        "InferenceSpecification": {"Containers": [{
            "Image": "1.dkr.ecr.us-east-1.amazonaws.com/xgboost:3.0-5",
            "ModelDataUrl": "s3://bucket/m/model.tar.gz",
            "ModelDataETag": "\"abc\"",
        }]},
        "DriftCheckBaselines": {"ModelDataQuality": {
            "Statistics": {"S3Uri": "s3://bucket/statistics.json"},
            "Constraints": {"S3Uri": "s3://bucket/constraints.json"},
        }},
        "CustomerMetadataProperties": {"imputer_uri": "s3://bucket/imputer.json"},
    })
}

fn found(packages: &[Value], stage: Option<&str>) -> Result<u64, Raised> {
    latest_approved(packages, GROUP, stage).map(version)
}

#[test]
fn the_version_touched_last_wins_and_of_two_at_once_the_newer() {
    let packages = [package(1, "prod", 30.0), package(2, "prod", 20.0), package(3, "dev", 40.0)];
    assert_eq!(found(&packages, Some("prod")), Ok(1));
    assert_eq!(found(&packages, None), Ok(3));
    assert_eq!(found(&[package(1, "prod", 5.0), package(2, "prod", 5.0)], Some("prod")), Ok(2));
}

#[test]
fn what_is_rejected_incomplete_or_of_another_stage_does_not_count() {
    let mut rejected = package(1, "prod", 1.0);
    rejected["ModelApprovalStatus"] = json!("Rejected");
    let mut failed = package(2, "prod", 1.0);
    failed["ModelPackageStatus"] = json!("Failed");
    let mut leaving = package(3, "prod", 1.0);
    leaving["ModelLifeCycle"]["StageStatus"] = json!("Archived");
    let none = found(&[rejected, failed], Some("prod")).unwrap_err();
    assert_eq!(none.kind, "NoApprovedModel");
    assert!(none.message.ends_with("`agent models approve VERSION --env prod` approves one"));
    let other = found(&[leaving, package(4, "dev", 1.0)], Some("prod")).unwrap_err();
    assert!(
        other.message.ends_with(
            "version 4 is approved, but not for that: `agent models promote 4 --env prod` changes it"
        ),
        "{other}"
    );
}

#[test]
fn an_image_is_named_by_the_digest_it_was_registered_with() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let image = |image: &str, digest: &str| {
        pinned_image("arn", &json!({"Image": image, "ImageDigest": digest}))
    };
    assert_eq!(
        image("1.dkr.ecr:443/a/xgboost:3", &digest),
        Ok(Some(format!("1.dkr.ecr:443/a/xgboost@{digest}")))
    );
    assert_eq!(image("xgboost:3", "sha1:0"), Ok(Some("xgboost:3".to_owned())));
    let other = image(&format!("xgboost@sha256:{}", "1".repeat(64)), &digest).unwrap_err();
    assert_eq!(other.kind, "UnusableModel");
}

#[test]
fn what_a_version_lacks_is_named() {
    let (answer, artefact) = outputs(&package(1, "prod", 1.0)).unwrap();
    assert_eq!(answer["imputer_uri"], "s3://bucket/imputer.json");
    let artefact = artefact.unwrap();
    assert_eq!((artefact.bucket.as_str(), artefact.key.as_str()), ("bucket", "m/model.tar.gz"));
    assert_eq!(artefact.check("abc"), Ok(()));
    assert!(artefact.check("\"abd\"").unwrap_err().message.ends_with("after it was registered"));
    let mut bare = package(1, "prod", 1.0);
    bare["DriftCheckBaselines"] = json!({});
    bare["CustomerMetadataProperties"] = json!({});
    assert!(outputs(&bare).unwrap_err().message.ends_with(
        "was registered without imputer_uri, s3_baseline_uri_constraints, s3_baseline_uri_statistics"
    ));
    let mut two = package(1, "prod", 1.0);
    two["InferenceSpecification"]["Containers"] = json!([{}, {}]);
    assert!(outputs(&two).unwrap_err().message.contains("has 2 containers"));
}
