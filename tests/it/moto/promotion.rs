//! From the commit to the end of its deployment, each step confirmed by other clients than ours.

use super::{accounts::Accounts, training};
use crate::{faults::proxy::Proxy, servers::Emulator};
use serde_json::{Value, json};

/// All of them, by name.
const STAGES: [&str; 7] =
    ["assume-role", "deploy-pipelines", "gate", "plan", "schedule-rules", "train-test", "validate"];
const ALERT: &str = "mammography-severity-model-prod-inference-alert";
const SCHEDULE: &str = "mammography-severity-model-prod-inference-schedule";

/// Somebody else's things, under names that look like ours.
const STRANGER: &str = "
client('events').put_rule(Name='mammography-severity-model-prod-strangers', ScheduleExpression='rate(1 day)')
client('sns').create_topic(Name='mammography-model-notification-strangers')
client('s3').create_bucket(Bucket=f'strangers-{ACCOUNT}')
client('sagemaker').create_pipeline(PipelineName='mammo-severity-strangers', ClientRequestToken='x' * 32,
    PipelineDefinition='{}', RoleArn=f'arn:aws:iam::{ACCOUNT}:role/strangers')
tell(None)";

/// What there is in an account.
const HOLDS: &str = "
tell({
    'rules': names(client('events').list_rules()['Rules'], 'Name'),
    'topics': [arn.rsplit(':', 1)[1] for arn in names(client('sns').list_topics()['Topics'], 'TopicArn')],
    'pipelines': names(client('sagemaker').list_pipelines()['PipelineSummaries'], 'PipelineName'),
    'functions': names(client('lambda').list_functions()['Functions'], 'FunctionName'),
    'groups': names(client('logs').describe_log_groups()['logGroups'], 'logGroupName'),
})";

fn strangers() -> Value {
    json!({
        "rules": ["mammography-severity-model-prod-strangers"],
        "topics": ["mammography-model-notification-strangers"],
        "pipelines": ["mammo-severity-strangers"],
        "functions": [],
    })
}

/// What is held beside log groups, which are kept.
fn held(accounts: &Accounts, account: &str) -> Value {
    let mut held = accounts.hands(account, HOLDS);
    held.as_object_mut().unwrap().remove("groups");
    held
}

/// The server says that the training succeeded, and of that nothing can be seen: it is refused, and prod left alone.
fn refused_without_evidence(accounts: &Accounts) {
    let told = accounts.agent(&["run", "--branch", "main"]).exits(3);
    told.says("the steps cannot be listed").says("HTTP status 500");
    told.says("no training rows: s3://").says("no scores of the candidate: s3://");
    let all = told.stdout + &told.stderr;
    assert_eq!(all.matches("the steps cannot be listed").count(), 1, "{all}");
    assert!(!all.contains("doctype") && !all.contains("HttpResponse"), "{all}");
    let executions = "tell(client('sagemaker').list_pipeline_executions(PipelineName=\
                      'mammo-severity-train-pipeline')['PipelineExecutionSummaries'].__len__())";
    assert_eq!(accounts.hands(&accounts.dev, executions), json!(1));
    assert_eq!(held(accounts, &accounts.prod), strangers());
}

/// One command, from the commit to prod.
fn promoted(accounts: &Accounts) {
    let told = accounts.agent(&["run", "--branch", "main"]).done();
    told.says("step Mammo-Register Succeeded").says(&accounts.registry);
    told.says("candidate  AUC 0.").says("is promoted to prod");
    let versions = "tell(client('sagemaker').list_model_packages(ModelPackageGroupName=\
                    'mammo-severity-model-package')['ModelPackageSummaryList'].__len__())";
    assert_eq!(accounts.hands(&accounts.registry, versions), json!(1));
}

fn deployed(accounts: &Accounts) {
    accounts.agent(&["plan", "--env", "prod"]).done().says("No changes");
    let rules = accounts.hands(
        &accounts.prod,
        &format!(
            "rule = client('events').describe_rule(Name='{SCHEDULE}')
target = client('events').list_targets_by_rule(Rule='{SCHEDULE}')['Targets'][0]
pipeline = client('sagemaker').describe_pipeline(PipelineName='mammo-severity-inference-pipeline')
policy = client('sns').get_topic_attributes(TopicArn=f'arn:aws:sns:us-east-1:{{ACCOUNT}}:mammography-model-notification')
tell([rule['State'], rule['ScheduleExpression'], target['Arn'] == pipeline['PipelineArn'],
      'events.amazonaws.com' in policy['Attributes']['Policy']])"
        ),
    );
    assert_eq!(rules, json!(["DISABLED", "cron(0 23 * * ? *)", true, true]));
    let Some(listed) = accounts.cli(&["sagemaker", "list-pipelines"]) else { return };
    assert_eq!(listed["PipelineSummaries"].as_array().unwrap().len(), 3, "two of ours: {listed}");
}

