//! Accounts before their first deployment: planned, made, made again, changed by hand, somebody else's.

mod crash;

use super::promotion::promoted;
use crate::{
    aws::world::{Example, apply_all, run, verify},
    faults::proxy::{Fault, Planned, Proxy},
    servers::Emulator,
    world::{Told, World},
};
use relevo::{
    aws::{Access, Purpose},
    deploy, git,
    plan::{Part, plan},
    project::{self, Files},
    spec::Environment,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

const AGENT: &str = "arn:aws:iam::444444444444:role/agent";
/// moto has no policies of model package groups.
const GROUP_POLICY_LEFT_OUT: &str = "model package group mammo-severity-model-package: policy is not offered by this endpoint and left out";
const ENVIRONMENTS: [&str; 2] = ["environments/dev.yaml", "environments/prod.yaml"];

/// Three accounts on moto that no other test has, and the example that goes there.
struct Accounts {
    world: World,
    endpoint: String,
    /// dev, prod, registry.
    ids: [String; 3],
    bucket: String,
}

impl Accounts {
    fn on_moto(number: u32) -> Option<Self> {
        Some(Self::at(Emulator::Moto.port()?, number))
    }

    /// Behind a proxy that keeps group policies as they come, which moto does not have.
    fn behind(proxy: &Proxy, number: u32) -> Self {
        let kept: Arc<Mutex<Option<String>>> = Arc::default();
        let put = Arc::clone(&kept);
        proxy.plays("PutModelPackageGroupPolicy", move |asked, _| {
            let asked: Value = serde_json::from_str(asked).unwrap();
            *put.lock().unwrap() =
                Some(json!({ "ResourcePolicy": asked["ResourcePolicy"] }).to_string());
            Some("{}".to_owned())
        });
        proxy.plays("GetModelPackageGroupPolicy", move |_, _| {
            let none = || json!({ "ResourcePolicy": null }).to_string();
            Some(kept.lock().unwrap().clone().unwrap_or_else(none))
        });
        Self::at(proxy.port, number)
    }

    fn at(port: u16, number: u32) -> Self {
        let endpoint = format!("http://127.0.0.1:{port}");
        let ids = [1, 2, 3].map(|first| format!("7{first}{number:010}"));
        let world = World::new();
        for file in ENVIRONMENTS {
            let mut text = world.read(file).replacen("cloud: rehearsal", "cloud: aws", 1);
            for (id, example) in ids.iter().zip(["1", "2", "3"]) {
                text = text.replace(&example.repeat(12), id);
            }
            text = text.replace("-bucket\n", &format!("-foundation-{number}\n"));
            text.push_str(&format!("endpoint_url: {endpoint}\n"));
            world.write(file, &text);
        }
        world.commit("Go to AWS");
        let bucket = format!("sagemaker-prod-foundation-{number}");
        Self { world, endpoint, ids, bucket }
    }

    /// The agent with an administrator's credentials.
    fn agent(&self, arguments: &[&str]) -> Told {
        self.plain(&[arguments, &["--admin-role", "Admin", "--agent-role", AGENT]].concat())
    }

    fn plain(&self, arguments: &[&str]) -> Told {
        self.by("AKIAPERSONPERSONPERS", arguments)
    }

    /// Somebody with these keys.
    fn by(&self, key: &str, arguments: &[&str]) -> Told {
        let mut command =
            self.world.command(&[&["bootstrap", "--env", "prod"], arguments].concat());
        command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null");
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Told {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// What a person does or sees with boto3.
    fn by_hand(&self, what: &str, rest: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli/bootstrap/hand.py");
        let mut person = Command::new(Emulator::python().unwrap());
        person.arg("-B").arg(script).arg(what).arg(&self.endpoint).args(rest);
        let output = person.output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn seen(&self) -> Value {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        serde_json::from_str(&self.by_hand("look", &ids)).unwrap()
    }

    /// The keys that KMS gave, written into the environment files, as the agent says.
    fn write_keys(&self) {
        let told = self.agent(&["--json"]).done();
        for (file, id) in ENVIRONMENTS.into_iter().zip(&self.ids) {
            let steps = told.json()["steps"].as_array().unwrap().clone();
            let key = steps.iter().find(|step| step["kind"] == "key" && step["account"] == *id);
            let real = key.unwrap()["arn"].as_str().unwrap().to_owned();
            let written =
                format!("arn:aws:kms:us-east-1:{id}:key/11111111-2222-3333-4444-555555555555");
            told.says(&format!("names {written}, which is not there; write {real}"));
            self.world.edit(file, &written, &real);
        }
        self.world.commit("Write the keys");
    }

    fn environment(&self, name: &str) -> Environment {
        let repository = self.world.repository().display().to_string();
        let opened =
            git::Repository::open(&repository, Path::new(""), &Default::default()).unwrap();
        let commit = opened.branch("main").unwrap();
        let files = Files::Commit(&opened, &commit);
        let project = project::load(opened.public_address(), &commit, files, files).unwrap();
        project.environments[&name.parse().unwrap()].clone()
    }
}

#[test]
fn three_accounts_are_laid_out_once_and_put_back_when_somebody_changes_them() {
    let Some(accounts) = Accounts::on_moto(1) else { return };
    let [dev, prod, registry] = &accounts.ids;
    let told = accounts.agent(&[]).exits(5);
    told.says("+ role cross-account-deploy-role: create").says("--apply");
    for id in &accounts.ids {
        told.says(&format!("Account {id}"));
    }
    assert!(accounts.seen()[prod]["buckets"].as_object().unwrap().is_empty(), "nothing was made");
    accounts.agent(&["--apply"]).exits(2).says("nobody is there to be asked");
    accounts.agent(&["--apply", "--confirm", "dev"]).exits(2).says("nothing was changed");

    let told = accounts.agent(&["--apply", "--confirm", "prod"]).done();
    told.says("read back: all is as it was set").says(GROUP_POLICY_LEFT_OUT);
    let first = accounts.seen();
    laid_out(&first, &accounts);
    accounts.agent(&[]).done().says("Nothing to do").says(GROUP_POLICY_LEFT_OUT);
    accounts.agent(&["--apply", "--confirm", "prod"]).done().says("Nothing to do");
    assert_eq!(accounts.seen(), first, "the second time writes nothing");

    accounts.by_hand("tamper", &[prod]);
    let told = accounts.agent(&[]).exits(5);
    told.says("~ role cross-account-deploy-role: change").says("take out Quick");
    told.says("also has inline policy beside; it is left alone")
        .says("To create: 0, to change: 1.");
    let json = accounts.agent(&["--json"]).exits(5).json();
    assert!(json["steps"].to_string().contains(r#""Action":"*""#), "policies are whole");
    accounts.agent(&["--apply", "--confirm", "prod"]).done().says("changed role");
    let mended = accounts.seen();
    let role = |seen: &Value| seen[prod]["roles"]["cross-account-deploy-role"]["inline"].clone();
    let name = "relevo-mammography-severity-model-prod";
    assert_eq!(role(&mended)[name], role(&first)[name]);
    assert!(role(&mended)["beside"].is_object(), "nothing is deleted");
    assert_eq!((&mended[dev], &mended[registry]), (&first[dev], &first[registry]));

    accounts.write_keys();
    accounts.agent(&[]).done().says("Nothing to do");
    deploys(&accounts);
    accounts.by_hand("unlock", &[prod, &accounts.bucket]);
    accounts.agent(&[]).exits(5).says("policy: put it there");
}

/// What boto3 sees is what the three accounts need.
fn laid_out(seen: &Value, accounts: &Accounts) {
    let [dev, prod, registry] = &accounts.ids;
    for id in [dev, prod] {
        let key = &seen[id]["keys"][0];
        assert_eq!(seen[id]["keys"].as_array().unwrap().len(), 1);
        assert_eq!(key["rotates"], true);
        assert_eq!(key["policy"]["RelevoAlerts"]["Principal"]["Service"], "events.amazonaws.com");
        assert_eq!(seen[id]["logs"]["jenkins-log"], 90);
        let trust = &seen[id]["roles"]["cross-account-deploy-role"]["trust"];
        assert!(trust.to_string().contains(AGENT) && trust.to_string().contains("sts:ExternalId"));
    }
    assert!(seen[dev]["keys"][0]["policy"]["RelevoReaderprod"].is_object());
    assert!(seen[prod]["keys"][0]["policy"].get("RelevoReaderdev").is_none());
    assert_eq!(seen[prod]["keys"][0]["aliases"][0], "alias/relevo/mammography-severity-model-prod");
    let bucket = &seen[prod]["buckets"][&accounts.bucket];
    assert_eq!(
        (&bucket["versions"], &bucket["owner"]),
        (&"Enabled".into(), &"BucketOwnerEnforced".into())
    );
    assert_eq!(bucket["encryption"]["KMSMasterKeyID"], seen[prod]["keys"][0]["arn"]);
    assert!(bucket["public"].as_object().unwrap().values().all(|switch| *switch == true));
    assert!(bucket["policy"]["RelevoOnlyByTls"].is_object());
    let role = &seen[prod]["roles"]["cross-account-deploy-role"];
    let policy = &role["inline"]["relevo-mammography-severity-model-prod"];
    assert_eq!(policy["RelevoUseKey"]["Resource"], seen[prod]["keys"][0]["arn"], "the real key");
    assert_eq!(role["tags"]["relevo:foundation"], "made");
    let execution = &seen[prod]["roles"]["AmazonSageMaker-ExecutionRole"];
    assert!(execution["arn"].as_str().unwrap().contains(":role/service-role/"));
    assert_eq!(seen[registry]["roles"].as_object().unwrap().len(), 1, "the approver's");
    assert_eq!(seen[registry]["groups"].as_array().unwrap().len(), 1);
    let shared =
        format!("sagemaker-registry-foundation-{}", accounts.bucket.rsplit('-').next().unwrap());
    assert!(seen[registry]["buckets"][shared]["policy"]["RelevoJobsprod"].is_object());
}

/// A deployment into what was laid: bucket, key and roles are there and let it through, as far as moto looks.
fn deploys(accounts: &Accounts) {
    let prod = accounts.environment("prod");
    let client = aws_smithy_http_client::Builder::new().build_http();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let access = Access::through(client, "AKIAAGENTAGENTAGENT0", "test");
        let session = access.assume(&prod, &run(), Purpose::Deploy).await.unwrap();
        let example = Example::read();
        let blueprint = example.blueprint(&prod);
        let (desired, observed) = Box::pin(deploy::survey(&session, &blueprint)).await.unwrap();
        let planned = plan(&desired, &observed);
        let shown = (desired, planned);
        let done = Box::pin(apply_all(&session, &shown)).await.unwrap();
        assert!(done > 20, "{done} changes");
        Box::pin(verify(&session, &shown.0, Part::Schedule)).await.unwrap();
        let group = session.logs().group("jenkins-log").await.unwrap().unwrap();
        assert_eq!(group.retention_days, Some(90));
    });
}

#[test]
fn what_is_somebody_elses_is_told_and_changed_only_by_name() {
    let Some(accounts) = Accounts::on_moto(2) else { return };
    let (prod, bucket) = (accounts.ids[1].as_str(), accounts.bucket.as_str());
    accounts.by_hand("foreign", &[prod, bucket]);
    let told = accounts.agent(&["--apply", "--confirm", "prod"]).exits(5);
    told.says(&format!("! bucket {bucket}: differs")).says(&format!("--adopt {bucket}"));
    told.says("somebody else's that differ: 1");
    let policy = |seen: &Value| seen[prod]["buckets"][bucket]["policy"].clone();
    let ours = |account: &str| {
        serde_json::from_str::<Value>(&accounts.by_hand("look", &[account])).is_ok()
    };
    assert!(ours(&accounts.ids[0]), "dev is laid out all the same");
    accounts
        .agent(&["--adopt", "nothing-here"])
        .exits(2)
        .says("there is no 'nothing-here' to adopt");

    accounts
        .agent(&["--adopt", bucket, "--apply", "--confirm", "prod"])
        .done()
        .says("adopted bucket");
    let seen = accounts.seen();
    assert!(policy(&seen)["Theirs"].is_object() && policy(&seen)["RelevoOnlyByTls"].is_object());
    assert_eq!(seen[prod]["buckets"][bucket]["versions"], "Enabled");
    accounts.agent(&[]).done().says("Nothing to do");
}

#[test]
fn nobody_leads_into_an_account_by_mistake_and_one_account_can_be_done_alone() {
    let Some(accounts) = Accounts::on_moto(3) else { return };
    let (prod, registry) = (accounts.ids[1].as_str(), accounts.ids[2].as_str());
    accounts.plain(&["--agent-role", AGENT]).exits(1).says("--admin-role NAME");
    accounts.plain(&["--admin-role", "Admin"]).exits(2).says("--agent-role arn:aws:iam::ACCOUNT");
    accounts.plain(&["--agent-role", "arn:aws:iam::444444444444:root"]).exits(2).says("one role");
    let both = ["--agent-role", AGENT, "--approver", AGENT];
    accounts.plain(&both).exits(2).says("who deploys must not approve");
    accounts.agent(&["--account", "999999999999"]).exits(2).says(registry);

    let alone = ["--account", registry, "--apply", "--confirm", "prod"];
    accounts.agent(&alone).done().says(&format!("account {prod} is not looked at"));
    let seen = accounts.seen();
    assert_eq!(seen[registry]["groups"].as_array().unwrap().len(), 1);
    assert!(seen[prod]["roles"].as_object().unwrap().is_empty(), "no other account was written to");
}

/// Answers that are lost after the server acted: nothing is made twice, and doing it again finishes it.
#[test]
fn what_was_interrupted_is_gone_on_with() {
    let Some(moto) = Emulator::Moto.port() else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let proxy = runtime.block_on(Proxy::before(moto));
    let accounts = Accounts::behind(&proxy, 4);
    let lost = |operation: &str, after| Planned {
        operation: Some(operation.to_owned()),
        after,
        times: 1,
        fault: Fault::ResetAfter,
    };
    let apply = ["--apply", "--confirm", "prod"];
    proxy.plan([lost("CreateKey", 1)]);
    accounts.agent(&apply).exits(1).says("CreateKey").says("do this again for the rest");
    let calls = ["CreateAlias", "CreateRole", "PutRolePolicy", "s3 PUT", "CreateLogGroup"];
    proxy.plan(calls.map(|call| lost(call, 0)));
    accounts.agent(&apply).done();
    assert_eq!(proxy.spoilt(), calls.len());
    proxy.plan([]);
    let seen = accounts.seen();
    laid_out(&seen, &accounts);
    let [dev, _, registry] = &accounts.ids;
    let group = &seen[registry]["groups"][0]["policy"];
    assert!(group["RelevoRead"].to_string().contains(dev.as_str()), "{group}");
    assert!(!group.to_string().contains("UpdateModelPackage"));
    let told = accounts.agent(&[]).done();
    told.says("Nothing to do");
    assert!(!told.stderr.contains("left out"), "{}", told.stderr);
}

/// A server that can set and cannot tell what is set.
#[test]
fn what_cannot_be_read_is_set_each_time_and_said() {
    let Some(moto) = Emulator::Moto.port() else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let proxy = runtime.block_on(Proxy::before(moto));
    let accounts = Accounts::behind(&proxy, 5);
    let registry = accounts.ids[2].clone();
    let apply = ["--account", &registry, "--apply", "--confirm", "prod"];
    accounts.agent(&apply).done();
    proxy.plays("GetModelPackageGroupPolicy", |_, _| Some("{".to_owned()));
    let alone = ["--account", registry.as_str()];
    let told = accounts.agent(&alone).exits(5);
    told.says("? model package group").says("--apply sets it again");
    proxy.plan([]);
    accounts.agent(&apply).done().says("set again model package group");
    let put = proxy.heard().into_iter().filter(|call| call == "PutModelPackageGroupPolicy");
    assert_eq!(put.count(), 1);
}

#[test]
fn a_rehearsed_account_is_as_it_should_be_but_for_its_log_groups() {
    let world = World::new();
    let plan = ["bootstrap", "--env", "prod"];
    let told = world.agent(&plan).exits(5);
    told.says("\n  + log group jenkins-log: create\n").says("To create: 2, to change: 0.");
    told.says("= role cross-account-deploy-role").says("= bucket sagemaker-registry-bucket");
    let told = world.agent(&["bootstrap", "--env", "prod", "--apply", "--confirm", "prod"]).done();
    told.says("made log group jenkins-log");
    world.agent(&plan).done().says("Nothing to do");
    world.agent(&["run", "--branch", "main"]).done().says("is promoted to prod");
    world.agent(&plan).done().says("Nothing to do");
    // A deployment makes its log group as it should be, and that is as well.
    promoted().agent(&plan).exits(5).says("To create: 1, to change: 0.");
}

#[test]
fn what_must_be_reviewed_is_written_out_without_a_cloud() {
    let world = World::new();
    let told = world.agent(&["bootstrap", "--env", "prod", "--terraform"]).done();
    told.says("provider \"aws\"").says("aws_s3_bucket_policy").says("jsonencode(");
    assert!(!world.path(".agent/rehearsal.sqlite").exists(), "no cloud was asked");
    let json = world.agent(&["bootstrap", "--env", "prod", "--terraform", "--json"]).done().json();
    assert!(json["items"].as_array().unwrap().len() > 10);
    world
        .agent(&["bootstrap", "--env", "prod", "--out", "review"])
        .done()
        .says("files are in review");
    let trust = world.read("review/222222222222/roles/cross-account-deploy-role.trust.json");
    assert!(trust.contains("relevo-prod"), "{trust}");
    assert!(world.read("review/foundation.tf").contains("prevent_destroy"));
    world.agent(&["bootstrap", "--env", "prod", "--apply", "--terraform"]).exits(2);
}
