//! Pipelines: made, changed, left alone, and lost races about them.

use super::*;

const DEFINITION: &str = r#"{"Version":"2020-12-01","Parameters":[],"Steps":[]}"#;

fn described(description: &str, definition: &str) -> String {
    serde_json::json!({
        "PipelineArn": "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p",
        "PipelineName": "P", "RoleArn": "arn:aws:iam::222222222222:role/r",
        "PipelineDescription": description, "PipelineDefinition": definition,
    })
    .to_string()
}

fn spec() -> PipelineSpec {
    PipelineSpec {
        name: "P".to_owned(),
        arn: "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p".to_owned(),
        role: "arn:aws:iam::222222222222:role/r".to_owned(),
        description: "d".to_owned(),
        definition: crate::definition::Definition::parse(DEFINITION).unwrap(),
    }
}

fn operations(script: &Script) -> Vec<String> {
    let name =
        |asked: &Asked| asked.header("x-amz-target").unwrap_or("?").replace("SageMaker.", "");
    script.asked().iter().map(name).collect()
}

/// What moto answers for a pipeline that is not there.
#[tokio::test]
async fn an_emulators_word_for_absent_is_understood_by_its_code() {
    let absent = r#"{"__type":"ValidationException","message":"whatever the words"}"#;
    let (session, _) = session(&[(400, absent)]).await;
    assert_eq!(session.sagemaker().pipeline("P").await.unwrap(), None);
}

const ABSENT: &str = r#"{"__type":"ResourceNotFound","message":"no"}"#;

const ARN: &str = "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p";
const CREATED: &str = r#"{"PipelineArn":"arn:aws:sagemaker:us-east-1:222222222222:pipeline/p"}"#;

#[tokio::test]
async fn an_absent_pipeline_is_created_with_one_call_that_tells_its_arn() {
    let (session, script) = session(&[(200, CREATED)]).await;
    let arn = session.sagemaker().create_pipeline(&spec(), &Tags::new()).await.unwrap();
    assert_eq!(arn, ARN);
    assert_eq!(operations(&script), ["CreatePipeline"]);
}

#[tokio::test]
async fn the_same_pipeline_under_that_name_is_as_good_whatever_the_order_of_its_keys() {
    let same = described("d", r#"{"Steps":[], "Parameters":[], "Version":"2020-12-01"}"#);
    for code in ["ValidationException", "ConflictException"] {
        let taken = format!(r#"{{"__type":"{code}","message":"whatever the words"}}"#);
        let (session, script) = session(&[(400, &taken), (200, &same)]).await;
        let arn = session.sagemaker().create_pipeline(&spec(), &Tags::new()).await.unwrap();
        assert_eq!(arn, ARN, "{code}");
        assert_eq!(operations(&script), ["CreatePipeline", "DescribePipeline"]);
    }
}

/// A plan that creates was shown to nobody as one that changes what another has made.
#[tokio::test]
async fn a_lost_race_is_told_and_the_other_pipeline_is_left_alone() {
    let other = described("other", DEFINITION);
    for code in ["ValidationException", "ConflictException"] {
        let taken = format!(r#"{{"__type":"{code}","message":"whatever the words"}}"#);
        let (session, script) = session(&[(400, &taken), (200, &other)]).await;
        let error = session.sagemaker().create_pipeline(&spec(), &Tags::new()).await.unwrap_err();
        assert_eq!((error.operation, error.code.as_str()), ("CreatePipeline", code));
        assert_eq!(operations(&script), ["CreatePipeline", "DescribePipeline"]);
    }
}

#[tokio::test]
async fn a_refused_create_of_an_absent_pipeline_stays_the_refusal() {
    let refused = r#"{"__type":"ValidationException","message":"bad role"}"#;
    let (session, _) = session(&[(400, refused), (400, ABSENT)]).await;
    let error = session.sagemaker().create_pipeline(&spec(), &Tags::new()).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Invalid, "CreatePipeline"));
}

#[tokio::test]
async fn a_pipeline_is_tagged_before_it_is_changed() {
    let (session, script) = session(&[(200, "{}"), (200, "{}")]).await;
    session.sagemaker().update_pipeline(ARN, &spec(), &Tags::new()).await.unwrap();
    assert_eq!(operations(&script), ["AddTags", "UpdatePipeline"]);
    assert!(script.asked()[0].body.contains(ARN));
}
