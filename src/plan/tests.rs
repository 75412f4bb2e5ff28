mod account;
mod hands;
mod lanes;
mod patterns;

use super::{
    fixture::{Commit, environment},
    *,
};
use crate::spec::{Environment, LogGroupClass, Retrain, RetrainOn};
use account::done;
use proptest::{prelude::*, sample::subsequence};
use serde_json::json;

const NOW: &str = "2026-11-22T13:30:00Z";

/// What `commit` wants in `environment`, given what is there.
fn wanted(commit: &Commit, environment: &Environment, observed: &Observed) -> Desired {
    let blueprint = commit.blueprint(environment);
    let function = function(&blueprint).unwrap();
    desired(&blueprint, predict_version(&function, &observed.function)).unwrap()
}

fn first() -> Desired {
    wanted(&Commit::first(), &environment(), &Observed::default())
}

fn applied(plan: &Plan, observed: Observed, desired: &Desired) -> Observed {
    plan.changes.iter().fold(observed, |observed, change| done(observed, change, desired))
}

/// What is there after the first deploy.
fn converged() -> (Desired, Observed) {
    let desired = first();
    let observed = Observed::default();
    let observed = applied(&plan(&desired, &observed), observed, &desired);
    (desired, observed)
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(render::one_line).collect()
}

#[test]
fn an_empty_account_gets_everything_in_an_order_where_nothing_points_ahead() {
    let plan = plan(&first(), &Observed::default());
    let name = "mammography-severity-model-prod";
    let lines = lines(&plan);
    let kinds: Vec<String> =
        lines.iter().map(|l| l.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        kinds,
        [
            "create log",
            "change log",
            "store script",
            "store script",
            "store script",
            "store data",
            "store training",
            "create function",
            "publish function",
            "create topic",
            "change topic",
            "change topic",
            "create subscription",
            "create pipeline",
            "create pipeline",
            "create rule",
            "create target",
            "create rule",
            "create target",
            "create rule",
            "create target",
            "create rule",
            "create target",
        ]
    );
    assert_eq!(lines[15], format!("create rule {name}-drift"));
    assert_eq!(lines[21], format!("create rule {name}-inference-schedule"));
}

#[test]
fn applying_leaves_nothing_to_do_and_stopping_anywhere_leaves_the_rest() {
    let desired = first();
    let whole = plan(&desired, &Observed::default());
    let mut observed = Observed::default();
    for (index, change) in whole.changes.iter().enumerate() {
        observed = done(observed, change, &desired);
        let desired = wanted(&Commit::first(), &environment(), &observed);
        assert_eq!(plan(&desired, &observed).changes, whole.changes[index + 1..]);
    }
}

#[test]
fn the_same_files_under_another_commit_change_only_what_names_the_commit() {
    let (_, observed) = converged();
    let desired = wanted(&Commit::first().again(), &environment(), &observed);
    let plan = plan(&desired, &observed);
    assert!(plan.changes.len() <= 2, "{:?}", lines(&plan));
    for change in &plan.changes {
        let Change::UpdatePipeline { differences, .. } = change else { panic!("{change:?}") };
        assert!(differences.iter().all(|d| d.contains("fedcba987654")), "{differences:?}");
    }
}

#[test]
fn the_schedule_waits_for_a_model_and_a_batch_and_says_so() {
    let (desired, mut observed) = converged();
    let notes = plan(&desired, &observed).notes;
    assert!(notes[0].contains("no model of arn:aws:sagemaker"), "{notes:?}");
    assert!(notes[1].contains("no batch at s3://sagemaker-prod-bucket/mammography-severity-model/data/batch-dataset/mammo-batch-dataset.csv"), "{notes:?}");
    assert!(notes[2].contains("has not followed the link"), "{notes:?}");

    observed.approved_model = Some("arn".to_owned());
    assert!(plan(&desired, &observed).is_empty());
    observed.batch_present = true;
    let plan = plan(&desired, &observed);
    let [Change::PutRule { from: Some(from), to }] = &plan.changes[..] else { panic!("{plan:?}") };
    assert_eq!((from.state, to.state), (RuleState::Disabled, RuleState::Enabled));
    let text = render::human(&plan, NOW.parse().unwrap());
    assert!(text.contains("      state disabled -> enabled\n"), "{text}");
    assert!(text.contains("(UTC): Sun 2026-11-22 23:00, Mon 2026-11-23 23:00, Tue"), "{text}");
    assert!(text.contains("0 to create, 1 to change, 0 to remove"), "{text}");
}

