//! One file per mistake; the drawing a person would see is kept beside it.

use super::{name, source};
use relevo::spec::{self, Findings, SourceFile, render};
use std::{fs, path::Path};

/// Draws what is wrong with each file of a folder and compares it with the drawing kept.
fn compare(folder: &str, check: impl Fn(&SourceFile) -> Findings) {
    let path = format!("tests/data/spec/invalid/{folder}");
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml") || name.ends_with(".json"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for case in names {
        let mut file = source(&format!("{path}/{case}"));
        file.name = case.clone();
        let findings = check(&file);
        for finding in &findings.0 {
            let end = finding.span.offset + finding.span.length;
            assert!(file.text.get(finding.span.offset..end).is_some(), "{case}: {finding:?}");
        }
        let drawing = render::graphical(&findings, std::slice::from_ref(&file), render::Colour::No);
        insta::with_settings!({
            snapshot_path => format!("../../data/spec/invalid/{folder}"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(case, drawing);
        });
    }
}

#[test]
fn pipelines() {
    compare("pipeline", |file| spec::check_pipeline(file).unwrap_err());
}

#[test]
fn environments() {
    compare("environment", |file| spec::check_environment(&name("prod"), file).unwrap_err());
}

#[test]
fn data_contracts() {
    compare("data", |file| spec::check_data_contract(file).unwrap_err());
}

#[test]
fn findings_are_data_too() {
    let file = source("tests/data/spec/invalid/pipeline/unknown-needs.yaml");
    let findings = spec::check_pipeline(&file).unwrap_err();
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(json[0]["severity"], "error");
    assert_eq!(json[0]["code"], "unknown-stage");
    assert_eq!(json[0]["line"], 8);
    assert_eq!(json[0]["text"], "validte");
    assert_eq!(json[0]["help"], "did you mean 'validate'?");
}

#[test]
fn a_drawing_without_colour_is_plain() {
    let file = source("tests/data/spec/invalid/pipeline/control-characters.yaml");
    let findings = spec::check_pipeline(&file).unwrap_err();
    let draw = |colour| render::graphical(&findings, std::slice::from_ref(&file), colour);
    assert!(draw(render::Colour::Yes).contains('\u{1b}'));
    assert!(!draw(render::Colour::No).contains('\u{1b}'));
    assert!(draw(render::Colour::Ascii).lines().all(|line| !line.contains(['│', '╭'])));
}
