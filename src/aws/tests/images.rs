//! What ECR is asked of an image, and what becomes of its answers.

use super::*;
use crate::{ids::EcrImage, preflight::ImageState};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

async fn asked(image: &str, answer: (u16, &str)) -> (Result<ImageState, CloudError>, Asked) {
    let (session, script) = session(&[answer]).await;
    let image: EcrImage = image.parse().unwrap();
    let state = session.ecr().image(&image).await;
    let [asked] = &script.asked()[..] else { panic!("one call") };
    (state, asked.clone())
}

#[tokio::test]
async fn one_image_is_asked_for_in_the_registry_that_has_it() {
    let host = "683313688378.dkr.ecr.us-east-1.amazonaws.com";
    let there =
        r#"{"images":[{"imageId":{"imageTag":"3.0-5"},"imageManifest":"{}"}],"failures":[]}"#;
    for (rest, id) in [
        ("ml/xgboost:3.0-5", json!({ "imageTag": "3.0-5" })),
        ("ml/xgboost", json!({ "imageTag": "latest" })),
        (&*format!("ml/xgboost@{DIGEST}"), json!({ "imageDigest": DIGEST })),
    ] {
        let (state, asked) = asked(&format!("{host}/{rest}"), (200, there)).await;
        assert_eq!(state.unwrap(), ImageState::There);
        assert!(asked.uri.starts_with("https://api.ecr.us-east-1.amazonaws.com"), "{}", asked.uri);
        let target = asked.header("x-amz-target").unwrap();
        assert_eq!(target, "AmazonEC2ContainerRegistry_V20150921.BatchGetImage");
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let wanted = json!({
            "registryId": "683313688378", "repositoryName": "ml/xgboost", "imageIds": [id],
        });
        assert_eq!(body, wanted);
    }
}

#[tokio::test]
async fn absence_is_an_answer_and_refusal_is_none() {
    let image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/xgboost:1";
    let missing = r#"{"failures":[{"imageId":{"imageTag":"1"},"failureCode":"ImageNotFound","failureReason":"no"}]}"#;
    let (state, _) = asked(image, (200, missing)).await;
    let failure = ImageState::Failure { code: "ImageNotFound".to_owned(), reason: "no".to_owned() };
    assert_eq!(state.unwrap(), failure);
    let (state, _) = asked(image, (400, r#"{"__type":"RepositoryNotFoundException"}"#)).await;
    assert_eq!(state.unwrap(), ImageState::NoRepository);
    let (state, _) = asked(image, (400, r#"{"__type":"AccessDeniedException"}"#)).await;
    assert_eq!(state.unwrap_err().class, ErrorClass::Denied);
    let (state, _) = asked(image, (200, "{}")).await;
    assert_eq!(state.unwrap_err().code, "BrokenAnswer");
}
