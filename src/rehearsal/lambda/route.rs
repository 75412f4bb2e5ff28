//! Paths to operations; what stands in path and query joins the input.

use super::OPERATIONS;
use crate::rehearsal::{Call, ServiceError, wire::incoming::Incoming};
use http::Method;
use serde_json::{Value, json};

const FUNCTIONS: &str = "2015-03-31/functions";
const TAGS: &str = "2017-03-31/tags/";

/// Query parameters that operations take.
const PARAMETERS: &[&str] = &["Qualifier", "Marker", "MaxItems"];

pub(super) fn read(call: &mut Call<'_>, incoming: &Incoming) -> Result<(), ServiceError> {
    call.body = crate::rehearsal::wire::json_body(incoming)?;
    for name in PARAMETERS {
        if let Some(value) = incoming.parameter(name) {
            call.body[*name] = json!(value);
        }
    }
    let path = incoming.path.trim_matches('/');
    let method = &incoming.method;
    let operation = if let Some(arn) = path.strip_prefix(TAGS) {
        call.body["Resource"] = json!(unescape(arn));
        tag_operation(method)
    } else if let Some(rest) = path.strip_prefix(FUNCTIONS) {
        let mut parts = rest.trim_start_matches('/').splitn(2, '/');
        let name = unescape(parts.next().unwrap_or_default());
        let part = parts.next().unwrap_or_default();
        if !name.is_empty() {
            call.body["FunctionName"] = json!(name);
        }
        function_operation(method, name.is_empty(), part)
    } else {
        None
    };
    call.operation = operation.map_or_else(|| format!("{method} /{path}"), str::to_owned);
    if operation.is_some() { Ok(()) } else { Err(call.unknown_operation(OPERATIONS)) }
}

fn tag_operation(method: &Method) -> Option<&'static str> {
    match *method {
        Method::POST => Some("TagResource"),
        Method::GET => Some("ListTags"),
        _ => None,
    }
}

fn function_operation(method: &Method, all: bool, part: &str) -> Option<&'static str> {
    match (method, all, part) {
        (&Method::POST, true, "") => Some("CreateFunction"),
        (&Method::GET, true, "") => Some("ListFunctions"),
        (&Method::GET, false, "") => Some("GetFunction"),
        (&Method::DELETE, false, "") => Some("DeleteFunction"),
        (&Method::GET, false, "configuration") => Some("GetFunctionConfiguration"),
        (&Method::PUT, false, "configuration") => Some("UpdateFunctionConfiguration"),
        (&Method::PUT, false, "code") => Some("UpdateFunctionCode"),
        (&Method::POST, false, "versions") => Some("PublishVersion"),
        (&Method::GET, false, "versions") => Some("ListVersionsByFunction"),
        _ => None,
    }
}

/// ARNs come with their colons escaped, names with `$` at most.
fn unescape(text: &str) -> String {
    [("%3A", ":"), ("%3a", ":"), ("%2F", "/"), ("%2f", "/"), ("%24", "$")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// The function's name and qualifier, whether given as a name or an ARN.
pub(super) fn function_name(body: &Value) -> (String, Option<String>) {
    let given = body["FunctionName"].as_str().unwrap_or_default();
    let given = match given.split_once(":function:") {
        Some((_, name)) => name,
        None => given,
    };
    let (name, qualifier) = match given.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (given, None),
    };
    let qualifier = body["Qualifier"].as_str().or(qualifier);
    (name.to_owned(), qualifier.map(str::to_owned))
}
