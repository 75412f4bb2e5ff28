//! Account and region: roles and functions of the environment, images of its region.

use super::walk::Spot;
use super::{Flaw, Outline};
use crate::ids::Arn;
use crate::spec::Environment;

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let spots = outline.spots().filter_map(|spot| Some((spot, spot.value.as_str()?)));
    spots
        .filter_map(|(spot, text)| match spot.key {
            "RoleArn" | "ExecutionRoleArn" => role(outline.environment, spot, text),
            "FunctionArn" => function(outline.environment, spot, text),
            _ => image(outline.environment, spot, text),
        })
        .collect()
}

fn role(environment: &Environment, spot: &Spot<'_>, text: &str) -> Option<Flaw> {
    let arn = text.parse::<Arn>().ok().filter(|arn| arn.service() == "iam");
    if arn.and_then(|arn| arn.account()).as_ref() == Some(&environment.account) {
        return None;
    }
    let account = &environment.account;
    let message = format!("'{text}' is not a role of account {account}");
    let flaw = Flaw::new(&spot.path, "role-account", message);
    Some(flaw.help(format!("environment '{}' is account {account}", environment.name)))
}

fn function(environment: &Environment, spot: &Spot<'_>, text: &str) -> Option<Flaw> {
    let Environment { account, region, .. } = environment;
    let arn = text.parse::<Arn>().ok().filter(|arn| arn.service() == "lambda");
    let home =
        |arn: &Arn| arn.account().as_ref() == Some(account) && arn.region() == region.as_str();
    let Some(arn) = arn.filter(home) else {
        let message = format!("'{text}' is not a function of account {account} in {region}");
        return Some(Flaw::new(&spot.path, "function-account", message));
    };
    let version = arn.resource().splitn(3, ':').nth(2).unwrap_or_default();
    if version.parse::<u64>().is_ok() {
        return None;
    }
    let message =
        format!("'{text}' names no published version, its code can change under the pipeline");
    Some(
        Flaw::new(&spot.path, "unpinned-function", message).help("end it with ':' and the version"),
    )
}

fn image(environment: &Environment, spot: &Spot<'_>, text: &str) -> Option<Flaw> {
    let (_, registry) = text.split_once(".dkr.ecr.")?;
    let region = registry.split('.').next().unwrap_or_default();
    if region == environment.region.as_str() {
        return None;
    }
    let message = format!("the image is in {region}, the environment in {}", environment.region);
    let flaw = Flaw::new(&spot.path, "image-region", message);
    Some(flaw.help("SageMaker pulls images from its own region only"))
}
