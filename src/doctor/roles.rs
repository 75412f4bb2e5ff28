//! Whom the deploy role trusts, and what each role may do.

use super::{judged, unread};
use crate::{
    aws::{Caller, Iam, Session},
    preflight::{self, Check, Outcome, permissions},
    spec::Environment,
};

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
    let id = environment.external_id.as_deref();
    let read = iam.trust_policy(&environment.deploy_role).await;
    let outcome = judged(&read, |policy| match policy {
        Some(policy) => preflight::trust(policy, id, agent),
        None => Outcome::unknown(format!("IAM has no {}", environment.deploy_role)),
    });
    Check::new("trust policy", outcome)
}

/// One after the other: IAM lets an account simulate a few times a second only. Once IAM says that it is not allowed,
/// it is not asked again.
async fn simulated(iam: &Iam, environment: &Environment) -> Vec<Check> {
    let mut checks = Vec::new();
    for permission in permissions(environment) {
        let read = iam.simulate(&permission).await;
        let outcome = judged(&read, |simulated| preflight::judge(&permission, simulated));
        match read {
            Err(error) if error.class == crate::aws::ErrorClass::Denied => {
                checks.push(Check::new("permissions", unread(&error)));
                return checks;
            }
            Ok(_) | Err(_) => checks.push(Check::new(permission.what, outcome)),
        }
    }
    checks
}
