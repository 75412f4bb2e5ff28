//! What the Processing job of a stage is called: the same run, stage and attempt have the same job, whoever asks.

use crate::ids::{Attempt, Digest, RunId, StageName};
use crate::spec::Environment;

/// Characters of a model's name in the names of its jobs.
const MODEL: usize = 20;
/// Characters of a stage's name.
const STAGE: usize = 16;
/// Hexadecimal digits that tell runs, stages and attempts apart.
const DIGITS: usize = 16;
/// Hexadecimal digits that tell shortened names of models apart.
const MODEL_DIGITS: usize = 6;

/// What the names of the model's jobs begin with; a hyphen follows. Roles are allowed jobs by it.
#[must_use]
pub fn job_prefix(environment: &Environment) -> String {
    let model = environment.model_name.as_str();
    let plain = legal(model, MODEL);
    if plain == model {
        return format!("relevo-{plain}");
    }
    let digest = Digest::of(model);
    let kept = legal(model, MODEL - MODEL_DIGITS - 1);
    format!("relevo-{kept}-{}", &digest.as_str()[..MODEL_DIGITS])
}

/// The name of the job that an attempt of a stage starts: at most 63 letters, digits and inner hyphens
/// (CreateProcessingJob API, `ProcessingJobName`), all in lower case, as ARNs have it.
#[must_use]
pub fn job_name(
    environment: &Environment,
    (run, stage, attempt): (&RunId, &StageName, Attempt),
) -> String {
    let digest = Digest::of(format!("{run}\n{stage}\n{attempt}"));
    let stage = legal(stage.as_str(), STAGE);
    format!("{}-{stage}-{}", job_prefix(environment), &digest.as_str()[..DIGITS])
}

/// The beginning of `text` in letters that a job's name may have.
fn legal(text: &str, longest: usize) -> String {
    let letters = text.chars().map(|c| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    });
    let kept: String = letters.take(longest).collect();
    let kept = kept.trim_matches('-');
    if kept.is_empty() { "x".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;
    use proptest::prelude::*;

    fn named(model: &str, stage: &str, attempt: u32) -> String {
        let environment = Environment { model_name: model.to_owned(), ..fixture::environment() };
        let run = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
        let attempt = (1..attempt).fold(Attempt::FIRST, |attempt, _| attempt.next());
        job_name(&environment, (&run, &stage.parse().unwrap(), attempt))
    }

    #[test]
    fn a_name_says_whose_job_it_is() {
        let name = named("mammography", "smoke-test", 1);
        assert!(name.starts_with("relevo-mammography-smoke-test-"), "{name}");
        assert_eq!(name, named("mammography", "smoke-test", 1));
        assert_ne!(name, named("mammography", "smoke-test", 2));
        // shortened, they are still told apart
        assert_ne!(
            named("a-model-with-a-long-name-1", "s", 1).split_at(28).0,
            named("a-model-with-a-long-name-2", "s", 1).split_at(28).0,
        );
    }

    proptest! {
        #[test]
        fn any_model_and_stage_make_a_legal_name(
            model in "[A-Za-z0-9_.-]{1,60}", stage in "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", attempt in 1_u32..200,
        ) {
            let name = named(&model, &stage, attempt);
            prop_assert!(name.len() <= 63, "{name}");
            prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            prop_assert!(name.starts_with("relevo-") && !name.ends_with('-'), "{name}");
        }
    }
}
