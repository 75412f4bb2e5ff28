//! Handlebars as we use it: strict, and unable to break the JSON around a value.

use super::{render::RenderError, tags};
use crate::spec::did_you_mean;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext,
    RenderErrorReason, Renderable, TemplateError, no_escape,
};
use serde_json::Value;

/// The template with its variables filled in.
///
/// Every text is escaped for JSON before the template sees it, so neither `{{x}}` nor `{{{x}}}` can
/// leave the string it stands in.
pub(super) fn fill(template: &str, variables: &Value) -> Result<String, RenderError> {
    tags::check(template)?;
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    handlebars.register_helper("if", Box::new(Branch::If));
    handlebars.register_helper("unless", Box::new(Branch::Unless));
    handlebars
        .render_template(template, &escaped(variables))
        .map_err(|flaw| at_line(&flaw, variables))
}

fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape(text)),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, inner)| (escape(key), escaped(inner))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// The text as it stands between the quotes of a JSON string.
fn escape(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn at_line(flaw: &handlebars::RenderError, variables: &Value) -> RenderError {
    if let RenderErrorReason::TemplateError(syntax) = flaw.reason() {
        return syntax_error(syntax);
    }
    let message = match flaw.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => format!("unknown variable '{name}'"),
        RenderErrorReason::MissingVariable(None) => "unknown variable".to_owned(),
        RenderErrorReason::HelperNotFound(name) => format!("unknown helper or variable '{name}'"),
        other => other.to_string(),
    };
    let help = match flaw.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => advice(name, variables),
        _ => None,
    };
    let (line, column) = (flaw.line_no.unwrap_or(1), flaw.column_no.unwrap_or(1));
    RenderError::Template { line, column, message, help }
}

/// What the template may have meant by an unknown variable.
fn advice(name: &str, variables: &Value) -> Option<String> {
    if let Some(script) = name.strip_prefix("release.scripts.") {
        let file = script.trim_matches(['[', ']']);
        return Some(format!("there is no templates/scripts/{file}: write it, or name another"));
    }
    let mut known = Vec::new();
    paths("", variables, &mut known);
    did_you_mean(name, known.iter().map(String::as_str))
}

/// Every variable as a template writes it.
fn paths(prefix: &str, value: &Value, found: &mut Vec<String>) {
    let Value::Object(map) = value else { return found.push(prefix.to_owned()) };
    for (key, inner) in map {
        let key = if key.contains('.') { format!("[{key}]") } else { key.clone() };
        let dot = if prefix.is_empty() { "" } else { "." };
        paths(&format!("{prefix}{dot}{key}"), inner, found);
    }
}

fn syntax_error(flaw: &TemplateError) -> RenderError {
    let (line, column) = flaw.pos().unwrap_or((1, 1));
    let message = flaw.reason().to_string();
    let help = "every {{ needs its }}, every {{#if …}} its {{/if}}".to_owned();
    RenderError::Template { line, column, message, help: Some(help) }
}

/// `if` and `unless` that refuse an unknown variable; the crate's own take it for false.
#[derive(Clone, Copy)]
enum Branch {
    If,
    Unless,
}

impl HelperDef for Branch {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        output: &mut dyn Output,
    ) -> HelperResult {
        let name = helper.name().to_owned();
        let condition = helper
            .param(0)
            .ok_or_else(|| RenderErrorReason::Other(format!("'{name}' needs a condition")))?;
        if condition.is_value_missing() {
            return Err(
                RenderErrorReason::MissingVariable(condition.relative_path().cloned()).into()
            );
        }
        let truthy = condition.value().is_truthy(false);
        let wanted = match self {
            Self::If => truthy,
            Self::Unless => !truthy,
        };
        let body = if wanted { helper.template() } else { helper.inverse() };
        body.map_or(Ok(()), |body| body.render(registry, context, state, output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn flaw(template: &str) -> String {
        fill(template, &json!({"known": true, "list": [1]})).unwrap_err().to_string()
    }

    #[test]
    fn what_a_template_may_not_use_is_named_with_its_line() {
        for (template, message) in [
            ("{\n\"a\": {{typo}}", "line 2, column 6 of the template: unknown variable 'typo'"),
            ("{{#if typo}}1{{/if}}", "line 1, column 1 of the template: unknown variable 'typo'"),
            ("{{#unless typo}}1{{/unless}}", "unknown variable 'typo'"),
            ("\n\n{{#each typo}}1{{/each}}", "line 3, column 1 of the template: unknown variable"),
            (
                "{{#if known}}\n {{known.deeper}}{{/if}}",
                "line 2, column 2 of the template: unknown variable",
            ),
            (
                "\n{{shout known}}",
                "line 2, column 1 of the template: unknown helper or variable 'shout'",
            ),
            ("{{> other}}", "line 1, column 1 of the template"),
            ("a\n{{#if known}}", "line 2"),
            ("{{#if}}1{{/if}}", "needs a condition"),
        ] {
            assert!(flaw(template).contains(message), "{template}: {}", flaw(template));
        }
    }

    #[test]
    fn numbers_and_booleans_stay_what_they_are() {
        let text = fill(
            "[{{a}}, {{b}}, {{#if c}}1{{else}}2{{/if}}]",
            &json!({"a": 0.8, "b": true, "c": 0}),
        );
        assert_eq!(text.unwrap(), "[0.8, true, 2]");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_string(text in any::<String>()) {
            let filled = fill(r#"["{{x}}", "{{{x}}}", "{{&x}}"]"#, &json!({"x": text})).unwrap();
            let read: Value = serde_json::from_str(&filled).unwrap();
            prop_assert_eq!(read, json!([text, text, text]));
        }
    }
}
