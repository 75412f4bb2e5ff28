//! Whatever keeps the agent out of an account: nothing is written there, and the agent names the cause and the fix.

use crate::{
    cloud::{DEV, PROD},
    faults::proxy::{Fault, Planned, Proxy},
    world::{Told, World},
};
use relevo::{
    clock::{Clock as _, SystemClock},
    rehearsal::{Landscape, Rehearsal},
    spec::{self, Environment, SessionTags, Sessions, SourceFile},
};
use std::{path::Path, sync::Arc};

/// What STS answers to whom it takes for somebody of another account.
const STRANGER: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"#;

/// The example's accounts on a port, behind a proxy, and an agent that takes them for AWS.
pub(super) struct Ground {
    world: World,
    pub(super) proxy: Proxy,
    _rehearsal: Rehearsal,
}

impl Ground {
    /// The accounts are as `arranged` makes them out of the environment files, which may say `more`.
    async fn new(more: &str, arranged: fn(Environment) -> Environment) -> Self {
        Self::laid(more, |environments| Landscape::from(&environments.map(arranged))).await
    }

    /// The accounts are as `lay` makes them out of the environment files, which may say `more`.
    pub(super) async fn laid(more: &str, lay: impl FnOnce([Environment; 2]) -> Landscape) -> Self {
        let world = World::new();
        let landscape = lay(["dev", "prod"].map(|name| environment(&world, name)));
        std::fs::create_dir_all(world.path(".agent")).unwrap();
        let file = world.path(".agent/rehearsal.sqlite");
        let now = Arc::new(|| SystemClock.now());
        let rehearsal = Rehearsal::open(&file, landscape, now).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::before(listener.local_addr().unwrap().port()).await;
        let served = rehearsal.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        for name in ["dev", "prod"] {
            let path = format!("environments/{name}.yaml");
            let there =
                format!("cloud: aws\nendpoint_url: http://127.0.0.1:{}\n{more}", proxy.port);
            world.edit(&path, "cloud: rehearsal        # 'aws' makes it real\n", &there);
        }
        world.commit("Somewhere else");
        Self { world, proxy, _rehearsal: rehearsal }
    }

    /// The example's accounts as they should be.
    pub(super) async fn well() -> Self {
        Self::new("", |environment| environment).await
    }

    /// What becomes of a promotion.
    pub(super) fn promoted(&self) -> Told {
        self.told(&["run", "--branch", "main"])
    }

    pub(super) fn told(&self, arguments: &[&str]) -> Told {
        let mut agent = self.world.command(arguments);
        let keys = Rehearsal::base_credentials();
        agent.env("AWS_ACCESS_KEY_ID", keys.access_key_id);
        agent.env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key);
        agent.env("AWS_EC2_METADATA_DISABLED", "true");
        agent.env("AWS_CONFIG_FILE", Path::new("/nowhere"));
        tokio::task::block_in_place(|| Told::of(&agent.output().unwrap()))
    }

    pub(super) fn spoil(&self, operation: &str, fault: Fault) {
        self.proxy.spoil(operation, usize::MAX, fault);
    }

    /// Nothing was asked for that writes, but for the run's own log, and there is nothing in any account.
    pub(super) fn is_untouched(&self) {
        let tells = ["CreateLogGroup", "CreateLogStream", "PutRetentionPolicy", "PutLogEvents"];
        let reads = [
            "Describe",
            "List",
            "Get",
            "Filter",
            "Simulate",
            "AssumeRole",
            "s3 HEAD",
            "s3 GET",
            "lambda GET",
        ];
        let heard = self.proxy.heard();
        let writes: Vec<&String> = heard
            .iter()
            .filter(|call| !reads.iter().chain(&tells).any(|known| call.starts_with(known)))
            .collect();
        assert!(writes.is_empty(), "{writes:?}");
        assert!(!heard.is_empty(), "nobody was asked");
        tokio::task::block_in_place(|| {
            for account in [DEV, PROD] {
                assert!(self.world.cloud().holds(account).is_empty(), "{account}");
            }
            assert!(self.world.cloud().keys("sagemaker-dev-bucket").is_empty());
        });
    }
}

