//! Times a deployment of the example to a moto server that this starts: `agent plan` and `agent apply`, which make
//! everything, beside what the reference does for its scripts and pipelines: `aws s3 cp` three times and a Python that
//! makes a pipeline twice (benches/deploy.py). Both on the same server in the same run, each round in new accounts.
//! Prints; asserts nothing but that all calls succeed.
//!
//! `cargo bench --profile dev --bench deploy` measures the binary that `cargo run` has built. `RELEVO_EMULATORS` names a
//! Python with moto (scripts/test makes one); `RELEVO_AGENT` another build of the agent, such as target/release/agent;
//! `RELEVO_REFERENCE` a Python with the AWS CLI and SageMaker's SDK 2 (without it, boto3 alone makes the same calls),
//! `RELEVO_PYTHON` if it is not given.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures time and starts programs"
)]

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const AGENT: &str = env!("CARGO_BIN_EXE_agent");
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");
/// Rounds; the median is printed.
const ROUNDS: usize = 5;
/// What this project wants to reach.
const GOAL: f64 = 20.0;
const ROLE: &str = "service-role/AmazonSageMaker-ExecutionRole";
const SCRIPTS: [&str; 3] = ["batch_preprocess.py", "evaluate.py", "preprocess.py"];

fn main() -> Result<()> {
    let python = |name| std::env::var_os(name).map(PathBuf::from);
    let Some(emulators) = python("RELEVO_EMULATORS") else {
        println!("not measured: RELEVO_EMULATORS names no Python with moto");
        return Ok(());
    };
    let reference = python("RELEVO_REFERENCE").or_else(|| python("RELEVO_PYTHON"));
    let reference = reference.context("RELEVO_REFERENCE names no Python with the AWS CLI")?;
    let scratch = tempfile::tempdir()?;
    let mut server = start(&emulators)?;
    let url = format!("http://127.0.0.1:{}", server.1);
    let (mut plans, mut applies, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let mut with = String::new();
    for round in 0..ROUNDS {
        let ours = Round::lay(scratch.path(), (&emulators, &url), 2 * round)?;
        plans.push(timed(|| ours.agent(&["plan", "--env", "prod", "--out", "plan.json"]))?);
        applies.push(timed(|| ours.agent(&["apply", "plan.json"]))?);
        let theirs = Round::lay(scratch.path(), (&emulators, &url), 2 * round + 1)?;
        others.push(timed(|| {
            with = theirs.reference(&reference)?;
            Ok(())
        })?);
    }
    drop(server.0.stdin.take());
    server.0.wait()?;
    let (plan, apply, other) = (median(plans), median(applies), median(others));
    print("agent plan --out", plan);
    print("agent apply: everything", apply);
    print(&format!("aws s3 cp three times, run-pipeline twice ({with})"), other);
    let ratio = |time: Duration| other.as_secs_f64() / time.as_secs_f64();
    println!(
        "apply is {:.1} times as fast, plan and apply {:.1} (goal {GOAL})",
        ratio(apply),
        ratio(plan + apply)
    );
    Ok(())
}

/// A moto server that ends with its standard input, and its port.
fn start(python: &Path) -> Result<(Child, u16)> {
    let mut serve = Command::new(python);
    serve.arg("-B").arg(Path::new(CHECKOUT).join("tests/it/servers/serve.py")).arg("moto");
    let mut child =
        serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let port = lines.find_map(|line| line.ok()?.strip_prefix("ready ")?.parse().ok());
    Ok((child, port.context("moto did not start")?))
}

/// Accounts that nothing was deployed to, and a checkout that names them.
struct Round {
    folder: PathBuf,
    account: String,
    bucket: String,
    url: String,
}

impl Round {
    fn lay(scratch: &Path, (python, url): (&Path, &str), number: usize) -> Result<Self> {
        let folder = scratch.join(format!("round-{number}"));
        let bucket = format!("sagemaker-prod-bucket-{number}");
        let [dev, account, registry] = [4, 5, 6].map(|first| format!("{first}{number:011}"));
        call(Command::new("git").args(["clone", "--quiet", CHECKOUT]).arg(&folder))?;
        for name in ["dev", "prod"] {
            let file = folder.join(format!("environments/{name}.yaml"));
            let text = fs::read_to_string(&file)?
                .replace("cloud: rehearsal", &format!("endpoint_url: {url}\ncloud: aws"))
                .replace("-bucket\n", &format!("-bucket-{number}\n"))
                .replace("111111111111", &dev)
                .replace("222222222222", &account)
                .replace("333333333333", &registry);
            fs::write(file, text)?;
        }
        let git =
            |arguments: &[&str]| call(Command::new("git").current_dir(&folder).args(arguments));
        // without an origin the branch that is checked out is the one that decides
        git(&["remote", "remove", "origin"])?;
        git(&["checkout", "--quiet", "-B", "main"])?;
        git(&[
            "-c",
            "user.name=B",
            "-c",
            "user.email=b@relevo.dev",
            "commit",
            "--quiet",
            "--all",
            "--message",
            "Move",
        ])?;
        let setup = format!(
            "role('AmazonSageMaker-ExecutionRole', '/service-role/'); role('lambda-sagemaker-role')\n\
             for name in ['{bucket}', 'sagemaker-registry-bucket-{number}']: client('s3').create_bucket(Bucket=name)"
        );
        let mut hands = Command::new(python);
        hands.arg(Path::new(CHECKOUT).join("tests/it/moto/hands.py")).args([url, &account]);
        let mut hands = hands.stdin(Stdio::piped()).spawn()?;
        hands.stdin.take().context("no input")?.write_all(setup.as_bytes())?;
        ensure!(hands.wait()?.success(), "the accounts could not be laid");
        Ok(Self { folder, account, bucket, url: url.to_owned() })
    }

    fn agent(&self, arguments: &[&str]) -> Result<()> {
        let agent = std::env::var_os("RELEVO_AGENT").unwrap_or_else(|| AGENT.into());
        call(credentials(Command::new(agent).args(arguments).current_dir(&self.folder)))?;
        Ok(())
    }

    /// What the reference's build server runs for scripts and pipelines; tells with what.
    fn reference(&self, python: &Path) -> Result<String> {
        for script in SCRIPTS {
            let mut copy = Command::new(python);
            copy.args(["-m", "awscli", "s3", "cp", "--quiet"])
                .arg(self.folder.join("templates/scripts").join(script))
                .arg(format!("s3://{}/scripts/{script}", self.bucket));
            call(credentials(&mut copy).env("AWS_ENDPOINT_URL", &self.url))?;
        }
        let mut with = String::new();
        for name in ["train", "inference"] {
            let mut make = Command::new(python);
            make.arg(Path::new(CHECKOUT).join("benches/deploy.py"))
                .args([
                    format!("mammo-severity-{name}"),
                    format!("arn:aws:iam::{}:role/{ROLE}", self.account),
                ])
                .arg(self.folder.join(format!("templates/pipelines/{name}.json.hbs")));
            with = call(credentials(&mut make).env("AWS_ENDPOINT_URL", &self.url))?;
        }
        Ok(with)
    }
}

fn credentials(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAAGENTAGENTAGENT0")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

/// Runs a program to its end and gives the last line it said.
fn call(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}:\n{errors}", output.status);
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.trim().lines().next_back().unwrap_or_default().to_owned())
}

fn timed(act: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let started = Instant::now();
    act()?;
    Ok(started.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn print(what: &str, time: Duration) {
    println!("{what:<76} {:>8.3} s", time.as_secs_f64());
}
