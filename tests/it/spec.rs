//! The files people write, as they write them: right, wrong and hostile.

mod agreement;
mod hostile;
mod refused;

use relevo::{
    ids::EnvName,
    spec::{
        self, Action, Addresses, Approval, BuiltIn, Cloud, DriftResponse, Environment, Findings,
        Monitor, On, Pipeline, Respond, Response, Retrain, RetrainOn, SessionTags, Sessions,
        Severity, SourceFile,
    },
};
use std::{fs, path::Path, time::Duration};

fn source(path: &str) -> SourceFile {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{path}: {error}"));
    SourceFile { name: path.to_owned(), text }
}

fn name(text: &str) -> EnvName {
    text.parse().unwrap()
}

fn pipeline(text: &str) -> Result<(Pipeline, Findings), Findings> {
    let file = SourceFile { name: "pipeline.yaml".to_owned(), text: text.to_owned() };
    spec::check_pipeline(&file)
}

fn environment(env: &str, text: &str) -> Result<(Environment, Findings), Findings> {
    let file = SourceFile { name: format!("environments/{env}.yaml"), text: text.to_owned() };
    spec::check_environment(&name(env), &file)
}

fn codes(findings: &Findings) -> Vec<&str> {
    findings.0.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_example_pipeline_is_read() {
    let (pipeline, findings) = spec::check_pipeline(&source("pipeline.yaml")).unwrap();
    assert_eq!(findings, Findings::default());
    assert_eq!(pipeline.environment_for_branch("main").unwrap().name, name("prod"));
    assert_eq!(pipeline.environment_for_branch("mian"), None);
    let train = pipeline.stage(&"train-test".parse().unwrap()).unwrap();
    assert_eq!(train.environment, Some(name("dev")));
    assert_eq!(train.timeout, Duration::from_hours(2));
    let gate = pipeline.stage(&"gate".parse().unwrap()).unwrap();
    let Action::Uses(BuiltIn::Gate(policy)) = &gate.action else { panic!("{gate:?}") };
    assert_eq!((policy.at_least, policy.not_worse_than_baseline_by), (0.80, 0.02));
    assert_eq!(gate.retry.attempts, 1);
}

#[test]
fn every_key_is_read() {
    let (pipeline, findings) =
        spec::check_pipeline(&source("tests/data/spec/valid/everything.yaml")).unwrap();
    assert_eq!(findings, Findings::default());
    let order: Vec<&str> = pipeline.environments.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(order, ["dev", "stage", "prod"]);
    let repair = pipeline.stage(&"repair".parse().unwrap()).unwrap();
    assert_eq!(repair.on, On::Failure);
    insta::assert_json_snapshot!("every_key", pipeline);
}

#[test]
fn a_run_may_use_its_own_environment_and_those_before_it() {
    let (pipeline, _) =
        spec::check_pipeline(&source("tests/data/spec/valid/everything.yaml")).unwrap();
    let may = |run: &str, stage: &str| pipeline.may_use(&name(run), &name(stage));
    assert!(may("prod", "prod") && may("prod", "stage") && may("prod", "dev"));
    assert!(may("dev", "dev"));
    assert!(!may("dev", "prod") && !may("dev", "stage") && !may("stage", "prod"));
    assert!(!may("nowhere", "dev") && !may("prod", "nowhere"));
}

#[test]
fn windows_files_are_read_with_right_places() {
    let file = source("tests/data/spec/valid/bom-and-crlf.yaml");
    let (pipeline, _) = spec::check_pipeline(&file).unwrap();
    assert_eq!(pipeline.stages[0].on, On::Always);
    let broken = SourceFile { text: file.text.replace("version", "verzion"), ..file };
    let findings = spec::check_pipeline(&broken).unwrap_err();
    let unknown = findings.0.iter().find(|finding| finding.code == "unknown-key").unwrap();
    assert_eq!((unknown.line, unknown.column, unknown.text.as_str()), (1, 1, "verzion"));
}

#[test]
fn a_stage_in_a_later_environment_is_a_warning_unless_limited() {
    let with = |more: &str| {
        format!(
            "version: 1\nname: demo\nenvironments:\n  dev: {{ branch: develop }}\n  \
             prod: {{ branch: main, after: dev }}\nstages:\n  late: {{ run: [x], in: prod{more} }}\n"
        )
    };
    let (_, findings) = pipeline(&with("")).unwrap();
    assert_eq!(codes(&findings), ["later-environment"]);
    assert_eq!(findings.0[0].severity, Severity::Warning);
    let (_, findings) = pipeline(&with(", when: environment == \"prod\"")).unwrap();
    assert_eq!(codes(&findings), [""; 0]);
}

#[test]
fn the_shipped_environments_are_read_without_a_word() {
    for env in ["dev", "prod"] {
        let file = source(&format!("environments/{env}.yaml"));
        let (environment, findings) = spec::check_environment(&name(env), &file).unwrap();
        assert_eq!(findings, Findings::default(), "{env}");
        assert_eq!(environment.cloud, Cloud::Rehearsal);
    }
}

#[test]
fn what_can_be_derived_is_derived() {
    let file = source("tests/data/spec/valid/reference.tfvars.json");
    let (prod, findings) = spec::check_environment(&name("prod"), &file).unwrap();
    assert_eq!(codes(&findings), ["unused-key", "unused-key"]);
    assert!(!findings.has_errors());
    assert_eq!(prod.account.as_str(), "222222222222");
    assert_eq!(
        prod.deploy_role.as_str(),
        "arn:aws:iam::222222222222:role/cross-account-deploy-role"
    );
    assert_eq!(prod.approver_role.as_str(), "arn:aws:iam::333333333333:role/model-approver");
    assert_eq!(
        prod.events_role.as_str(),
        "arn:aws:iam::222222222222:role/mammography-severity-model-events"
    );
    assert_eq!(prod.lambda_role.as_str(), "arn:aws:iam::222222222222:role/lambda-sagemaker-role");
    assert_eq!(prod.log_group.name, "jenkins-log");
    assert_eq!(prod.retrain, Retrain::default());
    assert_eq!(prod.monitor, Monitor::default());
    assert_eq!(prod.respond, Respond::default());
    assert_eq!(prod.approval, Approval::default());
    assert_eq!(prod.train_pipeline.as_str(), "mammo-severity-train-pipeline");
}

#[test]
fn the_policy_is_read() {
    let policy = "monitor: { fail_on_violation: false, minimum_rows: 50, significance: 0.05 }\n\
                  respond: { drift: alert, data-defect: ignore, too-few-rows: alert }\n\
                  retrain: { on: any-failure, cooldown: 12h, max_unapproved: 1, window: 365d }\n\
                  approval: { four_eyes: true }\n";
    let text = format!("{}{policy}", source("environments/prod.yaml").text);
    let (prod, findings) = environment("prod", &text).unwrap();
    assert_eq!(findings, Findings::default());
    assert!(!prod.monitor.fail_on_violation);
    assert_eq!((prod.monitor.minimum_rows, prod.monitor.significance.get()), (50, 0.05));
    let respond = Respond {
        drift: DriftResponse::Alert,
        data_defect: Response::Ignore,
        infrastructure_failure: Response::Alert,
        too_few_rows: Response::Alert,
    };
    assert_eq!(prod.respond, respond);
    let retrain = Retrain {
        on: RetrainOn::AnyFailure,
        cooldown: Duration::from_hours(12),
        max_unapproved: 1,
        window: Duration::from_hours(365 * 24),
    };
    assert_eq!(prod.retrain, retrain);
    assert!(prod.approval.four_eyes);
    let restored: Environment =
        serde_json::from_value(serde_json::to_value(&prod).unwrap()).unwrap();
    assert_eq!(restored, prod);
}

#[test]
fn a_test_that_cries_wolf_is_a_warning() {
    let text = source("environments/prod.yaml").text;
    let (_, findings) =
        environment("prod", &format!("{text}monitor: {{ significance: 0.2 }}\n")).unwrap();
    assert_eq!(codes(&findings), ["high-significance"]);
}

#[test]
fn the_reference_s_own_file_is_read_unchanged() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/prod.tfvars.json");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let file = SourceFile { name: "environments/prod.tfvars.json".to_owned(), text };
    let (_, findings) = spec::check_environment(&name("prod"), &file).unwrap();
    assert_eq!(codes(&findings), ["unused-key", "unused-key"]);
}