fn environment(world: &World, name: &str) -> Environment {
    let file = format!("environments/{name}.yaml");
    let file = SourceFile { text: world.read(&file), name: file };
    spec::check_environment(&name.parse().unwrap(), &file).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_external_id() {
    let ground = Ground::new("", |environment| Environment {
        external_id: Some("another".to_owned()),
        ..environment
    })
    .await;
    ground.proxy.plan([]);
    let told = ground.promoted().exits(1);
    told.says("not authorized to perform: sts:AssumeRole").says("external id 'relevo-dev'");
    told.says("trust policy").says("agent doctor");
    ground.is_untouched();
    let told = ground.told(&["plan", "--env", "prod"]).exits(1);
    told.says("external id 'relevo-prod'").says("hint").says("trust policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_identity_and_tags_that_the_role_is_not_trusted_with() {
    let more = "source_identity: relevo\nsession_tags: true\n";
    let ground = Ground::new(more, |environment| environment).await;
    ground.proxy.plan([]);
    let told = ground.promoted().exits(1);
    told.says("sts:SetSourceIdentity").says("'relevo'").says("trust policy");
    ground.is_untouched();
    let trusting = Ground::new(more, |environment| {
        let sessions = Sessions {
            source_identity: Some("relevo".to_owned()),
            tags: SessionTags::Sent,
            ..Sessions::default()
        };
        Environment { sessions, ..environment }
    });
    trusting.await.told(&["plan", "--env", "prod"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_than_the_file_names() {
    let ground = Ground::well().await;
    ground.spoil("GetCallerIdentity", Fault::Replaced(STRANGER));
    let told = ground.promoted().exits(1);
    told.says("the session is in account 999999999999, the environment names 111111111111");
    told.says("account_id and deploy_role");
    ground.is_untouched();
}

#[test]
fn a_file_that_names_two_accounts_is_refused_before_anybody_is_asked() {
    let world = World::new();
    world.edit(
        "environments/dev.yaml",
        "account_id: \"111111111111\"",
        "account_id: \"999999999999\"",
    );
    world.commit("Two accounts");
    let told = world.agent(&["run", "--branch", "main"]).exits(2);
    told.says("disagreement").says("999999999999").says("correct one of the two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing() {
    let ground = Ground::well().await;
    ground.spoil("DescribePipeline", Fault::Denied);
    let told = ground.promoted().exits(1);
    told.says("not authorized to perform: sagemaker:DescribePipeline").says("AccessDenied");
    told.says("agent doctor");
    ground.is_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_agents_own_that_is_over() {
    let ground = Ground::well().await;
    ground.spoil("AssumeRole", Fault::Expired);
    let told = ground.promoted().exits(1);
    told.says("ExpiredToken").says("sign in again").says("aws sso login");
    ground.is_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_when_objects_are_looked_for() {
    let ground = Ground::well().await;
    let every = |operation: &str| Planned {
        operation: Some(operation.to_owned()),
        after: 0,
        times: usize::MAX,
        fault: Fault::Expired,
    };
    ground.proxy.plan([every("s3 HEAD"), every("s3 GET")]);
    let told = ground.promoted().exits(1);
    told.says("ListObjectsV2").says("ExpiredToken").says("sign in again");
    ground.is_untouched();
}

/// The SDK signs by AWS's clock as soon as it has heard what that shows, so without a check of ours everything would
/// work, with wrong times in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_two_hours_off() {
    // a moment passes until the time is compared, so that three hours less that moment are told as two
    for (hours, said) in
        [(3, "our clock is 2 h behind AWS's"), (-2, "our clock is 2 h ahead of AWS's")]
    {
        let ground = Ground::well().await;
        let fault = Fault::ClockAhead { hours };
        ground.proxy.plan([Planned { operation: None, after: 0, times: usize::MAX, fault }]);
        let told = ground.promoted().exits(1);
        told.says(said).says("timedatectl");
        told.says("have not reached the cloud yet").says("or by: agent resume");
        ground.is_untouched();
        let told = ground.told(&["doctor", "--env", "prod"]).exits(1);
        told.says("clock").says(said);
    }
}
