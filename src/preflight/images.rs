//! The images that the pipelines run in: can jobs pull them?
//!
//! An image is named in ECR, in the environment's own region, and is there under its tag or digest. What the address
//! alone tells is judged without asking ([`whereabouts`]), the rest by what ECR said ([`image`]).

use super::Outcome;
use crate::{
    definition::{Named, PipelineImage},
    ids::EcrImage,
    spec::Environment,
};

/// What ECR said of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageState {
    /// It is there.
    There,
    /// There is no such repository.
    NoRepository,
    /// The repository does not give it, and says why: a code of ECR's (`ImageFailure`) with words for people.
    Failure {
        /// The code.
        code: String,
        /// The words.
        reason: String,
    },
}

/// Where to ask for the image.
///
/// # Errors
/// What is wrong, if its address alone says that no job can pull it.
pub fn whereabouts(image: &PipelineImage, environment: &Environment) -> Result<EcrImage, Outcome> {
    let Environment { name, region, .. } = environment;
    let setting = image.setting;
    let Some(address) = image.address() else {
        return Err(Outcome::failed(
            format!("no first-party image is known for {region}"),
            format!("name an image as {setting} in environments/{name}.yaml"),
        ));
    };
    let elsewhere = |why: String| {
        let fix = format!(
            "push it to ECR in {region}, and name it there as {setting} in environments/{name}.yaml"
        );
        Outcome::failed(why, fix)
    };
    let found: EcrImage = address.parse().map_err(|_| {
        elsewhere(format!(
            "{address} is no address of an image in ECR, and jobs pull from nowhere else"
        ))
    })?;
    if found.region() != region {
        let there = found.region();
        return Err(elsewhere(format!(
            "{found} is in {there}, and jobs in {region} pull from ECR in {region} only"
        )));
    }
    Ok(found)
}

/// Can a job pull the image that is named so?
#[must_use]
pub fn image(
    image: &PipelineImage,
    (found, state): (&EcrImage, &ImageState),
    environment: &Environment,
) -> Outcome {
    let (registry, repository) = (found.account(), found.repository());
    let why = match state {
        ImageState::There => {
            return Outcome::ok(format!("{found} is in ECR, in account {registry}"));
        }
        ImageState::NoRepository => {
            format!("account {registry} has no repository {repository} in {}", found.region())
        }
        ImageState::Failure { code, reason } => match code.as_str() {
            "ImageNotFound" => {
                format!("repository {repository} of account {registry} has no {}", wanted(found))
            }
            "ImageTagDoesNotMatchDigest" => {
                format!("the tag and the digest of {found} are two images")
            }
            // the registry that ECR fetches it from did not answer: it may be there
            "UpstreamUnavailable" | "UpstreamTooManyRequests" => {
                return Outcome::unknown(format!("ECR could not fetch {found}: {reason} ({code})"));
            }
            _ => format!("ECR does not give {found}: {reason} ({code})"),
        },
    };
    Outcome::failed(why, mended(image, found, environment))
}

/// What of the repository was asked for.
fn wanted(found: &EcrImage) -> String {
    match (found.tag(), found.digest()) {
        (Some(tag), _) => format!("image with the tag {tag}"),
        (None, digest) => format!("image {}", digest.unwrap_or_default()),
    }
}

/// Whose image it is says who can push it.
fn mended(image: &PipelineImage, found: &EcrImage, environment: &Environment) -> String {
    let (setting, name) = (image.setting, &environment.name);
    match &image.named {
        Named::ByFile(_) => {
            format!(
                "push {found}, or name one that is there as {setting} in environments/{name}.yaml"
            )
        }
        Named::ByTable(_) | Named::Nowhere => {
            format!("name one that is there as {setting} in environments/{name}.yaml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn own(address: &str) -> PipelineImage {
        PipelineImage { setting: "images.monitor", named: Named::ByFile(address.to_owned()) }
    }

    fn failure(outcome: Outcome) -> (String, String) {
        match outcome {
            Outcome::Failed { why, fix } => (why, fix),
            other => panic!("{other:?}"),
        }
    }

    fn judged(image: &PipelineImage, state: &ImageState) -> Outcome {
        let environment = fixture::environment();
        let found = whereabouts(image, &environment).unwrap();
        super::image(image, (&found, state), &environment)
    }

    fn code(code: &str) -> ImageState {
        ImageState::Failure { code: code.to_owned(), reason: "words".to_owned() }
    }

    #[test]
    fn an_address_alone_tells_what_no_job_can_pull() {
        let environment = fixture::environment();
        for (named, why) in [
            (Named::Nowhere, "no first-party image is known for us-east-1"),
            (
                Named::ByFile("docker.io/library/python:3.12".to_owned()),
                "docker.io/library/python:3.12 is no address of an image in ECR",
            ),
            (
                Named::ByFile("222222222222.dkr.ecr.eu-west-1.amazonaws.com/monitor:7".to_owned()),
                "monitor:7 is in eu-west-1, and jobs in us-east-1 pull from ECR in us-east-1 only",
            ),
        ] {
            let image = PipelineImage { setting: "images.monitor", named };
            let found = failure(whereabouts(&image, &environment).unwrap_err());
            assert!(found.0.starts_with(why), "{found:?}");
            assert!(found.1.contains("as images.monitor in environments/prod.yaml"), "{found:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_who_can_mend_it() {
        let address = "222222222222.dkr.ecr.us-east-1.amazonaws.com/ml/monitor:7";
        let image = own(address);
        let (why, fix) = failure(judged(&image, &code("ImageNotFound")));
        assert_eq!(
            why,
            "repository ml/monitor of account 222222222222 has no image with the tag 7"
        );
        assert!(fix.starts_with("push ml/monitor:7, or name one"), "{fix}");
        let (why, _) = failure(judged(&image, &ImageState::NoRepository));
        assert_eq!(why, "account 222222222222 has no repository ml/monitor in us-east-1");
        let table = PipelineImage { named: Named::ByTable(address.to_owned()), ..image };
        let (_, fix) = failure(judged(&table, &code("ImageNotFound")));
        assert!(fix.starts_with("name one that is there as images.monitor"), "{fix}");
        let digest = own(&format!("222222222222.dkr.ecr.us-east-1.amazonaws.com/monitor@{DIGEST}"));
        let (why, _) = failure(judged(&digest, &code("ImageNotFound")));
        assert!(why.ends_with(&format!("has no image {DIGEST}")), "{why}");
    }

    #[test]
    fn what_ecr_cannot_give_fails_and_what_it_could_not_fetch_is_unknown() {
        let image = own("222222222222.dkr.ecr.us-east-1.amazonaws.com/monitor:7");
        assert!(matches!(judged(&image, &ImageState::There), Outcome::Ok { .. }));
        for refused in ["ImageTagDoesNotMatchDigest", "KmsError", "UpstreamAccessDenied", "New"] {
            assert!(judged(&image, &code(refused)).is_failure(), "{refused}");
        }
        for later in ["UpstreamUnavailable", "UpstreamTooManyRequests"] {
            assert!(matches!(judged(&image, &code(later)), Outcome::Unknown { .. }), "{later}");
        }
    }
}
