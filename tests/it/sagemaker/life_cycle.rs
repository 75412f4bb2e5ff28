//! Approval and life cycle of model versions, and what is noted of them when they are registered.

use super::world::{World, refusal};
use aws_sdk_sagemaker::{
    operation::update_model_package::builders::UpdateModelPackageFluentBuilder,
    types::{
        InferenceSpecification, ModelApprovalStatus, ModelLifeCycle,
        ModelPackageContainerDefinition,
    },
};

const GROUP: &str = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-package";
const MODEL: &str = "s3://sagemaker-registry-bucket/mammo/model.tar.gz";

fn cycle(stage: &str, status: &str) -> ModelLifeCycle {
    ModelLifeCycle::builder().stage(stage).stage_status(status).build()
}

async fn register(world: &World, image: &str) -> String {
    world.upload("sagemaker-registry-bucket", "mammo/model.tar.gz", "a model").await;
    let container = ModelPackageContainerDefinition::builder().image(image).model_data_url(MODEL);
    let model = InferenceSpecification::builder().containers(container.build()).build();
    let create = world.sagemaker().create_model_package().model_package_group_name(GROUP);
    let create = create.inference_specification(model).model_life_cycle(cycle("dev", "Pending"));
    create.send().await.unwrap().model_package_arn.unwrap()
}

fn update(world: &World, arn: &str) -> UpdateModelPackageFluentBuilder {
    world.sagemaker_of("333333333333").update_model_package().model_package_arn(arn)
}

#[tokio::test]
async fn a_version_goes_from_stage_to_stage_and_says_when_and_by_whom() {
    let world = World::new().await;
    let arn = register(&world, "xgboost").await;
    world.pass(60);
    let next = ModelLifeCycle::builder().stage("prod").stage_status("Approved");
    let next = next.stage_description("the winter data").build();
    let approve = update(&world, &arn).model_approval_status(ModelApprovalStatus::Approved);
    approve.model_life_cycle(next.clone()).send().await.unwrap();
    let client = world.sagemaker();
    let package = client.describe_model_package().model_package_name(&arn).send().await.unwrap();
    assert_eq!(package.model_life_cycle(), Some(&next));
    let created = package.creation_time().unwrap().secs();
    assert_eq!(package.last_modified_time().unwrap().secs() - created, 60);
    let by = package.last_modified_by().unwrap().iam_identity().unwrap().arn().unwrap();
    assert_eq!(by, "arn:aws:iam::333333333333:root");
    let listed = client.list_model_packages().model_package_group_name(GROUP).send().await.unwrap();
    assert_eq!(listed.model_package_summary_list()[0].model_life_cycle(), Some(&next));
}

#[tokio::test]
async fn what_a_version_is_made_of_is_noted_when_it_is_registered() {
    let world = World::new().await;
    let digest = format!("sha256:{}", "ab".repeat(32));
    let arn =
        register(&world, &format!("1.dkr.ecr.us-east-1.amazonaws.com/xgboost@{digest}")).await;
    world.upload("sagemaker-registry-bucket", "mammo/model.tar.gz", "another model").await;
    let package = world.sagemaker().describe_model_package().model_package_name(&arn);
    let package = package.send().await.unwrap();
    let container = &package.inference_specification().unwrap().containers()[0];
    assert_eq!(container.image_digest(), Some(digest.as_str()));
    let again = register(&world, "xgboost").await;
    let other = world.sagemaker().describe_model_package().model_package_name(again);
    let other = other.send().await.unwrap();
    let other = &other.inference_specification().unwrap().containers()[0];
    assert_eq!(other.image_digest(), None, "a tag says nothing about its digest");
    assert_eq!(container.model_data_e_tag(), other.model_data_e_tag(), "the same bytes");
}

#[tokio::test]
async fn an_update_with_the_same_token_is_the_same_update() {
    let world = World::new().await;
    let arn = register(&world, "xgboost").await;
    let modified = async || {
        let client = world.sagemaker();
        let package = client.describe_model_package().model_package_name(&arn).send().await;
        package.unwrap().last_modified_time().unwrap().secs()
    };
    let approve = || {
        let approve = update(&world, &arn).client_token("approve-1");
        approve.model_approval_status(ModelApprovalStatus::Approved)
    };
    approve().send().await.unwrap();
    let first = modified().await;
    world.pass(60);
    approve().send().await.unwrap();
    assert_eq!(modified().await, first);
    let other = approve().model_approval_status(ModelApprovalStatus::Rejected).send().await;
    assert_eq!(refusal(other).0, "ConflictException");
    approve().client_token("approve-2").send().await.unwrap();
    assert_eq!(modified().await, first + 60);
}

#[tokio::test]
async fn stages_have_names_and_a_status() {
    let world = World::new().await;
    let arn = register(&world, "xgboost").await;
    let long = "s".repeat(64);
    for (stage, status) in [("", "Approved"), ("prod", "not approved"), (long.as_str(), "Approved")]
    {
        let refused = update(&world, &arn).model_life_cycle(cycle(stage, status)).send().await;
        assert_eq!(refusal(refused).0, "ValidationException", "{stage} {status}");
    }
}
