//! Who may become whom, for how long.

use super::bench::{Bench, DEV, PROD, REGISTRY, code, environment};
use aws_sdk_sts::{Client, types::Tag};
use jiff::SignedDuration;
use relevo::spec::{Environment, SessionTags, Sessions};

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/cross-account-deploy-role")
}

#[tokio::test]
async fn the_agent_becomes_the_deployer_of_the_account() {
    let bench = Bench::new().await;
    let me = Client::new(&bench.agent()).get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some("444444444444"));
    assert_eq!(me.arn(), Some("arn:aws:sts::444444444444:assumed-role/agent/agent"));

    let deployer = Client::new(&bench.deployer("prod", PROD).await);
    let identity = deployer.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(PROD));
    assert_eq!(
        identity.arn(),
        Some("arn:aws:sts::222222222222:assumed-role/cross-account-deploy-role/agent-test")
    );
}

#[tokio::test]
async fn a_wrong_external_id_an_unknown_role_and_no_trust_look_alike() {
    let bench = Bench::new().await;
    let agent = Client::new(&bench.agent());
    let assume = |client: &Client, arn: String| {
        client.assume_role().role_arn(arn).role_session_name("agent-1")
    };
    for refused in [
        assume(&agent, role(PROD)),
        assume(&agent, role(PROD)).external_id("relevo-dev"),
        assume(&agent, role("999999999999")).external_id("relevo-prod"),
        assume(&agent, format!("arn:aws:iam::{PROD}:role/lambda-role")),
        assume(&Client::new(&bench.admin(PROD)), role(PROD)).external_id("relevo-prod"),
    ] {
        assert_eq!(code(refused.send().await), "AccessDenied");
    }
}

#[tokio::test]
async fn a_deployer_cannot_hop_to_the_next_account() {
    let bench = Bench::new().await;
    let dev = Client::new(&bench.deployer("dev", DEV).await);
    let hop = dev.assume_role().role_arn(role(PROD)).role_session_name("agent-1");
    assert_eq!(code(hop.external_id("relevo-prod").send().await), "AccessDenied");
}

#[tokio::test]
async fn names_and_durations_have_limits() {
    let bench = Bench::new().await;
    let agent = Client::new(&bench.agent());
    let request = || {
        agent
            .assume_role()
            .role_arn(role(DEV))
            .external_id("relevo-dev")
            .role_session_name("agent-1")
    };
    assert!(request().duration_seconds(900).send().await.is_ok());
    for refused in [
        request().role_session_name("a"),
        request().role_session_name("with space"),
        request().duration_seconds(899),
        request().duration_seconds(43_201),
        request().duration_seconds(3601),
        request().external_id("!"),
        request().policy("x".repeat(2049)),
        request().source_identity("s"),
    ] {
        assert_eq!(code(refused.send().await), "ValidationError");
    }
    let malformed = request().policy("{\"Statement\": 7}").send().await;
    assert_eq!(code(malformed), "MalformedPolicyDocument");
}

#[tokio::test]
async fn a_chained_session_lasts_an_hour_at_most_whatever_the_role_allows() {
    let bench = Bench::new().await;
    let approver = format!("arn:aws:iam::{REGISTRY}:role/model-approver-role");
    let agent = Client::new(&bench.agent());
    let request = || agent.assume_role().role_arn(&approver).role_session_name("ada");
    assert!(request().duration_seconds(3600).send().await.is_ok());
    let refused = request().duration_seconds(7200).send().await.unwrap_err().into_service_error();
    assert!(refused.to_string().contains("ValidationError"), "{refused}");
    assert!(refused.meta().message().unwrap().contains("role chaining"));
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over() {
    let bench = Bench::new().await;
    let deployer = bench.deployer("dev", DEV).await;
    bench.pass(SignedDuration::from_secs(3599));
    assert!(Client::new(&deployer).get_caller_identity().send().await.is_ok());
    bench.pass(SignedDuration::from_secs(1));
    assert_eq!(code(Client::new(&deployer).get_caller_identity().send().await), "ExpiredToken");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&deployer);
    assert_eq!(code(logs.describe_log_groups().send().await), "ExpiredTokenException");
    let objects = aws_sdk_s3::Client::new(&deployer);
    let listed = objects.list_objects_v2().bucket("sagemaker-dev-bucket").send().await;
    assert_eq!(code(listed), "ExpiredToken");

    // Some day nobody remembers the session.
    bench.pass(SignedDuration::from_hours(25));
    bench.deployer("dev", DEV).await;
    let forgotten = Client::new(&deployer).get_caller_identity().send().await;
    assert_eq!(code(forgotten), "InvalidClientTokenId");
}

#[tokio::test]
async fn keys_that_nobody_gave_out_are_unknown_everywhere() {
    let bench = Bench::new().await;
    let stranger = aws_credential_types::Credentials::new("AKIASTRANGER", "x", None, None, "test");
    let config = bench.config(&stranger);
    let sts = Client::new(&config).get_caller_identity().send().await;
    assert_eq!(code(sts), "InvalidClientTokenId");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config).describe_log_groups().send().await;
    assert_eq!(code(logs), "UnrecognizedClientException");
    let buckets = aws_sdk_s3::Client::new(&config).list_buckets().send().await;
    assert_eq!(code(buckets), "InvalidAccessKeyId");
}