/// Every line of every stage into prod is in prod's group once, by boto3's count and by ours.
fn told_in_the_group(accounts: &Accounts) {
    let runs = accounts.agent(&["runs", "--json"]).done().json();
    let run = runs[0]["run"].as_str().unwrap().to_owned();
    let lines = accounts.hands(
        &accounts.prod,
        &format!(
            "import json as _j
found = client('logs').get_paginator('filter_log_events').paginate(logGroupName='jenkins-log',
    logStreamNamePrefix='prod/mammography-severity/{run}')
lines = [_j.loads(event['message']) for page in found for event in page['events']]
# the server gives the streams of all runs
tell(sorted([line['stage'], line['seq']] for line in lines if line['run'] == '{run}'))"
        ),
    );
    let folder = accounts.world.path(".agent/logs").join(&run);
    let mut kept = Vec::new();
    for stage in STAGES {
        let file = std::fs::read_to_string(folder.join(format!("{stage}.jsonl"))).unwrap();
        kept.extend((1..=file.lines().count()).map(|seq| json!([stage, seq])));
    }
    assert_eq!(lines, Value::Array(kept));
    let found = accounts.agent(&["logs", "search", "create pipeline", "--env", "prod"]).done();
    // the first run's, in dev, and two that were deployed
    assert_eq!(found.stdout.matches("create pipeline mammo-").count(), 3, "{}", found.stdout);
}

fn examined(accounts: &Accounts) {
    let told = accounts.agent(&["doctor", "--env", "prod"]).exits(1);
    told.says("permissions of the roles").says("SimulatePrincipalPolicy").says("HTTP status 500");
    told.says("could not be told").says("alerts");
}

fn changed_by_hand_and_put_back(accounts: &Accounts) {
    accounts.agent(&["drift", "--env", "prod"]).done();
    let disable = format!("client('events').disable_rule(Name='{ALERT}'); tell(None)");
    accounts.hands(&accounts.prod, &disable);
    accounts.agent(&["drift", "--env", "prod"]).exits(5).says(ALERT).says("disabled -> enabled");
    accounts.agent(&["plan", "--env", "prod", "--out", "prod.plan.json"]).done().says(ALERT);
    accounts.agent(&["drift", "--env", "prod"]).exits(5).says(ALERT);
    accounts.agent(&["apply", "prod.plan.json"]).done().says("read back: all is as planned");
    accounts.agent(&["drift", "--env", "prod"]).done();
    accounts.hands(&accounts.prod, &disable);
    let commit = accounts.world.git(&["rev-parse", "HEAD"]);
    accounts.agent(&["rollback", "--env", "prod", "--to", &commit]).done();
    accounts.agent(&["drift", "--env", "prod"]).done();
    let state = format!("tell(client('events').describe_rule(Name='{ALERT}')['State'])");
    assert_eq!(accounts.hands(&accounts.prod, &state), json!("ENABLED"));
}

fn taken_away(accounts: &Accounts) {
    let dev = held(accounts, &accounts.dev);
    accounts.agent(&["destroy", "--env", "prod", "--confirm", "prod"]).done();
    assert_eq!(held(accounts, &accounts.prod), strangers());
    assert_eq!(held(accounts, &accounts.dev), dev, "dev stays as it is");
    let buckets =
        "tell(f'strangers-{ACCOUNT}' in names(client('s3').list_buckets()['Buckets'], 'Name'))";
    assert_eq!(accounts.hands(&accounts.prod, buckets), json!(true));
    accounts
        .agent(&["destroy", "--env", "prod", "--confirm", "prod"])
        .done()
        .says("Nothing of ours");
    let Some(rules) = accounts.cli(&["events", "list-rules"]) else { return };
    assert_eq!(rules["Rules"].as_array().unwrap().len(), 1, "the stranger's: {rules}");
}

#[test]
fn what_is_promoted_is_examined_put_back_and_taken_away_and_a_stranger_notices_nothing() {
    let Some(moto) = Emulator::Moto.port() else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let proxy = runtime.block_on(Proxy::before(moto));
    let Some(accounts) = Accounts::three_at(proxy.port) else { return };
    accounts.hands(&accounts.prod, STRANGER);
    refused_without_evidence(&accounts);
    training::played(&proxy, &accounts);
    promoted(&accounts);
    deployed(&accounts);
    told_in_the_group(&accounts);
    examined(&accounts);
    changed_by_hand_and_put_back(&accounts);
    taken_away(&accounts);
}
