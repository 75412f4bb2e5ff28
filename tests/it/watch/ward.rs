//! A clinic with everything deployed and a model in use, and somebody who watches.

use crate::{
    aws::world::{Example, World, apply_all, prod},
    rehearsal::bench::PROD,
};
use aws_sdk_sagemaker::types::{PipelineExecutionStatus, PipelineExecutionSummary};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use relevo::{
    aws::{Approval, Decision, LifeCycle, Purpose},
    clock::SimulatedClock,
    rehearsal::Message,
    spec::{Environment, Monitor, Retrain},
    store::{LEASE_DURATION, Store},
    watch::{Answered, Finding, Journal, Pass, Point, WatchError, Watcher},
};
use std::{panic::AssertUnwindSafe, sync::Arc};

/// Looks at an execution before it is given up; each lets it take one step.
const MOST_LOOKS: usize = 100;
const GROUP: &str =
    "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-severity-model-package";

pub(super) struct Ward {
    pub(super) world: World,
    pub(super) environment: Environment,
    example: Example,
    clock: SimulatedClock,
    store: Store,
    folder: tempfile::TempDir,
    /// The rows that the model was trained on, as a batch: no drift at all.
    pub(super) clean: String,
}

/// Strikes the watcher dead at some point.
pub(super) struct Fate(usize);

/// What a dead watcher leaves.
struct Dead;

impl Fate {
    /// The watcher lives.
    pub(super) fn never() -> Self {
        Self(usize::MAX)
    }

    /// The watcher dies as soon as it has reached so many points.
    pub(super) fn after(points: usize) -> Self {
        Self(points)
    }
}

impl Journal for Fate {
    fn reached(&mut self, _: Point) {
        self.0 -= 1;
        if self.0 == 0 {
            std::panic::resume_unwind(Box::new(Dead));
        }
    }
}

pub(super) fn usual() -> Environment {
    Environment { monitor: Monitor::default(), retrain: Retrain::default(), ..prod() }
}

impl Ward {
    /// Deployed, trained, approved.
    pub(super) async fn new(environment: Environment) -> Self {
        let ward = Box::pin(Self::without_model(environment)).await;
        Box::pin(ward.approve(1)).await;
        ward
    }

