//! The adapters against answers written down beforehand.

mod agreement;
mod heads;
mod images;
mod pipelines;
mod presence;
mod roles;
mod unheard;

use super::*;
use crate::{
    plan::{PipelineSpec, Tags, Target, fixture},
    spec::Environment,
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

const RUN: &str = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e";

/// Answers in order; remembers what was asked.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    date: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Clone)]
struct Asked {
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Script {
    fn with(answers: &[(u16, &str)]) -> Self {
        let script = Self::default();
        for (status, body) in answers {
            script.answers.lock().unwrap().push_back((*status, (*body).to_owned()));
        }
        script
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn access(&self) -> Access {
        Access::through(SharedHttpClient::new(self.clone()), "AKIDBASE", "secret")
    }
}

impl HttpClient for Script {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let body = request.body().bytes().map(|b| String::from_utf8_lossy(b).into_owned());
        let body = body.unwrap_or_default();
        self.asked.lock().unwrap().push(Asked { uri: request.uri().to_owned(), headers, body });
        let Some((status, body)) = self.answers.lock().unwrap().pop_front() else {
            return HttpConnectorFuture::ready(Err(ConnectorError::user("no answer left".into())));
        };
        let answer = http::Response::builder().status(status).header("x-amzn-requestid", "r-1");
        let date = self.date.lock().unwrap().clone();
        let answer = date.into_iter().fold(answer, |answer, date| answer.header("date", date));
        let answer = answer.body(SdkBody::from(body)).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
    }
}

const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"#;

fn identity(account: &str) -> String {
    format!(
        r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"#
    )
}

fn refusal(code: &str) -> String {
    format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
<Message>not for you</Message></Error></ErrorResponse>"#
    )
}

async fn assume(
    script: &Script,
    environment: &Environment,
    purpose: Purpose,
) -> Result<Session, CloudError> {
    script.access().assume(environment, &RUN.parse().unwrap(), purpose).await
}

/// A session in the environment's account that then gets `answers`.
async fn session(answers: &[(u16, &str)]) -> (Session, Script) {
    let identity = identity("222222222222");
    let mut all = vec![(200, ASSUMED), (200, identity.as_str())];
    all.extend_from_slice(answers);
    let script = Script::with(&all);
    let session = assume(&script, &fixture::environment(), Purpose::Deploy).await.unwrap();
    script.asked.lock().unwrap().clear();
    (session, script)
}

#[tokio::test]
async fn a_session_exists_only_in_the_account_the_environment_names() {
    let elsewhere = identity("999999999999");
    let script = Script::with(&[(200, ASSUMED), (200, &elsewhere)]);
    let error = assume(&script, &fixture::environment(), Purpose::Read).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::WrongAccount);
    assert!(error.to_string().contains("999999999999"), "{error}");
    assert!(error.to_string().contains("222222222222"), "{error}");
}

#[tokio::test]
async fn a_role_is_taken_with_its_external_id_and_a_telling_name() {
    let identity = identity("222222222222");
    let script = Script::with(&[(200, ASSUMED), (200, &identity)]);
    assume(&script, &fixture::environment(), Purpose::Deploy).await.unwrap();
    let [assume, who] = &script.asked()[..] else { panic!("two calls") };
    assert!(assume.body.contains("Action=AssumeRole"), "{}", assume.body);
    assert!(assume.body.contains(&format!("RoleSessionName=agent-{RUN}")), "{}", assume.body);
    assert!(assume.body.contains("ExternalId=relevo-prod"), "{}", assume.body);
    assert!(assume.header("authorization").unwrap().contains("AKIDBASE"));
    assert!(who.header("authorization").unwrap().contains("ASIA1"));
}

#[tokio::test]
async fn an_approval_is_given_with_the_approvers_role_in_the_registrys_account() {
    let identity = identity("333333333333");
    let script = Script::with(&[(200, ASSUMED), (200, &identity)]);
    let session = assume(&script, &fixture::environment(), Purpose::Approve).await.unwrap();
    assert_eq!(session.role().as_str(), "arn:aws:iam::333333333333:role/model-approver");
    assert_eq!(session.account().as_str(), "333333333333");
    assert!(!script.asked()[0].body.contains("ExternalId"));
}

#[tokio::test]
async fn a_refused_role_is_told_as_such_and_not_as_the_call_that_needed_it() {
    let refused = refusal("AccessDenied");
    let script = Script::with(&[(403, &refused)]);
    let error = assume(&script, &fixture::environment(), Purpose::Read).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Denied, "AssumeRole"));
    assert!(error.resource.ends_with("cross-account-deploy-role"), "{error}");
    assert!(error.message.contains("not for you") && error.message.contains("r-1"), "{error}");
}

