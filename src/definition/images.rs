//! Container images: the environment's own, or the first-party image of its region.

use super::render::RenderError;
use crate::{
    ids::{EcrImage, Region},
    spec::{Environment, Images},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// One of the three images that an environment's pipelines run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineImage {
    /// The setting of the environment's file that names it or may name another, such as `images.xgboost`.
    pub setting: &'static str,
    /// Who names it.
    pub named: Named,
}

/// Who names an image, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The environment's file.
    ByFile(String),
    /// The table of first-party images.
    ByTable(String),
    /// Nobody: the file does not, and there is no first-party image for the region.
    Nowhere,
}

impl PipelineImage {
    /// Its address, if it has one.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match &self.named {
            Named::ByFile(address) | Named::ByTable(address) => Some(address),
            Named::Nowhere => None,
        }
    }
}

/// The addresses of the three images that an environment's pipelines run in. Whether their registry has them is not
/// asked.
///
/// # Errors
/// If the table has none for the region, or is none.
pub fn images(environment: &Environment) -> Result<[String; 3], RenderError> {
    let Resolved { xgboost, scikit_learn, monitor } = resolve(environment)?;
    Ok([xgboost, scikit_learn, monitor])
}

/// The three images that an environment's pipelines run in, as far as they are named.
///
/// # Errors
/// If the table of images is none.
pub fn pipeline_images(environment: &Environment) -> Result<[PipelineImage; 3], RenderError> {
    let table = table()?;
    let Images { xgboost, scikit_learn, monitor } = &environment.images;
    let image = |setting: &'static str, own: &Option<String>| {
        let role = setting.trim_start_matches("images.");
        let named = match (own, first_party(&table, role, &environment.region)) {
            (Some(own), _) => Named::ByFile(own.clone()),
            (None, Some(address)) => Named::ByTable(address),
            (None, None) => Named::Nowhere,
        };
        PipelineImage { setting, named }
    };
    Ok([
        image("images.xgboost", xgboost),
        image("images.scikit_learn", scikit_learn),
        image("images.monitor", monitor),
    ])
}

/// The repositories of an environment's images that lie in ECR, as policies name them.
#[must_use]
pub fn repositories(environment: &Environment) -> BTreeSet<String> {
    let images = pipeline_images(environment).ok().into_iter().flatten();
    let images = images.filter_map(|image| image.address()?.parse::<EcrImage>().ok());
    images.map(|image| image.repository_arn()).collect()
}

/// The first-party images of a region.
///
/// # Errors
/// If the table of images is none.
pub fn first_party_images(region: &Region) -> Result<Vec<EcrImage>, RenderError> {
    let table = table()?;
    let addresses = table.images.keys().filter_map(|role| first_party(&table, role, region));
    Ok(addresses.filter_map(|address| address.parse().ok()).collect())
}

/// The images of an environment.
pub(super) fn resolve(environment: &Environment) -> Result<Resolved, RenderError> {
    let images = pipeline_images(environment)?;
    let missing = images.iter().filter(|image| image.named == Named::Nowhere);
    let settings: Vec<String> = missing.map(|image| image.setting.to_owned()).collect();
    if !settings.is_empty() {
        return Err(RenderError::NoImage { region: environment.region.clone(), settings });
    }
    let [xgboost, scikit_learn, monitor] =
        images.map(|image| image.address().unwrap_or_default().to_owned());
    Ok(Resolved { xgboost, scikit_learn, monitor })
}

fn table() -> Result<Table, RenderError> {
    serde_json::from_str(TABLE).map_err(RenderError::ImageTable)
}

fn first_party(table: &Table, role: &str, region: &Region) -> Option<String> {
    let image = table.images.get(role)?;
    let account = table.accounts.get(&image.accounts)?.get(region.as_str())?;
    let domain = region.partition().domain;
    Some(format!("{account}.dkr.ecr.{region}.{domain}/{}", image.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;

    #[test]
    fn every_image_of_the_table_is_one_of_ecr_in_its_own_region() {
        let table = table().unwrap();
        let mut met = 0;
        for image in table.images.values() {
            for region in table.accounts[&image.accounts].keys() {
                let region: Region = region.parse().unwrap();
                let images = first_party_images(&region).unwrap();
                assert!(images.iter().all(|image| *image.region() == region), "{region}");
                let named = image.name.split(':').next().unwrap();
                assert!(images.iter().any(|image| image.repository() == named), "{region}");
                met += 1;
            }
        }
        assert!(met > 60, "{met}");
    }

    #[test]
    fn the_repositories_are_those_of_the_images_that_are_named_and_in_ecr() {
        let mut environment = fixture::environment();
        environment.region = "us-gov-west-1".parse().unwrap();
        environment.images.scikit_learn = Some("docker.io/library/python:3.12".to_owned());
        let first = "arn:aws-us-gov:ecr:us-gov-west-1:414596584902:repository/sagemaker-xgboost";
        assert_eq!(Vec::from_iter(repositories(&environment)), [first]);
        let own = "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/ml/monitor:7";
        environment.images.monitor = Some(own.to_owned());
        let second = "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/ml/monitor";
        assert_eq!(Vec::from_iter(repositories(&environment)), [second, first]);
    }
}
