//! Why a HEAD was refused, which its answer cannot tell.

use super::*;

const EXPIRED: &str = "<Error><Code>ExpiredToken</Code><Message>over</Message></Error>";
const SKEWED: &str = "<Error><Code>RequestTimeTooSkewed</Code><Message>late</Message></Error>";
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
const NO_KEY: &str = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";

#[tokio::test]
async fn the_reason_is_asked_for_where_head_has_none() {
    for (head, get, class, code) in [
        (400, (400, EXPIRED), ErrorClass::Expired, "ExpiredToken"),
        (403, (403, DENIED), ErrorClass::Denied, "AccessDenied"),
        (403, (403, SKEWED), ErrorClass::Denied, "RequestTimeTooSkewed"),
        (400, (200, "content"), ErrorClass::Unavailable, "NoAnswer"),
        (400, (404, NO_KEY), ErrorClass::Unavailable, "NoAnswer"),
        (403, (403, ""), ErrorClass::Denied, "NoAnswer"),
    ] {
        // what a clock makes AWS say is tried again
        let (session, _) = session(&[(head, ""), get, get, get]).await;
        let error = session.s3().size("sagemaker-prod-bucket", "k").await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (class, code), "{head} {get:?}: {error}");
        assert_eq!(error.operation, "HeadObject");
    }
}

#[tokio::test]
async fn an_object_that_is_there_or_not_costs_one_call() {
    let (session, script) = session(&[(404, ""), (200, "")]).await;
    assert_eq!(session.s3().size("sagemaker-prod-bucket", "k").await.unwrap(), None);
    assert_eq!(session.s3().size("sagemaker-prod-bucket", "k").await.unwrap(), Some(0));
    assert_eq!(script.asked().len(), 2);
}
