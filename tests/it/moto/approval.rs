//! A person approves a version: in the registry's account, for the environment that reads it.

use super::accounts::Accounts;
use serde_json::json;

const GROUP: &str = "mammo-severity-model-package";

/// A version as a training would register it, its model in the registry's bucket.
fn registered(accounts: &Accounts) {
    accounts.hands(
        &accounts.registry,
        &format!(
            "client('s3').put_object(Bucket='{bucket}', Key='a/model.tar.gz', Body=b'model')
client('sagemaker').create_model_package(ModelPackageGroupName='{GROUP}', ModelApprovalStatus='PendingManualApproval',
    InferenceSpecification={{'Containers': [{{'Image': 'x', 'ModelDataUrl': 's3://{bucket}/a/model.tar.gz'}}],
                            'SupportedContentTypes': ['text/csv'], 'SupportedResponseMIMETypes': ['text/csv']}})
tell(None)",
            bucket = accounts.registry_bucket
        ),
    );
}

fn status(accounts: &Accounts) -> serde_json::Value {
    let versions = format!(
        "found = client('sagemaker').list_model_packages(ModelPackageGroupName='{GROUP}')['ModelPackageSummaryList']
tell(client('sagemaker').describe_model_package(ModelPackageName=found[0]['ModelPackageArn'])['ModelApprovalStatus'])"
    );
    accounts.hands(&accounts.registry, &versions)
}

#[test]
fn a_version_is_approved_in_the_registry_by_its_own_role() {
    let Some(accounts) = Accounts::two() else { return };
    registered(&accounts);
    accounts.agent(&["models", "list", "--env", "prod"]).done().says("pending");
    let approve = ["models", "approve", "1", "--env", "prod", "--reason", "it is better"];
    accounts.agent(&approve).exits(3).says("evaluation.json is not there");
    assert_eq!(status(&accounts), json!("PendingManualApproval"));
    accounts.agent(&[&approve[..], &["--override"]].concat()).done();
    assert_eq!(status(&accounts), json!("Approved"));
    accounts.agent(&["models", "list", "--env", "prod"]).done().says("approved");
}

/// moto finds no model package by an ARN of another account; AWS does. The approver's role stands in the registry's.
#[test]
fn a_version_is_approved_in_a_third_account_that_shows_others_nothing() {
    let Some(accounts) = Accounts::three() else { return };
    let empty = accounts.agent(&["models", "list", "--env", "prod"]).done();
    empty.says("No version is registered");
    registered(&accounts);
    accounts.agent(&["models", "list", "--env", "prod"]).done().says("pending");
    let approve = ["models", "approve", "1", "--env", "prod", "--reason", "it is better"];
    accounts.agent(&approve).exits(3).says("evaluation.json is not there");
    assert_eq!(status(&accounts), json!("PendingManualApproval"));
    accounts.agent(&[&approve[..], &["--override"]].concat()).done();
    assert_eq!(status(&accounts), json!("Approved"));
}