#[tokio::test]
async fn credentials_that_are_over_are_an_error_of_their_own() {
    let (session, _) =
        session(&[(400, r#"{"__type":"ExpiredTokenException","message":"over"}"#)]).await;
    let error = session.sagemaker().pipeline("p").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Expired);
}

/// Names as long as they may be, in the partition with the longest ARNs.
fn environment_of_long_names() -> Environment {
    let long = "m".repeat(40);
    let fixture = fixture::environment();
    let far = |text: &str| {
        let text =
            text.replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "us-gov-west-1");
        text.parse().unwrap()
    };
    Environment {
        model_name: long,
        region: "us-gov-west-1".parse().unwrap(),
        deploy_role: far(fixture.deploy_role.as_str()),
        train_role: far(fixture.train_role.as_str()),
        inference_role: far(fixture.inference_role.as_str()),
        lambda_role: far(fixture.lambda_role.as_str()),
        events_role: far(fixture.events_role.as_str()),
        kms_key: far(fixture.kms_key.as_str()),
        ..fixture
    }
}

/// Does a purpose need the action?
fn is_of(purpose: Purpose, action: &str) -> bool {
    let (service, verb) = action.split_once(':').unwrap();
    let reading = ["Describe", "List", "Get", "Filter", "Decrypt", "Simulate"];
    let reads = reading.iter().any(|known| verb.starts_with(known));
    match purpose {
        Purpose::Read => reads,
        Purpose::Diagnose => reads || action == "ecr:BatchGetImage",
        Purpose::Logs => service == "logs",
        Purpose::Job => {
            let job = verb.ends_with("ProcessingJob") || verb == "AddTags";
            job || ["s3", "kms", "iam", "logs"].contains(&service)
        }
        Purpose::Train => reads || ["sagemaker", "s3", "kms", "iam"].contains(&service),
        Purpose::Watch => {
            reads
                || [
                    "sagemaker:StartPipelineExecution",
                    "sns:Publish",
                    "s3:PutObject",
                    "kms:GenerateDataKey",
                ]
                .contains(&action)
        }
        Purpose::Alert => ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"].contains(&action),
        Purpose::Approve => service == "sagemaker",
        Purpose::Deploy | Purpose::Destroy => true,
    }
}

#[test]
fn session_policies_fit_and_allow_no_more_than_their_purpose() {
    let environment = environment_of_long_names();
    let aliased = "arn:aws-us-gov:kms:us-gov-west-1:222222222222:alias/relevo/mammography-prod";
    let aliased = Environment { kms_key: aliased.parse().unwrap(), ..environment.clone() };
    let purposes = [
        Purpose::Deploy,
        Purpose::Destroy,
        Purpose::Train,
        Purpose::Read,
        Purpose::Diagnose,
        Purpose::Watch,
        Purpose::Alert,
        Purpose::Logs,
        Purpose::Job,
        Purpose::Approve,
    ];
    for purpose in purposes {
        let policy = policy::session_policy(&environment, purpose);
        assert!(policy.len() <= 2048, "{purpose:?}: {}", policy.len());
        let by_alias = policy::session_policy(&aliased, purpose);
        assert!(by_alias.len() <= 2048, "{purpose:?} by alias: {}", by_alias.len());
        let approves = policy.contains("UpdateModelPackage");
        assert_eq!(approves, purpose == Purpose::Approve, "{purpose:?}");
        for action in actions(&policy) {
            let (_, verb) = action.split_once(':').unwrap();
            assert!(is_of(purpose, &action), "{purpose:?} may {action}");
            assert!(!verb.starts_with('*') && !verb.contains("Url"), "{purpose:?} may {action}");
            // A rule that the policy no longer wants goes; nothing else is taken back but on purpose.
            let takes_back = verb.starts_with("Delete")
                && purpose != Purpose::Destroy
                && !["DeleteRetentionPolicy", "DeleteRule"].contains(&verb);
            let reads_own = verb == "GetObject" && purpose == Purpose::Job;
            let known = verb == "PutObject" || reads_own;
            assert!(!verb.contains("Object") || known, "{purpose:?} may {action}");
            assert!(!takes_back, "{purpose:?} may {action}");
        }
        let wide = ["sagemaker:Create*", "lambda:Create*", "events:Put*", "sns:Set*", "logs:*"];
        assert!(!wide.iter().any(|wild| policy.contains(wild)), "{purpose:?}: {policy}");
    }
}

/// IAM holds the key's own name against a policy's resources, never the alias by which it was called.
#[test]
fn a_key_that_the_environment_names_by_an_alias_can_be_used() {
    let named = fixture::environment();
    let (key, alias) = (named.kms_key.to_string(), "arn:aws:kms:us-east-1:222222222222:alias/ml");
    let another = "arn:aws:kms:us-east-1:222222222222:key/99999999-2222-3333-4444-555555555555";
    let foreign = "arn:aws:kms:us-east-1:333333333333:key/11111111-2222-3333-4444-555555555555";
    let aliased = Environment { kms_key: alias.parse().unwrap(), ..named.clone() };
    for purpose in [Purpose::Deploy, Purpose::Train, Purpose::Watch, Purpose::Alert] {
        for environment in [&named, &aliased] {
            let text = policy::session_policy(environment, purpose);
            let policy = crate::rehearsal::Policy::parse(&text).unwrap();
            let uses = |key: &str| policy.allows("kms:GenerateDataKey", key);
            assert!(uses(&key) && !uses(foreign), "{purpose:?}: {text}");
            assert!(!policy.allows("kms:ScheduleKeyDeletion", &key), "{purpose:?}: {text}");
            let by_alias = environment.kms_key.as_str() == alias;
            // the rehearsal reads over conditions: this one is what keeps other keys out
            let condition =
                r#""Condition":{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/ml"}}"#;
            assert_eq!((uses(another), text.contains(condition)), (by_alias, by_alias), "{text}");
            assert!(!text.contains(alias), "{purpose:?}: {text}");
        }
    }
}

fn actions(policy: &str) -> Vec<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let named = |statement: &serde_json::Value| match &statement["Action"] {
        serde_json::Value::String(one) => vec![one.clone()],
        many => serde_json::from_value(many.clone()).unwrap(),
    };
    statements.iter().flat_map(named).collect()
}

