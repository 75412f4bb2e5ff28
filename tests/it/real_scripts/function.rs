//! Functions: what they are called with, what they may ask, how they end.

use super::Bench;
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use relevo::{
    ids::Arn,
    rehearsal::{
        Cloud, Containers as _, Deployed, Invocation, InvokeError, Question, Raised, ServiceError,
    },
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
    time::Duration,
};

const ARN: &str = "arn:aws:lambda:eu-west-1:222222222222:function:finder:7";

/// Answers in pages of one, knows one object, refuses the rest, and keeps what it was asked.
#[derive(Default)]
struct Small {
    asked: Vec<Question>,
}

impl Cloud for Small {
    fn ask(&mut self, question: Question) -> BoxFuture<'_, Result<Value, ServiceError>> {
        let answer = match (question.operation.as_str(), question.input.get("NextToken")) {
            ("ListModelPackages", None) => {
                Ok(json!({ "ModelPackageSummaryList": [1], "NextToken": "2" }))
            }
            ("ListModelPackages", Some(_)) => Ok(json!({ "ModelPackageSummaryList": [2] })),
            ("HeadObject", _) => Ok(json!({ "ETag": "\"e\"", "LastModified": 0.25 })),
            ("DescribeModelPackage", _) => Err(ServiceError::refused("ResourceNotFound", "no")),
            _ => Err(ServiceError::refused("AccessDeniedException", "not you")),
        };
        self.asked.push(question);
        ready(answer).boxed()
    }
}

impl Bench {
    /// Calls `handler(event, context)`, which stands in `code`.
    async fn call(&self, code: &str, cloud: &mut dyn Cloud) -> Result<Value, InvokeError> {
        self.call_within(code, Duration::from_secs(60), cloud).await
    }

    async fn call_within(
        &self,
        code: &str,
        timeout: Duration,
        cloud: &mut dyn Cloud,
    ) -> Result<Value, InvokeError> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("finder.py", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(code.as_bytes()).unwrap();
        let arn: Arn = ARN.parse().unwrap();
        let function = Deployed {
            handler: "finder.handler".to_owned(),
            role: "arn:aws:iam::222222222222:role/lambda".to_owned(),
            timeout,
            memory_mb: 128,
            variables: BTreeMap::from([("GROUP".to_owned(), "g".to_owned())]),
            zip: zip.finish().unwrap().into_inner().into(),
        };
        let event = json!({ "region": "us-east-1" });
        self.scripts
            .invoke(Invocation { function: &function, arn: &arn, event: &event }, cloud)
            .await
    }
}

fn raised(result: Result<Value, InvokeError>) -> Raised {
    match result {
        Err(InvokeError::Raised(raised)) => raised,
        other => panic!("not raised: {other:?}"),
    }
}

#[tokio::test]
async fn a_function_asks_for_pages_objects_and_hears_of_refusals() {
    let Some(bench) = Bench::new().await else { return };
    let code = "
import boto3, os
from botocore.exceptions import ClientError

def handler(event, context):
    print('{\"result\": \"what is printed is no answer\"}')
    sagemaker = boto3.client('sagemaker', region_name=event['region'])
    pages = sagemaker.get_paginator('list_model_packages').paginate(ModelPackageGroupName=os.environ['GROUP'])
    versions = [version for page in pages for version in page['ModelPackageSummaryList']]
    head = boto3.client('s3').head_object(Bucket='b', Key='k')
    codes = []
    for error in (ClientError, sagemaker.exceptions.ResourceNotFound):
        try:
            sagemaker.describe_model_package(ModelPackageName='p')
        except error as refused:
            codes.append(refused.response['Error']['Code'])
    return {'versions': versions, 'tag': head['ETag'], 'time': head['LastModified'].isoformat(), 'codes': codes,
            'who': [context.function_name, context.function_version, os.environ['AWS_REGION']]}
";
    let mut cloud = Small::default();
    let answer = bench.call(code, &mut cloud).await.unwrap();
    assert_eq!(
        answer,
        json!({
            "versions": [1, 2],
            "tag": "\"e\"",
            "time": "1970-01-01T00:00:00.250000+00:00",
            "codes": ["ResourceNotFound", "ResourceNotFound"],
            "who": ["finder", "7", "eu-west-1"],
        })
    );
    assert_eq!(cloud.asked[0].input, json!({ "ModelPackageGroupName": "g" }));
    assert_eq!(cloud.asked[0].region.as_ref().unwrap().as_str(), "us-east-1");
    assert_eq!((cloud.asked[2].service.as_str(), &cloud.asked[2].region), ("s3", &None));
}

#[tokio::test]
async fn exceptions_are_told_as_lambda_tells_them() {
    let Some(bench) = Bench::new().await else { return };
    for (code, kind, message) in [
        ("class Empty(Exception): pass\ndef handler(e, c): raise Empty('none')", "Empty", "none"),
        (
            "import boto3\ndef handler(e, c): boto3.client('sts').get_caller_identity()",
            "ClientError",
            "An error occurred (AccessDeniedException) when calling the GetCallerIdentity operation: not you",
        ),
        (
            "def other(e, c): pass",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'finder'",
        ),
        (
            "import no_such",
            "Runtime.ImportModuleError",
            "Unable to import module 'finder': No module named 'no_such'",
        ),
        (
            "def handler(e, c): return {1, 2}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ] {
        let raised = raised(bench.call(code, &mut Small::default()).await);
        assert_eq!((raised.kind.as_str(), raised.message.as_str()), (kind, message));
    }
    let exit = raised(
        bench.call("import os\ndef handler(e, c): os._exit(0)", &mut Small::default()).await,
    );
    assert_eq!(exit.kind, "Runtime.ExitError");
}

#[tokio::test]
async fn a_function_ends_when_its_time_is_over_and_when_the_cloud_breaks() {
    let Some(bench) = Bench::new().await else { return };
    let sleeps = "import time\ndef handler(e, c): time.sleep(1000)";
    let second = Duration::from_secs(1);
    let raised = raised(bench.call_within(sleeps, second, &mut Small::default()).await);
    assert_eq!(
        (raised.kind.as_str(), raised.message.as_str()),
        ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    );
    struct Broken;
    impl Cloud for Broken {
        fn ask(&mut self, _: Question) -> BoxFuture<'_, Result<Value, ServiceError>> {
            ready(Err(ServiceError::internal("no disk"))).boxed()
        }
    }
    let asks = "import boto3\ndef handler(e, c): boto3.client('sagemaker').list_model_packages()";
    let broken = bench.call(asks, &mut Broken).await;
    assert!(matches!(broken, Err(InvokeError::Rehearsal(_))), "{broken:?}");
    assert_eq!(std::fs::read_dir(bench.jobs.path()).unwrap().count(), 0);
}
