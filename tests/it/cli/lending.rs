//! Credentials that commands are lent: boto3 and the AWS CLI find them, nobody else does, and only in time.

use super::{
    stages::{messages, with_stages},
    stopping::Watched,
};
use crate::{
    cloud::PROD,
    python::equipped_python,
    world::{Told, World},
};
use std::path::Path;

/// Prints what a process can learn without asking, then what it gets for asking.
const LOOK: &str = r#"
import json, os, urllib.error, urllib.request

def asked(url, token, method="GET"):
    request = urllib.request.Request(url, method=method, headers={"Authorization": token} if token else {})
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return "gone"

url, file = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
token = open(file).read()
assert url.startswith("http://127.0.0.1:"), url
assert not os.path.abspath(file).startswith(os.getcwd() + "/"), file
assert os.stat(file).st_mode & 0o777 == 0o600 and os.stat(os.path.dirname(file)).st_mode & 0o777 == 0o700
assert not any(token in value or "rehearsal-session" in value for value in os.environ.values())
assert not any(name.startswith("AWS_") and ("KEY" in name or "SESSION" in name) for name in os.environ)
print("asked", asked(url, token), asked(url, "guessed"), asked(url, None), asked(url, token, "POST"), asked(url + "/x", token))
print("the token is", token)
json.dump([url, token], open("lent.json", "w"))
"#;

/// Reads and writes as boto3 does by its own default chain.
const USE: &str = r#"
import boto3, botocore.exceptions

def may(act, **how):
    try:
        act(**how)
        return "may"
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]

me = boto3.client("sts").get_caller_identity()
s3 = boto3.client("s3")
print("account", me["Account"], me["Arn"])
print("reads", may(s3.list_objects_v2, Bucket="sagemaker-prod-bucket"))
print("writes", may(s3.put_object, Bucket="sagemaker-prod-bucket", Key="mammography-severity-model/x", Body=b"x"))
print("secret", boto3.Session().get_credentials().get_frozen_credentials().secret_key)
"#;

/// What is left of the endpoint of the stage before.
const AFTER: &str = r#"
import json, os, urllib.error, urllib.request
assert not any(name.startswith("AWS_CONTAINER") for name in os.environ)
url, token = json.load(open("lent.json"))
try:
    request = urllib.request.Request(url, headers={"Authorization": token})
    print("after", urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error:
    print("after", error.code)
except urllib.error.URLError:
    print("after: nobody listens")
"#;

fn world(stages: &str, python: &Path) -> World {
    let world = with_stages(&stages.replace("PYTHON", &python.display().to_string()));
    for (name, text) in [("look.py", LOOK), ("use.py", USE), ("after.py", AFTER)] {
        world.write(name, text);
    }
    world.commit("Scripts");
    world
}

fn run(world: &World) -> Told {
    let mut agent = world.command(&["run", "--branch", "main"]);
    // What the agent itself has must not reach its commands.
    agent.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/agent");
    agent.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254");
    agent.env("AWS_SESSION_TOKEN", "the-agents-own");
    let output = agent.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Told { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[test]
fn boto3_and_the_aws_cli_find_what_a_stage_is_lent_and_may_do_no_more() {
    let Some(python) = equipped_python() else { return };
    let world = world(
        "  reads: { run: [PYTHON, use.py], credentials: read }
  writes: { run: [PYTHON, use.py], credentials: deploy, needs: [reads] }
  cli: { run: [PYTHON, -m, awscli, sts, get-caller-identity], credentials: read, needs: [writes] }
  elsewhere: { run: [PYTHON, use.py], credentials: read, in: dev, needs: [cli] }
",
        &python,
    );
    run(&world).done();
    let role =
        format!("account {PROD} arn:aws:sts::{PROD}:assumed-role/cross-account-deploy-role/agent-");
    let said = messages(&world, "reads").join("\n");
    assert!(said.contains(&role) && said.contains("\nreads may\nwrites AccessDenied"), "{said}");
    assert!(said.ends_with("secret ***"), "{said}");
    let said = messages(&world, "writes").join("\n");
    assert!(said.contains(&role) && said.contains("\nreads may\nwrites may"), "{said}");
    let said = messages(&world, "cli").join("\n");
    assert!(said.contains(&format!("\"Account\": \"{PROD}\"")), "{said}");
    let said = messages(&world, "elsewhere").join("\n");
    assert!(said.contains("account 111111111111") && said.contains("reads AccessDenied"), "{said}");
}

#[test]
fn the_endpoint_answers_its_token_alone_and_ends_with_its_stage() {
    let Some(python) = equipped_python() else { return };
    let world = world(
        "  look: { run: \"PYTHON look.py; exit 3\", credentials: read }
  after: { run: [PYTHON, after.py], needs: [look], on: always }
",
        &python,
    );
    run(&world).exits(1);
    let said = messages(&world, "look").join("\n");
    assert!(said.contains("asked 200 403 403 404 404\nthe token is ***"), "{said}");
    assert_eq!(messages(&world, "after"), ["after: nobody listens"]);
    let left = std::fs::read_dir(world.path(".agent/work")).unwrap().count();
    assert_eq!(left, 0, "folders are left behind");
}

#[test]
fn a_cancelled_stage_takes_its_endpoint_with_it() {
    let Some(python) = equipped_python() else { return };
    let world = world(
        "  look: { run: \"PYTHON look.py; echo ready; exec tail -f /dev/null\", credentials: read }
  after: { run: [PYTHON, after.py], needs: [look], on: always }
",
        &python,
    );
    let mut run = Watched::start(&world);
    run.hears("look | ready");
    run.interrupt();
    run.ends().exits(4);
    assert_eq!(messages(&world, "after"), ["after: nobody listens"]);
}

#[test]
fn a_stage_that_asks_for_none_has_none_and_its_home_is_its_own() {
    let world = with_stages(
        "  look: { run: \"env | sort; ls -A $HOME | wc -l; touch $HOME/kept $TMPDIR/kept\" }
  again: { run: \"ls $HOME\", needs: [look], env: { AWS_EC2_METADATA_DISABLED: \"false\" } }
",
    );
    run(&world).done();
    let said = messages(&world, "look");
    let aws: Vec<&String> = said.iter().filter(|line| line.starts_with("AWS_")).collect();
    assert_eq!(aws, ["AWS_EC2_METADATA_DISABLED=true"]);
    let home = said.iter().find_map(|line| line.strip_prefix("HOME=")).unwrap();
    assert!(home.contains("/.agent/work/") && home.ends_with(".private/home"), "{home}");
    assert_eq!(said.last().unwrap().trim(), "0", "an empty home");
    assert_eq!(messages(&world, "again"), ["kept"], "the stages of a run share it");
    assert!(!Path::new(home).exists(), "left behind: {home}");
}
