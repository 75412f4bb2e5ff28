//! What a server does not offer, told apart from what fails it.

use super::*;
use std::time::Duration;

#[tokio::test]
async fn what_nobody_has_heard_of_is_told_from_what_fails() {
    let at_once = Duration::from_millis(1);
    for (status, body, unheard) in [
        (500, "<!doctype html><title>500 Internal Server Error</title>", true),
        (501, "", true),
        (400, r#"{"__type":"UnknownOperationException"}"#, true),
        (400, r#"{"error":"Unsupported service: sagemaker"}"#, true),
        (500, r#"{"__type":"InternalFailure"}"#, false),
        (500, "", false),
        (502, "<html>bad gateway</html>", false),
        (503, "<html>come again</html>", false),
        (400, r#"{"__type":"ValidationException"}"#, false),
    ] {
        let identity = identity("222222222222");
        let mut answers = vec![(200, ASSUMED), (200, identity.as_str())];
        answers.extend([(status, body); 3]);
        let script = Script::with(&answers);
        let access = script.access().with_waits(at_once, at_once);
        let run = RUN.parse().unwrap();
        let session = access.assume(&fixture::environment(), &run, Purpose::Read).await.unwrap();
        let error = session.sagemaker().steps("arn").await.unwrap_err();
        assert_eq!(error.is_unheard_of(), unheard, "{status} {body}: {error}");
        assert!(!error.to_string().contains("html"), "{error}");
    }
}
