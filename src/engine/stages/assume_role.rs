//! `assume-role`: take the deploy role and prove the account before anything else happens there.

use super::{outputs::Assumed, work::Work};
use crate::{aws::Purpose, flow::Failure};

pub(super) async fn assume_role(work: &Work<'_>) -> Result<Assumed, Failure> {
    let environment = work.environment()?;
    // whoever compares what is there with what should be takes another session, which cannot write: both at once
    let (session, _) = tokio::try_join!(
        Box::pin(work.session(environment, Purpose::Deploy)),
        Box::pin(work.session(environment, Purpose::Read)),
    )?;
    work.tell(&format!("assumed {} in account {}", session.role(), session.account()))?;
    Ok(Assumed { account: session.account().clone(), role: session.role().clone() })
}
