//! Whom the deploy role trusts, and what each role may do.

use super::judged;
use crate::{
    aws::{Caller, ErrorClass, Iam, Session},
    preflight::{self, Asked, Check, Outcome, permissions},
    spec::Environment,
};
use std::collections::BTreeSet;

pub(super) async fn examine(
    session: &Session,
    environment: &Environment,
    caller: Option<&Caller>,
) -> Vec<Check> {
    let iam = session.iam();
    let (trust, simulated) =
        tokio::join!(trust(&iam, environment, caller), Box::pin(simulated(&iam, environment)));
    [trust].into_iter().chain(simulated).collect()
}

async fn trust(iam: &Iam, environment: &Environment, caller: Option<&Caller>) -> Check {
    let agent = caller.and_then(|caller| Some((caller.account.as_str(), caller.role()?)));
    let asked = Asked::from(environment);
    let read = iam.trust_policy(&environment.deploy_role).await;
    let outcome = judged(&read, |policy| match policy {
        Some(policy) => preflight::trust(policy, &asked, agent).or_bootstrap(&environment.name),
        None => Outcome::unknown(format!("IAM has no {}", environment.deploy_role)),
    });
    Check::new("trust policy", outcome)
}

/// One after the other: IAM lets an account simulate a few times a second only. Where IAM refuses to simulate a role,
/// it is not asked about that role again; where it gives no answer, about none.
async fn simulated(iam: &Iam, environment: &Environment) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut refused = BTreeSet::new();
    for permission in permissions(environment) {
        if refused.contains(&permission.role) {
            continue;
        }
        if let Some(alias) = permission.resources.iter().find(|one| preflight::is_alias(one)) {
            let why =
                format!("IAM knows no alias, and KMS did not tell which key is behind {alias}");
            checks.push(Check::new(permission.what, Outcome::unknown(why)));
            continue;
        }
        let read = iam.simulate(&permission).await;
        let outcome = judged(&read, |simulated| {
            preflight::judge(&permission, simulated).or_bootstrap(&environment.name)
        });
        match read {
            Err(error) if error.class == ErrorClass::Denied => {
                let what = format!("permissions of {}", permission.role.name());
                checks.push(Check::new(what, outcome));
                refused.insert(permission.role);
            }
            Err(error) if error.class == ErrorClass::Unavailable => {
                checks.push(Check::new("permissions of the roles", outcome));
                break;
            }
            Ok(_) | Err(_) => checks.push(Check::new(permission.what, outcome)),
        }
    }
    checks
}