#[test]
fn no_changes_is_said_in_so_many_words() {
    let (desired, observed) = converged();
    let text = render::human(&plan(&desired, &observed), NOW.parse().unwrap());
    assert!(text.starts_with("No changes: prod is as commit 0123456 says.\n"), "{text}");
}

#[test]
fn a_changed_script_is_stored_beside_the_old_one_and_named_step_by_step() {
    let (_, observed) = converged();
    let mut commit = Commit::first();
    commit.scripts.insert("evaluate.py".to_owned(), "print('better')".to_owned());
    let desired = wanted(&commit, &environment(), &observed);
    let plan = plan(&desired, &observed);
    assert!(matches!(plan.changes[0], Change::PutObject { kind: ObjectKind::Script, .. }));
    let Change::UpdatePipeline { name, differences, .. } = &plan.changes[1] else { panic!() };
    assert_eq!(name, "Mammo-Severity-Train");
    assert!(differences.iter().all(|line| line.contains("evaluate.py")), "{differences:?}");
    assert_eq!(plan.changes.len(), 2);
    let text = render::human(&plan, NOW.parse().unwrap());
    assert!(
        text.contains("  ~ change   pipeline      Mammo-Severity-Train\n      ~ step Mammo-Eval: ")
    );
    let digest = crate::ids::Digest::of("print('better')");
    let short = digest.short();
    assert!(text.contains(&format!("evaluate.py ({short})\n      15 bytes in s3://")), "{text}");
    assert!(text.contains(&format!("/scripts/{short}/evaluate.py")), "{text}");
    assert!(!text.contains(digest.as_str()), "{text}");
}

#[test]
fn new_function_code_is_published_under_the_next_number_and_pinned() {
    let (_, mut observed) = converged();
    let (_, seventh) = observed.function.versions.pop_first().unwrap();
    observed.function.versions.insert(7, seventh);
    let mut commit = Commit::first();
    commit.scripts.insert("latest_approved_model.py".to_owned(), "def handler(e, c): 0".to_owned());
    let desired = wanted(&commit, &environment(), &observed);
    assert_eq!(desired.function_version, 8);
    assert!(desired.inference.definition.canonical().contains("latest-approved:8\""));
    let changes = plan(&desired, &observed).changes;
    assert!(matches!(changes[0], Change::UpdateFunctionCode { .. }));
    assert!(matches!(changes[1], Change::PublishFunction { version: 8, .. }));
}

#[test]
fn an_earlier_code_is_pinned_by_the_number_it_has() {
    let (_, mut observed) = converged();
    let other =
        Function { code_sha256: "other".to_owned(), ..observed.function.versions[&1].clone() };
    observed.function.versions.insert(2, other.clone());
    observed.function.head = Some(other);
    let desired = wanted(&Commit::first(), &environment(), &observed);
    assert_eq!(desired.function_version, 1);
    assert!(plan(&desired, &observed).is_empty());
}

#[test]
fn the_function_is_packed_the_same_every_time() {
    let (one, other) = (first().function, first().function);
    assert_eq!(one.zip, other.zip);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(one.zip)).unwrap();
    let file = archive.by_name("latest_approved_model.py").unwrap();
    assert_eq!(std::io::read_to_string(file).unwrap(), "def handler(event, context): return {}");
}

fn on_any_failure() -> Environment {
    let retrain = Retrain { on: RetrainOn::AnyFailure, ..environment().retrain };
    Environment { retrain, ..environment() }
}

#[test]
fn the_rule_on_drift_tells_people_and_starts_nothing() {
    let desired = first();
    let Trigger::Pattern(pattern) = &desired.rules[0].rule.trigger else { panic!() };
    let arn = "arn:aws:sagemaker:us-east-1:222222222222:pipeline/mammo-severity-inference-pipeline";
    assert_eq!(pattern["detail"]["stepType"], json!(["QualityCheck"]));
    assert_eq!(pattern["detail"]["currentStepStatus"], json!(["Failed"]));
    assert_eq!(pattern["detail"]["pipelineArn"], json!([arn]));
    let targets: Vec<&str> =
        desired.rules.iter().flat_map(|spec| &spec.targets).map(|t| t.arn.as_str()).collect();
    assert_eq!(targets, [desired.topic.arn.as_str(); 3], "no rule starts a training");
}

