//! Files made to exhaust the reader. Each is refused by a bound, not by luck.

use super::{codes, environment, pipeline};

fn refused(text: &str) -> String {
    let findings = pipeline(text).unwrap_err();
    assert!(findings.has_errors());
    findings.0[0].code.to_owned()
}

#[test]
fn bombs_stop_at_their_first_anchor() {
    let laughs = (1..10).fold("a0: &a0 [lol, lol]\n".to_owned(), |text, n| {
        let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
        format!("{text}a{n}: &a{n} [{aliases}]\n")
    });
    assert_eq!(refused(&laughs), "anchor");
    let quadratic = format!("a: &a {}\nb: [{}]\n", "x".repeat(5_000), "*a, ".repeat(3_000));
    assert_eq!(refused(&quadratic), "anchor");
    assert_eq!(refused("&a [*a]"), "anchor");
    assert_eq!(refused("a: { <<: { b: 1 } }"), "anchor");
    assert_eq!(refused("when: !changed(x)"), "tag");
}

#[test]
fn depth_is_bounded_in_every_style() {
    assert_eq!(refused(&"[".repeat(100_000)), "too-deep");
    assert_eq!(refused(&"{a: ".repeat(50_000)), "too-deep");
    let block: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(refused(&block), "too-deep");
    assert_eq!(refused(&"- ".repeat(100_000)), "too-deep");
}

#[test]
fn size_is_bounded() {
    assert_eq!(refused(&"#".repeat(300_000)), "file-too-large");
    assert_eq!(refused(&format!("[{}]", "a,".repeat(100_000))), "too-large");
    assert_eq!(refused(&"---\n".repeat(60_000)), "several-documents");
}

#[test]
fn a_thousand_mistakes_are_counted_not_printed() {
    let keys: String = (0..5_000).map(|n| format!("key{n}: 1\n")).collect();
    let findings = pipeline(&keys).unwrap_err();
    assert!(findings.0.len() < 110, "{}", findings.0.len());
    assert_eq!(*codes(&findings).last().unwrap(), "too-many-findings");
    assert!(findings.0.last().unwrap().message.contains("more"));
}

#[test]
fn large_graphs_are_refused_as_such() {
    let stages: String = (0..1_000).map(|n| format!("  s{n}: {{ run: [x] }}\n")).collect();
    let text = format!(
        "version: 1\nname: large\nenvironments: {{ prod: {{ branch: main }} }}\nstages:\n{stages}"
    );
    assert_eq!(refused(&text), "too-many");
}

#[test]
fn a_key_of_a_hundred_thousand_letters_is_not_compared_with_anything() {
    let long = "k".repeat(1_000);
    let findings = pipeline(&format!("{long}: 1\n\"{}\": 2\n", "q".repeat(100_000))).unwrap_err();
    assert!(findings.0.iter().all(|finding| finding.message.chars().count() < 200));
}

#[test]
fn hints_are_not_sought_for_what_is_not_shown() {
    let name = |letter: char, n: usize| format!("{}{n:03}", String::from(letter).repeat(60));
    let stages: String = (0..250)
        .map(|n| {
            let needs: Vec<String> = (0..12).map(|m| name('b', n + m)).collect();
            format!("  {}: {{ run: [x], needs: [{}] }}\n", name('a', n), needs.join(", "))
        })
        .collect();
    let text = format!(
        "version: 1\nname: slow\nenvironments: {{ prod: {{ branch: main }} }}\nstages:\n{stages}"
    );
    let findings = pipeline(&text).unwrap_err();
    assert_eq!(codes(&findings).last(), Some(&"too-many-findings"));
}

#[test]
fn surprises_of_older_yaml_do_not_happen() {
    let text = "version: 1\nname: no\nenvironments: { prod: { branch: on } }\n\
                stages: { yes: { run: [off, '1e3', 012], on: always } }\n";
    let (pipeline, _) = pipeline(text).unwrap();
    assert_eq!(pipeline.name, "no");
    assert_eq!(pipeline.environments[0].branch, "on");
    assert_eq!(pipeline.stages[0].name.as_str(), "yes");
}

#[test]
fn a_key_given_twice_is_found_in_json_too() {
    let findings = environment("prod", r#"{"email": "a@b.c", "email": "d@e.f"}"#).unwrap_err();
    assert_eq!(codes(&findings), ["duplicate-key"]);
}
