//! A SageMaker pipeline as a target: EventBridge takes the target's role and starts it.

use super::{
    Delivery,
    failure::{ErrorCode, Failure},
};
use crate::{
    event,
    ids::Digest,
    rehearsal::{Call, Principal, RoleSession, Service, sagemaker},
};
use serde_json::{Value, json};

/// Starts the pipeline as the target's role. The token is the delivery's own, so that trying again starts nothing
/// twice, while an event that comes again does, as in AWS.
pub(super) async fn start(call: &mut Call<'_>, delivery: &Delivery) -> Result<(), Failure> {
    let principal = role(call, delivery)?;
    let body = json!({
        "PipelineName": delivery.target["Arn"],
        "ClientRequestToken": Digest::of(&delivery.id),
        "PipelineParameters": parameters(delivery)?,
    });
    let place = call.place.clone();
    let mut sub_call = call.sub_call(place, principal, ("StartPipelineExecution", body));
    sagemaker::start_execution(&mut sub_call).await?;
    Ok(())
}

/// The session EventBridge gets of the target's role.
fn role(call: &Call<'_>, delivery: &Delivery) -> Result<Principal, Failure> {
    let arn = delivery.target["RoleArn"].as_str().unwrap_or_default();
    let role = call.landscape.role(arn);
    let role = role.filter(|role| role.may_be_passed(&call.place.account, Service::Events));
    let role = role.ok_or_else(|| {
        let message =
            format!("the role '{arn}' does not exist or does not trust events.amazonaws.com");
        Failure::new(ErrorCode::FailedToAssumeRole, message)
    })?;
    let name: String = Digest::of(&delivery.rule).as_str().chars().take(32).collect();
    Ok(Principal::Session(Box::new(RoleSession {
        role: role.arn.clone(),
        name,
        token: String::new(),
        expires: call.now,
        policy: None,
        source_identity: None,
        tags: Default::default(),
        transitive: Default::default(),
    })))
}

/// The target's parameters; a value that begins with `$.` is a path into the event.
fn parameters(delivery: &Delivery) -> Result<Vec<Value>, Failure> {
    let list = &delivery.target["SageMakerPipelineParameters"]["PipelineParameterList"];
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|parameter| {
            let value = parameter["Value"].as_str().unwrap_or_default();
            let value = if value.starts_with("$.") {
                text_at(&delivery.event, value)?
            } else {
                value.to_owned()
            };
            Ok(json!({ "Name": parameter["Name"], "Value": value }))
        })
        .collect()
}

/// A text stands for itself, everything else for its JSON.
fn text_at(event: &Value, path: &str) -> Result<String, Failure> {
    match event::at_path(event, path) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value) => Ok(value.to_string()),
        None => {
            let message = format!("the event has nothing at {path}");
            Err(Failure::new(ErrorCode::InvalidParameter, message))
        }
    }
}
