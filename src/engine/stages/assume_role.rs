//! `assume-role`: take the deploy role and prove the account before anything else happens there.

use super::{outputs::Assumed, work::Work};
use crate::{aws::Purpose, flow::Failure};

pub(super) async fn assume_role(work: &Work<'_>) -> Result<Assumed, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Deploy).await?;
    work.tell(&format!("assumed {} in account {}", session.role(), session.account()))?;
    Ok(Assumed { account: session.account().clone(), role: session.role().clone() })
}
