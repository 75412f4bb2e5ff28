//! Looking at roles, keys and buckets.

use super::bench::{Bench, DEV, PROD, REGISTRY, code};
use aws_sdk_iam::types::PolicyEvaluationDecisionType as Decision;

const ROLE: &str = "cross-account-deploy-role";

fn arn(account: &str, role: &str) -> String {
    format!("arn:aws:iam::{account}:role/{role}")
}

#[tokio::test]
async fn a_role_says_whom_it_trusts_percent_encoded_and_only_in_its_own_account() {
    let bench = Bench::new().await;
    let iam = aws_sdk_iam::Client::new(&bench.admin(PROD));
    let role = iam.get_role().role_name(ROLE).send().await.unwrap().role.unwrap();
    let policy = role.assume_role_policy_document().unwrap();
    assert!(policy.starts_with("%7B") && policy.contains("relevo-prod"), "{policy}");
    assert_eq!(role.arn(), arn(PROD, ROLE));
    assert_eq!(code(iam.get_role().role_name("nobody").send().await), "NoSuchEntity");
    let foreign = iam.simulate_principal_policy().policy_source_arn(arn(DEV, ROLE));
    assert_eq!(code(foreign.action_names("s3:GetObject").send().await), "NoSuchEntity");
}

#[tokio::test]
async fn a_simulation_tells_allowed_from_not_allowed_from_denied() {
    let bench = Bench::new().await;
    let iam = aws_sdk_iam::Client::new(&bench.deployer("prod", PROD).await);
    let answer = iam
        .simulate_principal_policy()
        .policy_source_arn(arn(PROD, ROLE))
        .set_action_names(Some(
            ["sns:Publish", "ec2:RunInstances", "sagemaker:UpdateModelPackage"]
                .map(str::to_owned)
                .to_vec(),
        ))
        .send()
        .await
        .unwrap();
    let decisions: Vec<&Decision> =
        answer.evaluation_results().iter().map(|result| result.eval_decision()).collect();
    assert_eq!(decisions, [&Decision::Allowed, &Decision::ImplicitDeny, &Decision::ExplicitDeny]);
    let other = iam.simulate_principal_policy().policy_source_arn(arn(PROD, "nobody"));
    assert_eq!(code(other.action_names("sns:Publish").send().await), "AccessDenied");
}

#[tokio::test]
async fn keys_and_settings_of_buckets_are_for_their_own_account() {
    let bench = Bench::new().await;
    let key = |account: &str| {
        format!("arn:aws:kms:us-east-1:{account}:key/11111111-2222-3333-4444-555555555555")
    };
    let kms = aws_sdk_kms::Client::new(&bench.admin(PROD));
    assert!(kms.describe_key().key_id(key(PROD)).send().await.is_ok());
    assert_eq!(code(kms.describe_key().key_id(key(DEV)).send().await), "NotFoundException");
    let policy = kms.get_key_policy().key_id("11111111-2222-3333-4444-555555555555");
    assert!(policy.send().await.unwrap().policy().unwrap().contains("events.amazonaws.com"));

    let objects = aws_sdk_s3::Client::new(&bench.admin(PROD));
    let encryption = objects.get_bucket_encryption().bucket("sagemaker-prod-bucket");
    assert!(encryption.send().await.is_ok());
    let shared = objects.get_bucket_policy().bucket("sagemaker-registry-bucket");
    assert_eq!(code(shared.send().await), "MethodNotAllowed");
    let registry = aws_sdk_s3::Client::new(&bench.admin(REGISTRY));
    let own = registry.get_bucket_policy().bucket("sagemaker-registry-bucket").send().await;
    assert!(own.unwrap().policy().unwrap().contains("aws:SecureTransport"));
}
