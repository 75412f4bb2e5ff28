//! A repository whose environments are accounts on moto, and the hands of people in them.

use crate::{
    python::equipped_python,
    servers::Emulator,
    world::{Told, World},
};
use serde_json::Value;
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Counts the landscapes of this process: the server is shared, and buckets have one space of names.
static LANDSCAPES: AtomicU32 = AtomicU32::new(1);

/// The example, with `cloud: aws` and accounts that no other test has.
pub(super) struct Accounts {
    pub(super) world: World,
    pub(super) dev: String,
    pub(super) prod: String,
    pub(super) registry: String,
    pub(super) prod_bucket: String,
    pub(super) registry_bucket: String,
    url: String,
}

impl Accounts {
    /// Three accounts with what a foundation gives them, where there is a server.
    pub(super) fn three() -> Option<Self> {
        Self::three_at(Emulator::Moto.port()?)
    }

    /// The same, spoken to on `port`.
    pub(super) fn three_at(port: u16) -> Option<Self> {
        let number = LANDSCAPES.fetch_add(1, Ordering::Relaxed);
        Self::laid(number, format!("93{number:010}"), port)
    }

    /// Two accounts: the registry is in prod's.
    pub(super) fn two() -> Option<Self> {
        let number = LANDSCAPES.fetch_add(1, Ordering::Relaxed);
        Self::laid(number, format!("92{number:010}"), Emulator::Moto.port()?)
    }

    fn laid(number: u32, registry: String, port: u16) -> Option<Self> {
        let url = format!("http://127.0.0.1:{}", Emulator::Moto.port()?);
        let spoken_to = format!("http://127.0.0.1:{port}");
        let [dev, prod] = [91, 92].map(|first| format!("{first}{number:010}"));
        let bucket = |of: &str| format!("sagemaker-{of}-bucket-of-moto-{number}");
        let accounts = Self {
            world: World::new(),
            prod_bucket: bucket("prod"),
            registry_bucket: bucket("registry"),
            dev,
            prod,
            registry,
            url,
        };
        accounts.name_them(number, &spoken_to);
        accounts.lay();
        Some(accounts)
    }

    /// Writes the accounts into the environments' files.
    fn name_them(&self, number: u32, url: &str) {
        for name in ["environments/dev.yaml", "environments/prod.yaml"] {
            let mut text = self.world.read(name);
            for (from, to) in [
                ("111111111111", &self.dev),
                ("222222222222", &self.prod),
                ("333333333333", &self.registry),
                ("-bucket\n", &format!("-bucket-of-moto-{number}\n")),
                ("cloud: rehearsal", &format!("endpoint_url: {url}\ncloud: aws")),
            ] {
                text = text.replace(from, to);
            }
            self.world.write(name, &text);
        }
        self.world.commit("Deploy to accounts");
    }

    fn lay(&self) {
        for (account, name) in [(&self.dev, "dev"), (&self.prod, "prod")] {
            let bucket = self.prod_bucket.replace("-prod-", &format!("-{name}-"));
            self.hands(
                account,
                &format!(
                    "role('AmazonSageMaker-ExecutionRole', '/service-role/'); role('lambda-sagemaker-role')\n\
                     client('s3').create_bucket(Bucket='{bucket}')\ntell(None)"
                ),
            );
        }
        self.hands(
            &self.registry,
            &format!(
                "client('s3').create_bucket(Bucket='{}')\n\
                 client('sagemaker').create_model_package_group(ModelPackageGroupName='mammo-severity-model-package')\n\
                 tell(None)",
                self.registry_bucket
            ),
        );
    }

    /// What somebody does in `account` with boto3, and what they tell.
    pub(super) fn hands(&self, account: &str, what: &str) -> Value {
        self.hands_in(account).act(what)
    }

    /// Somebody's hands in `account`, who speaks to the server itself.
    pub(super) fn hands_in(&self, account: &str) -> Hands {
        Hands { url: self.url.clone(), account: account.to_owned() }
    }

    /// The buckets of dev and of the registry.
    pub(super) fn buckets(&self) -> [String; 2] {
        [self.prod_bucket.replace("-prod-", "-dev-"), self.registry_bucket.clone()]
    }

    /// What the AWS CLI says in prod, where it is installed.
    pub(super) fn cli(&self, arguments: &[&str]) -> Option<Value> {
        let python = equipped_python()?;
        let keys = self.hands(&self.prod, "tell(KEYS)");
        let mut aws = Command::new(python);
        aws.args(["-m", "awscli", "--output", "json", "--endpoint-url", &self.url])
            .args(arguments)
            .env_clear()
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("HOME", self.world.repository());
        for name in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] {
            aws.env(name.to_uppercase(), keys[name].as_str().unwrap());
        }
        Some(answer(&aws.output().unwrap()))
    }

    /// The agent, with keys that moto takes for somebody's.
    pub(super) fn agent(&self, arguments: &[&str]) -> Told {
        let mut agent = self.world.command(arguments);
        agent
            .env("AWS_ACCESS_KEY_ID", "AKIAAGENTAGENTAGENT0")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE");
        Told::of(&agent.output().unwrap())
    }
}

/// Somebody's hands in an account.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    url: String,
    account: String,
}

impl Hands {
    /// What they do with boto3, and what they tell.
    pub(super) fn act(&self, what: &str) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/moto/hands.py");
        let mut python = Command::new(Emulator::python().unwrap());
        python.arg("-B").arg(script).args([&self.url, &self.account]);
        let mut child = python
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(what.as_bytes()).unwrap();
        answer(&child.wait_with_output().unwrap())
    }
}

fn answer(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}
