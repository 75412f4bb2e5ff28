//! Properties: two YAML readers agree on what is accepted, nothing panics, places lie in the file.

use super::{name, source};
use proptest::prelude::*;
use relevo::spec::{self, SourceFile};
use std::fmt::Write as _;

fn file(text: String) -> SourceFile {
    SourceFile { name: "pipeline.yaml".to_owned(), text }
}

/// A second reader of the same text, written by other people.
fn second_opinion(text: &str) -> serde_json::Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The stages of a legal pipeline, with words that YAML readers are known to differ about.
fn legal_pipeline() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "no",
        "on",
        "yes",
        "off",
        "y",
        "n",
        "null",
        "~",
        "1e3",
        "0x1f",
        "012",
        "1_000",
        "1:30",
        "=",
        "true",
        "-",
        "a b",
        "ä€😀",
        "12",
        "1.0",
        ".5",
        "#x",
        "&x",
        "*x",
        "!x",
        "%x",
        "@x",
        "'",
        "\"",
        "a: b",
        "{",
        "]",
        "\\n",
        "2026-11-22",
        "<<",
    ]);
    let words = prop::collection::vec((word, 0..3_u8), 1..6);
    prop::collection::vec(words, 1..8).prop_map(|stages| {
        let mut text =
            "version: 1\nname: demo\nenvironments: {prod: {branch: main}}\nstages:\n".to_owned();
        for (index, words) in stages.iter().enumerate() {
            let words: Vec<String> =
                words.iter().map(|(word, style)| written(word, *style)).collect();
            let _ = writeln!(text, "  stage{index}:\n    run: [{}]", words.join(", "));
        }
        text
    })
}

fn written(word: &str, style: u8) -> String {
    match style {
        0 => format!("'{}'", word.replace('\'', "''")),
        1 => format!("{word:?}"),
        _ => word.to_owned(),
    }
}

proptest! {
    #[test]
    fn both_readers_see_the_same_values(text in legal_pipeline()) {
        let Ok((pipeline, _)) = spec::check_pipeline(&file(text.clone())) else { return Ok(()) };
        let second = second_opinion(&text);
        for stage in &pipeline.stages {
            let spec::Action::Run(spec::Command::Argv(words)) = &stage.action else { panic!() };
            let expected: Vec<String> =
                serde_json::from_value(second["stages"][stage.name.as_str()]["run"].clone())
                    .unwrap_or_else(|error| panic!("{error}\n{text}"));
            prop_assert_eq!(words, &expected);
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic_and_every_place_is_in_the_file(
        text in "\\PC{0,200}|[ \\n:{}\\[\\],a-z0-9'\"#&*!|>%@-]{0,200}"
    ) {
        let file = file(text);
        for result in [
            spec::check_pipeline(&file).map(|_| ()),
            spec::check_environment(&name("prod"), &file).map(|_| ()),
            spec::check_data_contract(&file).map(|_| ()),
        ] {
            prop_assert!(result.as_ref().err().is_none_or(spec::Findings::has_errors));
            for finding in result.err().map(|findings| findings.0).into_iter().flatten() {
                let end = finding.span.offset + finding.span.length;
                prop_assert!(file.text.get(finding.span.offset..end).is_some(), "{finding:?}");
                prop_assert!(finding.line > 0 && finding.column > 0);
            }
        }
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_with_a_reason(
        place in any::<prop::sample::Index>(),
        length in 0_usize..20,
        replacement in "\\PC{0,10}",
    ) {
        for path in ["pipeline.yaml", "tests/data/spec/valid/everything.yaml"] {
            let mut text = source(path).text;
            let boundaries: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
            let begin = place.index(boundaries.len());
            let end = (begin + length).min(boundaries.len() - 1);
            text.replace_range(boundaries[begin]..boundaries[end], &replacement);
            if let Err(findings) = spec::check_pipeline(&file(text)) {
                prop_assert!(findings.has_errors());
            }
        }
    }

    #[test]
    fn no_run_reaches_an_environment_after_its_own(parents in prop::collection::vec(any::<prop::sample::Index>(), 1..8)) {
        // Environment n comes after some environment before it; the file lists them backwards.
        let mut lines = vec!["  e0: { branch: b0 }\n".to_owned()];
        for (index, parent) in parents.iter().enumerate() {
            let (child, parent) = (index + 1, parent.index(index + 1));
            lines.push(format!("  e{child}: {{ branch: b{child}, after: e{parent} }}\n"));
        }
        lines.reverse();
        let text = format!(
            "version: 1\nname: demo\nenvironments:\n{}stages: {{ s: {{ run: [x] }} }}\n",
            lines.concat()
        );
        let (pipeline, _) = spec::check_pipeline(&file(text)).unwrap();
        let order: Vec<_> = pipeline.environments.iter().map(|rule| rule.name.clone()).collect();
        for (place, run) in order.iter().enumerate() {
            prop_assert!(pipeline.may_use(run, run));
            for later in &order[place + 1..] {
                prop_assert!(!pipeline.may_use(run, later), "{run} reaches {later}");
            }
        }
    }
}
