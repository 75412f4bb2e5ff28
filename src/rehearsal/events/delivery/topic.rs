//! An SNS topic as a target: EventBridge publishes as itself, so the topic and its key must let it in.

use super::{
    Delivery,
    failure::{ErrorCode, Failure},
    message,
};
use crate::{
    ids::Arn,
    rehearsal::{Call, Place, sns},
};
use serde_json::json;

/// Publishes what the target says of the event.
pub(super) async fn publish(
    call: &mut Call<'_>,
    delivery: &Delivery,
    arn: &Arn,
) -> Result<(), Failure> {
    let place = arn.account().zip(arn.region().parse().ok());
    let place = place
        .map(|(account, region)| Place { account, region })
        .ok_or_else(|| Failure::new(ErrorCode::InvalidParameter, format!("'{arn}' is no topic")))?;
    let principal = call.principal.clone();
    let body = json!({ "TopicArn": arn, "Message": message::text(delivery)? });
    let mut sub_call = call.sub_call(place, principal, ("Publish", body));
    sns::handle(&mut sub_call).await?;
    Ok(())
}