#[test]
fn on_any_failure_a_rule_starts_the_training_as_the_replaced_system_did() {
    let desired = wanted(&Commit::first(), &on_any_failure(), &Observed::default());
    let Trigger::Pattern(pattern) = &desired.rules[0].rule.trigger else { panic!() };
    assert_eq!(pattern["detail"]["currentPipelineExecutionStatus"], json!(["Failed"]));
    assert!(desired.rules[0].rule.name.ends_with("-prod-retrain"));
    let train = "arn:aws:sagemaker:us-east-1:222222222222:pipeline/mammo-severity-train";
    let target = &desired.rules[0].targets[0];
    assert_eq!((target.arn.as_str(), &target.message), (train, &None));
}

#[test]
fn executions_that_end_badly_are_told_whatever_the_bad_end() {
    for spec in &first().rules[1..] {
        let Trigger::Pattern(pattern) = &spec.rule.trigger else { panic!() };
        let statuses = &pattern["detail"]["currentPipelineExecutionStatus"];
        assert_eq!(*statuses, json!(["Failed", "Stopped", "CompletedWithFailures"]));
    }
}

#[test]
fn people_get_sentences_and_the_plan_shows_them() {
    let desired = first();
    for target in desired.rules.iter().flat_map(|spec| &spec.targets) {
        let message = target.message.as_ref().unwrap();
        let lines: Vec<String> =
            message.template.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines[0].starts_with("prod: "), "{lines:?}");
        assert!(lines.concat().contains("<execution>") && lines.concat().contains("<time>"));
    }
    let text = render::human(&plan(&desired, &Observed::default()), NOW.parse().unwrap());
    let line = "      | prod: an execution of mammo-severity-inference-pipeline ended as <status> at <time> (UTC).\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("'agent watch --env prod --once' tells which, and starts a training if it drifted (at most one in 24 h)."), "{text}");
}

#[test]
fn other_words_are_a_change_that_shows_the_new_words() {
    let (desired, mut observed) = converged();
    let rule = observed.rules.get_mut(&desired.rules[1].rule.name).unwrap();
    rule.targets[0].message = None;
    let plan = plan(&desired, &observed);
    let [Change::PutTargets { .. }] = &plan.changes[..] else { panic!("{plan:?}") };
    let text = render::human(&plan, NOW.parse().unwrap());
    assert!(text.contains("its message becomes:\n      | prod: an execution of"), "{text}");
}

#[test]
fn a_message_with_a_place_that_nothing_fills_is_refused() {
    let mut desired = first();
    let message = desired.rules[0].targets[0].message.as_mut().unwrap();
    message.paths.remove("step");
    let flaws = lint(&desired);
    assert_eq!(flaws.len(), 1, "{flaws:?}");
    assert!(flaws[0].to_string().contains("has the place <step>, which no path fills"));
}

#[test]
fn a_changed_policy_removes_the_rule_it_no_longer_wants() {
    let (before, observed) = converged();
    let after = wanted(&Commit::first(), &on_any_failure(), &observed);
    let changing = plan(&after, &observed);
    let (name, gone) = (&after.rules[0].rule.name, &before.rules[0].rule.name);
    assert_eq!(
        lines(&changing),
        [
            format!("create rule {name}"),
            format!("create target train-pipeline of rule {name}"),
            format!("remove target alert-topic of rule {gone}"),
            format!("remove rule {gone}"),
        ]
    );
    let changed = applied(&changing, observed, &after);
    assert!(plan(&after, &changed).is_empty());
    let back = plan(&before, &changed);
    assert!(plan(&before, &applied(&back, changed, &before)).is_empty());
}

