//! A pipeline, a topic with a reader, and the means to make events, in dev.

use super::bench::{Bench, DEV};
use aws_sdk_eventbridge::types::{
    PutEventsRequestEntry, SageMakerPipelineParameter, SageMakerPipelineParameters, Target,
    builders::TargetBuilder,
};
use jiff::{SignedDuration, Timestamp};
use relevo::rehearsal::{Activity, Fate, Message, Rehearsal, Repeats, RuleMetrics};
use serde_json::{Value, json};

pub(super) const PIPELINE: &str =
    "arn:aws:sagemaker:us-east-1:111111111111:pipeline/mammo-severity-train-pipeline";
pub(super) const NAME: &str = "mammo-severity-train-pipeline";
pub(super) const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:alerts";
pub(super) const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:failures";
pub(super) const ROLE: &str = "arn:aws:iam::111111111111:role/events-role";
pub(super) const KEY: &str =
    "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555";
pub(super) const READER: &str = "mlops@clinic.example.net";

/// What a drift rule asks for.
pub(super) fn drift_pattern() -> Value {
    json!({
        "source": ["test.sagemaker"],
        "detail-type": ["Step Status Change"],
        "detail": {
            "pipelineArn": [PIPELINE],
            "stepType": ["QualityCheck"],
            "currentStepStatus": ["Failed"],
        },
    })
}

/// The detail of an event that it matches.
pub(super) fn drift() -> Value {
    json!({
        "pipelineArn": PIPELINE, "stepType": "QualityCheck", "currentStepStatus": "Failed",
        "window": "2026-11", "features": ["Age", "Shape"],
    })
}

pub(super) fn start_training() -> TargetBuilder {
    Target::builder().id("train").arn(PIPELINE).role_arn(ROLE)
}

pub(super) fn with_parameter(target: TargetBuilder, name: &str, value: &str) -> TargetBuilder {
    let parameter = SageMakerPipelineParameter::builder().name(name).value(value).build().unwrap();
    let parameters = SageMakerPipelineParameters::builder().pipeline_parameter_list(parameter);
    target.sage_maker_pipeline_parameters(parameters.build())
}

pub(super) fn alert() -> TargetBuilder {
    Target::builder().id("alert").arn(TOPIC)
}

pub(super) struct Plant {
    pub(super) bench: Bench,
}

impl Plant {
    /// With events that come once.
    pub(super) async fn new() -> Self {
        let mut bench = Bench::new().await;
        bench.rehearsal = bench.rehearsal.clone().with_repeats(Repeats::Always(1));
        let plant = Self { bench };
        plant.make_pipeline(NAME).await;
        plant.make_topic().await;
        plant
    }

    pub(super) async fn make_pipeline(&self, name: &str) {
        let definition = json!({
            "Version": "2020-12-01",
            "Parameters": [{ "Name": "DataWindow", "Type": "String", "DefaultValue": "all" }],
            "Steps": [{ "Name": "Stop", "Type": "Fail", "Arguments": { "ErrorMessage": "no data" } }],
        });
        let create = self.sagemaker().create_pipeline().pipeline_name(name);
        create
            .role_arn(format!("arn:aws:iam::{DEV}:role/service-role/AmazonSageMaker-ExecutionRole"))
            .client_request_token("0123456789abcdef0123456789abcdef")
            .pipeline_definition(definition.to_string())
            .send()
            .await
            .unwrap();
    }

