//! Our definitions beside those of the reference: every difference is listed with the defect that
//! explains it, in `tests/data/definition/*.differences`.
//!
//! A line of such a file is `DEFECTS SIGN SUBJECT [PATH]`: `+` only ours has it, `-` only the
//! reference has it, `~` both have it with different values, `=` the reference calls it SUBJECT and
//! we call it PATH.

use super::world::{environment, release, template};
use proptest::prelude::*;
use relevo::definition::{Change, Definition, Difference, Kind, Subject, compare, lint, render};
use relevo::spec::Environment;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A difference without its values, as the files list it: sign, subject, path.
type Line = (char, String, String);

struct Explanations {
    defects: Vec<String>,
    renamed: Vec<(String, String)>,
    /// Each with its defects.
    lines: BTreeMap<Line, String>,
}

fn explanations(kind: Kind) -> Explanations {
    let text = match kind {
        Kind::Train => include_str!("../../data/definition/train.differences"),
        Kind::Inference => include_str!("../../data/definition/inference.differences"),
    };
    let mut all = Explanations { defects: vec![], renamed: vec![], lines: BTreeMap::new() };
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let path = words.get(3).copied().unwrap_or_default().to_owned();
        all.defects.extend(words[0].split(',').map(str::to_owned));
        if words[1] == "=" {
            all.renamed.push((words[2].to_owned(), path));
        } else {
            let sign = words[1].chars().next().unwrap();
            let before = all.lines.insert((sign, words[2].to_owned(), path), words[0].to_owned());
            assert_eq!(before, None, "twice: {line}");
        }
    }
    all
}

fn line(difference: &Difference) -> Line {
    let subject = match &difference.subject {
        Subject::Definition => "definition".to_owned(),
        Subject::Parameter(name) | Subject::Step(name) => name.clone(),
    };
    let (sign, path) = match &difference.change {
        Change::Added => ('+', String::new()),
        Change::Removed => ('-', String::new()),
        Change::Moved { .. } => ('~', "(branch)".to_owned()),
        Change::Changed { path, old: Some(_), new: Some(_) } => ('~', path.clone()),
        Change::Changed { path, old: None, .. } => ('+', path.clone()),
        Change::Changed { path, new: None, .. } => ('-', path.clone()),
    };
    (sign, subject, path)
}

/// The reference's file, or `None` with a word about it where the reference is not at hand.
fn reference(file: &str) -> Option<String> {
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = checkout.parent().unwrap().join("shared/golden").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        skipped(&path);
    }
    text
}

#[expect(clippy::print_stdout, reason = "who runs the tests should see what was not tested")]
fn skipped(path: &Path) {
    println!("skipped: {} is not here", path.display());
}

fn golden(kind: Kind) -> Option<Value> {
    let file = match kind {
        Kind::Train => "train.json",
        Kind::Inference => "inference.json",
    };
    serde_json::from_str(&reference(file)?).unwrap()
}

fn map_texts(value: &Value, map: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(map(text)),
        Value::Array(items) => items.iter().map(|item| map_texts(item, map)).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(key, inner)| (key.clone(), map_texts(inner, map))).collect()
        }
        other => other.clone(),
    }
}

