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

    /// Keeps it and gives its ARN.
    pub(super) async fn keep(self, call: &mut Call<'_>) -> Result<String, ServiceError> {
        call.shelf.put(&call.place, &self.name.to_lowercase(), &self).await?;
        Ok(self.arn)
    }
}

/// DescribeModel.
pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ModelName")?.to_owned();
    let model: Option<Model> = call.shelf.get(&call.place, &name.to_lowercase()).await?;
    let model = model.ok_or_else(|| validation(format!("Could not find model '{name}'.")))?;
    let mut answer = model.arguments;
    answer["ModelName"] = json!(model.name);
    answer["ModelArn"] = json!(model.arn);
    answer["CreationTime"] = epoch(model.created);
    Ok(answer)
}
