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

#[tokio::test]
async fn an_absent_pipeline_is_created_and_read_back() {
    let after = described("d", DEFINITION);
    let (session, script) = session(&[(400, ABSENT), (200, "{}"), (200, &after)]).await;
    let (done, record) = session.sagemaker().upsert(&spec(), &Tags::new()).await.unwrap();
    assert_eq!(done, Upserted::Created);
    assert!(record.arn.ends_with("pipeline/p"));
    assert_eq!(operations(&script), ["DescribePipeline", "CreatePipeline", "DescribePipeline"]);
}

#[tokio::test]
async fn an_equal_pipeline_is_left_alone_whatever_the_order_of_its_keys() {
    let same = described("d", r#"{"Steps":[], "Parameters":[], "Version":"2020-12-01"}"#);
    let (session, script) = session(&[(200, &same)]).await;
    let (done, _) = session.sagemaker().upsert(&spec(), &Tags::new()).await.unwrap();
    assert_eq!(done, Upserted::Unchanged);
    assert_eq!(operations(&script), ["DescribePipeline"]);
}

#[tokio::test]
async fn a_lost_race_ends_in_an_update_under_either_code() {
    for code in ["ValidationException", "ConflictException"] {
        let taken = format!(r#"{{"__type":"{code}","message":"whatever the words"}}"#);
        let (other, after) = (described("other", DEFINITION), described("d", DEFINITION));
        let answers = [
            (400, ABSENT),
            (400, taken.as_str()),
            (200, &other),
            (200, "{}"),
            (200, "{}"),
            (200, &after),
        ];
        let (session, script) = session(&answers).await;
        let (done, _) = session.sagemaker().upsert(&spec(), &Tags::new()).await.unwrap();
        assert_eq!(done, Upserted::Updated, "{code}");
        assert_eq!(operations(&script)[2..5], ["DescribePipeline", "AddTags", "UpdatePipeline"]);
    }
}

#[tokio::test]
async fn a_refused_create_of_an_absent_pipeline_stays_the_refusal() {
    let refused = r#"{"__type":"ValidationException","message":"bad role"}"#;
    let (session, _) = session(&[(400, ABSENT), (400, refused), (400, ABSENT)]).await;
    let error = session.sagemaker().upsert(&spec(), &Tags::new()).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Invalid, "CreatePipeline"));
}

#[tokio::test]
async fn a_write_that_does_not_read_back_is_an_error() {
    let other = described("other", DEFINITION);
    let (session, _) = session(&[(400, ABSENT), (200, "{}"), (200, &other)]).await;
    let error = session.sagemaker().upsert(&spec(), &Tags::new()).await.unwrap_err();
    assert!(error.message.contains("not what was sent"), "{error}");
}