/// The names of other pipelines and functions may begin like ours.
#[test]
fn a_session_that_writes_one_pipeline_cannot_write_its_namesakes() {
    let environment = fixture::environment();
    for purpose in [Purpose::Deploy, Purpose::Train, Purpose::Watch] {
        let policy: serde_json::Value =
            serde_json::from_str(&policy::session_policy(&environment, purpose)).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let Some(resources) = statement["Resource"].as_array() else { continue };
            let names = resources.iter().filter_map(|resource| resource.as_str());
            for name in names.filter(|name| name.contains(":pipeline/")) {
                assert!(!name.ends_with("train*") && !name.ends_with("pipeline*"), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_failed_target_fails_the_call_that_was_answered_200() {
    let answer = r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"topic","ErrorCode":"LimitExceededException","ErrorMessage":"five is the most"}]}"#;
    let (session, _) = session(&[(200, answer)]).await;
    let target = Target {
        id: "topic".to_owned(),
        arn: "arn:aws:sns:us-east-1:222222222222:t".to_owned(),
        role: None,
        retries: 1,
        longest_age_seconds: 60,
        message: None,
    };
    let error = session.events().put_targets("rule", &[target]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::LimitExceeded);
    assert!(error.message.contains("topic: five is the most"), "{error}");
}

#[tokio::test]
async fn a_taken_key_is_no_failure_and_every_put_is_guarded() {
    let taken = "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>";
    let (session, script) = session(&[(412, taken), (200, ""), (404, "")]).await;
    let s3 = session.s3();
    let bucket = "sagemaker-prod-bucket";
    assert_eq!(s3.put_new(bucket, "a", b"x".to_vec()).await.unwrap(), Put::AlreadyThere);
    assert_eq!(s3.put_new(bucket, "b", b"x".to_vec()).await.unwrap(), Put::Stored);
    assert_eq!(s3.size("sagemaker-registry-bucket", "c").await.unwrap(), None);
    let asked = script.asked();
    assert_eq!(asked[0].header("if-none-match"), Some("*"));
    assert_eq!(asked[0].header("x-amz-server-side-encryption"), Some("aws:kms"));
    let key = asked[0].header("x-amz-server-side-encryption-aws-kms-key-id");
    assert_eq!(key, Some(fixture::environment().kms_key.as_str()));
    assert_eq!(asked[0].header("x-amz-expected-bucket-owner"), Some("222222222222"));
    assert_eq!(asked[2].header("x-amz-expected-bucket-owner"), Some("333333333333"));
}

#[tokio::test]
async fn an_empty_page_with_a_token_does_not_end_a_listing() {
    let last = r#"{"events":[{"logStreamName":"prod/s","timestamp":5,"message":"hello"}]}"#;
    let (session, script) =
        session(&[(200, r#"{"events":[],"nextToken":"t"}"#), (200, last)]).await;
    let events = session.logs().read("jenkins-log", "prod/", 0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(script.asked()[1].body.contains(r#""nextToken":"t""#));
}

#[tokio::test]
async fn a_listing_without_end_is_given_up() {
    let page = (200, r#"{"events":[],"nextToken":"t"}"#);
    let (session, script) = session(&vec![page; MOST_PAGES + 5]).await;
    let error = session.logs().read("jenkins-log", "prod/", 0, 10).await.unwrap_err();
    assert_eq!(error.code, "TooManyPages");
    assert_eq!(script.asked().len(), MOST_PAGES);
}

#[tokio::test]
async fn log_events_are_sent_once_and_the_dropped_ones_are_counted() {
    let dropped = r#"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}"#;
    let (session, script) = session(&[(200, dropped), (500, "{}"), (200, "{}")]).await;
    let event = |timestamp_ms| LogEvent { timestamp_ms, message: "line".to_owned() };
    let logs = session.logs();
    let outcome = logs.put("jenkins-log", "s", &[event(1), event(2)]).await.unwrap();
    let rejected = Rejected { too_old: 1, ..Rejected::default() };
    assert_eq!(outcome, PutOutcome { accepted: 1, rejected });
    let error = logs.put("jenkins-log", "s", &[event(3)]).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unavailable);
    assert_eq!(script.asked().len(), 2, "a second try could store the batch twice");
}
