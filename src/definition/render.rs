//! From a template, an environment and a release to a definition: same inputs, same bytes.

use super::document::{Definition, DefinitionError};
use super::function::function_arn;
use super::{images, strict, template};
use crate::ids::{Arn, Digest, PipelineName, Region, Sha};
use crate::spec::Environment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which of a model's two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Trains, judges and registers a model.
    Train,
    /// Applies the newest approved model to a batch.
    Inference,
}

impl Kind {
    /// Both kinds, train first.
    pub const ALL: [Self; 2] = [Self::Train, Self::Inference];

    /// The pipeline's name in an environment.
    #[must_use]
    pub fn pipeline(self, environment: &Environment) -> &PipelineName {
        match self {
            Self::Train => &environment.train_pipeline,
            Self::Inference => &environment.inference_pipeline,
        }
    }

    /// The role the pipeline executes with.
    #[must_use]
    pub fn role(self, environment: &Environment) -> &Arn {
        match self {
            Self::Train => &environment.train_role,
            Self::Inference => &environment.inference_role,
        }
    }
}

/// What one commit brings into an environment, beside its templates. All keys are complete S3 keys
/// in the environment's bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The commit.
    pub commit: Sha,
    /// Where the commit comes from, as people name the repository.
    pub repository: String,
    /// Prefix of the training data's keys, without a `/` at its end.
    pub data_key_prefix: String,
    /// Digest of the training data.
    pub data_digest: Digest,
    /// File name of each script, such as `preprocess.py`, and its key.
    pub scripts: BTreeMap<String, String>,
    /// Key of the data contract as JSON.
    pub contract_key: String,
    /// The published version of the Lambda function.
    pub function_version: u32,
    /// The smallest AUC a model is registered with, that value included.
    pub auc_at_least: f64,
}

/// Why a template gives no definition.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template is malformed, or uses a variable or helper that does not exist.
    #[error("line {line}, column {column} of the template: {message}")]
    Template {
        /// Line of the template, from 1.
        line: usize,
        /// Column of the template, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
        /// What to write instead, when we can tell.
        help: Option<String>,
    },
    /// What the template gives is not JSON. Lines of the two agree as long as no block repeats.
    #[error("the rendered definition is not JSON at line {line} ({text})")]
    Json {
        /// Line of the rendered text, from 1.
        line: usize,
        /// That line.
        text: String,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// What the template gives is JSON, but not a definition.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// An image is neither set nor known for the region.
    #[error(
        "no first-party image is known for {region}: set {} in the environment file",
        settings.join(", ")
    )]
    NoImage {
        /// The environment's region.
        region: Region,
        /// The settings that would help, such as `images.monitor`.
        settings: Vec<String>,
    },
    /// The table of images inside this program is broken.
    #[error("the table of images is broken")]
    ImageTable(#[source] serde_json::Error),
}

/// Renders the definition of one pipeline.
///
/// A template may use `environment` (`name`, `account`, `region`, `bucket`, `artifacts_bucket`,
/// `kms_key`, `model_name`, `model_package_group`, `batch_dataset`, `fail_on_violation`), `pipeline`
/// (`name`, `role`), `images` (`xgboost`, `scikit_learn`, `monitor`), `function_arn`, and the fields
/// of [`Release`] as `release`. No text can leave the JSON string it stands in.
///
/// # Errors
/// Where the template is wrong (with its line), or an image is unknown for the region.
pub fn render(
    kind: Kind,
    template: &str,
    environment: &Environment,
    release: &Release,
) -> Result<Definition, RenderError> {
    let text = template::fill(template, &variables(kind, environment, release)?)?;
    let json_error = |source: serde_json::Error| {
        let line = source.line();
        let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
        RenderError::Json { line, text, source }
    };
    let value = strict::read(&text).map_err(json_error)?;
    Ok(Definition::try_from(value)?)
}

fn variables(
    kind: Kind,
    environment: &Environment,
    release: &Release,
) -> Result<Value, RenderError> {
    Ok(json!({
        "environment": {
            "name": environment.name,
            "account": environment.account,
            "region": environment.region,
            "bucket": environment.bucket,
            "artifacts_bucket": environment.artifacts_bucket,
            "kms_key": environment.kms_key,
            "model_name": environment.model_name,
            "model_package_group": environment.model_package_group,
            "batch_dataset": environment.batch_dataset,
            "fail_on_violation": environment.monitor.fail_on_violation,
        },
        "pipeline": { "name": kind.pipeline(environment), "role": kind.role(environment) },
        "function_arn": function_arn(environment, release.function_version),
        "images": images::resolve(environment)?,
        "release": {
            "commit": release.commit,
            "repository": release.repository,
            "data_key_prefix": release.data_key_prefix.trim_end_matches('/'),
            "data_digest": release.data_digest,
            "scripts": release.scripts,
            "contract_key": release.contract_key,
            "auc_at_least": release.auc_at_least,
        },
    }))
}
