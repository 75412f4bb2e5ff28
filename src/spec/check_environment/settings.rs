//! Sections that may be left out: log group and images.

use super::{
    arns::{self, ArnKind},
    desk::Desk,
    site::{Owner, Site},
};
use crate::spec::{
    environment::{Images, LogGroup, LogGroupClass},
    raw_environment::{RawImages, RawLogGroup, RawLogGroupSettings},
};

/// The group of the replaced system, so that its readers find the lines.
const DEFAULT_LOG_GROUP: &str = "jenkins-log";

/// What CloudWatch Logs takes (PutRetentionPolicy API, `retentionInDays`).
const RETENTION_DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn log_group(
    desk: &mut Desk<'_, '_>,
    raw: Option<&RawLogGroup>,
    site: Option<&Site>,
) -> Option<LogGroup> {
    match raw {
        None => Some(LogGroup {
            name: DEFAULT_LOG_GROUP.to_owned(),
            retention_days: None,
            kms_key: None,
            class: LogGroupClass::default(),
        }),
        Some(RawLogGroup::Name(name)) => Some(LogGroup {
            name: group_name(desk, &["log_group"], Some(name))?,
            retention_days: None,
            kms_key: None,
            class: LogGroupClass::default(),
        }),
        Some(RawLogGroup::Settings(settings)) => with_settings(desk, settings, site),
    }
}

fn with_settings(
    desk: &mut Desk<'_, '_>,
    raw: &RawLogGroupSettings,
    site: Option<&Site>,
) -> Option<LogGroup> {
    let path = ["log_group", "name"];
    let name = if desk.reading.has(&path) {
        group_name(desk, &path, raw.name.as_ref())
    } else {
        Some(DEFAULT_LOG_GROUP.to_owned())
    };
    let retention_days = raw.retention_days.and_then(|days| retention(desk, days));
    let path = ["log_group", "kms_key"];
    let kms_key = arns::read(desk, &path, raw.kms_key.as_ref(), ArnKind::Key);
    if kms_key.as_ref().is_some_and(|key| key.resource().starts_with("alias/")) {
        desk.reading
            .error(&path, "bad-value", "CloudWatch Logs takes no alias for 'log_group.kms_key'")
            .help("write the key's own ARN: arn:aws:kms:REGION:ACCOUNT:key/ID");
    }
    if let (Some(key), Some(site)) = (&kms_key, site) {
        site.must_hold(desk, &path, key, Owner::Environment);
    }
    Some(LogGroup { name: name?, retention_days, kms_key, class: raw.class.unwrap_or_default() })
}

/// CreateLogGroup: 1 to 512 characters, `aws/` is reserved.
fn group_name(desk: &mut Desk<'_, '_>, path: &[&str], text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        text.len() <= 512
            && !text.starts_with("aws/")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#".contains(c))
    };
    let rule: (fn(&str) -> bool, _) = (
        legal,
        "a log group name: up to 512 letters, digits and characters of .-_/#, not beginning with aws/",
    );
    desk.legal(path, text, rule).map(str::to_owned)
}

fn retention(desk: &mut Desk<'_, '_>, days: i64) -> Option<i32> {
    let known = RETENTION_DAYS.iter().find(|known| i64::from(**known) == days).copied();
    if known.is_none() {
        let nearest = RETENTION_DAYS.iter().min_by_key(|known| i64::from(**known).abs_diff(days));
        let message = format!("CloudWatch cannot keep lines for {days} days");
        desk.reading
            .error(&["log_group", "retention_days"], "bad-value", message)
            .help(format!("the nearest it can is {}", nearest.copied().unwrap_or(1)));
    }
    known
}

pub(super) fn images(desk: &mut Desk<'_, '_>, raw: Option<&RawImages>) -> Images {
    let Some(raw) = raw else { return Images::default() };
    let mut image = |key: &str, text: &Option<String>| {
        let legal = |text: &str| {
            text.len() <= 255
                && text.contains('/')
                && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let rule: (fn(&str) -> bool, _) =
            (legal, "an image: REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST");
        desk.legal(&["images", key], text.as_ref(), rule).map(str::to_owned)
    };
    Images {
        xgboost: image("xgboost", &raw.xgboost),
        scikit_learn: image("scikit_learn", &raw.scikit_learn),
        monitor: image("monitor", &raw.monitor),
    }
}
