//! Container images: the environment's own, or the first-party image of its region.

use super::render::RenderError;
use crate::spec::{Environment, Images};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Registry accounts by region, and the version of each image that we use.
///
/// XGBoost 3.0-5 and scikit-learn 1.2-1 are the newest that the SageMaker SDK lists (2.257.7). The
/// long-lived XGBoost 1.7-1 would do as well, but it writes a binary model format that its authors
/// retired; 3.0 writes UBJSON, which is data and nothing else.
const TABLE: &str = include_str!("images.json");

#[derive(Deserialize)]
struct Table {
    images: BTreeMap<String, Image>,
    accounts: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Image {
    /// Which list of `Table::accounts` holds it.
    accounts: String,
    /// Repository and tag.
    name: String,
}

/// The image of every role, all known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Resolved {
    xgboost: String,
    scikit_learn: String,
    monitor: String,
}

/// The three images that an environment's pipelines run in, as the table of images or the environment's file names
/// them. Whether their registry has them is not asked.
///
/// # Errors
/// If the table has none for the region, or is none.
pub fn images(environment: &Environment) -> Result<[String; 3], RenderError> {
    let Resolved { xgboost, scikit_learn, monitor } = resolve(environment)?;
    Ok([xgboost, scikit_learn, monitor])
}

/// The images of an environment.
pub(super) fn resolve(environment: &Environment) -> Result<Resolved, RenderError> {
    let table: Table = serde_json::from_str(TABLE).map_err(RenderError::ImageTable)?;
    let Images { xgboost, scikit_learn, monitor } = &environment.images;
    let mut missing = Vec::new();
    let mut choose = |role: &'static str, own: &Option<String>| {
        let image = own.clone().or_else(|| first_party(&table, role, environment));
        image.unwrap_or_else(|| {
            missing.push(role);
            String::new()
        })
    };
    let resolved = Resolved {
        xgboost: choose("xgboost", xgboost),
        scikit_learn: choose("scikit_learn", scikit_learn),
        monitor: choose("monitor", monitor),
    };
    if missing.is_empty() {
        return Ok(resolved);
    }
    let settings = missing.iter().map(|role| format!("images.{role}")).collect();
    Err(RenderError::NoImage { region: environment.region.clone(), settings })
}

fn first_party(table: &Table, role: &str, environment: &Environment) -> Option<String> {
    let region = &environment.region;
    let image = table.images.get(role)?;
    let account = table.accounts.get(&image.accounts)?.get(region.as_str())?;
    let domain = region.partition().domain;
    Some(format!("{account}.dkr.ecr.{region}.{domain}/{}", image.name))
}