    /// Deployed and trained; nobody has approved anything.
    pub(super) async fn without_model(environment: Environment) -> Self {
        let (world, example) = (World::new().await, Example::read());
        let session = world.session(&environment, Purpose::Deploy).await;
        let plan = Box::pin(world.plan(&example, &environment)).await;
        Box::pin(apply_all(&session, &plan)).await.unwrap();
        let clock = SimulatedClock::at(world.bench.now());
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("agent.sqlite"), Arc::new(clock.clone())).await;
        let store = store.unwrap();
        let clean = String::new();
        let mut ward = Self { world, environment, example, clock, store, folder, clean };
        let trained = ward.start(ward.environment.train_pipeline.as_str()).await;
        assert_eq!(ward.finish(&trained).await, PipelineExecutionStatus::Succeeded);
        let id = trained.rsplit('/').next().unwrap();
        let key = format!("{}/{id}/output/baseline/baseline.csv", ward.environment.model_name);
        ward.clean = String::from_utf8(ward.read(&key).await).unwrap();
        ward.pass(1);
        ward
    }

    pub(super) fn sagemaker(&self) -> aws_sdk_sagemaker::Client {
        aws_sdk_sagemaker::Client::new(&self.world.bench.admin(PROD))
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.world.bench.admin(PROD))
    }

    pub(super) async fn read(&self, key: &str) -> Vec<u8> {
        let bucket = self.environment.bucket.as_str();
        let object = self.s3().get_object().bucket(bucket).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    /// Puts a file into the model's data folder.
    pub(super) async fn put(&self, name: &str, text: &str) {
        let key = format!("{}/data/{name}", self.environment.model_name);
        let put = self.s3().put_object().bucket(self.environment.bucket.as_str()).key(key);
        put.body(text.as_bytes().to_vec().into()).send().await.unwrap();
    }

    /// Everybody's clock goes on by so many hours.
    pub(super) fn pass(&self, hours: i64) {
        self.world.bench.pass(SignedDuration::from_hours(hours));
        self.clock.advance(std::time::Duration::from_hours(hours.unsigned_abs()));
    }

    async fn start(&self, pipeline: &str) -> String {
        let token = format!("{:040}", self.world.bench.now().as_millisecond());
        let start = self.sagemaker().start_pipeline_execution().pipeline_name(pipeline);
        start.client_request_token(token).send().await.unwrap().pipeline_execution_arn.unwrap()
    }

    pub(super) async fn finish(&self, execution: &str) -> PipelineExecutionStatus {
        let sagemaker = self.sagemaker();
        for _ in 0..MOST_LOOKS {
            let look = sagemaker.describe_pipeline_execution().pipeline_execution_arn(execution);
            match look.send().await.unwrap().pipeline_execution_status.unwrap() {
                PipelineExecutionStatus::Executing | PipelineExecutionStatus::Stopping => {}
                status => return status,
            }
        }
        panic!("{execution} does not end");
    }

    /// Begins a night and does not wait for its end.
    pub(super) async fn begin(&self) -> String {
        self.pass(24);
        self.start(self.environment.inference_pipeline.as_str()).await
    }

    /// A night whose batch was never delivered.
    pub(super) async fn lose_the_batch(&self) {
        self.pass(24);
        let execution = self.start(self.environment.inference_pipeline.as_str()).await;
        assert_eq!(self.finish(&execution).await, PipelineExecutionStatus::Failed);
    }

    /// The execution that the first version comes from.
    pub(super) async fn first_training(&self) -> String {
        let train = self.environment.train_pipeline.as_str();
        let list = self.sagemaker().list_pipeline_executions().pipeline_name(train);
        let found = list.send().await.unwrap().pipeline_execution_summaries.unwrap();
        found.last().unwrap().pipeline_execution_arn.clone().unwrap()
    }

    /// Rows that a training split into its three parts.
    pub(super) async fn rows_of(&self, training: &str) -> usize {
        let id = training.rsplit('/').next().unwrap();
        let mut rows = 0;
        for part in ["train", "validation", "test"] {
            let model = &self.environment.model_name;
            let text = self.read(&format!("{model}/{id}/output/{part}/{part}.csv")).await;
            rows += String::from_utf8(text).unwrap().lines().count();
        }
        rows
    }

    /// Stops an execution and sees its end.
    pub(super) async fn stop(&self, execution: &str) {
        let stop = self.sagemaker().stop_pipeline_execution().pipeline_execution_arn(execution);
        stop.client_request_token("0".repeat(32)).send().await.unwrap();
        assert_eq!(self.finish(execution).await, PipelineExecutionStatus::Stopped);
    }

    /// A night with this batch, hours after the last thing that happened; gives the execution.
    pub(super) async fn night(&self, hours: i64, batch: &str) -> String {
        self.pass(hours);
        let name = format!("batch-dataset/{}.csv", self.environment.batch_dataset);
        self.put(&name, batch).await;
        let execution = self.start(self.environment.inference_pipeline.as_str()).await;
        self.finish(&execution).await;
        execution
    }

    /// The clean batch with everybody thirty years older.
    pub(super) fn drifted(&self) -> String {
        let older = |line: &str| {
            let (age, rest) = line.split_once(',').unwrap();
            let age = age
                .parse::<u32>()
                .map_or_else(|_| String::new(), |age| (age + 30).min(110).to_string());
            format!("{age},{rest}\n")
        };
        self.clean.lines().map(older).collect()
    }

    pub(super) async fn approve(&self, version: i32) {
        self.decide(version, Approval::Approved).await;
    }

    pub(super) async fn reject(&self, version: i32) {
        self.decide(version, Approval::Rejected).await;
    }

    async fn decide(&self, version: i32, approval: Approval) {
        let session = self.world.session(&self.environment, Purpose::Approve).await;
        let sagemaker = session.sagemaker();
        let found = sagemaker.packages(GROUP, None).await.unwrap();
        let package = found.iter().find(|package| package.version == version).unwrap();
        let stage = |approval| match approval {
            Approval::Approved => Some(LifeCycle {
                stage: self.environment.name.to_string(),
                status: "Approved".to_owned(),
                description: None,
            }),
            Approval::Rejected | Approval::Pending => None,
        };
        let decision = Decision {
            approval: Some(approval),
            reason: Some("reviewed".to_owned()),
            life_cycle: stage(approval),
            ..Decision::default()
        };
        sagemaker.decide(&package.arn, &decision).await.unwrap();
    }

    /// What is registered, newest first, with what the pipeline noted.
    pub(super) async fn newest_version(&self) -> relevo::aws::ModelPackage {
        let session = self.world.session(&self.environment, Purpose::Read).await;
        let sagemaker = session.sagemaker();
        let newest = sagemaker.packages(GROUP, None).await.unwrap().remove(0);
        sagemaker.package(&newest.arn).await.unwrap().unwrap()
    }

    /// One look.
    pub(super) async fn look(&self) -> Pass {
        self.try_look().await.unwrap()
    }

    async fn try_look(&self) -> Result<Pass, WatchError> {
        let session = self.world.session(&self.environment, Purpose::Watch).await;
        self.watcher(&session, &self.store).pass(&mut Fate::never()).await
    }

    /// One look while somebody else watches.
    pub(super) async fn look_beside_another(&self) -> Result<Pass, WatchError> {
        let lease = self.store.acquire_watch(&self.environment.name).await.unwrap();
        let pass = self.try_look().await;
        self.store.release_watch(&lease).await.unwrap();
        pass
    }

    /// One look of a watcher that does nothing.
    pub(super) async fn preview(&self) -> Pass {
        let session = self.world.session(&self.environment, Purpose::Read).await;
        self.watcher(&session, &self.store).preview().await.unwrap()
    }

    /// One look of a watcher that has lost its memory.
    pub(super) async fn look_of_another(&self) -> Pass {
        let file = self.folder.path().join("another.sqlite");
        let store = Store::open(&file, Arc::new(self.clock.clone())).await.unwrap();
        let session = self.world.session(&self.environment, Purpose::Watch).await;
        self.watcher(&session, &store).pass(&mut Fate::never()).await.unwrap()
    }

    /// One look of a watcher that `fate` strikes; whether it died, and long enough so that everybody knows.
    pub(super) async fn dies(&self, mut fate: Fate) -> bool {
        let session = self.world.session(&self.environment, Purpose::Watch).await;
        let watcher = self.watcher(&session, &self.store);
        let fallen = AssertUnwindSafe(watcher.pass(&mut fate)).catch_unwind().await;
        self.clock.advance(LEASE_DURATION);
        fallen.map(Result::unwrap).is_err()
    }

    /// One look whose wire is cut after so many writes: the last one is done, its answer never arrives.
    pub(super) async fn is_cut_off(&self, writes: usize) -> bool {
        let session = self.world.session(&self.environment, Purpose::Watch).await;
        self.world.tap.cut_after(writes);
        let pass = self.watcher(&session, &self.store).pass(&mut Fate::never()).await;
        self.world.tap.mend();
        pass.map_or(true, |pass| !pass.troubles.is_empty())
    }

    fn watcher<'w>(&'w self, session: &'w relevo::aws::Session, store: &'w Store) -> Watcher<'w> {
        Watcher {
            store,
            clock: &self.clock,
            session,
            environment: &self.environment,
            contract: Some(&self.example.contract),
        }
    }

    /// Executions of the train pipeline that drift started, oldest first.
    pub(super) async fn trainings(&self) -> Vec<PipelineExecutionSummary> {
        let train = self.environment.train_pipeline.as_str();
        let list = self.sagemaker().list_pipeline_executions().pipeline_name(train);
        let mut found =
            list.max_results(100).send().await.unwrap().pipeline_execution_summaries.unwrap();
        found.retain(|one| one.pipeline_execution_display_name().unwrap().starts_with("drift-"));
        found.reverse();
        found
    }

    /// Messages of the watcher, oldest first; those of rules have another subject.
    pub(super) async fn mails(&self) -> Vec<Message> {
        let mut all = self.world.bench.rehearsal.inbox().await.unwrap();
        all.retain(|message| message.subject.starts_with("prod: "));
        all
    }
}

/// What a pass made of the only execution that it found.
pub(super) fn only(pass: &Pass) -> &Answered {
    assert_eq!(pass.troubles, []);
    let [answer] = &pass.answered[..] else { panic!("{pass:#?}") };
    answer
}

/// The findings of a pass, in order.
pub(super) fn findings(pass: &Pass) -> Vec<Finding> {
    pass.answered.iter().map(|answer| answer.case.finding).collect()
}