    async fn make_topic(&self) {
        self.sns().create_topic().name("alerts").send().await.unwrap();
        let policy = json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": TOPIC,
        }] });
        self.set_topic("Policy", &policy.to_string()).await;
        self.set_topic("KmsMasterKeyId", KEY).await;
        self.subscribe(READER).await;
        self.bench.rehearsal.confirm(READER).await.unwrap();
    }

    pub(super) async fn set_topic(&self, attribute: &str, value: &str) {
        let set = self.sns().set_topic_attributes().topic_arn(TOPIC);
        set.attribute_name(attribute).attribute_value(value).send().await.unwrap();
    }

    pub(super) async fn subscribe(&self, address: &str) {
        let subscribe = self.sns().subscribe().topic_arn(TOPIC).protocol("email");
        subscribe.endpoint(address).send().await.unwrap();
    }

    pub(super) fn sagemaker(&self) -> aws_sdk_sagemaker::Client {
        aws_sdk_sagemaker::Client::new(&self.bench.admin(DEV))
    }

    pub(super) fn events(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.bench.admin(DEV))
    }

    pub(super) fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.bench.admin(DEV))
    }

    /// A rule for drift with these targets.
    pub(super) async fn on_drift(&self, targets: Vec<TargetBuilder>) {
        self.on("drift", &drift_pattern(), targets).await;
    }

    /// A rule for what `pattern` matches.
    pub(super) async fn on(&self, name: &str, pattern: &Value, targets: Vec<TargetBuilder>) {
        let rule = self.events().put_rule().name(name).event_pattern(pattern.to_string());
        rule.send().await.unwrap();
        self.aim(name, targets).await;
    }

    /// A rule with a schedule and these targets.
    pub(super) async fn on_schedule(&self, schedule: &str, targets: Vec<TargetBuilder>) {
        let rule = self.events().put_rule().name("nightly").schedule_expression(schedule);
        rule.send().await.unwrap();
        self.aim("nightly", targets).await;
    }

    async fn aim(&self, rule: &str, targets: Vec<TargetBuilder>) {
        let targets = targets.into_iter().map(|target| target.build().unwrap()).collect();
        let put = self.events().put_targets().rule(rule).set_targets(Some(targets));
        assert_eq!(put.send().await.unwrap().failed_entry_count(), 0);
    }

    /// Puts an event on the bus, and waits until nothing is left to do now.
    pub(super) async fn tell(&self, detail: &Value) {
        self.tell_as("Step Status Change", detail).await;
        self.settle().await;
    }

    pub(super) async fn tell_as(&self, detail_type: &str, detail: &Value) {
        let entry = PutEventsRequestEntry::builder().source("test.sagemaker");
        let entry = entry.detail_type(detail_type).detail(detail.to_string()).build();
        let put = self.events().put_events().entries(entry).send().await.unwrap();
        assert_eq!(put.failed_entry_count(), 0);
    }

    pub(super) async fn settle(&self) {
        assert_eq!(self.bench.rehearsal.settle().await.unwrap(), Activity::Idle);
    }

    /// Goes on to a time and looks.
    pub(super) async fn look_at(&self, time: &str) {
        let time: Timestamp = time.parse().unwrap();
        self.bench.pass(time.duration_since(self.bench.now()));
        self.settle().await;
    }

    /// Looks after so many seconds.
    pub(super) async fn look_in(&self, seconds: i64) {
        self.bench.pass(SignedDuration::from_secs(seconds));
        self.settle().await;
    }

    /// The executions' values of the parameter `DataWindow`, newest first.
    pub(super) async fn trainings(&self) -> Vec<String> {
        let sagemaker = self.sagemaker();
        let list = sagemaker.list_pipeline_executions().pipeline_name(NAME).max_results(100);
        let mut windows = Vec::new();
        for execution in list.send().await.unwrap().pipeline_execution_summaries() {
            let arn = execution.pipeline_execution_arn().unwrap();
            let list = sagemaker.list_pipeline_parameters_for_execution();
            let given = list.pipeline_execution_arn(arn).send().await.unwrap();
            let window =
                given.pipeline_parameters().iter().find(|one| one.name() == Some("DataWindow"));
            windows.push(window.and_then(|one| one.value()).unwrap_or("none").to_owned());
        }
        windows
    }

    /// What was sent since the topic was set up.
    pub(super) async fn mail(&self) -> Vec<Message> {
        let mut messages = self.bench.rehearsal.inbox().await.unwrap();
        messages.retain(|message| !matches!(message.fate, Fate::ConfirmationAsked { .. }));
        messages
    }

    /// The metrics of the only rule that met an event.
    pub(super) async fn metrics(&self) -> RuleMetrics {
        self.bench.rehearsal.rule_metrics().await.unwrap().remove(0)
    }

    /// The same rehearsal with its targets in trouble.
    pub(super) fn in_trouble(&self, fault: relevo::rehearsal::Fault) -> Rehearsal {
        self.bench.rehearsal.clone().with_fault(fault)
    }
}
