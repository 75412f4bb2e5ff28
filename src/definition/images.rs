//! Container images: the environment's own, or the first-party image of its region.

use super::partition::Partition;
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
    let domain = Partition::of(region).domain;
    Some(format!("{account}.dkr.ecr.{region}.{domain}/{}", image.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::fixture;

    fn images_in(region: &str) -> Result<Resolved, RenderError> {
        resolve(&Environment { region: region.parse().unwrap(), ..fixture::environment() })
    }

    #[test]
    fn each_region_has_its_registry_and_each_partition_its_domain() {
        let virginia = images_in("us-east-1").unwrap();
        assert_eq!(
            virginia.xgboost,
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
        );
        assert_eq!(
            virginia.monitor,
            "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
        );
        let beijing = images_in("cn-north-1").unwrap();
        assert_eq!(
            beijing.scikit_learn,
            "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3"
        );
        assert!(images_in("us-isof-east-1").unwrap().monitor.contains(".csp.hci.ic.gov/"));
    }

    #[test]
    fn what_a_region_lacks_must_be_set() {
        let message = images_in("us-gov-west-1").unwrap_err().to_string();
        assert_eq!(
            message,
            "no first-party image is known for us-gov-west-1: set images.monitor in the environment file"
        );
        let message = images_in("mars-north-1").unwrap_err().to_string();
        assert!(
            message.contains("images.xgboost, images.scikit_learn, images.monitor"),
            "{message}"
        );
    }

    #[test]
    fn the_environments_own_image_wins() {
        let own = Some("222222222222.dkr.ecr.us-gov-west-1.amazonaws.com/monitor:7".to_owned());
        let environment = Environment {
            region: "us-gov-west-1".parse().unwrap(),
            images: Images { monitor: own.clone(), ..Images::default() },
            ..fixture::environment()
        };
        assert_eq!(Some(resolve(&environment).unwrap().monitor), own);
    }
}
