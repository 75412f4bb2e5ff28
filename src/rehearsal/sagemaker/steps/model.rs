//! Model: a model that endpoints and batch transforms can use.

use super::{
    super::{super::Call, models::Model},
    Outcome, Running, Trouble, job, list, text,
};
use serde_json::{Value, json};

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let arguments = running.value("/Arguments").clone();
    let primary = arguments.get("PrimaryContainer").filter(|primary| primary.is_object());
    let containers: Vec<&Value> =
        primary.into_iter().chain(list(&arguments, "/Containers")).collect();
    if containers.is_empty() {
        return Err(Trouble::failed("ClientError: ValidationException: a model needs a container"));
    }
    for container in containers {
        text(container, "/Image")?;
        if let Some(uri) = container.get("ModelDataUrl").and_then(Value::as_str)
            && !job::exists(call, running, uri).await?
        {
            return Err(Trouble::failed(format!(
                "ClientError: ValidationException: Could not find model data at {uri}."
            )));
        }
    }
    let model = Model::new(call, &running.job, arguments.clone());
    let arn = model.keep(call).await?;
    let mut properties = arguments;
    properties["ModelName"] = json!(running.job);
    properties["ModelArn"] = json!(arn);
    Ok(Outcome { metadata: json!({ "Model": { "Arn": arn } }), properties, ..Outcome::default() })
}