/// The reference's definition with our names and the environment's values in it.
fn translated(golden: &Value, kind: Kind, environment: &Environment) -> Definition {
    let old = super::world::environment();
    let images: Value = serde_json::from_str(&reference("images.json").unwrap()).unwrap();
    let domain = match environment.region.as_str() {
        region if region.starts_with("cn-") => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    let registry = |image: &str, region: &str, domain: &str| {
        let account = images[image]["accounts"][region].as_str().unwrap();
        format!("{account}.dkr.ecr.{region}.{domain}/{image}")
    };
    let mut replaced: Vec<(String, String)> = vec![
        (old.kms_key.to_string(), environment.kms_key.to_string()),
        (old.train_role.to_string(), kind.role(environment).to_string()),
        (old.model_package_group.to_string(), environment.model_package_group.to_string()),
        (old.artifacts_bucket.to_string(), environment.artifacts_bucket.to_string()),
        (old.bucket.to_string(), environment.bucket.to_string()),
        (old.batch_dataset.clone(), environment.batch_dataset.clone()),
        (old.model_name, environment.model_name.clone()),
    ];
    for image in ["sagemaker-xgboost", "sagemaker-scikit-learn", "sagemaker-model-monitor-analyzer"]
    {
        let own = environment.images.monitor.clone().filter(|_| image.ends_with("analyzer"));
        let ours = own.unwrap_or_else(|| registry(image, environment.region.as_str(), domain));
        replaced.insert(0, (registry(image, "us-east-1", "amazonaws.com"), ours));
    }
    replaced.extend(explanations(kind).renamed);
    let map = |text: &str| {
        if text == "us-east-1" {
            return environment.region.to_string();
        }
        // One pass from left to right, so that no replacement is replaced again.
        let mut done = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let hit = replaced.iter().find(|(from, _)| rest.starts_with(from.as_str()));
            let (piece, length) = match hit {
                Some((from, to)) => (to.as_str(), from.len()),
                None => {
                    let length = rest.chars().next().unwrap().len_utf8();
                    (&rest[..length], length)
                }
            };
            done.push_str(piece);
            rest = &rest[length..];
        }
        done
    };
    Definition::try_from(map_texts(golden, &map)).unwrap()
}

/// Fails with the whole list of what is unexplained and what explains nothing.
fn check(kind: Kind, golden: &Value, environment: &Environment) {
    let ours = render(kind, template(kind), environment, &release(environment)).unwrap();
    let differences = compare(&translated(golden, kind, environment), &ours);
    let explained = explanations(kind).lines;
    let found: BTreeSet<Line> = differences.iter().map(line).collect();
    let unexplained: Vec<String> = differences
        .iter()
        .filter(|difference| !explained.contains_key(&line(difference)))
        .map(|difference| format!("{:?}\n    {difference}", line(difference)))
        .collect();
    let idle: Vec<&Line> = explained.keys().filter(|line| !found.contains(*line)).collect();
    assert!(unexplained.is_empty(), "unexplained differences:\n{}", unexplained.join("\n"));
    assert!(idle.is_empty(), "these explanations explain nothing: {idle:#?}");
}

#[test]
fn every_difference_from_the_reference_is_a_named_defect() {
    for kind in Kind::ALL {
        let Some(golden) = golden(kind) else { return };
        for (from, _) in explanations(kind).renamed {
            assert!(golden.to_string().contains(&from), "the reference has no '{from}'");
        }
        check(kind, &golden, &environment());
        list(kind, &golden);
    }
}

#[expect(clippy::print_stdout, reason = "the differences and their reasons are there to be read")]
fn list(kind: Kind, golden: &Value) {
    let (environment, explained) = (environment(), explanations(kind).lines);
    let ours = render(kind, template(kind), &environment, &release(&environment)).unwrap();
    for difference in compare(&translated(golden, kind, &environment), &ours) {
        println!("{kind:?} {:16} {difference}", explained[&line(&difference)]);
    }
}

#[test]
fn the_explanations_name_defects_that_are_listed() {
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let list = checkout.parent().unwrap().join("shared/reference-defects.md");
    let Ok(list) = std::fs::read_to_string(&list) else {
        return skipped(&list);
    };
    for id in Kind::ALL.into_iter().flat_map(|kind| explanations(kind).defects) {
        assert!(id == "fact4" || list.contains(&format!("| {id} |")), "no defect '{id}'");
    }
}

