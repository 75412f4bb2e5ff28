use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ORIGIN: Origin<'_> = Origin {
    rule_arn: "arn:aws:events:us-east-1:111111111111:rule/drift",
    rule_name: "drift",
    ingested: Timestamp::UNIX_EPOCH,
};

fn event() -> Value {
    json!({
        "version": "0",
        "id": "e1",
        "detail-type": "News",
        "source": "aws.sagemaker",
        "account": "111111111111",
        "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:a", "arn:b"],
        "detail": { "id": "i-0", "valid": true, "n": 1.5, "load": { "a": "x", "b": [1] }, "quote": "a \"b\"" },
    })
}

fn paths() -> BTreeMap<String, String> {
    let paths = [
        ("type", "$.detail-type"),
        ("id", "$.detail.id"),
        ("valid", "$.detail.valid"),
        ("n", "$.detail.n"),
        ("load", "$.detail.load"),
        ("quote", "$.detail.quote"),
        ("second", "$.resources[1]"),
        ("all", "$.resources"),
        ("missing", "$.detail.missing"),
    ];
    paths.map(|(name, path)| (name.to_owned(), path.to_owned())).into()
}

fn applied(template: &str) -> Result<String, NotJson> {
    Transformer::parse(&paths(), template).unwrap().apply(&event(), &ORIGIN)
}

#[test]
fn values_stand_as_json_outside_quotes_and_as_text_inside() {
    for (template, expected) in [
        (r#"{"id": <id>, "of": [ 9, <type> ]}"#, r#"{"id":"i-0","of":[9,"News"]}"#),
        (
            r#"{"id": "<id>", "path": "users/<id>/<second>"}"#,
            r#"{"id":"i-0","path":"users/i-0/arn:b"}"#,
        ),
        (
            r#"{"v": <valid>, "n": <n>, "all": <all>}"#,
            r#"{"v":true,"n":1.5,"all":["arn:a","arn:b"]}"#,
        ),
        (r#"{"load": <load>}"#, r#"{"load":{"a":"x","b":[1]}}"#),
        (r#"{"said": <quote>}"#, r#"{"said":"a \"b\""}"#),
        (r#"{"none": <missing>, "or": "<missing>"}"#, r#"{"none":"","or":""}"#),
        (r#"{"status": "is \"<id>\" <valid>"}"#, r#"{"status":"is \"i-0\" true"}"#),
        ("<load>", r#"{"a":"x","b":[1]}"#),
        (
            r#""<id> is <valid> in <all>: <load><missing>""#,
            r#""i-0 is true in [arn:a,arn:b]: {a:x,b:[1]}""#,
        ),
        ("\"<id> one\"\n\"<type> two\"", "\"i-0 one\"\n\"News two\""),
        (r#""1 < 2 <> <a b> é""#, r#""1 < 2 <> <a b> é""#),
        (r#""said <quote>""#, r#""said a "b"""#),
    ] {
        assert_eq!(applied(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn predefined_names_tell_of_the_rule_and_the_event() {
    assert_eq!(
        applied(
            r#""<aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>""#
        )
        .unwrap(),
        r#""drift arn:aws:events:us-east-1:111111111111:rule/drift 1970-01-01T00:00:00Z""#
    );
    let made =
        applied(r#"{"event": <aws.events.event>, "json": <aws.events.event.json>}"#).unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["json"], event());
    let names: Vec<&String> = made["event"].as_object().unwrap().keys().collect();
    let expected =
        ["id", "account", "detailType", "time", "source", "region", "resources", "version"];
    assert_eq!(names, expected);
    assert_eq!(made["event"]["detailType"], "News");
}

#[test]
fn a_value_whose_quotes_break_the_json_around_it_is_not_delivered() {
    for template in [r#"{"x": "<load>"}"#, r#"{"x": "<all>"}"#, r#"{"x": "<quote>"}"#] {
        assert_eq!(applied(template), Err(NotJson), "{template}");
    }
}

#[test]
fn what_put_targets_would_refuse_is_refused() {
    let refused = |template: &str| Transformer::parse(&paths(), template).unwrap_err();
    assert_eq!(refused(r#""<id> <other>""#), TransformerError::Placeholder("other".to_owned()));
    assert_eq!(refused(""), TransformerError::Length(0));
    assert_eq!(refused(&"x".repeat(8193)), TransformerError::Length(8193));
    for bad in [
        "<id> happened",
        "text",
        r#"{"a": <id>"#,
        r#"{<id>: 1}"#,
        r#""a" <id>"#,
        r#""a" 1"#,
        r#""a"#,
    ] {
        assert!(matches!(refused(bad), TransformerError::Template(_)), "{bad}");
    }
    let with = |name: &str, path: &str| {
        Transformer::parse(&[(name.to_owned(), path.to_owned())].into(), "\"x\"")
    };
    for name in ["aws.events.rule-arn", "", "with space", "ü"] {
        assert_eq!(with(name, "$.id"), Err(TransformerError::Name(name.to_owned())));
    }
    for path in ["detail", "$.detail.*", "$['detail']", ""] {
        assert_eq!(with("x", path), Err(TransformerError::Path(path.to_owned())));
    }
    let many: BTreeMap<String, String> =
        (0..101).map(|n| (format!("p{n}"), "$.id".to_owned())).collect();
    assert_eq!(Transformer::parse(&many, "\"x\""), Err(TransformerError::TooManyPaths(101)));
}

proptest! {
    #[test]
    fn a_json_template_gives_json_or_nothing(
        template in "[\\[{]?([\"<>:,\\\\a {}\\[\\]]|<id>|<load>|<quote>|\"<load>\"|\"k\":|\"<id>\"){0,8}[\\]}]?",
        value in ".{0,6}",
    ) {
        let Ok(transformer) = Transformer::parse(&paths(), &template) else { return Ok(()) };
        let event = json!({ "detail": { "id": value, "load": { "k": value }, "quote": "\"" } });
        if let Ok(made) = transformer.apply(&event, &ORIGIN) {
            let json = serde_json::from_str::<Value>(&made).is_ok();
            prop_assert!(json || template.trim_start().starts_with('"'), "{} {}", template, made);
        }
    }
}
