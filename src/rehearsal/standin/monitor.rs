//! The Model Monitor analyser: describes a data set, and holds it against an older description.

use super::{Files, JobFailure, text};
use crate::monitor::{self, Header, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a data set is held against: both files that an earlier job wrote.
#[derive(Debug)]
pub(in crate::rehearsal) struct Baseline {
    /// `statistics.json`.
    pub statistics: Value,
    /// `constraints.json`.
    pub constraints: Value,
}

/// Writes `statistics.json` and `constraints.json` of the data set that the job's environment names.
///
/// # Errors
/// The environment lacks a path or names a format other than CSV, or the data set is not a table.
pub(in crate::rehearsal) fn baseline(
    environment: &BTreeMap<String, String>,
    files: &Files,
) -> Result<Files, JobFailure> {
    Ok(describe(&read(environment, files)?, setting(environment, "output_path")?))
}

/// Writes the same of the data set, and `constraint_violations.json`; says how many violations that holds.
///
/// # Errors
/// As [`baseline`]; or the baseline's files are not those of the analyser.
pub(in crate::rehearsal) fn check(
    environment: &BTreeMap<String, String>,
    files: &Files,
    baseline: &Baseline,
) -> Result<(Files, usize), JobFailure> {
    let table = read(environment, files)?;
    let output = setting(environment, "output_path")?;
    let found = monitor::violations(&table, &baseline.statistics, &baseline.constraints)
        .map_err(JobFailure::algorithm)?;
    let mut written = describe(&table, output);
    let report = monitor::violations_file(&found).to_string();
    written.insert(format!("{output}/{VIOLATIONS}"), report.into_bytes());
    Ok((written, found.len()))
}

/// The name of the report.
pub(in crate::rehearsal) const VIOLATIONS: &str = "constraint_violations.json";

fn describe(table: &Table, output: &str) -> Files {
    let file = |name: &str, content: &Value| {
        (format!("{output}/{name}"), content.to_string().into_bytes())
    };
    Files::from([
        file("statistics.json", &monitor::statistics(table)),
        file("constraints.json", &monitor::constraints(table)),
    ])
}

fn setting<'e>(
    environment: &'e BTreeMap<String, String>,
    name: &str,
) -> Result<&'e str, JobFailure> {
    let missing = || JobFailure::client(format!("Environment variable {name} is not set"));
    environment.get(name).map(String::as_str).ok_or_else(missing)
}

/// The data set that the job's environment names.
fn read(environment: &BTreeMap<String, String>, files: &Files) -> Result<Table, JobFailure> {
    let source = setting(environment, "dataset_source")?;
    let header = header(setting(environment, "dataset_format")?)?;
    let texts: Vec<&str> = files
        .keys()
        .filter(|path| path.starts_with(&format!("{source}/")))
        .map(|path| text(files, path))
        .collect::<Result<_, _>>()?;
    Table::read(texts, header).map_err(JobFailure::algorithm)
}

/// The data set's format is itself a JSON text: `{"csv": {"header": false, …}}`.
fn header(format: &str) -> Result<Header, JobFailure> {
    let format: Value = serde_json::from_str(format)
        .map_err(|flaw| JobFailure::client(format!("dataset_format: {flaw}")))?;
    match format.pointer("/csv/header") {
        Some(Value::Bool(true)) => Ok(Header::Present),
        Some(Value::Bool(false)) => Ok(Header::Absent),
        _ => Err(JobFailure::client("dataset_format: only {\"csv\": {\"header\": …}} is known")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(format: &str) -> BTreeMap<String, String> {
        [("dataset_source", "/in"), ("output_path", "/out"), ("dataset_format", format)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }

    #[test]
    fn both_files_describe_the_data_set() {
        let files = Files::from([("/in/baseline.csv".to_owned(), b"1,2\n,4\n".to_vec())]);
        let written = baseline(&environment(r#"{"csv": {"header": false}}"#), &files).unwrap();
        assert_eq!(
            written.keys().collect::<Vec<_>>(),
            ["/out/constraints.json", "/out/statistics.json"]
        );
        let constraints: Value = serde_json::from_slice(&written["/out/constraints.json"]).unwrap();
        assert_eq!(constraints["features"][0]["completeness"], 0.5);
    }

    #[test]
    fn a_data_set_keeps_its_own_baseline_and_another_does_not() {
        let environment = environment(r#"{"csv": {"header": false}}"#);
        let rows = |from: u32| (from..from + 50).map(|n| format!("{n},1\n")).collect::<String>();
        let files = |text: String| Files::from([("/in/batch.csv".to_owned(), text.into_bytes())]);
        let written = baseline(&environment, &files(rows(0))).unwrap();
        let json = |name: &str| serde_json::from_slice(&written[&format!("/out/{name}")]).unwrap();
        let older =
            Baseline { statistics: json("statistics.json"), constraints: json("constraints.json") };
        assert_eq!(check(&environment, &files(rows(0)), &older).unwrap().1, 0);
        let (drifted, violations) = check(&environment, &files(rows(1_000)), &older).unwrap();
        let report: Value =
            serde_json::from_slice(&drifted["/out/constraint_violations.json"]).unwrap();
        assert!(violations > 0);
        assert_eq!(report["violations"].as_array().unwrap().len(), violations);
    }

    #[test]
    fn another_format_is_refused() {
        let failure = baseline(&environment(r#"{"parquet": {}}"#), &Files::new()).unwrap_err();
        assert!(failure.to_string().starts_with("ClientError: dataset_format"), "{failure}");
    }
}
