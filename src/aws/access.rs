//! How clouds are reached, and how a role is taken in them.

use super::{
    Cause, CloudError, ErrorClass, Purpose, Session,
    connections::connections,
    credentials::{AssumedRole, RoleRequest},
    policy::session_policy,
    sts,
};
use crate::{
    ids::{AccountId, Arn, RunId},
    spec::{Addresses, Environment},
};
use aws_config::{
    BehaviorVersion, environment::EnvironmentVariableRegionProvider, identity::IdentityCache,
    meta::region::RegionProviderChain, profile::ProfileFileRegionProvider,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{
    SdkConfig,
    sdk_config::{SharedTimeSource, TimeSource},
};
use jiff::Timestamp;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Attempts of each call in all; the only retries there are, except where a call is not idempotent.
const ATTEMPTS: u32 = 3;

/// Longest wait for a connection: the SDK's own default is 3.1 s, which a cold VPN exceeds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest silence of an answer: far above any of the calls' usual second.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How clouds are reached: a way to send requests, and whom the agent is before it assumes any role.
#[derive(Debug, Clone)]
pub struct Access {
    base: SdkConfig,
    cause: Option<Arc<Cause>>,
}

impl Access {
    /// AWS, with the credentials the SDK finds by its default chain. The region is each environment's: what the machine
    /// says counts for finding credentials only, and its metadata service, which many machines lack, is not asked.
    pub async fn aws() -> Self {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        #[expect(clippy::disallowed_methods, reason = "the one place that loads AWS configuration")]
        let loader = aws_config::defaults(behavior());
        let loader = loader.region(region).http_client(connections());
        let base = loader.retry_config(retries()).timeout_config(timeouts()).load().await;
        Self { base, cause: None }
    }

    /// Whatever answers `client`, as the bearer of a pair of keys.
    #[must_use]
    pub fn through(client: SharedHttpClient, access_key_id: &str, secret: &str) -> Self {
        let credentials = Credentials::new(access_key_id, secret, None, None, "relevo-given");
        let base = SdkConfig::builder()
            .behavior_version(behavior())
            .http_client(client)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::lazy().build())
            .retry_config(retries())
            .timeout_config(timeouts())
            .build();
        Self { base, cause: None }
    }

    /// The same access by another clock: requests are dated and credentials renewed by `now`.
    #[must_use]
    pub fn with_time(self, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let time = SharedTimeSource::new(PassedInTime(now));
        Self { base: self.base.into_builder().time_source(time).build(), ..self }
    }

    /// The same access with other waits between the attempts of a call: the first, which doubles with each, and the
    /// longest, also where the service asks for a longer one.
    #[must_use]
    pub fn with_waits(self, first: Duration, longest: Duration) -> Self {
        let retries = retries().with_initial_backoff(first).with_max_backoff(longest);
        Self { base: self.base.into_builder().retry_config(retries).build(), ..self }
    }

    /// The same access with other bounds on waiting for an answer: for a connection, and for the first byte.
    #[must_use]
    pub fn with_patience(self, connect: Duration, read: Duration) -> Self {
        let timeouts = timeouts().to_builder().connect_timeout(connect).read_timeout(read).build();
        Self { base: self.base.into_builder().timeout_config(timeouts).build(), ..self }
    }

    /// The same access on behalf of a commit, which sessions tell where their environment has them.
    #[must_use]
    pub fn on_behalf_of(self, cause: Cause) -> Self {
        Self { cause: Some(Arc::new(cause)), ..self }
    }

    /// Takes the role that `environment` names for `purpose`, and proves the account.
    ///
    /// # Errors
    /// If the role cannot be assumed; [`ErrorClass::WrongAccount`] if it leads elsewhere than the
    /// environment says (the registry's account, for [`Purpose::Approve`]).
    pub async fn assume(
        &self,
        environment: &Environment,
        run: &RunId,
        purpose: Purpose,
    ) -> Result<Session, CloudError> {
        let (role, account) = purpose.role_and_account(environment)?;
        let base = self.base_in(environment);
        let provider = AssumedRole {
            client: aws_sdk_sts::Client::new(&base),
            request: RoleRequest {
                role: role.as_str().to_owned(),
                session_name: format!("agent-{run}"),
                external_id: purpose.external_id(environment),
                source_identity: purpose.source_identity(environment),
                tags: purpose.tags(environment, (run, self.cause.as_deref())),
                policy: session_policy(environment, purpose),
            },
        };
        let config = base
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .identity_cache(IdentityCache::lazy().build())
            .build();
        let actual = sts::caller_account(&config).await?;
        if actual != account {
            return Err(wrong_account(role, &account, &actual));
        }
        Ok(Session::new(config, (account, role.clone()), environment))
    }
}

impl Access {
    /// The agent itself, before it assumes any role, at the addresses of `environment`.
    pub(super) fn base_in(&self, environment: &Environment) -> SdkConfig {
        let region = aws_types::region::Region::new(environment.region.as_str().to_owned());
        let mut builder = self.base.to_builder().region(region);
        builder.set_endpoint_url(environment.endpoint_url.as_ref().map(|url| {
            // the SDK appends paths itself
            url.as_str().trim_end_matches('/').to_owned()
        }));
        let Addresses { fips, dual_stack } = environment.sessions.addresses;
        // what the machine's own configuration asks for stays
        if fips {
            builder.set_use_fips(Some(true));
        }
        if dual_stack {
            builder.set_use_dual_stack(Some(true));
        }
        builder.build()
    }
}

fn wrong_account(role: &Arn, wanted: &AccountId, actual: &AccountId) -> CloudError {
    CloudError {
        class: ErrorClass::WrongAccount,
        code: "WrongAccount".to_owned(),
        operation: "GetCallerIdentity",
        resource: role.as_str().to_owned(),
        message: format!("the session is in account {actual}, the environment names {wanted}"),
    }
}

/// Pinned: a new SDK must not change retries, timeouts or checksums by itself.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build()
}

struct PassedInTime(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for PassedInTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassedInTime")
    }
}

impl TimeSource for PassedInTime {
    fn now(&self) -> SystemTime {
        SystemTime::from((self.0)())
    }
}

/// Whose buckets they are and which key encrypts them: every S3 call names the owner it expects.
#[derive(Debug)]
pub(super) struct Owners {
    artifacts_bucket: String,
    registry: Option<AccountId>,
    pub(super) account: AccountId,
    pub(super) key: Arn,
}

impl Owners {
    pub(super) fn of(environment: &Environment) -> Self {
        let shared = environment.artifacts_bucket != environment.bucket;
        Self {
            artifacts_bucket: environment.artifacts_bucket.as_str().to_owned(),
            registry: environment.model_package_group.account().filter(|_| shared),
            account: environment.account.clone(),
            key: environment.kms_key.clone(),
        }
    }

    /// The artefact bucket belongs to the registry's account, every other to the environment's.
    pub(super) fn of_bucket(&self, bucket: &str) -> &AccountId {
        match &self.registry {
            Some(registry) if bucket == self.artifacts_bucket => registry,
            Some(_) | None => &self.account,
        }
    }
}
