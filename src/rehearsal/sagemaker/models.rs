//! Models: what the Model step makes and DescribeModel shows.

use super::{
    super::{Call, Item, ServiceError},
    check::{epoch, required, validation},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A model; kept under its name in lower case, as its ARN has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Model {
    name: String,
    arn: String,
    arguments: Value,
    created: Timestamp,
}

impl Item for Model {
    const KIND: &'static str = "model";
}

impl Model {
    /// A new model.
    pub(super) fn new(call: &Call<'_>, name: &str, arguments: Value) -> Self {
        let arn = call.place.arn("sagemaker", &format!("model/{}", name.to_lowercase()));
        Self { name: name.to_owned(), arn, arguments, created: call.now }
    }

    /// Keeps it, unless it is there already, and gives its ARN.
    pub(super) async fn keep(self, call: &mut Call<'_>) -> Result<String, ServiceError> {
        let key = self.name.to_lowercase();
        match call.shelf.get::<Self>(&call.place, &key).await? {
            Some(there) if there.arguments == self.arguments => {}
            Some(_) => {
                let arn = self.arn;
                return Err(validation(format!("Cannot create already existing model \"{arn}\".")));
            }
            None => call.shelf.put(&call.place, &key, &self).await?,
        }
        Ok(self.arn)
    }

    /// What it was made from (CreateModel API).
    pub(super) fn arguments(&self) -> &Value {
        &self.arguments
    }

    /// Its container, if it has exactly one.
    pub(super) fn container(&self) -> Option<&Value> {
        let primary = self.arguments.get("PrimaryContainer").filter(|primary| primary.is_object());
        let others = self.arguments.get("Containers").and_then(Value::as_array);
        let mut all = primary.into_iter().chain(others.into_iter().flatten());
        all.next().filter(|_| all.next().is_none())
    }
}

/// The model of that name.
pub(super) async fn find(call: &mut Call<'_>, name: &str) -> Result<Model, ServiceError> {
    let model: Option<Model> = call.shelf.get(&call.place, &name.to_lowercase()).await?;
    model.ok_or_else(|| validation(format!("Could not find model '{name}'.")))
}

/// DescribeModel.
pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ModelName")?.to_owned();
    let model = find(call, &name).await?;
    let mut answer = model.arguments;
    answer["ModelName"] = json!(model.name);
    answer["ModelArn"] = json!(model.arn);
    answer["CreationTime"] = epoch(model.created);
    Ok(answer)
}
