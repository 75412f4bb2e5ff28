//! Names as SageMaker makes them, from nothing but what they name: the same execution has the same names in
//! every rehearsal.

use super::super::Place;
use crate::ids::Digest;

/// Characters of an execution id.
const EXECUTION_ID: usize = 12;
/// Characters at the end of a job's name.
const SUFFIX: usize = 10;
/// Longest name of a job (CreateTrainingJob API, `TrainingJobName`).
const MAX_JOB_NAME: usize = 63;

/// ARN of the pipeline called `name`; the service writes it in lower case.
pub(super) fn pipeline_arn(place: &Place, name: &str) -> String {
    place.arn("sagemaker", &format!("pipeline/{}", name.to_lowercase()))
}

/// Id of the `number`th execution of a pipeline.
pub(super) fn execution_id(pipeline_arn: &str, number: i64) -> String {
    letters(&format!("{pipeline_arn} {number}"), EXECUTION_ID)
}

/// Name of the job that a step of an execution starts: `pipelines-EXECUTION-STEP-SUFFIX`.
pub(super) fn job_name(
    execution_arn: &str,
    execution_id: &str,
    step: &str,
    attempt: u32,
) -> String {
    let suffix = letters(&format!("{execution_arn} {step} {attempt}"), SUFFIX);
    let room = MAX_JOB_NAME - "pipelines---".len() - EXECUTION_ID - SUFFIX;
    let step: String = step.replace('_', "-").chars().take(room).collect();
    format!("pipelines-{execution_id}-{}-{suffix}", step.trim_matches('-'))
}

/// `length` lower-case letters and digits that depend on all of `seed`.
fn letters(seed: &str, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Digest::of(seed);
    let bytes = digest.as_str().as_bytes().chunks_exact(4).take(length);
    bytes
        .map(|four| {
            let number =
                four.iter().fold(0_usize, |number, byte| number * 131 + usize::from(*byte));
            char::from(ALPHABET[number % ALPHABET.len()])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { account: "222222222222".parse().unwrap(), region: "us-east-1".parse().unwrap() }
    }

    #[test]
    fn pipeline_arns_are_lower_case() {
        assert_eq!(
            pipeline_arn(&place(), "AbalonePipeline"),
            "arn:aws:sagemaker:us-east-1:222222222222:pipeline/abalonepipeline"
        );
    }

    #[test]
    fn execution_ids_are_twelve_letters_and_digits_and_differ() {
        let first = execution_id(&pipeline_arn(&place(), "p"), 1);
        assert_eq!(first.len(), 12);
        assert!(first.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_eq!(first, execution_id(&pipeline_arn(&place(), "p"), 1));
        assert_ne!(first, execution_id(&pipeline_arn(&place(), "p"), 2));
        assert_ne!(first, execution_id(&pipeline_arn(&place(), "q"), 1));
    }

    #[test]
    fn job_names_fit_however_long_the_step() {
        let name = job_name("arn", "abcdefghijkl", &"Very_Long_Step_".repeat(4), 1);
        assert!(name.len() <= MAX_JOB_NAME, "{name}");
        assert!(name.starts_with("pipelines-abcdefghijkl-Very-Long-Step-"), "{name}");
        assert!(!name.contains('_'));
    }
}
