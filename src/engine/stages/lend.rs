//! What a command is lent: a session with the policy of its purpose, and what SDKs must know to use it.

use super::work::Work;
use crate::{
    aws::Purpose,
    engine::Loan,
    flow::Failure,
    logs::Level,
    spec::{Addresses, Environment, Lent},
};
use std::collections::BTreeMap;

pub(super) async fn lend(work: &Work<'_>, lent: Lent) -> Result<Loan, Failure> {
    let environment = work.environment()?;
    let (purpose, what) = match lent {
        Lent::Read => (Purpose::Read, "read"),
        Lent::Deploy => (Purpose::Deploy, "deploy"),
    };
    let session = work.own_session(environment, purpose).await?;
    let door = work.clouds.door(environment).await?;
    let mut variables = variables(environment);
    if let Some(door) = &door {
        variables.insert("AWS_ENDPOINT_URL".to_owned(), door.address.clone());
    }
    let (role, account) = (session.role(), session.account());
    let told = format!("lends the command credentials of {role} in account {account}: {what}");
    work.context.say(Level::Info, &told)?;
    Ok(Loan { session, variables, door: door.map(|door| door.serving) })
}

/// The environment's region and address, as SDKs are told.
fn variables(environment: &Environment) -> BTreeMap<String, String> {
    let region = environment.region.as_str();
    let mut variables = BTreeMap::from([("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)]);
    variables.insert("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    let Addresses { fips, dual_stack } = environment.sessions.addresses;
    if fips {
        variables.insert("AWS_USE_FIPS_ENDPOINT", "true");
    }
    if dual_stack {
        variables.insert("AWS_USE_DUALSTACK_ENDPOINT", "true");
    }
    if let Some(url) = &environment.endpoint_url {
        variables.insert("AWS_ENDPOINT_URL", url.as_str().trim_end_matches('/'));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