#[test]
fn the_lint_sees_the_references_own_defects() {
    for (kind, codes) in [
        (Kind::Train, ["shared-output", "unencrypted-output"].as_slice()),
        (
            Kind::Inference,
            &[
                "parameter-name",     // fact 4: transform_input
                "shared-output",      // I1
                "unencrypted-output", // I9
                "unpinned-function",  // I5
                "unused-parameter",   // I8
            ],
        ),
    ] {
        let Some(golden) = golden(kind) else { return };
        let found = lint(&Definition::try_from(golden).unwrap(), &environment());
        let found: BTreeSet<&str> = found.iter().map(|flaw| flaw.code).collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), codes);
    }
}

/// Without the reference at hand the lists still say something: what only we have, we have; what
/// only the reference has, we have not.
#[test]
fn the_explanations_fit_what_we_render() {
    for kind in Kind::ALL {
        let ours = super::world::rendered(kind);
        for (sign, subject, path) in explanations(kind).lines.into_keys() {
            let parameter = ours.parameters().iter().find(|one| one["Name"] == subject.as_str());
            let step = ours.step(&subject).map(|step| step.value);
            let holder = parameter.or(step);
            let there = holder.is_some_and(|holder| path.is_empty() || at(holder, &path).is_some());
            assert_eq!(there, sign != '-', "{sign} {subject} {path}");
        }
    }
}

/// The value at a path as `compare` writes it: list entries by name or by number.
fn at<'a>(holder: &'a Value, path: &str) -> Option<&'a Value> {
    let names = ["OutputName", "InputName", "ChannelName", "PropertyFileName", "Name"];
    path.split(['.', '[']).try_fold(holder, |value, hop| match hop.strip_suffix(']') {
        None => value.get(hop),
        Some(index) => match index.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
            None => value.get(index.parse::<usize>().ok()?),
            Some(name) => value
                .as_array()?
                .iter()
                .find(|entry| names.iter().any(|field| entry.get(*field) == Some(&name.into()))),
        },
    })
}

/// GovCloud has no first-party image.
const OWN_MONITOR: &str = "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/monitor";

fn regions() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "eu-west-1",
        "ap-south-1",
        "sa-east-1",
        "us-west-2",
        "cn-north-1",
        "us-gov-west-1",
    ])
}

prop_compose! {
    /// Other accounts, regions and names, as odd as their types allow.
    fn environments()(
        account in "[0-9]{12}",
        registry in "[0-9]{12}",
        region in regions(),
        bucket in "[a-z0-9]{3,9}-[a-z0-9]{1,9}",
        artifacts in "[a-z0-9]{3,9}[.][a-z0-9]{1,9}",
        model in "[a-zA-Z\"\\\\\n{}é☃-]{1,30}",
        batch in "[a-z\"\\\\{}ü_]{1,12}",
        role in "[a-zA-Z0-9+=,.@_-]{1,20}",
    ) -> Environment {
        let home: relevo::ids::Region = region.parse().unwrap();
        let partition = home.partition().name;
        let arn = |service: &str, owner: &str, resource: &str| {
            format!("arn:{partition}:{service}:{owner}:{resource}").parse().unwrap()
        };
        let images = relevo::spec::Images {
            monitor: (partition == "aws-us-gov").then(|| OWN_MONITOR.to_owned()),
            ..environment().images
        };
        Environment {
            kms_key: arn("kms", &format!("{region}:{account}"), "key/x"),
            train_role: arn("iam", &format!(":{account}"), &format!("role/{role}-train")),
            inference_role: arn("iam", &format!(":{account}"), &format!("role/{role}-inference")),
            model_package_group: arn("sagemaker", &format!("{region}:{registry}"), "model-package-group/g"),
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
            bucket: bucket.parse().unwrap(),
            artifacts_bucket: artifacts.parse().unwrap(),
            model_name: model,
            batch_dataset: batch,
            images,
            ..environment()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn other_accounts_regions_and_names_differ_by_the_same_defects(environment in environments()) {
        for kind in Kind::ALL {
            let Some(golden) = golden(kind) else { return Ok(()) };
            check(kind, &golden, &environment);
        }
    }
}
