//! Functions, their code, their settings and their published versions.

use super::{
    CloudError, MOST_PAGES,
    error::{Act, Maybe},
};
use crate::plan::{Function, FunctionSettings, ObservedFunction, Readiness, Tags};
use aws_sdk_lambda::{
    primitives::Blob,
    types::{Architecture, FunctionCode, FunctionConfiguration, LastUpdateStatus, Runtime, State},
};
use aws_types::SdkConfig;
use std::collections::BTreeMap;

/// Lambda as one session sees it.
#[derive(Debug, Clone)]
pub struct Lambda {
    client: aws_sdk_lambda::Client,
}

/// A function that was just created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The number of its first version, where Lambda tells it.
    pub version: Option<u32>,
    /// Whether it can be called already.
    pub readiness: Readiness,
}

impl Lambda {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_lambda::Client::new(config) }
    }

    /// The unpublished head of a function, if there is one.
    ///
    /// # Errors
    /// If Lambda refuses.
    pub async fn head(&self, name: &str) -> Result<Option<Function>, CloudError> {
        let answer = self
            .client
            .get_function()
            .function_name(name)
            .send()
            .await
            .act("GetFunction", name)
            .maybe()?;
        Ok(answer.and_then(|answer| answer.configuration).map(plain))
    }

    /// A function with its published versions.
    ///
    /// # Errors
    /// If Lambda refuses, or there is no end of pages.
    pub async fn function(&self, name: &str) -> Result<ObservedFunction, CloudError> {
        let Some(head) = self.head(name).await? else { return Ok(ObservedFunction::default()) };
        let mut function = ObservedFunction { head: Some(head), versions: BTreeMap::new() };
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_versions_by_function()
                .function_name(name)
                .set_marker(marker)
                .send()
                .await
                .act("ListVersionsByFunction", name)?;
            let found = page.versions.unwrap_or_default();
            function.versions.extend(found.into_iter().filter_map(published));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(function);
            }
        }
        Err(CloudError::endless("ListVersionsByFunction", name))
    }

    /// The tags of a function, if there is one.
    ///
    /// # Errors
    /// If Lambda refuses.
    pub async fn tags(&self, name: &str) -> Result<Option<Tags>, CloudError> {
        let found = self.client.get_function().function_name(name).send().await;
        let found = found.act("GetFunction", name).maybe()?;
        Ok(found.map(|found| found.tags.unwrap_or_default().into_iter().collect()))
    }

    /// Deletes a function with its versions; one that is not there is no error.
    ///
    /// # Errors
    /// If Lambda refuses.
    pub async fn delete(&self, name: &str) -> Result<(), CloudError> {
        let deleted = self.client.delete_function().function_name(name).send().await;
        deleted.act("DeleteFunction", name).maybe().map(drop)
    }

    /// Creates a function and publishes it in the same breath.
    ///
    /// # Errors
    /// If Lambda refuses, for instance because the name is taken.
    pub async fn create(
        &self,
        name: &str,
        zip: Vec<u8>,
        settings: &FunctionSettings,
        tags: &Tags,
    ) -> Result<Created, CloudError> {
        self.client
            .create_function()
            .function_name(name)
            .code(FunctionCode::builder().zip_file(Blob::new(zip)).build())
            .runtime(Runtime::from(settings.runtime.as_str()))
            .architectures(Architecture::X8664)
            .handler(&settings.handler)
            .role(&settings.role)
            .timeout(settings.timeout_seconds)
            .memory_size(settings.memory_mib)
            .description(&settings.description)
            .set_tags(Some(tags.clone().into_iter().collect()))
            .publish(true)
            .send()
            .await
            .act("CreateFunction", name)
            .map(|function| Created {
                version: function.version.as_deref().and_then(|version| version.parse().ok()),
                readiness: readiness(
                    function.state.as_ref(),
                    function.last_update_status.as_ref(),
                    function.state_reason.or(function.last_update_status_reason),
                ),
            })
    }

    /// Replaces the code of the unpublished head. Answers whether that is in effect already.
    ///
    /// # Errors
    /// If Lambda refuses, for instance because an update is under way.
    pub async fn update_code(&self, name: &str, zip: Vec<u8>) -> Result<Readiness, CloudError> {
        self.client
            .update_function_code()
            .function_name(name)
            .zip_file(Blob::new(zip))
            .architectures(Architecture::X8664)
            .publish(false)
            .send()
            .await
            .act("UpdateFunctionCode", name)
            .map(|function| {
                readiness(
                    function.state.as_ref(),
                    function.last_update_status.as_ref(),
                    function.state_reason.or(function.last_update_status_reason),
                )
            })
    }

    /// Replaces the settings of the unpublished head. Answers whether that is in effect already.
    ///
    /// # Errors
    /// If Lambda refuses, for instance because an update is under way.
    pub async fn update_settings(
        &self,
        name: &str,
        settings: &FunctionSettings,
    ) -> Result<Readiness, CloudError> {
        self.client
            .update_function_configuration()
            .function_name(name)
            .runtime(Runtime::from(settings.runtime.as_str()))
            .handler(&settings.handler)
            .role(&settings.role)
            .timeout(settings.timeout_seconds)
            .memory_size(settings.memory_mib)
            .description(&settings.description)
            .send()
            .await
            .act("UpdateFunctionConfiguration", name)
            .map(|function| {
                readiness(
                    function.state.as_ref(),
                    function.last_update_status.as_ref(),
                    function.state_reason.or(function.last_update_status_reason),
                )
            })
    }

    /// Publishes the head, provided its code is `code_sha256`, and answers the version's number.
    ///
    /// # Errors
    /// If Lambda refuses, for instance because the head's code is another.
    pub async fn publish(&self, name: &str, code_sha256: &str) -> Result<u32, CloudError> {
        let answer = self
            .client
            .publish_version()
            .function_name(name)
            .code_sha256(code_sha256)
            .send()
            .await
            .act("PublishVersion", name)?;
        let version = answer.version.unwrap_or_default();
        version.parse().map_err(|_| {
            CloudError::broken_answer("PublishVersion", name, format!("version '{version}'"))
        })
    }
}

/// A listed version by its number; `$LATEST` has none.
fn published(listed: FunctionConfiguration) -> Option<(u32, Function)> {
    let version = listed.version.as_deref()?.parse().ok()?;
    Some((version, plain(listed)))
}

fn plain(found: FunctionConfiguration) -> Function {
    Function {
        readiness: readiness(
            found.state.as_ref(),
            found.last_update_status.as_ref(),
            found.state_reason.or(found.last_update_status_reason),
        ),
        code_sha256: found.code_sha256.unwrap_or_default(),
        settings: FunctionSettings {
            runtime: found.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
            handler: found.handler.unwrap_or_default(),
            role: found.role.unwrap_or_default(),
            timeout_seconds: found.timeout.unwrap_or_default(),
            memory_mib: found.memory_size.unwrap_or_default(),
            description: found.description.unwrap_or_default(),
        },
    }
}

/// A function that slept too long is `Inactive`, which a call or an update ends: it counts as ready.
fn readiness(
    state: Option<&State>,
    update: Option<&LastUpdateStatus>,
    reason: Option<String>,
) -> Readiness {
    match (state, update) {
        (Some(State::Failed), _) | (_, Some(LastUpdateStatus::Failed)) => {
            Readiness::Failed(reason.unwrap_or_else(|| "no reason given".to_owned()))
        }
        (Some(State::Pending), _) | (_, Some(LastUpdateStatus::InProgress)) => Readiness::Pending,
        _ => Readiness::Ready,
    }
}
