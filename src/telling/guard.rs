//! Which addresses a webhook may lead to: none from which a machine tells its own secrets, whatever a name resolves to.

use super::Local;
use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
};
use tower::Service;

/// The metadata service of AWS over IPv6; over IPv4 it is link-local.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
/// The metadata service of another large cloud, outside the link-local range.
const METADATA_V4: [u8; 4] = [100, 100, 100, 200];

/// Looks names up and forgets the addresses that must not be reached.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    inner: GaiResolver,
    local: Local,
}

impl Guard {
    pub(super) fn new(local: Local) -> Self {
        Self { inner: GaiResolver::new(), local }
    }
}

impl Service<Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (found, local) = (self.inner.call(name), self.local);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                found.await?.filter(|address| may_reach(address.ip(), local)).collect();
            if allowed.is_empty() {
                let refused = "its name leads to no address that may be reached";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
            }
            Ok(allowed.into_iter())
        })
    }
}

/// May a webhook lead there?
pub(super) fn may_reach(address: IpAddr, local: Local) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return local == Local::Allowed;
    }
    if address.is_unspecified() || address.is_multicast() {
        return false;
    }
    match address {
        IpAddr::V4(address) => {
            !address.is_link_local() && !address.is_broadcast() && address.octets() != METADATA_V4
        }
        IpAddr::V6(address) => !address.is_unicast_link_local() && address != METADATA_V6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_tell_secrets_are_out_of_reach() {
        let may = |text: &str, local| may_reach(text.parse().unwrap(), local);
        for refused in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::",
        ] {
            assert!(!may(refused, Local::Allowed), "{refused}");
        }
        for loopback in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(may(loopback, Local::Allowed) && !may(loopback, Local::Refused), "{loopback}");
        }
        assert!(may("10.1.2.3", Local::Refused) && may("140.82.121.4", Local::Refused));
    }
}