#[test]
fn letter_case_does_not_count_in_a_pipeline_s_arn() {
    let text = source("tests/data/spec/valid/reference.tfvars.json").text;
    let typed = text.replace("mammo-severity-train-pipeline", "Mammo-Train");
    let (prod, _) = environment("prod", &typed).unwrap();
    assert_eq!(prod.train_pipeline.as_str(), "Mammo-Train");
    let served = typed.replace("pipeline/Mammo-Train", "pipeline/mammo-train");
    assert_eq!(environment("prod", &served).unwrap().0, prod);
}

#[test]
fn another_partition_has_other_arns() {
    let text = source("tests/data/spec/valid/reference.tfvars.json").text;
    let text = text.replace("us-east-1", "cn-north-1").replace("arn:aws:", "arn:aws-cn:");
    let (prod, _) = environment("prod", &text).unwrap();
    assert!(prod.deploy_role.as_str().starts_with("arn:aws-cn:iam::222222222222:role/"));
}

#[test]
fn examples_are_accepted_where_they_reach_nobody() {
    let text = source("environments/prod.yaml").text;
    let on_aws = text.replace("cloud: rehearsal", "cloud: aws");
    let findings = environment("prod", &on_aws).unwrap_err();
    assert_eq!(codes(&findings), ["placeholder"]);
    let emulated = format!("{on_aws}endpoint_url: http://127.0.0.1:4566\n");
    let (prod, findings) = environment("prod", &emulated).unwrap();
    assert_eq!(findings, Findings::default());
    assert_eq!(prod.endpoint_url.unwrap().as_str(), "http://127.0.0.1:4566/");
}

