//! How a role is asked for, and at which address.

use super::*;
use crate::{
    clock::{Clock as _, SimulatedClock},
    spec::{Addresses, SessionTags, Sessions},
};

/// Of each call: what a clock that is off makes AWS say counts as worth another one.
const ATTEMPTS: usize = 3;

const OURS: &str = "2026-11-22T12:00:00Z";

/// What is asked when a role of `environment` is taken.
async fn asked(environment: &Environment, purpose: Purpose) -> Vec<Asked> {
    let account = match purpose {
        Purpose::Approve => "333333333333",
        _ => "222222222222",
    };
    let identity = identity(account);
    let script = Script::with(&[(200, ASSUMED), (200, &identity)]);
    let cause = Cause {
        repository: "https://git.example.com/clinic/mammography".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
    };
    let access = script.access().on_behalf_of(cause);
    access.assume(environment, &RUN.parse().unwrap(), purpose).await.unwrap();
    script.asked()
}

fn marked() -> Environment {
    let sessions = Sessions {
        source_identity: Some("relevo".to_owned()),
        tags: SessionTags::Sent,
        ..Sessions::default()
    };
    Environment { sessions, ..fixture::environment() }
}

#[tokio::test]
async fn a_session_is_marked_where_the_environment_says_so_and_never_an_approval() {
    let body = asked(&marked(), Purpose::Train).await.remove(0).body;
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(field("SourceIdentity"), Some("relevo"));
    assert_eq!(field("Tags.member.1.Key"), Some("repository"));
    assert_eq!(field("Tags.member.1.Value"), Some("https://git.example.com/clinic/mammography"));
    assert_eq!(field("Tags.member.5.Value"), Some("train"));
    assert_eq!(field("TransitiveTagKeys.member.4"), Some("run"));
    assert_eq!(field("TransitiveTagKeys.member.5"), None);
    for (environment, purpose) in
        [(fixture::environment(), Purpose::Deploy), (marked(), Purpose::Approve)]
    {
        let body = asked(&environment, purpose).await.remove(0).body;
        assert!(!body.contains("Tags.member") && !body.contains("SourceIdentity"), "{body}");
    }
}

/// Whoever came by a role themselves gets an hour at most, and more is refused.
#[tokio::test]
async fn nothing_longer_than_an_hour_is_ever_asked_for() {
    for purpose in [Purpose::Deploy, Purpose::Train, Purpose::Logs, Purpose::Approve] {
        let body = asked(&fixture::environment(), purpose).await.remove(0).body;
        assert!(body.contains("DurationSeconds=3600"), "{purpose:?}: {body}");
    }
}

#[tokio::test]
async fn sts_is_asked_in_the_environments_region_at_the_addresses_it_wants() {
    let at = |region: &str, fips, dual_stack| {
        let sessions =
            Sessions { addresses: Addresses { fips, dual_stack }, ..Sessions::default() };
        Environment { region: region.parse().unwrap(), sessions, ..fixture::environment() }
    };
    for (environment, host) in [
        (at("eu-west-1", false, false), "sts.eu-west-1.amazonaws.com"),
        (at("us-east-1", false, false), "sts.us-east-1.amazonaws.com"),
        (at("us-east-1", true, false), "sts-fips.us-east-1.amazonaws.com"),
        (at("us-east-1", false, true), "sts.us-east-1.api.aws"),
        (at("us-east-1", true, true), "sts-fips.us-east-1.api.aws"),
    ] {
        for asked in asked(&environment, Purpose::Read).await {
            assert_eq!(asked.uri.split('/').nth(2), Some(host));
        }
    }
}

#[tokio::test]
async fn every_service_of_a_session_is_reached_at_the_wanted_addresses() {
    let addresses = Addresses { fips: true, dual_stack: true };
    let sessions = Sessions { addresses, ..Sessions::default() };
    let environment = Environment { sessions, ..fixture::environment() };
    let identity = identity("222222222222");
    let script = Script::with(&[(200, ASSUMED), (200, &identity), (404, ""), (404, "{}")]);
    let session = assume(&script, &environment, Purpose::Read).await.unwrap();
    session.s3().size("sagemaker-prod-bucket", "k").await.unwrap();
    session.lambda().head("f").await.unwrap();
    let hosts: Vec<String> = script.asked()[2..]
        .iter()
        .filter_map(|a| a.uri.split('/').nth(2))
        .map(str::to_owned)
        .collect();
    assert!(hosts[0].contains("s3-fips.dualstack.us-east-1.amazonaws.com"), "{hosts:?}");
    assert_eq!(hosts[1], "lambda-fips.us-east-1.api.aws");
}

#[tokio::test]
async fn a_refusal_tells_what_the_trust_policy_must_allow() {
    let refused = refusal("AccessDenied");
    let script = Script::with(&[(403, &refused)]);
    let error = assume(&script, &marked(), Purpose::Read).await.unwrap_err();
    for told in ["external id 'relevo-prod'", "sts:SetSourceIdentity", "sts:TagSession"] {
        assert!(error.message.contains(told), "{told}: {error}");
    }
    assert!(error.remedy().unwrap().contains("trust policy"), "{error:?}");
    let large = refusal("PackedPolicyTooLarge");
    let script = Script::with(&[(400, &large)]);
    let error = assume(&script, &marked(), Purpose::Read).await.unwrap_err();
    assert!(error.remedy().unwrap().contains("session_tags"), "{error:?}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_not_taken_for_a_wrong_secret() {
    let refused = refusal("SignatureDoesNotMatch");
    for (there, cause) in [
        ("Sun, 22 Nov 2026 10:00:00 GMT", Some("2 h ahead of")),
        ("Sun, 22 Nov 2026 14:00:00 GMT", Some("2 h behind")),
        ("Sun, 22 Nov 2026 12:00:03 GMT", None),
    ] {
        let script = Script::with(&[(403, refused.as_str()); ATTEMPTS]);
        *script.date.lock().unwrap() = Some(there.to_owned());
        let clock = SimulatedClock::at(OURS.parse().unwrap());
        let access = script.access().with_time(Arc::new(move || clock.now()));
        let run = RUN.parse().unwrap();
        let assumed = access.assume(&fixture::environment(), &run, Purpose::Read).await;
        let error = assumed.unwrap_err();
        assert_eq!(error.class, ErrorClass::Denied);
        match cause {
            Some(cause) => {
                assert!(error.message.contains(cause), "{error}");
                assert!(error.remedy().unwrap().contains("clock"), "{error}");
            }
            None => assert_eq!(error.code, "SignatureDoesNotMatch"),
        }
    }
}

#[tokio::test]
async fn keys_are_lent_with_their_end_and_are_not_printed() {
    let identity = identity("222222222222");
    let script = Script::with(&[(200, ASSUMED), (200, &identity), (200, ASSUMED)]);
    let session = assume(&script, &fixture::environment(), Purpose::Read).await.unwrap();
    let keys = session.keys().await.unwrap();
    assert_eq!((keys.access_key_id.as_str(), keys.session_token.as_str()), ("ASIA1", "t"));
    assert_eq!(format!("{keys:?}"), "Keys(until 2999-01-01T00:00:00Z)");
    let refused = refusal("AccessDenied");
    script.answers.lock().unwrap().push_back((403, refused));
    let error = session.keys().await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Denied, "AssumeRole"));
}