#[test]
fn the_owner_of_a_topic_keeps_its_statement() {
    let (desired, observed) = converged();
    let policy = observed.topic.unwrap().policy;
    let sids: Vec<_> =
        policy["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].clone()).collect();
    assert_eq!(sids, ["__default_statement_ID", "RelevoRulesMayPublish"]);
    assert_eq!(desired.topic.statement["Principal"]["Service"], "events.amazonaws.com");
    assert!(desired.topic.statement.get("Condition").is_none());
}

#[test]
fn what_aws_would_refuse_or_never_act_on_is_found_before() {
    let mut desired = first();
    assert_eq!(lint(&desired), []);
    desired.rules[0].rule.name = "r".repeat(65);
    let target = desired.rules[1].targets[0].clone();
    desired.rules[1].targets =
        (0..6).map(|n| Target { id: format!("t{n}"), ..target.clone() }).collect();
    desired.topic.kms_key = "alias/aws/sns".to_owned();
    let flaws: Vec<String> = lint(&desired).iter().map(ToString::to_string).collect();
    assert_eq!(flaws.len(), 3, "{flaws:?}");
    assert!(flaws[0].contains("65 characters, EventBridge takes 1 to 64; shorten"), "{flaws:?}");
    assert!(flaws[1].contains("6 targets, EventBridge takes 5; spread"), "{flaws:?}");
    assert!(flaws[2].contains("no alert would ever arrive; use a key of your own"), "{flaws:?}");
}

#[test]
fn a_very_long_model_name_gives_legal_rules_still() {
    let environment = Environment { model_name: "m".repeat(120), ..environment() };
    let desired = wanted(&Commit::first(), &environment, &Observed::default());
    let names: std::collections::BTreeSet<_> =
        desired.rules.iter().map(|spec| spec.rule.name.clone()).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.len() == 64), "{names:?}");
}

#[test]
fn the_longest_pipeline_names_give_legal_rules_still() {
    let [train_pipeline, inference_pipeline] =
        ["t", "i"].map(|letter| letter.repeat(256).parse().unwrap());
    let environment = Environment { train_pipeline, inference_pipeline, ..environment() };
    let desired = wanted(&Commit::first(), &environment, &Observed::default());
    assert!(desired.rules.iter().all(|spec| spec.rule.description.len() <= 512));
}

#[test]
fn an_impossible_name_is_refused_with_a_way_out() {
    let environment = Environment { model_name: "tumour größe".to_owned(), ..environment() };
    let commit = Commit::first();
    let error = desired(&commit.blueprint(&environment), 1).unwrap_err();
    assert!(error.to_string().contains("use letters, digits"), "{error}");
}

#[test]
fn the_hash_covers_what_is_done_and_where_and_nothing_else() {
    let (desired, observed) = (first(), Observed::default());
    let whole = plan(&desired, &observed);
    assert_eq!(whole.hash(), plan(&desired, &observed).hash());
    let told = Plan { notes: Vec::new(), schedule: None, ..whole.clone() };
    assert_eq!(told.hash(), whole.hash());
    let elsewhere = Plan { account: "999999999999".parse().unwrap(), ..whole.clone() };
    assert_ne!(elsewhere.hash(), whole.hash());
    for skipped in 0..whole.changes.len() {
        let mut part = whole.clone();
        part.changes.remove(skipped);
        assert_ne!(part.hash(), whole.hash());
    }
}

#[test]
fn a_stored_plan_is_the_plan() {
    let whole = plan(&first(), &Observed::default());
    let text = serde_json::to_string(&whole).unwrap();
    let back: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!((back.hash(), &back), (whole.hash(), &whole));
    assert!(!text.contains("44,0"), "the plan carries no row of the data");
}

#[test]
fn the_order_of_keys_in_an_answer_is_no_change() {
    let text = r#"{"name":"r","description":"","trigger":{"pattern":{"a":["1"],"b":["2"]}},"state":"enabled"}"#;
    let turned = text.replace(r#""a":["1"],"b":["2"]"#, r#""b":["2"],"a":["1"]"#);
    let hash = |text: &str| {
        let from: Rule = serde_json::from_str(text).unwrap();
        let changes = vec![Change::PutRule { from: Some(from.clone()), to: from }];
        Plan { changes, ..plan(&first(), &Observed::default()) }.hash()
    };
    assert_eq!(hash(text), hash(&turned));
}
