use super::*;
use proptest::prelude::*;

fn holds(text: &str) -> bool {
    let changed = ["src/model/auc.rs".to_owned(), "README.md".to_owned()];
    let facts =
        Facts { branch: "main", environment: "prod", event: "push", changed: Some(&changed) };
    Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).holds(&facts)
}

#[test]
fn conditions_have_the_usual_meaning() {
    for truth in [
        r#"branch == "main""#,
        r#"'main' == branch"#,
        r#"branch != "develop" && environment == "prod""#,
        r#"branch == "x" || branch == "y" || event == "push""#,
        // '&&' binds closer than '||'
        r#"event == "push" || event == "push" && branch == "x""#,
        r#"!(branch == "x")"#,
        r#"!!(branch == "main")"#,
        r#"starts_with(branch, "ma")"#,
        r#"changed("src/**")"#,
        r#"changed("**/*.rs") && !changed("data/*")"#,
        r#"branch != environment"#,
    ] {
        assert!(holds(truth), "{truth}");
        assert!(!holds(&format!("!({truth})")), "not {truth}");
    }
}

#[test]
fn patterns_know_folders() {
    let matches = |pattern: &str, path: &str| glob::Glob::parse(pattern).unwrap().matches(path);
    assert!(matches("src/**", "src/a/b.rs"));
    assert!(matches("**/b.rs", "b.rs"));
    assert!(matches("**/b.rs", "src/a/b.rs"));
    assert!(!matches("**/b.rs", "src/ab.rs"));
    assert!(!matches("src/*", "src/a/b.rs"));
    assert!(matches("src/**/b.rs", "src/b.rs"));
    assert!(!matches("src/**/b.rs", "src/xb.rs"));
    assert!(matches("a?c", "abc") && !matches("a?c", "a/c"));
    assert!(matches("größe/*", "größe/ä"));
}

#[test]
fn unknown_changes_count_as_changes() {
    let facts = Facts { branch: "main", environment: "prod", event: "push", changed: None };
    assert!(Condition::parse(r#"changed("data/*")"#).unwrap().holds(&facts));
}

#[test]
fn errors_point_at_their_place() {
    let refused = |text: &str| {
        let error = Condition::parse(text).expect_err(text);
        let place = &text[error.span.offset..error.span.offset + error.span.length];
        format!("{error} at '{place}'; {}", error.help.as_deref().unwrap_or_default())
    };
    insta::assert_snapshot!(
        [
            "",
            "branch",
            "branch = 'main'",
            "branch == main",
            "brnach == 'main'",
            "'a' == 'b'",
            "branch == 'main",
            "(branch == 'main'",
            "branch == 'main')",
            "branch == 'a' branch == 'b'",
            "changd('x')",
            "changed(branch)",
            "changed('/etc/**')",
            "starts_with(branch 'x')",
            "branch == 'main' &",
        ]
        .map(|text| format!("{text:30} {}", refused(text)))
        .join("\n")
    );
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |sign: &str| sign.repeat(400) + "branch == 'x'";
    assert!(Condition::parse(&nested("(")).unwrap_err().message.contains("levels"));
    assert!(Condition::parse(&nested("!")).unwrap_err().message.contains("levels"));
    let long = "branch == 'x' || ".repeat(100_000);
    assert!(Condition::parse(&long).unwrap_err().message.contains("characters"));
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_within_itself(text in "\\PC{0,60}|[a-z!&|()=, '\"]{0,60}") {
        if let Err(error) = Condition::parse(&text) {
            let end = error.span.offset + error.span.length;
            prop_assert!(text.get(error.span.offset..end).is_some());
        }
    }

    #[test]
    fn globs_without_signs_match_only_themselves(path in "[a-z/]{1,20}", other in "[a-z/]{1,20}") {
        if let Ok(glob) = glob::Glob::parse(&path) {
            prop_assert!(glob.matches(&path));
            prop_assert_eq!(glob.matches(&other), path == other);
        }
    }
}
