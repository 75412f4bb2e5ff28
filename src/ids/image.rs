//! Addresses of container images in ECR, taken apart once.

use super::{AccountId, Digest, InvalidId, Region};
use std::{fmt, str::FromStr};

/// An image in a private registry of ECR: which account's, in which region, which repository, under which tag or digest.
///
/// Every host that ECR gives a registry is understood (ECR user guide, "Amazon ECR registries"): the usual one, the one
/// for FIPS, and both for IPv6. So two addresses may be of one image. What names neither a tag nor a digest has the tag
/// [`EcrImage::LATEST`], as it has for whoever pulls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EcrImage {
    account: AccountId,
    region: Region,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

const EXPECTED: &str = "an image in ECR: ACCOUNT.dkr.ecr.REGION.DOMAIN/NAME:TAG, or @sha256:DIGEST in place of the tag";
/// How the hosts of registries go on after the account, for IPv4 and for both protocols.
const HOSTS: [&str; 2] = ["dkr.ecr", "dkr-ecr"];
/// What the services of AWS in China end with where they speak IPv6; elsewhere it is the shorter one.
const DUAL_IN_CHINA: &str = "on.amazonwebservices.com.cn";
const DUAL: &str = "on.aws";
/// Length of a repository's name (CreateRepository, `repositoryName`).
const REPOSITORY: std::ops::RangeInclusive<usize> = 2..=256;
/// Longest tag, in characters (`ImageIdentifier`, and the distribution specification).
const LONGEST_TAG: usize = 128;

impl EcrImage {
    /// The tag of what names none.
    pub const LATEST: &'static str = "latest";

    /// The account whose registry it is.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Where the registry is.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The repository's name, with whatever it is nested in.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Its tag; none where the address has a digest alone.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Its digest, as ECR writes it: `sha256:` and 64 digits.
    #[must_use]
    pub fn digest(&self) -> Option<String> {
        self.digest.as_ref().map(|digest| format!("sha256:{digest}"))
    }

    /// The repository, as policies name it.
    #[must_use]
    pub fn repository_arn(&self) -> String {
        let Self { account, region, repository, .. } = self;
        format!("arn:{}:ecr:{region}:{account}:repository/{repository}", region.partition().name)
    }
}

/// What is behind the registry: repository, and tag or digest.
impl fmt::Display for EcrImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@sha256:{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for EcrImage {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        parsed(text).ok_or_else(|| InvalidId::new(text, EXPECTED))
    }
}

fn parsed(text: &str) -> Option<EcrImage> {
    let (host, path) = text.split_once('/')?;
    let (account, region) = registry(host)?;
    let (rest, digest) = match path.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.strip_prefix("sha256:")?.parse().ok()?)),
        None => (path, None),
    };
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (rest, digest.is_none().then_some(EcrImage::LATEST)),
    };
    let legal = is_repository(repository) && tag.is_none_or(is_tag);
    let (repository, tag) = (repository.to_owned(), tag.map(str::to_owned));
    legal.then_some(EcrImage { account, region, repository, tag, digest })
}

/// `ACCOUNT.dkr.ecr.REGION.DOMAIN`, where the domain is the region's own.
fn registry(host: &str) -> Option<(AccountId, Region)> {
    let (account, rest) = host.split_once('.')?;
    let account = account.parse().ok()?;
    let [usual, dual] = HOSTS.map(|kind| {
        let rest = rest.strip_prefix(kind)?;
        rest.strip_prefix("-fips").unwrap_or(rest).strip_prefix('.')
    });
    let (region, domain) = usual.or(dual)?.split_once('.')?;
    let region: Region = region.parse().ok()?;
    let partition = region.partition();
    let own = match (usual, partition.name) {
        (Some(_), _) => partition.domain,
        (None, "aws-cn") => DUAL_IN_CHINA,
        (None, _) => DUAL,
    };
    (domain == own).then_some((account, region))
}

/// Words of lower-case letters and digits, joined by `.`, `_` and `-`, nested by `/`.
fn is_repository(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = |part: &str| {
        part.bytes().next().is_some_and(inner) && part.bytes().next_back().is_some_and(inner)
    };
    let legal = |b: u8| inner(b) || matches!(b, b'.' | b'_' | b'-');
    REPOSITORY.contains(&name.len())
        && name.split('/').all(|part| ends(part) && part.bytes().all(legal))
}