#[tokio::test]
async fn a_session_key_without_its_token_is_nothing() {
    let bench = Bench::new().await;
    let answer = Client::new(&bench.agent())
        .assume_role()
        .role_arn(role(DEV))
        .external_id("relevo-dev")
        .role_session_name("agent-1")
        .send()
        .await
        .unwrap();
    let keys = answer.credentials().unwrap();
    let stolen = aws_credential_types::Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        None,
        None,
        "test",
    );
    let refused = Client::new(&bench.config(&stolen)).get_caller_identity().send().await;
    assert_eq!(code(refused), "InvalidClientTokenId");
}

#[tokio::test]
async fn a_read_only_session_policy_stops_every_write() {
    let bench = Bench::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Action":["*:Get*","*:List*","*:Describe*","logs:FilterLogEvents"],"Resource":"*"}]}"#;
    let reader = bench.deployer_under("dev", DEV, Some(policy)).await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&reader);
    assert!(logs.describe_log_groups().send().await.is_ok());
    let write = logs.create_log_group().log_group_name("jenkins-log").send().await;
    assert_eq!(code(write), "AccessDeniedException");
    let sns = aws_sdk_sns::Client::new(&reader);
    assert!(sns.list_topics().send().await.is_ok());
    assert_eq!(code(sns.create_topic().name("alerts").send().await), "AuthorizationError");
    let objects = aws_sdk_s3::Client::new(&reader);
    let write =
        objects.put_object().bucket("sagemaker-dev-bucket").key("mammography-severity-model/x");
    assert_eq!(code(write.send().await), "AccessDenied");
    let functions = aws_sdk_lambda::Client::new(&reader);
    let missing = functions.get_function().function_name("nothing").send().await;
    assert_eq!(code(missing), "ResourceNotFoundException");
    let write = functions.delete_function().function_name("nothing").send().await;
    assert_eq!(code(write), "AccessDeniedException");
}

#[tokio::test]
async fn an_operation_that_is_not_rehearsed_says_what_is() {
    let bench = Bench::new().await;
    let refused = Client::new(&bench.agent()).get_session_token().send().await.unwrap_err();
    let refused = refused.into_service_error();
    assert_eq!(refused.meta().code(), Some("UnknownOperationException"));
    let message = refused.meta().message().unwrap();
    assert!(message.contains("GetSessionToken") && message.contains("AssumeRole"), "{message}");
}

/// A rehearsal whose prod role is trusted with tags and with `relevo` as source identity.
async fn marked() -> (Bench, Client) {
    let sessions = Sessions {
        source_identity: Some("relevo".to_owned()),
        tags: SessionTags::Sent,
        ..Sessions::default()
    };
    let prod = Environment { sessions, ..environment("prod", PROD) };
    let bench = Bench::of(&[environment("dev", DEV), prod]).await;
    let client = Client::new(&bench.agent());
    (bench, client)
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test]
async fn a_source_identity_takes_a_trust_that_names_it() {
    let (_bench, agent) = marked().await;
    let request = |name: &str, account: &str| {
        let request = agent.assume_role().role_arn(role(account)).role_session_name("agent-1");
        request.external_id(format!("relevo-{name}"))
    };
    let known = request("prod", PROD).source_identity("relevo").send().await.unwrap();
    assert_eq!(known.source_identity(), Some("relevo"));
    for (refused, action) in [
        (request("prod", PROD).source_identity("somebody"), "sts:SetSourceIdentity"),
        (request("dev", DEV).source_identity("relevo"), "sts:SetSourceIdentity"),
        (request("dev", DEV).tags(tag("run", "1")), "sts:TagSession"),
    ] {
        let refused = refused.send().await.unwrap_err().into_service_error();
        assert_eq!(refused.meta().code(), Some("AccessDenied"));
        assert!(refused.meta().message().unwrap().contains(action), "{refused:?}");
    }
}

#[tokio::test]
async fn session_tags_have_limits_and_share_their_room_with_the_policy() {
    let (_bench, agent) = marked().await;
    let request = || {
        let request = agent.assume_role().role_arn(role(PROD)).role_session_name("agent-1");
        request.external_id("relevo-prod")
    };
    let fine = request().tags(tag("run", "1")).tags(tag("Über", "a b+c=d@e:f/g"));
    let fine = fine.transitive_tag_keys("run").send().await.unwrap();
    assert!(fine.session_token_utilization().unwrap() < 10);
    for refused in [
        request().tags(tag("run", "it's")),
        request().tags(tag("", "1")),
        request().tags(tag("run", &"x".repeat(257))),
        request().tags(tag(&"x".repeat(129), "1")),
        request().tags(tag("aws:run", "1")),
        request().tags(tag("run", "1")).tags(tag("RUN", "2")),
        request().tags(tag("run", "1")).transitive_tag_keys("walk"),
        request().set_tags(Some((0..51).map(|n| tag(&format!("t{n}"), "1")).collect())),
    ] {
        assert_eq!(code(refused.send().await), "ValidationError");
    }
    let noise = |n: u32| relevo::ids::Digest::of(n.to_string()).to_string();
    let large = (0..50).map(|n| tag(&format!("t{n}"), &format!("{}{}", noise(n), noise(n + 50))));
    let large = request().set_tags(Some(large.collect())).send().await;
    assert_eq!(code(large), "PackedPolicyTooLarge");
}
