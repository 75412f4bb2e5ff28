//! The Model Monitor analyser, as far as a baseline goes.

use super::{Files, JobFailure, text};
use crate::monitor::{self, Header, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// Writes `statistics.json` and `constraints.json` of the data set that the job's environment names.
///
/// # Errors
/// The environment lacks a path or names a format other than CSV, or the data set is not a table.
pub(in crate::rehearsal) fn baseline(
    environment: &BTreeMap<String, String>,
    files: &Files,
) -> Result<Files, JobFailure> {
    let setting = |name: &str| {
        let missing = || JobFailure::client(format!("Environment variable {name} is not set"));
        environment.get(name).map(String::as_str).ok_or_else(missing)
    };
    let source = setting("dataset_source")?;
    let output = setting("output_path")?;
    let header = header(setting("dataset_format")?)?;
    let texts: Vec<&str> = files
        .keys()
        .filter(|path| path.starts_with(&format!("{source}/")))
        .map(|path| text(files, path))
        .collect::<Result<_, _>>()?;
    let table = Table::read(texts, header).map_err(JobFailure::algorithm)?;
    let file = |name: &str, content: &Value| {
        (format!("{output}/{name}"), content.to_string().into_bytes())
    };
    Ok(Files::from([
        file("statistics.json", &monitor::statistics(&table)),
        file("constraints.json", &monitor::constraints(&table)),
    ]))
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
    fn another_format_is_refused() {
        let failure = baseline(&environment(r#"{"parquet": {}}"#), &Files::new()).unwrap_err();
        assert!(failure.to_string().starts_with("ClientError: dataset_format"), "{failure}");
    }
}
