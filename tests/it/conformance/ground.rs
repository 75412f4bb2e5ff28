//! Three accounts on a server: dev, prod and the registry, with what is there before any deployment.

use crate::{
    aws::world::run,
    faults::proxy::Proxy,
    rehearsal::bench::{environment, lenient},
    servers::Emulator,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use aws_types::{SdkConfig, region::Region};
use relevo::{
    aws::{Access, CloudError, Purpose, Session},
    clock::{Clock as _, SystemClock},
    rehearsal::{Rehearsal, TOOLS_ACCOUNT},
    spec::Environment,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Rehearsal,
    Moto,
    Ministack,
}

/// Accounts of its own on a server, so that tests can share it.
pub(super) struct Ground {
    pub(super) dev: Environment,
    pub(super) prod: Environment,
    /// The address of an image that prod may pull.
    pub(super) image: String,
    pub(super) access: Access,
    _folder: TempDir,
}

/// Counts the grounds of this process: buckets have one space of names for all accounts.
static GROUNDS: AtomicU32 = AtomicU32::new(1);

impl Ground {
    /// Fresh accounts on `server`, if it can be had.
    pub(super) async fn on(server: Server) -> Option<Self> {
        let number = GROUNDS.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let mut environments =
            [("dev", 1), ("prod", 2)].map(|(name, first)| numbered(name, first, number));
        let (port, key) = match server {
            Server::Rehearsal => {
                let port = serve(&folder, &environments).await;
                (port, Rehearsal::base_credentials().access_key_id)
            }
            Server::Moto => (Emulator::Moto.port()?, "AKIAAGENTAGENTAGENT0".to_owned()),
            Server::Ministack => (Emulator::Ministack.port()?, TOOLS_ACCOUNT.to_owned()),
        };
        let endpoint = format!("http://127.0.0.1:{port}");
        for environment in &mut environments {
            environment.endpoint_url = Some(endpoint.parse().unwrap());
        }
        if server != Server::Rehearsal {
            let tenants = environments.each_ref().map(|environment| environment.account.as_str());
            for environment in &environments {
                furnish::furnish(environment, tenants, (server, &endpoint)).await;
            }
        }
        let access =
            Access::through(client(), &key, SECRET).with_waits(Duration::ZERO, Duration::ZERO);
        let [dev, prod] = environments;
        // nobody pushes to the rehearsal, which has AWS's own
        let registry = match server {
            Server::Rehearsal => "683313688378",
            Server::Moto | Server::Ministack => prod.account.as_str(),
        };
        let image = format!("{registry}.dkr.ecr.us-east-1.amazonaws.com/{}", furnish::IMAGE);
        Some(Self { dev, prod, image, access, _folder: folder })
    }

    pub(super) async fn assume(
        &self,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Session, CloudError> {
        self.access.assume(environment, &run(), purpose).await
    }

    /// Somebody deletes prod's image from its own registry.
    pub(super) async fn delete_image(&self, server: Server) {
        let endpoint = self.prod.endpoint_url.as_ref().unwrap().as_str();
        furnish::delete_image(&self.prod, (server, endpoint.trim_end_matches('/'))).await;
    }

    /// The same accounts, with prod behind a proxy.
    pub(super) async fn behind_proxy(mut self) -> (Self, Proxy) {
        let port = self.prod.endpoint_url.as_ref().and_then(url::Url::port).unwrap();
        let proxy = Proxy::before(port).await;
        let proxied = format!("http://127.0.0.1:{}", proxy.port);
        self.prod.endpoint_url = Some(proxied.parse().unwrap());
        (self, proxy)
    }

    /// A session that deploys in prod.
    pub(super) async fn deployer(&self) -> Result<Session, CloudError> {
        self.assume(&self.prod, Purpose::Deploy).await
    }

    /// A session that removes in prod.
    pub(super) async fn remover(&self) -> Result<Session, CloudError> {
        self.assume(&self.prod, Purpose::Destroy).await
    }
}

/// Every server takes it for the agent's own keys.
const SECRET: &str = "test";

/// An environment of the example, in accounts and buckets that no other ground has.
fn numbered(name: &str, first: u8, number: u32) -> Environment {
    let account = format!("{first}{number:011}");
    let text = serde_json::to_string(&environment(name, &account)).unwrap();
    let text = text.replace("333333333333", &format!("3{number:011}"));
    let text = text.replace("-bucket\"", &format!("-bucket-{number}\""));
    serde_json::from_str(&text).unwrap()
}

/// Without TLS, and without a pool that outlives the test's runtime.
fn client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// A rehearsal of the environments on a port of its own, until the test's runtime ends.
async fn serve(folder: &TempDir, environments: &[Environment]) -> u16 {
    let now = Arc::new(|| SystemClock.now());
    let file = folder.path().join("rehearsal.sqlite");
    let rehearsal = Rehearsal::open(&file, lenient(environments), now).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { rehearsal.serve(listener, std::future::pending()).await });
    port
}

/// What people set up before the first deployment, where no landscape stands for it.
mod furnish {
    use super::{
        BehaviorVersion, Credentials, Environment, Region, SECRET, SdkConfig, Server,
        SharedCredentialsProvider, TOOLS_ACCOUNT, client,
    };
    use aws_sdk_s3::operation::create_bucket::CreateBucketError;
    use relevo::ids::Arn;
    use serde_json::{Value, json};

    /// Repository and tag of the image that prod may pull.
    pub(super) const IMAGE: &str = "sagemaker-xgboost:3.0-5";

    /// `tenants` are the accounts that share the registry's bucket.
    pub(super) async fn furnish(
        environment: &Environment,
        tenants: [&str; 2],
        (server, endpoint): (Server, &str),
    ) {
        let own = admin(environment.account.as_str(), server, endpoint).await;
        let registry = environment.model_package_group.account().unwrap();
        let registry = admin(registry.as_str(), server, endpoint).await;
        if server == Server::Ministack {
            trusted_roles(environment, &own, &registry).await;
        }
        // no server makes a function with a role that is not there
        let lambda = json!({ "Service": "lambda.amazonaws.com" });
        role(&own, &environment.lambda_role, &lambda, &json!({})).await;
        bucket(&own, environment.bucket.as_str(), tenants).await;
        bucket(&registry, environment.artifacts_bucket.as_str(), tenants).await;
        image(&own).await;
    }

    pub(super) async fn delete_image(
        environment: &Environment,
        (server, endpoint): (Server, &str),
    ) {
        let own = admin(environment.account.as_str(), server, endpoint).await;
        let (repository, tag) = IMAGE.split_once(':').unwrap();
        let id = aws_sdk_ecr::types::ImageIdentifier::builder().image_tag(tag).build();
        let delete = aws_sdk_ecr::Client::new(&own).batch_delete_image();
        delete.repository_name(repository).image_ids(id).send().await.unwrap();
    }

    async fn image(config: &SdkConfig) {
        let ecr = aws_sdk_ecr::Client::new(config);
        let (repository, tag) = IMAGE.split_once(':').unwrap();
        ecr.create_repository().repository_name(repository).send().await.unwrap();
        let media = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({ "schemaVersion": 2, "mediaType": media, "layers": [] });
        let put = ecr.put_image().repository_name(repository).image_tag(tag);
        let put = put.image_manifest(manifest.to_string()).image_manifest_media_type(media);
        put.send().await.unwrap();
    }

    /// The roles that sessions are taken with.
    async fn trusted_roles(environment: &Environment, own: &SdkConfig, registry: &SdkConfig) {
        let agent = json!({ "AWS": format!("arn:aws:iam::{TOOLS_ACCOUNT}:root") });
        let id = json!({ "StringEquals": { "sts:ExternalId": environment.external_id } });
        role(own, &environment.deploy_role, &agent, &id).await;
        role(registry, &environment.approver_role, &agent, &json!({})).await;
    }

    /// As an administrator of `account`.
    async fn admin(account: &str, server: Server, endpoint: &str) -> SdkConfig {
        let base = config(&Credentials::new(account, SECRET, None, None, "admin"), endpoint);
        if server == Server::Ministack {
            return base;
        }
        let assumed = aws_sdk_sts::Client::new(&base)
            .assume_role()
            .role_arn(format!("arn:aws:iam::{account}:role/admin"))
            .role_session_name("furnish")
            .send()
            .await
            .unwrap();
        let keys = assumed.credentials.unwrap();
        let token = Some(keys.session_token);
        let keys = Credentials::new(keys.access_key_id, keys.secret_access_key, token, None, "");
        config(&keys, endpoint)
    }

    fn config(keys: &Credentials, endpoint: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys.clone()))
            .http_client(client())
            .endpoint_url(endpoint)
            .build()
    }

    /// Makes a role that may do everything; what a session may is for its session policy to say.
    async fn role(config: &SdkConfig, arn: &Arn, principal: &Value, condition: &Value) {
        let iam = aws_sdk_iam::Client::new(config);
        let (path, name) = arn.as_str().split_once(":role").unwrap().1.rsplit_once('/').unwrap();
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition,
        }] });
        let made = iam
            .create_role()
            .role_name(name)
            .path(format!("{path}/"))
            .assume_role_policy_document(trust.to_string())
            .send()
            .await;
        if made.is_err_and(|error| !error.into_service_error().is_entity_already_exists_exception())
        {
            panic!("{arn} cannot be made");
        }
        let all = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" }
        ] });
        let put = iam.put_role_policy().role_name(name).policy_name("all");
        put.policy_document(all.to_string()).send().await.unwrap();
    }

    async fn bucket(config: &SdkConfig, name: &str, tenants: [&str; 2]) {
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        let made = s3.create_bucket().bucket(name).send().await.map_err(|e| e.into_service_error());
        let known = |error: &CreateBucketError| error.is_bucket_already_owned_by_you();
        assert!(made.as_ref().err().is_none_or(known), "{name} cannot be made: {made:?}");
        let tenants = tenants.map(|account| format!("arn:aws:iam::{account}:root"));
        let shared = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": tenants }, "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
        }] });
        s3.put_bucket_policy().bucket(name).policy(shared.to_string()).send().await.unwrap();
    }
}
