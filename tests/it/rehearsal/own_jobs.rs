//! Commands of Processing jobs, and several processes at one rehearsal: nobody waits for a command but who looks at it, and
//! one runs it.

use crate::{cloud::PROD, world::World};
use aws_sdk_sagemaker::{
    Client,
    types::{
        AppSpecification, ProcessingClusterConfig, ProcessingInstanceType,
        ProcessingJobStatus as Status, ProcessingResources, ProcessingStoppingCondition,
    },
};
use std::{fs, path::PathBuf};

const JOB: &str = "relevo-mammography-waits";

/// A job that marks its beginning and waits for a gate, seen by two processes: each handle has a connection of its own.
struct Two {
    world: World,
    one: Client,
    other: Client,
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl Two {
    async fn new() -> Self {
        let world = World::new();
        let agent = world.app(".agent").await;
        let (one, other) = (agent.account(PROD).await, agent.account(PROD).await);
        let logs = aws_sdk_cloudwatchlogs::Client::new(&other);
        let two = Self { world, one: Client::new(&one), other: Client::new(&other), logs };
        two.create().await;
        assert_eq!(status(&two.one).await, Status::InProgress, "its machine starts");
        two
    }

    async fn create(&self) {
        let (mark, gate) = (self.file("mark"), self.file("gate"));
        let script = format!(
            "echo begun >>{}; until test -e {}; do sleep 0.02; done",
            mark.display(),
            gate.display()
        );
        let cluster = ProcessingClusterConfig::builder()
            .instance_count(1)
            .instance_type(ProcessingInstanceType::MlM5Large)
            .volume_size_in_gb(30);
        let cluster = cluster.build();
        let stop = ProcessingStoppingCondition::builder().max_runtime_in_seconds(60).build();
        let application = AppSpecification::builder()
            .image_uri("image")
            .set_container_entrypoint(Some(["/bin/sh", "-c", &script].map(str::to_owned).to_vec()));
        self.one
            .create_processing_job()
            .processing_job_name(JOB)
            .role_arn(format!(
                "arn:aws:iam::{PROD}:role/service-role/AmazonSageMaker-ExecutionRole"
            ))
            .app_specification(application.build())
            .processing_resources(ProcessingResources::builder().cluster_config(cluster).build())
            .stopping_condition(stop)
            .send()
            .await
            .unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.world.path(".agent").join(name)
    }

    /// How often the command has begun.
    fn begun(&self) -> usize {
        fs::read_to_string(self.file("mark")).unwrap_or_default().lines().count()
    }

    async fn until_begun(&self, times: usize) {
        while self.begun() < times {
            tokio::task::yield_now().await;
        }
    }

    fn open(&self) {
        fs::write(self.file("gate"), "").unwrap();
    }
}

async fn status(sagemaker: &Client) -> Status {
    let job = sagemaker.describe_processing_job().processing_job_name(JOB).send().await.unwrap();
    job.processing_job_status().unwrap().clone()
}

#[tokio::test]
async fn others_work_on_while_a_command_runs_and_see_it_at_work() {
    let two = Two::new().await;
    let others = async {
        two.until_begun(1).await;
        two.logs.create_log_group().log_group_name("meanwhile").send().await.unwrap();
        assert_eq!(status(&two.other).await, Status::InProgress);
        two.open();
    };
    let (seen, ()) = tokio::join!(status(&two.one), others);
    assert_eq!((seen, status(&two.other).await), (Status::Completed, Status::Completed));
    assert_eq!(two.begun(), 1, "it ran once");
}

#[tokio::test]
async fn a_command_whose_job_is_stopped_elsewhere_ends() {
    let two = Two::new().await;
    let stops = async {
        two.until_begun(1).await;
        two.other.stop_processing_job().processing_job_name(JOB).send().await.unwrap();
        assert_eq!(status(&two.other).await, Status::Stopped);
    };
    let (seen, ()) = tokio::join!(status(&two.one), stops);
    assert_eq!((seen, two.begun()), (Status::Stopped, 1));
}

#[tokio::test]
async fn a_command_whose_process_died_is_begun_anew_by_the_next_look() {
    let two = Two::new().await;
    tokio::select! {
        seen = status(&two.one) => panic!("{seen:?} before the gate is open"),
        () = two.until_begun(1) => {}
    }
    two.open();
    assert_eq!((status(&two.other).await, two.begun()), (Status::Completed, 2));
}
