//! The model registry, seen from its own account and from others.

use super::world::{World, refusal};
use aws_sdk_sagemaker::types::{
    InferenceSpecification, ModelApprovalStatus, ModelPackageContainerDefinition,
};

const GROUP: &str = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-package";

fn model() -> InferenceSpecification {
    let container = ModelPackageContainerDefinition::builder().image("xgboost").build();
    InferenceSpecification::builder().containers(container).build()
}

async fn register(world: &World, account: &str) -> String {
    let client = world.sagemaker_of(account);
    let create = client.create_model_package().model_package_group_name(GROUP);
    let create =
        create.inference_specification(model()).customer_metadata_properties("commit", "abc");
    create.send().await.unwrap().model_package_arn.unwrap()
}

#[tokio::test]
async fn accounts_that_the_group_lets_in_register_and_see_its_versions() {
    let world = World::new().await;
    let first = register(&world, "222222222222").await;
    assert_eq!(first, "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-package/1");
    assert!(register(&world, "111111111111").await.ends_with("/2"));
    for account in ["111111111111", "222222222222", "333333333333"] {
        let client = world.sagemaker_of(account);
        let listed =
            client.list_model_packages().model_package_group_name(GROUP).send().await.unwrap();
        assert_eq!(listed.model_package_summary_list().len(), 2);
        let package =
            client.describe_model_package().model_package_name(&first).send().await.unwrap();
        assert_eq!(
            package.model_approval_status(),
            Some(&ModelApprovalStatus::PendingManualApproval)
        );
        assert_eq!(package.customer_metadata_properties().unwrap()["commit"], "abc");
        assert_eq!(package.model_package_group_name(), Some("mammo-package"));
    }
    let stranger = world.sagemaker_of("555555555555");
    let listed = stranger.list_model_packages().model_package_group_name(GROUP).send().await;
    assert_eq!(refusal(listed).0, "AccessDeniedException");
}

#[tokio::test]
async fn an_approved_version_is_found_by_its_approval() {
    let world = World::new().await;
    let first = register(&world, "222222222222").await;
    world.pass(60);
    register(&world, "222222222222").await;
    let registry = world.sagemaker_of("333333333333");
    let approve = registry
        .update_model_package()
        .model_package_arn(&first)
        .model_approval_status(ModelApprovalStatus::Approved)
        .approval_description("looks good")
        .customer_metadata_properties("approved-by", "someone");
    approve.send().await.unwrap();
    let listed = registry
        .list_model_packages()
        .model_package_group_name("mammo-package")
        .model_approval_status(ModelApprovalStatus::Approved)
        .send()
        .await
        .unwrap();
    let arns: Vec<_> = listed
        .model_package_summary_list()
        .iter()
        .map(|one| one.model_package_arn().unwrap())
        .collect();
    assert_eq!(arns, [first.as_str()]);
    let package =
        registry.describe_model_package().model_package_name(&first).send().await.unwrap();
    assert_eq!(package.approval_description(), Some("looks good"));
    let notes = package.customer_metadata_properties().unwrap();
    assert_eq!((notes["commit"].as_str(), notes["approved-by"].as_str()), ("abc", "someone"));
}

#[tokio::test]
async fn groups_are_made_once_and_listed() {
    let world = World::new().await;
    let registry = world.sagemaker_of("333333333333");
    let create = || registry.create_model_package_group().model_package_group_name("other");
    let arn = create().send().await.unwrap().model_package_group_arn.unwrap();
    assert_eq!(arn, "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/other");
    assert_eq!(refusal(create().send().await).0, "ValidationException");
    let long = registry.create_model_package_group().model_package_group_name("g".repeat(64));
    assert_eq!(refusal(long.send().await).0, "ValidationException");
    let listed = registry.list_model_package_groups().send().await.unwrap();
    let names: Vec<_> = listed
        .model_package_group_summary_list()
        .iter()
        .map(|one| one.model_package_group_name().unwrap())
        .collect();
    assert_eq!(names, ["mammo-package", "other"]);
    let missing =
        registry.describe_model_package_group().model_package_group_name("none").send().await;
    assert_eq!(refusal(missing).0, "ResourceNotFound");
}
