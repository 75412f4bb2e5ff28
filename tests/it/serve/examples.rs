//! Every payload that GitHub publishes as an example gets its verdict.

use super::{Setup, server::GITHUB};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Where `npm pack @octokit/webhooks-examples` was unpacked.
const VARIABLE: &str = "RELEVO_WEBHOOK_EXAMPLES";
const USUAL: &str = ".cache/relevo/webhooks/package/api.github.com/index.json";

fn examples() -> Option<Vec<(String, Value)>> {
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(USUAL));
    let file = std::env::var_os(VARIABLE).map(PathBuf::from).or_else(usual)?;
    let kinds: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let of = |kind: &Value| {
        let name = kind["name"].as_str().unwrap().to_owned();
        let examples = kind["examples"].as_array().unwrap().clone();
        examples.into_iter().map(move |example| (name.clone(), example)).collect::<Vec<_>>()
    };
    Some(kinds.iter().flat_map(of).collect())
}

#[test]
fn every_published_example_gets_a_verdict() {
    let Some(examples) = examples() else {
        println!(
            "skipped: npm pack @octokit/webhooks-examples, unpack, name index.json in {VARIABLE}"
        );
        return;
    };
    let setup = Setup::new();
    let settings = setup.settings();
    let text = fs::read_to_string(&settings).unwrap().replace(GITHUB, "Codertocat/Hello-World");
    fs::write(&settings, text).unwrap();
    let server = setup.start_with(&["serve", "--config", &settings.display().to_string()]);
    let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (name, example)) in examples.iter().enumerate() {
        let (status, told) = server.deliver(&format!("example-{number}"), name, example);
        assert_eq!(status, 202, "{name} {number}: {told}");
    }
    setup.until("the last verdict", || {
        let all = setup.deliveries();
        all.iter().all(|delivery| !delivery["verdict"].is_null()).then_some(())
    });
    for delivery in setup.deliveries().iter().filter(|delivery| delivery["via"] == "webhook") {
        let verdict = &delivery["verdict"];
        assert_ne!(verdict["verdict"], "run", "{delivery:#}");
        assert_ne!(verdict["verdict"], "refused", "GitHub's own are well formed: {delivery:#}");
        assert!(!verdict["reason"].as_str().unwrap().is_empty());
        *of_kind.entry(delivery["event"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(of_kind.values().sum::<usize>(), examples.len());
}
