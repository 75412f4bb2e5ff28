//! Who may do what where.

use super::{Found, Ground, refused, same};
use relevo::{
    aws::{ErrorClass, Purpose},
    spec::Environment,
};

pub(super) async fn a_role_leads_to_its_account(ground: Ground) -> Found {
    for environment in [&ground.dev, &ground.prod] {
        let session = ground.assume(environment, Purpose::Read).await?;
        same("account", session.account(), &environment.account)?;
    }
    let registry = ground.prod.model_package_group.account();
    let approver = ground.assume(&ground.prod, Purpose::Approve).await?;
    same("registry", Some(approver.account().clone()), registry)
}

pub(super) async fn a_wrong_external_id_is_refused(ground: Ground) -> Found {
    let stranger = Environment { external_id: Some("guessed".to_owned()), ..ground.prod.clone() };
    let error = refused("AssumeRole", ground.assume(&stranger, Purpose::Read).await)?;
    same("AssumeRole", (error.operation, error.class), ("AssumeRole", ErrorClass::Denied))
}

pub(super) async fn a_role_of_another_account_gives_no_session(ground: Ground) -> Found {
    let account = ground.dev.account.clone();
    let confused = Environment { account, ..ground.prod.clone() };
    let error = refused("AssumeRole", ground.assume(&confused, Purpose::Deploy).await)?;
    same("AssumeRole", error.class, ErrorClass::WrongAccount)
}

pub(super) async fn a_reading_session_cannot_write(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Read).await?;
    session.logs().group("jenkins-log").await?;
    let error = refused("DeleteTopic", session.sns().delete(&topic(&ground)).await)?;
    same("DeleteTopic", error.class, ErrorClass::Denied)?;
    let error =
        refused("CreateLogGroup", session.logs().create_group(&ground.prod.log_group).await)?;
    same("CreateLogGroup", error.class, ErrorClass::Denied)
}

fn topic(ground: &Ground) -> String {
    format!("arn:aws:sns:us-east-1:{}:somebody-s", ground.prod.account)
}
