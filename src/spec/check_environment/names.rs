//! Names and addresses, each with the limits of the service that will see it.

use super::desk::{Desk, Examples};
use crate::spec::{environment::Cloud, notes::quoted, raw_environment::RawEnvironment};
use url::Url;

/// Domains that belong to documentation (RFC 2606) or, with `org.com`, to the replaced system's
/// default address: mail to them reaches strangers or nobody.
const EXAMPLE_DOMAINS: [&str; 8] = [
    "example",
    "example.com",
    "example.net",
    "example.org",
    "test",
    "invalid",
    "localhost",
    "org.com",
];

/// A model's name: also a SageMaker model name's prefix (CreateModel: 63 characters).
pub(super) fn model(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        text.len() <= 63
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    let rule: (fn(&str) -> bool, _) =
        (legal, "a model name: up to 63 letters, digits and inner hyphens");
    desk.legal(&["model_name"], text, rule).map(str::to_owned)
}

/// The alert topic's name (CreateTopic: 256 characters).
pub(super) fn topic(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        text.len() <= 256 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let rule: (fn(&str) -> bool, _) =
        (legal, "a topic name: up to 256 letters, digits, '-' and '_'");
    desk.legal(&["pipelines_alert_topic_name"], text, rule).map(str::to_owned)
}

/// The batch file's stem: part of an S3 key, with characters that need no escaping anywhere.
pub(super) fn batch_dataset(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        text.len() <= 128
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !text.starts_with('.')
            && !text.ends_with(".csv")
    };
    let rule: (fn(&str) -> bool, _) =
        (legal, "a file name without '.csv': up to 128 letters, digits, '-', '_' and '.'");
    desk.legal(&["batch_dataset_filename"], text, rule).map(str::to_owned)
}

/// The external id of the deploy role's trust policy (AssumeRole: 2 to 1,224 characters).
pub(super) fn external_id(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        (2..=1_224).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
    };
    let rule: (fn(&str) -> bool, _) =
        (legal, "an external id: 2 to 1,224 letters, digits and characters of _+=,.@:/-");
    desk.legal(&["external_id"], text, rule).map(str::to_owned)
}

/// The address that hears about failures.
pub(super) fn email(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        text.len() <= 254
            && !text.contains(|c: char| c.is_whitespace() || c.is_control())
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.contains('@')
            })
    };
    let rule: (fn(&str) -> bool, _) = (legal, "an e-mail address");
    let text = desk.legal(&["email"], text, rule)?;
    let domain = text.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_example = EXAMPLE_DOMAINS.iter().any(|example| {
        domain.strip_suffix(example).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if is_example && desk.examples == Examples::Refused {
        desk.reading
            .error(&["email"], "placeholder", format!("'email' is the example {}", quoted(text)))
            .help("alerts would go to strangers or nobody: name the people on duty");
    }
    Some(text.to_owned())
}

/// Another address for every service.
pub(super) fn endpoint(desk: &mut Desk<'_, '_>, raw: &RawEnvironment) -> Option<Url> {
    let path = ["endpoint_url"];
    let text = desk.text(&path, raw.endpoint_url.as_ref())?;
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        let message = format!("'endpoint_url' is {}, not an http(s) address", quoted(text));
        desk.reading.error(&path, "bad-value", message).help("as in http://127.0.0.1:4566");
    }
    match raw.cloud.unwrap_or_default() {
        Cloud::Rehearsal => {
            desk.reading
                .warning(&path, "unused-key", "'endpoint_url' is not used in a rehearsal")
                .help("write 'cloud: aws' to use it, or remove it");
            None
        }
        Cloud::Aws => url,
    }
}
