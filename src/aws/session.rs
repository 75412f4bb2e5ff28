//! A role that was taken: who it is, and the services as it sees them.

use super::{Ecr, Events, Iam, Kms, Lambda, Logs, S3, SageMaker, Sns, access::Owners};
use crate::{
    ids::{AccountId, Arn, Region},
    spec::Environment,
};
use aws_types::SdkConfig;
use std::sync::{Arc, OnceLock};

/// A role taken in one environment, whose account AWS has confirmed.
#[derive(Debug, Clone)]
pub struct Session {
    config: SdkConfig,
    account: AccountId,
    role: Arn,
    region: Region,
    owners: Arc<Owners>,
    services: Arc<Services>,
}

/// Each service's client is made once, when it is first asked for, and shared: making one costs as much as a call.
#[derive(Debug, Default)]
struct Services {
    s3: OnceLock<S3>,
    lambda: OnceLock<Lambda>,
    sagemaker: OnceLock<SageMaker>,
    events: OnceLock<Events>,
    sns: OnceLock<Sns>,
    iam: OnceLock<Iam>,
    kms: OnceLock<Kms>,
    logs: OnceLock<Logs>,
    ecr: OnceLock<Ecr>,
}

impl Session {
    pub(super) fn new(
        config: SdkConfig,
        (account, role): (AccountId, Arn),
        environment: &Environment,
    ) -> Self {
        let (region, owners) = (environment.region.clone(), Arc::new(Owners::of(environment)));
        Self { config, account, role, region, owners, services: Arc::default() }
    }

    /// The account, by AWS's own word.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The role that was assumed.
    #[must_use]
    pub fn role(&self) -> &Arn {
        &self.role
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Objects.
    #[must_use]
    pub fn s3(&self) -> S3 {
        let new = || S3::new(&self.config, Arc::clone(&self.owners));
        self.services.s3.get_or_init(new).clone()
    }

    /// Functions.
    #[must_use]
    pub fn lambda(&self) -> Lambda {
        self.services.lambda.get_or_init(|| Lambda::new(&self.config)).clone()
    }

    /// Pipelines, their executions and the model registry.
    #[must_use]
    pub fn sagemaker(&self) -> SageMaker {
        self.services.sagemaker.get_or_init(|| SageMaker::new(&self.config)).clone()
    }

    /// Rules and their targets.
    #[must_use]
    pub fn events(&self) -> Events {
        self.services.events.get_or_init(|| Events::new(&self.config)).clone()
    }

    /// Topics and their subscriptions.
    #[must_use]
    pub fn sns(&self) -> Sns {
        self.services.sns.get_or_init(|| Sns::new(&self.config)).clone()
    }

    /// Roles and what they may do.
    #[must_use]
    pub fn iam(&self) -> Iam {
        self.services.iam.get_or_init(|| Iam::new(&self.config)).clone()
    }

    /// Keys and whom they let in.
    #[must_use]
    pub fn kms(&self) -> Kms {
        self.services.kms.get_or_init(|| Kms::new(&self.config)).clone()
    }

    /// Log groups, streams and events.
    #[must_use]
    pub fn logs(&self) -> Logs {
        self.services.logs.get_or_init(|| Logs::new(&self.config)).clone()
    }

    /// Registries of container images.
    #[must_use]
    pub fn ecr(&self) -> Ecr {
        self.services.ecr.get_or_init(|| Ecr::new(&self.config)).clone()
    }
}
