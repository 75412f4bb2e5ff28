//! What of Handlebars a template may use. Templates come with every push, and the crate follows them as deep as they go:
//! partials that include each other end the process, and blocks in blocks take time that grows with the square of their depth.

use super::render::RenderError;

/// Characters of a template: SageMaker takes no longer definition (CreatePipeline, `PipelineDefinition`).
const LONGEST_TEMPLATE: usize = 1_048_576;
/// Blocks within blocks; ours need two.
const DEEPEST: usize = 16;

/// Refuses a template that is too long, too deep, or uses partials or decorators.
pub(super) fn check(template: &str) -> Result<(), RenderError> {
    let refuse = |offset: usize, message: String, help: &str| {
        let before = &template[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Err(RenderError::Template { line, column, message, help: Some(help.to_owned()) })
    };
    if template.chars().count() > LONGEST_TEMPLATE {
        let message = format!("more than {LONGEST_TEMPLATE} characters");
        return refuse(0, message, "SageMaker takes no longer definition");
    }
    let mut depth: usize = 0;
    for (offset, _) in template.match_indices("{{") {
        let tag = template[offset + 2..].trim_start_matches(['~', ' ', '\t', '\r', '\n']);
        let block = tag.strip_prefix('#');
        let inner = block.unwrap_or(tag).trim_start();
        if inner.starts_with(['>', '*']) {
            return refuse(
                offset,
                "partials and decorators are not supported".to_owned(),
                "write the text where it is needed",
            );
        }
        if block.is_some() {
            depth += 1;
        } else if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        }
        if depth > DEEPEST {
            return refuse(
                offset,
                format!("more than {DEEPEST} blocks within each other"),
                "take the blocks apart",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(template: &str) -> String {
        check(template).unwrap_err().to_string()
    }

    #[test]
    fn partials_that_would_include_each_other_are_refused() {
        let mutual =
            "{{#*inline \"a\"}}{{> b}}{{/inline}}{{#*inline \"b\"}}{{> a}}{{/inline}}{{> a}}";
        for template in [mutual, "\n {{> a}}", "{{~ > a}}", "{{#> a}}{{/a}}", "{{* a}}"] {
            assert!(refusal(template).contains("partials and decorators"), "{template}");
        }
        assert!(refusal("\n {{> a}}").starts_with("line 2, column 2 "));
    }

    #[test]
    fn depth_and_length_have_an_end() {
        let blocks = |depth: usize| "{{#if x}}".repeat(depth) + &"{{/if}}".repeat(depth);
        assert!(check(&blocks(DEEPEST).repeat(3)).is_ok());
        assert!(refusal(&blocks(DEEPEST + 1)).contains("within each other"));
        assert!(refusal(&"x".repeat(LONGEST_TEMPLATE + 1)).contains("characters"));
    }
}
