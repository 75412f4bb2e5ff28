//! Payloads as GitHub sends them, and as nobody should.

use super::*;
use crate::ids::Sha;
use proptest::prelude::*;
use serde_json::{Value, json};

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

fn push() -> Value {
    json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": COMMIT, "deleted": false,
        "repository": { "full_name": "acme/mammography", "fork": false }, "commits": [],
    })
}

fn of(event: &str, body: &Value) -> Meaning {
    meaning(event, &body.to_string()).unwrap()
}

fn nothing(event: &str, body: &Value) -> String {
    match of(event, body) {
        Meaning::Nothing(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_push_to_a_branch_names_branch_and_commit() {
    let pushed = of("push", &push());
    let expected =
        Meaning::Pushed { branch: "main".parse().unwrap(), commit: COMMIT.parse().unwrap() };
    assert_eq!(pushed, expected);
    let sender = sender(&push().to_string()).unwrap();
    assert_eq!(sender.repository.as_deref(), Some("acme/mammography"));
}

#[test]
fn a_push_that_leads_nowhere_says_why() {
    for (key, value, why) in [
        ("ref", json!("refs/tags/v1"), "a tag deploys nowhere"),
        ("ref", json!("refs/pull/3/head"), "what was pushed is no branch"),
        ("after", json!(Sha::null()), "the branch was deleted"),
        ("deleted", json!(true), "the branch was deleted"),
        ("before", json!(COMMIT), "the branch points to the commit it pointed to before"),
    ] {
        let mut body = push();
        body[key] = value;
        assert_eq!(nothing("push", &body), why);
    }
}

#[test]
fn refs_that_would_be_options_or_paths_are_refused() {
    for reference in
        ["-x", "--upload-pack=id", "a/../../b", "a b", "a\u{0}b", "main.lock", "@{-1}", ""]
    {
        let mut body = push();
        body["ref"] = json!(format!("refs/heads/{reference}"));
        assert!(meaning("push", &body.to_string()).is_err(), "{reference:?}");
    }
    for after in ["main", "", "6113728", "--help"] {
        let mut body = push();
        body["after"] = json!(after);
        assert!(meaning("push", &body.to_string()).is_err(), "{after:?}");
    }
}

#[test]
fn a_check_that_is_asked_for_again_is_another_run() {
    let again = Meaning::Again { branch: "main".parse().unwrap(), commit: COMMIT.parse().unwrap() };
    let run = json!({ "action": "rerequested",
        "check_run": { "head_sha": COMMIT, "check_suite": { "head_branch": "main" } } });
    assert_eq!(of("check_run", &run), again);
    let suite = json!({ "action": "rerequested",
        "check_suite": { "head_sha": COMMIT, "head_branch": "main" } });
    assert_eq!(of("check_suite", &suite), again);
    let made = json!({ "action": "created", "check_run": { "head_sha": COMMIT } });
    assert_eq!(nothing("check_run", &made), "a check is only ever asked for again");
    let fork = json!({ "action": "rerequested",
        "check_run": { "head_sha": COMMIT, "check_suite": { "head_branch": null } } });
    assert!(nothing("check_run", &fork).contains("on no branch"));
}

#[test]
fn pull_requests_deploy_nothing() {
    let from = |head: u64| {
        let side = |id| json!({ "sha": COMMIT, "repo": { "id": id, "fork": true } });
        json!({ "action": "opened", "pull_request": { "head": side(head), "base": side(1) } })
    };
    assert!(nothing("pull_request", &from(2)).contains("from a fork"));
    assert!(nothing("pull_request", &from(1)).contains("until it is merged"));
    let unknown = json!({ "action": "opened", "pull_request": { "head": { "repo": {} }, "base": { "repo": {} } } });
    assert!(nothing("pull_request", &unknown).contains("from a fork"));
    let gone = json!({ "action": "opened", "pull_request": { "head": { "repo": null } } });
    assert!(nothing("pull_request", &gone).contains("from a fork"), "a fork that is gone is one");
}

#[test]
fn a_repository_that_is_a_fork_has_pull_requests_of_its_own() {
    let side = json!({ "sha": COMMIT, "repo": { "id": 1, "fork": true } });
    let pull = json!({ "number": 7, "head": side, "base": side });
    let opened = json!({ "action": "opened", "pull_request": pull });
    let proposed = Proposed { number: 7, head: COMMIT.parse().unwrap() };
    assert_eq!(of("pull_request", &opened), Meaning::Proposed(proposed));
}

#[test]
fn other_events_are_ignored_by_name() {
    for event in ["ping", "workflow_job", "star", "deployment_review", "\u{1b}[2J"] {
        assert!(matches!(of(event, &json!({})), Meaning::Nothing(_)));
    }
}

#[test]
fn what_is_wrong_with_a_payload_is_told_without_repeating_it() {
    let told = meaning("push", r#"{"ref": {"hidden": 1}, "after": 5}"#).unwrap_err().to_string();
    assert_eq!(
        told,
        "the payload is none of a 'push' event: a field is missing or of another kind, line 1, column 8"
    );
}

#[test]
fn reasons_steer_no_terminal_and_end() {
    let Verdict::Ignored { reason } = Verdict::ignored("a\u{1b}[2Jb") else { panic!() };
    assert_eq!(reason, "a\u{fffd}[2Jb");
    let Verdict::Refused { reason } = Verdict::refused("é".repeat(100_000)) else { panic!() };
    assert_eq!(reason.chars().count(), LONGEST_REASON);
}

/// Any JSON at all, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(COMMIT)),
        Just(json!("refs/heads/main")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let keys = prop_oneof![
            Just("ref".to_owned()),
            Just("after".to_owned()),
            Just("before".to_owned()),
            Just("action".to_owned()),
            Just("check_run".to_owned()),
            Just("check_suite".to_owned()),
            Just("head_sha".to_owned()),
            Just("head_branch".to_owned()),
            Just("pull_request".to_owned()),
            Just("head".to_owned()),
            Just("repo".to_owned()),
            any::<String>(),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(keys, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_payload_makes_us_panic(body in any_json(), event in 0..EVENTS.len()) {
        let text = body.to_string();
        let _any = (meaning(EVENTS[event], &text), sender(&text), is_too_deep(&text));
    }

    #[test]
    fn no_piece_of_a_payload_makes_us_panic(cut in 0_usize..300, event in 0..EVENTS.len()) {
        let text = push().to_string();
        let cut = &text[..cut.min(text.len())];
        let meant = meaning(EVENTS[event], cut);
        prop_assert!(EVENTS[event] != "push" || cut.len() == text.len() || meant.is_err());
    }

    #[test]
    fn no_text_makes_us_panic(text in "\\PC*", event in 0..EVENTS.len()) {
        let _any = (meaning(EVENTS[event], &text), sender(&text), is_too_deep(&text));
    }

    #[test]
    fn a_field_of_another_kind_is_refused_or_means_nothing(wrong in any_json(), key in 0_usize..3) {
        let mut body = push();
        body[["ref", "after", "before"][key]] = wrong.clone();
        match meaning("push", &body.to_string()) {
            Ok(Meaning::Pushed { .. }) => prop_assert!(wrong.is_string() || wrong.is_null()),
            Ok(
                Meaning::Again { .. }
                | Meaning::Asked { .. }
                | Meaning::Answered(_)
                | Meaning::Proposed(_),
            ) => prop_assert!(false),
            Ok(Meaning::Nothing(_)) | Err(_) => {}
        }
    }
}

#[test]
fn nobody_who_names_a_commit_is_given_the_tip_instead() {
    let body = serde_json::json!({ "branch": "main", "commit": Sha::null(), "by": "ada" });
    let malformed = meaning(ASKED, &body.to_string()).unwrap_err();
    assert!(malformed.to_string().contains("forty zeros name no commit"), "{malformed}");
}
