//! The shipped example, a rehearsal of its accounts, and an agent that deploys.

use super::wire_tap::WireTap;
use crate::rehearsal::bench::{Bench, DEV, PROD, environment};
use relevo::{
    aws::{Access, CloudError, Purpose, Session},
    clock::SystemClock,
    deploy::{self, Applied, ApplyError, Deployment, Journal, Step, Verified, VerifyError},
    ids::{RunId, Sha},
    plan::{Blueprint, Change, DataFile, Desired, FunctionSpec, Part, Plan, Templates, plan},
    spec::{DataContract, Environment, SourceFile, check_data_contract},
};
use std::{collections::BTreeMap, path::Path};

pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) tap: WireTap,
    access: Access,
}

/// The repository's own files.
pub(crate) struct Example {
    commit: Sha,
    train: String,
    inference: String,
    pub(crate) scripts: BTreeMap<String, String>,
    pub(crate) contract: DataContract,
    data: Vec<u8>,
}

/// Keeps what it hears.
#[derive(Debug, Default)]
pub(crate) struct Heard(pub(crate) Vec<&'static str>);

impl Journal for Heard {
    fn note(&mut self, _: &Change, step: Step<'_>) {
        self.0.push(match step {
            Step::DoneBefore => "before",
            Step::Done => "done",
            Step::Failed(_) => "failed",
        });
    }
}

pub(crate) fn run() -> RunId {
    "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap()
}

pub(crate) fn dev() -> Environment {
    environment("dev", DEV)
}

pub(crate) fn prod() -> Environment {
    environment("prod", PROD)
}

impl Example {
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let script = |file: &str| (file.to_owned(), text(&format!("templates/scripts/{file}")));
        let contract = SourceFile {
            name: "data/mammographic.yaml".to_owned(),
            text: text("data/mammographic.yaml"),
        };
        Self {
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            train: text("templates/pipelines/train.json.hbs"),
            inference: text("templates/pipelines/inference.json.hbs"),
            scripts: BTreeMap::from(
                ["preprocess.py", "evaluate.py", "batch_preprocess.py", "latest_approved_model.py"]
                    .map(script),
            ),
            contract: check_data_contract(&contract).unwrap(),
            data: text("data/mammographic.csv").into_bytes(),
        }
    }

    pub(crate) fn blueprint<'a>(&'a self, environment: &'a Environment) -> Blueprint<'a> {
        Blueprint {
            environment,
            commit: &self.commit,
            repository: "clinic/mammography",
            templates: Templates { train: &self.train, inference: &self.inference },
            scripts: &self.scripts,
            contract: &self.contract,
            data: DataFile { name: "mammographic.csv", content: &self.data },
            auc_at_least: 0.7,
        }
    }
}

impl Example {
    /// The function that the example deploys.
    pub(crate) fn function(&self, environment: &Environment) -> FunctionSpec {
        relevo::plan::function(&self.blueprint(environment)).unwrap()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new().await;
        let tap = WireTap::on(bench.rehearsal.http_client());
        let keys = relevo::rehearsal::Rehearsal::base_credentials();
        let client = aws_smithy_runtime_api::client::http::SharedHttpClient::new(tap.clone());
        let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key)
            .with_time(bench.clock());
        Self { bench, tap, access }
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) async fn assume(
        &self,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Session, CloudError> {
        self.access.assume(environment, &run(), purpose).await
    }

    pub(crate) async fn session(&self, environment: &Environment, purpose: Purpose) -> Session {
        self.assume(environment, purpose).await.unwrap()
    }

    /// Reads the account, as the plan stage does.
    pub(crate) async fn plan(
        &self,
        example: &Example,
        environment: &Environment,
    ) -> (Desired, Plan) {
        let session = self.session(environment, Purpose::Read).await;
        let (desired, observed) =
            deploy::survey(&session, &example.blueprint(environment)).await.unwrap();
        let plan = plan(&desired, &observed);
        (desired, plan)
    }
}

/// Why an apply stopped.
#[derive(Debug)]
pub(crate) enum Stopped {
    Unread(CloudError),
    Refused(ApplyError),
}

/// Looks and applies, as the stages do it after a crash.
pub(crate) async fn apply(
    session: &Session,
    (desired, plan): &(Desired, Plan),
    part: Part,
    journal: &mut Heard,
) -> Result<Applied, Stopped> {
    let deployment = Deployment { session, clock: &SystemClock, desired, plan };
    let observed = deploy::observe(session, desired).await.map_err(Stopped::Unread)?;
    deploy::apply(deployment, part, &observed, journal).await.map_err(Stopped::Refused)
}

/// Reads everything, and then one part back.
pub(crate) async fn verify(
    session: &Session,
    desired: &Desired,
    part: Part,
) -> Result<Verified, VerifyError> {
    let observed = deploy::observe(session, desired).await?;
    deploy::verify(session, desired, part, observed).await
}

/// Both parts, one after the other, as the stages do it.
pub(crate) async fn apply_all(
    session: &Session,
    planned: &(Desired, Plan),
) -> Result<usize, Stopped> {
    let mut done = 0;
    for part in [Part::Pipelines, Part::Schedule] {
        done += apply(session, planned, part, &mut Heard::default()).await?.done;
    }
    Ok(done)
}