#[test]
fn how_sessions_are_taken_is_read_and_nothing_is_sent_by_default() {
    let text = source("environments/prod.yaml").text;
    let (plain, _) = environment("prod", &text).unwrap();
    assert_eq!(plain.sessions, Sessions::default());
    let text = format!(
        "{text}source_identity: relevo\nsession_tags: true\nfips: true\ndual_stack: false\n"
    );
    let (marked, findings) = environment("prod", &text).unwrap();
    assert_eq!(findings, Findings::default());
    let addresses = Addresses { fips: true, dual_stack: false };
    let (source_identity, tags) = (Some("relevo".to_owned()), SessionTags::Sent);
    assert_eq!(marked.sessions, Sessions { source_identity, tags, addresses });
    let far = text.replace("us-east-1", "eu-west-1");
    let (_, findings) = environment("prod", &far).unwrap();
    assert_eq!(codes(&findings), ["no-such-address"]);
}

#[test]
fn the_data_contract_is_read() {
    let contract = spec::check_data_contract(&source("data/mammographic.yaml")).unwrap();
    let names: Vec<&str> = contract.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["BI-RADS", "Age", "Shape", "Margin", "Density", "Severity"]);
    assert_eq!(contract.missing, "?");
}

#[test]
fn editors_get_a_strict_schema() {
    for (schema, key) in [(spec::json_schema(), "stages"), (spec::environment_schema(), "kms_key")]
    {
        assert_eq!(schema["additionalProperties"], false);
        assert!(schema["required"].as_array().unwrap().contains(&key.into()));
        assert!(!schema.to_string().contains("null"), "a key has a value or is left out");
        for definition in schema["$defs"].as_object().unwrap().values() {
            let open =
                definition["properties"].is_object() && definition["additionalProperties"] != false;
            assert!(!open, "{definition}");
        }
    }
    insta::assert_json_snapshot!("pipeline_schema", spec::json_schema());
    insta::assert_json_snapshot!("environment_schema", spec::environment_schema());
}

#[test]
fn json_without_a_blank_is_the_same_file() {
    let text = source("tests/data/spec/valid/reference.tfvars.json").text;
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let dense = environment("prod", &value.to_string()).unwrap().0;
    assert_eq!(dense, environment("prod", &text).unwrap().0);
}
