//! The function: made, changed, waited for, published.

use super::{Deployment, Hands, PerformError};
use crate::{
    aws::ErrorClass,
    plan::{FunctionSettings, Readiness},
};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

/// First wait for a function; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Longest single wait for a function.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Looks at a function before it is given up: with the waits above, about two minutes, where Lambda
/// takes seconds.
pub(super) const MOST_LOOKS: u32 = 45;

impl Hands<'_> {
    /// Creates the function and publishes it; where its own first try did that, what is left to publish is published.
    pub(super) async fn create_function(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let (spec, lambda) = (&desired.function, session.lambda());
        let (zip, settings) = (spec.zip.clone(), &spec.settings);
        match lambda.create(&spec.name, zip, settings, &desired.tags).await {
            Ok(created) => {
                if let Some(published) = created.version {
                    self.function_is_published.store(true, Relaxed);
                    self.is_numbered(published, desired.function_version)?;
                }
                self.ready_after(&created.readiness).await
            }
            Err(refused) => {
                // a create that was tried twice finds its own first try
                let ours = refused.class == ErrorClass::Conflict
                    && lambda.head(&spec.name).await?.is_some_and(|head| {
                        head.code_sha256 == spec.code_sha256 && head.settings == spec.settings
                    });
                if ours { self.ready().await } else { Err(refused.into()) }
            }
        }
    }

    pub(super) async fn update_code(&self) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = &desired.function;
        self.ready().await?;
        let readiness = session.lambda().update_code(&spec.name, spec.zip.clone()).await?;
        self.ready_after(&readiness).await
    }

    pub(super) async fn update_settings(&self, to: &FunctionSettings) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        self.ready().await?;
        let readiness = session.lambda().update_settings(&desired.function.name, to).await?;
        self.ready_after(&readiness).await
    }

    pub(super) async fn publish(&self, planned: u32) -> Result<(), PerformError> {
        let Deployment { session, desired, .. } = self.deployment;
        let spec = &desired.function;
        if self.function_is_published.load(Relaxed) {
            return Ok(());
        }
        self.ready().await?;
        let published = session.lambda().publish(&spec.name, &spec.code_sha256).await?;
        self.is_numbered(published, planned)
    }

    fn is_numbered(&self, published: u32, planned: u32) -> Result<(), PerformError> {
        if published == planned {
            return Ok(());
        }
        let name = self.deployment.desired.function.name.clone();
        Err(PerformError::OtherVersion { name, planned, published })
    }

    /// Waits until what was just changed about the function is in effect, which its answer may say already.
    async fn ready_after(&self, answer: &Readiness) -> Result<(), PerformError> {
        self.function_is_ready.store(*answer == Readiness::Ready, Relaxed);
        self.ready().await
    }

    /// Waits until the function can be changed and called: Lambda refuses an update during another.
    async fn ready(&self) -> Result<(), PerformError> {
        if self.function_is_ready.load(Relaxed) {
            return Ok(());
        }
        let Deployment { session, desired, clock, .. } = self.deployment;
        let name = &desired.function.name;
        let mut wait = FIRST_WAIT;
        for _ in 0..MOST_LOOKS {
            match session.lambda().head(name).await?.map(|head| head.readiness) {
                Some(Readiness::Ready) => {
                    self.function_is_ready.store(true, Relaxed);
                    return Ok(());
                }
                Some(Readiness::Failed(reason)) => {
                    return Err(PerformError::FunctionFailed { name: name.clone(), reason });
                }
                Some(Readiness::Pending) | None => {}
            }
            clock.sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Err(PerformError::NeverReady(name.clone()))
    }
}
