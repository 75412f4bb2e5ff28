//! What holds for every pattern.

use super::*;
use proptest::{collection::vec, prelude::*};
use serde_json::Map;

/// A leaf of a pattern, with a value that it matches and one that it does not.
#[derive(Debug, Clone)]
struct Leaf {
    entry: Value,
    fits: Value,
    misses: Value,
}

fn leaf(entry: Value, fits: impl Into<Value>, misses: impl Into<Value>) -> Leaf {
    Leaf { entry, fits: fits.into(), misses: misses.into() }
}

/// Letters, none of which is the digit that the missing values have.
fn a_leaf() -> impl Strategy<Value = Leaf> {
    let word = "[a-z]{1,4}";
    prop_oneof![
        word.prop_map(|x| leaf(json!(x), x.clone(), format!("{x}0"))),
        (-1000i64..1000).prop_map(|x| leaf(json!(x), x as f64, x + 1)),
        any::<bool>().prop_map(|x| leaf(json!(x), x, !x)),
        Just(leaf(json!(null), Value::Null, "null")),
        (word, word).prop_map(|(x, y)| leaf(
            json!({ "prefix": x }),
            format!("{x}{y}"),
            format!("0{x}")
        )),
        (word, word).prop_map(|(x, y)| leaf(
            json!({ "suffix": x }),
            format!("{y}{x}"),
            format!("{x}0")
        )),
        word.prop_map(|x| leaf(
            json!({ "equals-ignore-case": x.to_uppercase() }),
            x.clone(),
            format!("{x}0")
        )),
        (word, word, word).prop_map(|(x, y, z)| leaf(
            json!({ "wildcard": format!("{x}*{z}") }),
            format!("{x}{y}{z}"),
            format!("{x}{y}{z}0")
        )),
        vec(word, 1..4).prop_map(|x| leaf(json!({ "anything-but": x }), "0", x[0].clone())),
        word.prop_map(|x| leaf(json!({ "anything-but": { "prefix": x } }), "0", format!("{x}y"))),
        (-1000i64..1000, 1i64..10).prop_map(|(low, width)| leaf(
            json!({ "numeric": [">", low, "<=", low + width] }),
            low + width,
            low
        )),
        any::<[u8; 3]>().prop_map(|[a, b, c]| leaf(
            json!({ "cidr": format!("{a}.{b}.0.0/16") }),
            format!("{a}.{b}.{c}.0"),
            format!("{}.{b}.{c}.0", a ^ 1)
        )),
        Just(leaf(json!({ "exists": true }), "0", json!({}))),
        Just(leaf(json!({ "exists": false }), json!({}), "0")),
    ]
}

/// Leaves at paths of which none goes through another's leaf.
fn leaves() -> impl Strategy<Value = Vec<(Vec<String>, Leaf)>> {
    vec((vec("[a-d]", 0..3), a_leaf()), 1..6).prop_map(|leaves| {
        let numbered = leaves.into_iter().enumerate();
        numbered
            .map(|(n, (mut path, leaf))| {
                path.push(format!("x{n}"));
                (path, leaf)
            })
            .collect()
    })
}

fn put(root: &mut Value, path: &[String], value: Value) {
    let Some((name, rest)) = path.split_first() else { return *root = value };
    let fields = root.as_object_mut().unwrap();
    put(fields.entry(name.clone()).or_insert_with(|| json!({})), rest, value);
}

fn pattern(leaves: &[(Vec<String>, Leaf)]) -> Value {
    let mut pattern = json!({});
    for (path, leaf) in leaves {
        put(&mut pattern, path, json!([leaf.entry]));
    }
    pattern
}

/// The event whose leaf number `wrong`, if any, misses.
fn event(leaves: &[(Vec<String>, Leaf)], wrong: Option<usize>) -> Value {
    let mut event = json!({ "more": "not asked for" });
    for (n, (path, leaf)) in leaves.iter().enumerate() {
        let value = if Some(n) == wrong { &leaf.misses } else { &leaf.fits };
        put(&mut event, path, value.clone());
    }
    event
}

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[a-c.]{0,3}", Just("$or".to_owned()), operator()];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c*\\\\<>=/.0-9]{0,4}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name.clone(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn operator() -> impl Strategy<Value = String> + Clone {
    let names = [
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "anything-but",
        "numeric",
        "exists",
        "cidr",
    ];
    proptest::sample::select(names.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn an_event_made_for_a_pattern_matches_until_one_leaf_is_changed(leaves in leaves()) {
        let pattern = Pattern::parse(&pattern(&leaves).to_string()).unwrap();
        prop_assert!(pattern.matches(&event(&leaves, None)));
        for wrong in 0..leaves.len() {
            prop_assert!(!pattern.matches(&event(&leaves, Some(wrong))), "{:?}", leaves[wrong]);
        }
    }

    #[test]
    fn an_element_of_an_array_matches_as_it_does_alone(
        leaves in leaves(), before in any_json(), after in any_json(),
    ) {
        // where nothing need be absent
        prop_assume!(leaves.iter().all(|(_, leaf)| leaf.entry != json!({ "exists": false })));
        let wrapped = json!({ "list": pattern(&leaves) });
        let pattern = Pattern::parse(&wrapped.to_string()).unwrap();
        let event = json!({ "list": [before, [event(&leaves, None)], after] });
        prop_assert!(pattern.matches(&event));
    }

    #[test]
    fn an_or_of_two_patterns_matches_what_one_of_them_matches(
        one in leaves(), two in leaves(), events in vec(any_json(), 3),
    ) {
        let or = json!({ "$or": [pattern(&one), pattern(&two)] });
        let or = Pattern::parse(&or.to_string()).unwrap();
        let alone = [&one, &two].map(|leaves| Pattern::parse(&pattern(leaves).to_string()).unwrap());
        for event in events.into_iter().chain([event(&one, None), event(&two, None), event(&one, Some(0))]) {
            prop_assert_eq!(or.matches(&event), alone.iter().any(|pattern| pattern.matches(&event)));
        }
    }

    #[test]
    fn any_json_can_be_tried_as_a_pattern_on_any_event(pattern in any_json(), event in any_json()) {
        if let Ok(pattern) = Pattern::parse(&pattern.to_string()) {
            // what it says cannot depend on fields that no pattern names
            let mut more = event.clone();
            if let Some(fields) = more.as_object_mut() {
                fields.insert("not asked for".to_owned(), json!(1));
            }
            prop_assert_eq!(pattern.matches(&event), pattern.matches(&more));
        }
    }
}
