//! Functions: create, update, get, list, tag, delete.

use super::{
    Function, Version, code, code::Code, configuration::Configuration, invalid, route, versions,
};
use crate::rehearsal::{Call, ServiceError, check, check::Shape};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// CreateFunction API.
const NAME: Shape = Shape { length: 1..=64, more: "-_" };
const MOST_TAGS: usize = 50;
/// ListFunctions API.
const FUNCTIONS_A_PAGE: u32 = 50;

pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, _) = route::function_name(&call.body);
    NAME.demand("ValidationException", "functionName", &name)?;
    let configuration = Configuration::create(call)?;
    let fields = call.body.get("Code").cloned().unwrap_or_default();
    let code = code::read(call, &fields).await?;
    let tags = tags(call)?;
    if call.shelf.get::<Function>(&call.place, &name).await?.is_some() {
        return Err(ServiceError::with_status(
            StatusCode::CONFLICT,
            "ResourceConflictException",
            format!("Function already exist: {name}"),
        ));
    }
    code::keep(call, &code).await?;
    let latest = Version::new(call, configuration, &code);
    let mut function = Function { latest, published: BTreeMap::new(), last_number: 0, tags };
    finish_update(call, &name, &mut function).await
}

pub(super) async fn update_code(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut function) = function(call).await?;
    versions::check_revision(call, &name, &function)?;
    let fields = call.body.clone();
    let code = code::read(call, &fields).await?;
    let dry_run = call.body.get("DryRun").and_then(Value::as_bool).unwrap_or_default();
    function.latest = Version::new(call, function.latest.configuration.clone(), &code);
    if dry_run {
        return Ok(versions::show(call, &name, None, &function.latest));
    }
    code::keep(call, &code).await?;
    finish_update(call, &name, &mut function).await
}

pub(super) async fn update_configuration(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut function) = function(call).await?;
    versions::check_revision(call, &name, &function)?;
    function.latest.configuration = function.latest.configuration.updated(call)?;
    function.latest.modified = call.now;
    call.shelf.put(&call.place, &name, &function).await?;
    Ok(versions::show(call, &name, None, &function.latest))
}

/// Keeps the function, with a new version if `Publish` says so; gives what was made.
async fn finish_update(
    call: &mut Call<'_>,
    name: &str,
    function: &mut Function,
) -> Result<Value, ServiceError> {
    let publish = call.body.get("Publish").and_then(Value::as_bool).unwrap_or_default();
    let number = publish.then(|| function.publish(None));
    call.shelf.put(&call.place, name, function).await?;
    let version = match number {
        Some(number) => function.published.get(&number).unwrap_or(&function.latest),
        None => &function.latest,
    };
    Ok(versions::show(call, name, number, version))
}

pub(super) async fn get(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let configuration = get_configuration(call).await?;
    let (_, function) = function(call).await?;
    let mut shown = json!({
        "Configuration": configuration,
        "Code": { "RepositoryType": "S3" },
    });
    if !function.tags.is_empty() {
        shown["Tags"] = json!(function.tags);
    }
    Ok(shown)
}

pub(super) async fn get_configuration(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, function) = function(call).await?;
    let (_, qualifier) = route::function_name(&call.body);
    let version = function.version(qualifier.as_deref()).ok_or_else(|| {
        not_found(call, &format!("{name}:{}", qualifier.as_deref().unwrap_or_default()))
    })?;
    let number = qualifier.and_then(|qualifier| qualifier.parse().ok());
    Ok(versions::show(call, &name, number, version))
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let after = call.text("Marker").unwrap_or_default().to_owned();
    let mut functions =
        call.shelf.list::<Function>(&call.place, "", &after, FUNCTIONS_A_PAGE + 1).await?;
    let more = functions.len() > FUNCTIONS_A_PAGE as usize;
    functions.truncate(FUNCTIONS_A_PAGE as usize);
    let marker = functions.last().filter(|_| more).map(|(name, _)| name.clone());
    let shown: Vec<Value> = functions
        .iter()
        .map(|(name, function)| versions::show(call, name, None, &function.latest))
        .collect();
    Ok(json!({ "Functions": shown, "NextMarker": marker }))
}

pub(super) async fn delete(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut function) = function(call).await?;
    match route::function_name(&call.body).1.as_deref() {
        None => {
            call.shelf.delete::<Function>(&call.place, &name).await?;
        }
        Some("$LATEST") => {
            return Err(invalid("$LATEST version cannot be deleted without deleting the function"));
        }
        Some(number) => {
            let removed = number.parse().ok().and_then(|number| function.published.remove(&number));
            removed.ok_or_else(|| not_found(call, &format!("{name}:{number}")))?;
            call.shelf.put(&call.place, &name, &function).await?;
        }
    }
    Ok(Value::Null)
}

pub(super) async fn tag(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let added = tags(call)?;
    call.body["FunctionName"] = call.body["Resource"].clone();
    let (name, mut function) = function(call).await?;
    function.tags.extend(added);
    check::length("InvalidParameterValueException", "tags", function.tags.len(), 0..=MOST_TAGS)?;
    call.shelf.put(&call.place, &name, &function).await?;
    Ok(Value::Null)
}

pub(super) async fn list_tags(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    call.body["FunctionName"] = call.body["Resource"].clone();
    let (_, function) = function(call).await?;
    Ok(json!({ "Tags": function.tags }))
}

/// The function the call is about, as an ARN.
pub(super) fn resource(call: &Call<'_>) -> String {
    match call.text("Resource") {
        Some(arn) => arn.to_owned(),
        None => match route::function_name(&call.body).0.as_str() {
            "" => "*".to_owned(),
            name => call.place.arn("lambda", &format!("function:{name}")),
        },
    }
}

/// The function the call names, which must exist.
pub(super) async fn function(call: &mut Call<'_>) -> Result<(String, Function), ServiceError> {
    let given = call.text("FunctionName").unwrap_or_default();
    if given.starts_with("arn:") && !given.starts_with(&call.place.arn("lambda", "function:")) {
        return Err(ServiceError::refused(
            "AccessDeniedException",
            format!("{given} is a function of another account or region"),
        ));
    }
    let (name, _) = route::function_name(&call.body);
    let function = call.shelf.get(&call.place, &name).await?;
    Ok((name.clone(), function.ok_or_else(|| not_found(call, &name))?))
}

fn not_found(call: &Call<'_>, name: &str) -> ServiceError {
    ServiceError::with_status(
        StatusCode::NOT_FOUND,
        "ResourceNotFoundException",
        format!("Function not found: {}", call.place.arn("lambda", &format!("function:{name}"))),
    )
}

fn tags(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let none = Map::new();
    let given = call.body.get("Tags").and_then(Value::as_object).unwrap_or(&none);
    check::length("InvalidParameterValueException", "tags", given.len(), 0..=MOST_TAGS)?;
    Ok(given
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect())
}

impl Version {
    fn new(call: &Call<'_>, configuration: Configuration, code: &Code) -> Self {
        Self {
            description: configuration.description.clone(),
            configuration,
            code_sha256: code.sha256.clone(),
            code_size: code.zip.len() as u64,
            modified: call.now,
        }
    }
}
