//! How sessions are taken: who is behind them, what they carry, at which addresses.

use super::{desk::Desk, site::Site};
use crate::{
    ids::Region,
    spec::{
        environment::{Addresses, SessionTags, Sessions},
        raw_environment::RawEnvironment,
    },
};

pub(super) fn read(desk: &mut Desk<'_, '_>, raw: &RawEnvironment, site: Option<&Site>) -> Sessions {
    let tags = match raw.session_tags {
        Some(true) => SessionTags::Sent,
        Some(false) | None => SessionTags::None,
    };
    let source_identity = source_identity(desk, raw.source_identity.as_ref());
    Sessions { source_identity, tags, addresses: addresses(desk, raw, site) }
}

/// AssumeRole, `SourceIdentity`: 2 to 64 characters, `aws:` is reserved.
fn source_identity(desk: &mut Desk<'_, '_>, text: Option<&String>) -> Option<String> {
    let legal = |text: &str| {
        (2..=64).contains(&text.len())
            && !text.to_ascii_lowercase().starts_with("aws:")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    };
    let rule: (fn(&str) -> bool, _) =
        (legal, "a source identity: 2 to 64 letters, digits and characters of _+=,.@-");
    desk.legal(&["source_identity"], text, rule).map(str::to_owned)
}

fn addresses(desk: &mut Desk<'_, '_>, raw: &RawEnvironment, site: Option<&Site>) -> Addresses {
    let addresses = Addresses {
        fips: raw.fips.unwrap_or_default(),
        dual_stack: raw.dual_stack.unwrap_or_default(),
    };
    for (key, is_wanted) in [("fips", addresses.fips), ("dual_stack", addresses.dual_stack)] {
        if is_wanted && desk.reading.has(&["endpoint_url"]) {
            let message =
                format!("'{key}' chooses among AWS's addresses, but 'endpoint_url' names another");
            desk.reading.error(&[key], "disagreement", message).help("remove one of the two");
        }
    }
    if let Some(region) = site.map(|site| &site.region).filter(|region| !has_fips(region))
        && addresses.fips
    {
        let message = format!("AWS lists no FIPS addresses for region {region}");
        desk.reading
            .warning(&["fips"], "no-such-address", message)
            .help("they are for regions in the USA and Canada (aws.amazon.com/compliance/fips)");
    }
    addresses
}

/// AWS's list of FIPS endpoints by service names regions of North America only.
fn has_fips(region: &Region) -> bool {
    ["us-", "ca-"].iter().any(|begin| region.as_str().starts_with(begin))
}
