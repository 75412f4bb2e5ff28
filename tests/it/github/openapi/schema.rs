//! As much of OpenAPI as GitHub's description of request bodies uses. What is not named there is not allowed.

use super::super::fake::Recorded;
use serde_json::Value;
use std::cmp::Reverse;

/// The whole description.
pub struct Description(Value);

impl Description {
    /// The one that the environment names, if it does.
    pub fn open() -> Option<Self> {
        let Ok(file) = std::env::var("RELEVO_GITHUB_OPENAPI") else {
            println!("skipped: RELEVO_GITHUB_OPENAPI names no description of GitHub's interface");
            return None;
        };
        let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        Some(Self(serde_json::from_slice(&text).unwrap()))
    }

    /// The template of the path, if the request is one of those described.
    pub fn check(&self, request: &Recorded) -> Result<String, String> {
        let paths = self.0["paths"].as_object().unwrap();
        let method = request.method.to_ascii_lowercase();
        let fitting = paths.iter().filter(|(template, operations)| {
            fits(template, &request.path) && operations.get(&method).is_some()
        });
        // A name that is spelt out goes before one that is left open.
        let (template, operations) = fitting
            .min_by_key(|(template, _)| (template.matches('{').count(), Reverse(template.len())))
            .ok_or("no such path and method")?;
        let operation = &operations[&method];
        self.check_query(operation, &request.query)?;
        let schema = operation.pointer("/requestBody/content/application~1json/schema");
        match (schema, &request.body) {
            (None, Value::Null) => Ok(template.clone()),
            (None, _) => Err("it has a body, which is not described".to_owned()),
            (Some(schema), body) => self.body(schema, body, "body").map(|()| template.clone()),
        }
    }

    fn check_query(&self, operation: &Value, query: &str) -> Result<(), String> {
        let parameters: Vec<&Value> =
            operation["parameters"].as_array().into_iter().flatten().map(|p| self.of(p)).collect();
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            let is_meant = |p: &&&Value| p["in"] == "query" && p["name"] == *name;
            if !parameters.iter().any(|p| is_meant(&p)) {
                return Err(format!("the query has an unknown '{name}'"));
            }
        }
        Ok(())
    }

    fn of<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    fn body(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.of(schema);
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let own = schema.get("properties").is_some();
            let mut tried = choices.iter().map(|choice| {
                // A choice may only add to what stands beside it.
                if own {
                    self.required(choice, value, place)
                } else {
                    self.body(choice, value, place)
                }
            });
            if !tried.any(|result| result.is_ok()) {
                return Err(format!("{place}: none of the choices"));
            }
            if !own {
                return Ok(());
            }
        }
        if value.is_null() && schema["nullable"] == true {
            return Ok(());
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            return Err(format!("{place}: {value} is none of {allowed:?}"));
        }
        match (schema["type"].as_str(), value) {
            (Some("object") | None, Value::Object(_)) => self.fields(schema, value, place),
            (Some("array"), Value::Array(items)) => {
                let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
                if items.len() as u64 > most {
                    return Err(format!("{place}: more than {most}"));
                }
                items.iter().try_for_each(|item| self.body(&schema["items"], item, place))
            }
            (Some("string"), Value::String(text)) => text_fits(schema, text, place),
            (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) => Ok(()),
            (Some("integer"), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Ok(())
            }
            (wanted, found) => Err(format!("{place}: {found} is no {wanted:?}")),
        }
    }

    fn required(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.of(schema);
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{place}: {name} is missing"));
            }
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name)
                && let Some(allowed) = schema["enum"].as_array()
                && !allowed.contains(value)
            {
                return Err(format!("{place}.{name}: {value} is none of {allowed:?}"));
            }
        }
        Ok(())
    }

    fn fields(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        self.required(schema, value, place)?;
        for (name, value) in value.as_object().unwrap() {
            let place = format!("{place}.{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(known), _) => self.body(known, value, &place)?,
                (None, Value::Bool(true)) => {}
                (None, Value::Object(_)) => {
                    self.body(&schema["additionalProperties"], value, &place)?;
                }
                (None, _) if schema.get("properties").is_none() => {}
                (None, _) => return Err(format!("{place}: no such field")),
            }
        }
        Ok(())
    }
}

fn text_fits(schema: &Value, text: &str, place: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    if length > schema["maxLength"].as_u64().unwrap_or(u64::MAX) {
        return Err(format!("{place}: too long"));
    }
    if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        return Err(format!("{place}: {text} is no time"));
    }
    Ok(())
}

/// Does the path fit the template? A reference at the end may have several parts.
fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/').peekable(), path.split('/').peekable());
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some("{ref}"), Some(_)) if template.peek().is_none() => return true,
            (Some(open), Some(part)) if open.starts_with('{') && !part.is_empty() => {}
            (Some(name), Some(part)) if name == part => {}
            _ => return false,
        }
    }
}
