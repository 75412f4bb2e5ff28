//! The one table of what each route needs. A route that is not in it answers nobody.

use super::Right;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: machines look whether the agent lives, and people follow links.
    Nothing,
    /// To come from this machine, or a token that reads: see [`Scrape`](super::Scrape).
    Scrape,
    /// A token with this right.
    Right(Right),
}

use Need::{Nothing, Right as Has, Scrape};
use Right::{Administer, Approve, Operate, Read};

/// Method, path, need.
pub const NEEDS: &[(&str, &str, Need)] = &[
    ("GET", "/healthz", Nothing),
    ("GET", "/readyz", Nothing),
    ("GET", "/metrics", Scrape),
    ("GET", "/runs/{run}", Nothing),
    ("GET", "/environments/{environment}", Nothing),
    ("GET", "/api/v1/openapi.json", Has(Read)),
    ("GET", "/api/v1/version", Has(Read)),
    ("GET", "/api/v1/runs", Has(Read)),
    ("POST", "/api/v1/runs", Has(Operate)),
    ("GET", "/api/v1/runs/{run}", Has(Read)),
    ("GET", "/api/v1/runs/{run}/logs/{stage}", Has(Read)),
    ("GET", "/api/v1/runs/{run}/log-stream", Has(Read)),
    ("POST", "/api/v1/runs/{run}/approve", Has(Approve)),
    ("POST", "/api/v1/runs/{run}/reject", Has(Approve)),
    ("POST", "/api/v1/runs/{run}/cancel", Has(Operate)),
    ("POST", "/api/v1/runs/{run}/retry", Has(Operate)),
    ("POST", "/api/v1/runs/{run}/redeploy", Has(Operate)),
    ("GET", "/api/v1/queue", Has(Read)),
    ("GET", "/api/v1/approvals", Has(Read)),
    ("GET", "/api/v1/deliveries", Has(Read)),
    ("GET", "/api/v1/deliveries/{delivery}", Has(Read)),
    ("GET", "/api/v1/environments", Has(Read)),
    ("POST", "/api/v1/environments/{environment}/lock", Has(Operate)),
    ("POST", "/api/v1/environments/{environment}/unlock", Has(Operate)),
    ("GET", "/api/v1/agents", Has(Read)),
    ("GET", "/api/v1/audit", Has(Administer)),
    ("GET", "/api/v1/audit/export", Has(Administer)),
];

/// What `method` on the route `path` needs; nothing is known of other routes.
#[must_use]
pub fn need(method: &str, path: &str) -> Option<Need> {
    // A GET without its body.
    let method = if method == "HEAD" { "GET" } else { method };
    let known = NEEDS.iter().find(|(known, route, _)| *known == method && *route == path);
    known.map(|(_, _, need)| *need)
}
