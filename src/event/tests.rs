mod properties;
mod transformers;

use super::*;

/// Does the pattern whose only field is `detail.x` match an event with this value there?
fn leaf(entries: &str, value: &str) -> bool {
    let pattern = Pattern::parse(&format!(r#"{{"detail":{{"x":{entries}}}}}"#)).unwrap();
    let value: Value = serde_json::from_str(value).unwrap();
    pattern.matches(&json!({ "detail": { "x": value } }))
}

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::parse(&pattern.to_string()).unwrap().matches(event)
}

#[test]
fn each_operator_tells_its_values_from_near_misses() {
    // pattern's leaf, values that match, values that do not
    let table = [
        (r#"["running"]"#, r#""running""#, r#""Running"  "running "  "" null true 0"#),
        (r#"["a","b"]"#, r#""a" "b" ["z","b"] [["a"]]"#, r#""c" ["z"] [] {"a":"b"}"#),
        ("[300]", "300 300.0 3.0e2 [1,300]", r#"301 300.5 "300" null"#),
        ("[9007199254740993]", "9007199254740993", "9007199254740992"),
        ("[true]", "true [false,true]", r#"false "true" 1 null"#),
        ("[null]", "null [null]", r#""" "null" 0 false []"#),
        (r#"[""]"#, r#""""#, "null"),
        (
            r#"[{"prefix":"us-"}]"#,
            r#""us-" "us-east-1" ["eu","us-1"]"#,
            r#""US-east-1" "eu-us-" "us" 1"#,
        ),
        (
            r#"[{"prefix":{"equals-ignore-case":"EventB"}}]"#,
            r#""eventbridge" "EVENTB""#,
            r#""event" 1"#,
        ),
        (r#"[{"suffix":".png"}]"#, r#"".png" "a.png""#, r#""a.PNG" "a.png.txt" "png""#),
        (r#"[{"suffix":{"equals-ignore-case":".Png"}}]"#, r#""a.pNG""#, r#""a.pn" null"#),
        (r#"[{"equals-ignore-case":"Alice"}]"#, r#""ALICE" "alice""#, r#""alic" "alices" 1"#),
        (
            r#"[{"wildcard":"dir/*.png"}]"#,
            r#""dir/.png" "dir/a/b.png""#,
            r#""dir.png" "/dir/a.png" 1"#,
        ),
        (r#"[{"anything-but":"a"}]"#, r#""b" "" 1 true null ["a","b"]"#, r#""a" ["a"] [] {}"#),
        (r#"[{"anything-but":["a","b"]}]"#, r#""c" "A" 0"#, r#""a" "b" ["a","b"]"#),
        (r#"[{"anything-but":[100,200]}]"#, r#"101 "100" null"#, "100 100.0 2e2"),
        (
            r#"[{"anything-but":{"prefix":"init"}}]"#,
            r#""in" "running" 1"#,
            r#""init" "initializing""#,
        ),
        (r#"[{"anything-but":{"prefix":["a","b"]}}]"#, r#""c" "xa""#, r#""ax" "b""#),
        (r#"[{"anything-but":{"suffix":[".png"]}}]"#, r#""png""#, r#"".png" "a.png""#),
        (r#"[{"anything-but":{"wildcard":"*/lib/*"}}]"#, r#""lib/x""#, r#""/lib/" "a/lib/b""#),
        (r#"[{"anything-but":{"equals-ignore-case":["A","b"]}}]"#, r#""c" "ab""#, r#""a" "B""#),
        (r#"[{"numeric":["=",3.018e2]}]"#, "301.8", r#"301.80001 "301.8""#),
        (r#"[{"numeric":[">",0,"<=",5]}]"#, "5 0.001 1 [9,5]", r#"0 5.001 -1 "1" null"#),
        (r#"[{"numeric":["<",10]}]"#, "9.99 -1e300", "10 10.0 1e300"),
        (r#"[{"numeric":[">=",-1]}]"#, "-1 0", "-1.5"),
        (
            r#"[{"cidr":"10.0.0.0/24"}]"#,
            r#""10.0.0.0" "10.0.0.255""#,
            r#""10.0.1.0" "10.0.0.0/24" "x" 10"#,
        ),
        (r#"[{"cidr":"2001:db8::/32"}]"#, r#""2001:db8::1""#, r#""2001:db9::1" "10.0.0.1""#),
        (r#"[{"exists":true}]"#, r#""" null 0 [1]"#, "{} [] [{}]"),
        (r#"[{"exists":false}]"#, r#"{} [] {"y":1} [{}]"#, r#""" null 0 [null]"#),
        (r#"[{"exists":false},"a"]"#, r#"{} "a""#, r#""b""#),
        (r#"["x",{"prefix":"y"},{"numeric":[">",5]}]"#, r#""x" "yes" 6"#, r#""no" 5"#),
    ];
    for (entries, fitting, missing) in table {
        for (values, expected) in [(fitting, true), (missing, false)] {
            let values = serde_json::Deserializer::from_str(values).into_iter::<Value>();
            for value in values.map(Result::unwrap) {
                assert_eq!(leaf(entries, &value.to_string()), expected, "{entries} {value}");
            }
        }
    }
}

#[test]
fn fields_that_a_pattern_does_not_name_do_not_matter_and_those_it_names_must_be_there() {
    let pattern = json!({ "source": ["aws.x"], "detail": { "a": { "b": [1] } } });
    let event = json!({ "source": "aws.x", "more": 1, "detail": { "a": { "b": 1, "c": 2 } } });
    assert!(matches(&pattern, &event));
    for event in [
        json!({ "detail": { "a": { "b": 1 } } }),
        json!({ "source": "aws.x", "detail": { "a": 1 } }),
        json!({ "source": "aws.x", "detail": { "b": 1 } }),
        json!({ "source": "aws.x", "detail": "{\"a\":{\"b\":1}}" }),
        json!([{ "source": "aws.x" }, { "detail": { "a": { "b": 1 } } }]),
        json!(null),
    ] {
        assert!(!matches(&pattern, &event), "{event}");
    }
}

#[test]
fn fields_in_an_array_of_objects_must_match_in_one_element() {
    let people = json!({ "people": [
        [{ "first": "John", "last": "Doe" }, { "first": "Anna", "last": "Smith" }],
        { "first": "Peter", "last": "Jones" },
    ] });
    assert!(matches(&json!({ "people": { "first": ["Anna"] } }), &people));
    assert!(matches(&json!({ "people": { "first": ["Anna"], "last": ["Smith"] } }), &people));
    assert!(!matches(&json!({ "people": { "first": ["Anna"], "last": ["Jones"] } }), &people));
    // even if they stand in different places of the pattern
    let or = json!([{ "people": { "last": ["Jones"] } }, { "people": { "last": ["Doe"] } }]);
    assert!(matches(&json!({ "people": { "first": ["John"] }, "$or": or }), &people));
    assert!(!matches(&json!({ "people": { "first": ["Anna"] }, "$or": or }), &people));
}

#[test]
fn a_dot_in_a_name_is_a_step_of_the_path() {
    let (nested, dotted) = (json!({ "a": { "b": ["x"] } }), json!({ "a.b": ["x"] }));
    for event in [json!({ "a": { "b": "x" } }), json!({ "a.b": "x" })] {
        assert!(matches(&nested, &event) && matches(&dotted, &event), "{event}");
    }
    assert!(!matches(&dotted, &json!({ "a": "x", "b": "x" })));
}

#[test]
fn absence_is_judged_in_the_element_that_matches_and_else_in_all() {
    let list = json!({ "list": [{ "a": 1 }, { "a": 2, "b": 3 }] });
    let absent = |a: i64| json!({ "list": { "a": [a], "b": [{ "exists": false }] } });
    assert!(matches(&absent(1), &list));
    assert!(!matches(&absent(2), &list));
    assert!(!matches(&json!({ "list": { "b": [{ "exists": false }] } }), &list));
    assert!(matches(&json!({ "list": { "c": [{ "exists": false }] } }), &list));
    assert!(matches(&json!({ "no": { "such": { "field": [{ "exists": false }] } } }), &list));
}

#[test]
fn one_alternative_of_an_or_is_enough_and_each_or_needs_one() {
    let pattern = json!({
        "source": ["s"],
        "$or": [{ "a": [1] }, { "b": [1], "$or": [{ "c": [1] }, { "d": { "e": [1] } }] }],
        "detail": { "$or": [{ "x": [1] }, { "y": [{ "exists": false }] }] },
    });
    for (event, expected) in [
        (json!({ "source": "s", "a": 1 }), true),
        (json!({ "source": "s", "b": 1, "d": { "e": 1 } }), true),
        (json!({ "source": "s", "b": 1 }), false),
        (json!({ "source": "s", "c": 1 }), false),
        (json!({ "a": 1 }), false),
        (json!({ "source": "s", "a": 1, "detail": { "y": 1 } }), false),
        (json!({ "source": "s", "a": 1, "detail": { "y": 1, "x": 1 } }), true),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{event}");
    }
}

#[test]
fn what_eventbridge_would_refuse_is_refused_with_its_path() {
    let five = "[{\"x\":[1]},{\"x\":[2]},{\"x\":[3]},{\"x\":[4]},{\"x\":[5]}]";
    let ors = |count: usize| {
        let fields: Vec<String> =
            (0..count).map(|n| format!(r#""f{n}":{{"$or":{five}}}"#)).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert!(Pattern::parse(&ors(4)).is_ok());
    let at = |text: &str| Pattern::parse(text).unwrap_err().path;
    assert_eq!(at(&ors(5)), "f4.$or");
    assert_eq!(at(&ors(200)), "f4.$or");
    for whole in ["", "{", "[]", "7", "{}", r#"{"a":[1]} x"#] {
        assert_eq!(at(whole), "", "{whole}");
    }
    for bad in
        ["1", "\"a\"", "null", "[]", "{}", "[[1]]", "[{}]", r#"[{"prefix":"a","suffix":"b"}]"#]
    {
        assert_eq!(at(&format!(r#"{{"d":{{"x":{bad}}}}}"#)), "d.x", "{bad}");
    }
    for operator in [
        r#""regex":"a""#,
        r#""exactly":"a""#,
        r#""prefix":1"#,
        r#""prefix":{}"#,
        r#""prefix":{"wildcard":"a"}"#,
        r#""prefix":{"equals-ignore-case":1}"#,
        r#""suffix":["a"]"#,
        r#""equals-ignore-case":["a"]"#,
        r#""wildcard":"a**""#,
        r#""wildcard":"\\a""#,
        r#""anything-but":null"#,
        r#""anything-but":[]"#,
        r#""anything-but":["a",1]"#,
        r#""anything-but":[null]"#,
        r#""anything-but":{"prefix":""}"#,
        r#""anything-but":{"prefix":1}"#,
        r#""anything-but":{"wildcard":["**"]}"#,
        r#""anything-but":{"numeric":[">",1]}"#,
        r#""anything-but":{"prefix":{"equals-ignore-case":"a"}}"#,
        r#""numeric":5"#,
        r#""numeric":[]"#,
        r#""numeric":["=","5"]"#,
        r#""numeric":["!=",5]"#,
        r#""numeric":["<",5,">",0]"#,
        r#""numeric":[">",5,"<",5]"#,
        r#""numeric":[">",0,"<",5,"<",6]"#,
        r#""numeric":["<",5.1e9]"#,
        r#""exists":"true""#,
        r#""cidr":"10.0.0.0""#,
        r#""cidr":"10.0.0.0/32""#,
        r#""cidr":1"#,
    ] {
        assert_eq!(at(&format!(r#"{{"d":{{"x":["a",{{{operator}}}]}}}}"#)), "d.x", "{operator}");
    }
    for or in ["{}", "[]", r#"[{"a":[1]}]"#, r#"[{"a":[1]},7]"#, r#"["a","b"]"#] {
        assert_eq!(at(&format!(r#"{{"d":{{"$or":{or}}}}}"#)), "d.$or", "{or}");
    }
    assert_eq!(at(r#"{"$or":[{"a":[1]},{"numeric":[5]}]}"#), "numeric");
    assert_eq!(at(r#"{"a":[1],"$or":[{"b":[1]},{"a":[2]}]}"#), "a");
}

#[test]
fn an_error_says_where_and_what() {
    let error = Pattern::parse(r#"{"detail":{"state":[]}}"#).unwrap_err();
    let text = "Event pattern is not valid. Reason: 'detail.state': empty arrays are not allowed";
    assert_eq!(error.to_string(), text);
}