fn is_tag(tag: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(inner)
        && tag.bytes().all(|b| inner(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHA: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn image(text: &str) -> EcrImage {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_host_of_ecr_is_understood() {
        for (host, region) in [
            ("222222222222.dkr.ecr.us-east-1.amazonaws.com", "us-east-1"),
            ("222222222222.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("222222222222.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
            ("222222222222.dkr-ecr-fips.us-east-2.on.aws", "us-east-2"),
            ("222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("222222222222.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
            ("222222222222.dkr.ecr.us-isof-east-1.csp.hci.ic.gov", "us-isof-east-1"),
            ("222222222222.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ] {
            let image = image(&format!("{host}/checks:1.4"));
            assert_eq!(
                (image.account().as_str(), image.region().as_str()),
                ("222222222222", region)
            );
        }
    }

    #[test]
    fn tag_digest_both_or_neither() {
        let at =
            |rest: &str| image(&format!("222222222222.dkr.ecr.us-east-1.amazonaws.com/{rest}"));
        for (rest, repository, tag, digest) in [
            ("checks", "checks", Some("latest"), None),
            ("checks:1.4", "checks", Some("1.4"), None),
            ("ml/clinic/checks:1.4-cpu_py3", "ml/clinic/checks", Some("1.4-cpu_py3"), None),
            (&*format!("ml/checks@{SHA}"), "ml/checks", None, Some(SHA)),
            (&*format!("checks:1.4@{SHA}"), "checks", Some("1.4"), Some(SHA)),
        ] {
            let image = at(rest);
            let found = (image.repository(), image.tag(), image.digest());
            assert_eq!(found, (repository, tag, digest.map(str::to_owned)), "{rest}");
        }
        assert_eq!(at("ml/checks").to_string(), "ml/checks:latest");
        assert_eq!(at(&format!("ml/checks@{SHA}")).to_string(), format!("ml/checks@{SHA}"));
    }

    #[test]
    fn a_repository_is_named_in_its_partition() {
        for (host, arn) in [
            (
                "683313688378.dkr.ecr.us-east-1.amazonaws.com",
                "arn:aws:ecr:us-east-1:683313688378:repository/ml/checks",
            ),
            (
                "683313688378.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "arn:aws-cn:ecr:cn-north-1:683313688378:repository/ml/checks",
            ),
        ] {
            assert_eq!(image(&format!("{host}/ml/checks:3")).repository_arn(), arn);
        }
    }

    #[test]
    fn what_is_not_in_ecr_is_none() {
        for text in [
            "python:3.12",
            "docker.io/library/python:3.12",
            "ghcr.io/clinic/checks:1",
            "public.ecr.aws/docker/library/python:3.12",
            "localhost:5000/checks:1",
            "22222222222.dkr.ecr.us-east-1.amazonaws.com/checks:1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/checks:",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/checks:a:b",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/Checks:1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/ml//checks:1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/checks@sha256:12",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/checks:-1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com.evil.example/checks:1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com.cn/checks:1",
            "222222222222.dkr.ecr.cn-north-1.amazonaws.com/checks:1",
            "222222222222.dkr.ecr.east.amazonaws.com/checks:1",
            "222222222222.dkr.ecr.amazonaws.com/checks:1",
            "222222222222.dkr.s3.us-east-1.amazonaws.com/checks:1",
            "https://222222222222.dkr.ecr.us-east-1.amazonaws.com/checks:1",
            "222222222222.dkr.ecr.us-east-1.amazonaws.com/checks:1 ",
        ] {
            assert!(text.parse::<EcrImage>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_put_together_comes_apart_again(
            account in "[0-9]{12}",
            repository in "[a-z0-9]{2,8}([._-][a-z0-9]{1,8}){0,3}(/[a-z0-9]{1,8}){0,3}",
            tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"),
            digest in proptest::option::of("[0-9a-f]{64}"),
        ) {
            let mut text = format!("{account}.dkr.ecr.eu-west-1.amazonaws.com/{repository}");
            if let Some(tag) = &tag {
                text = format!("{text}:{tag}");
            }
            if let Some(digest) = &digest {
                text = format!("{text}@sha256:{digest}");
            }
            let image: EcrImage = text.parse().unwrap();
            let usual = (tag.is_none() && digest.is_none()).then_some("latest");
            prop_assert_eq!(image.account().as_str(), account);
            prop_assert_eq!(image.repository(), repository);
            prop_assert_eq!(image.tag(), tag.as_deref().or(usual));
            prop_assert_eq!(image.digest(), digest.map(|digest| format!("sha256:{digest}")));
        }
    }
}
