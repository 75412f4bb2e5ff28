//! The machine that SageMaker starts for a command: what pipeline.yaml may say of it, and what holds where it does not.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The machine where a stage does not name one: two cores and 8 GiB, the smallest that is not of the burstable kind.
pub(super) const DEFAULT_INSTANCE: &str = "ml.m5.large";
/// Its disk where a stage does not say: what SageMaker's own SDK takes.
pub(super) const DEFAULT_VOLUME_GB: u32 = 30;
/// Longest a Processing job may run: SageMaker's quota, which is below the 777,600 s that the API takes
/// (`MaxRuntimeInSeconds`).
pub(super) const LONGEST_JOB: Duration = Duration::from_secs(432_000);
/// Variables of a job (CreateProcessingJob, `Environment`), less those that each stage has anyway.
pub(super) const MOST_VARIABLES: usize = 100 - 12;
/// Longest name and value of a variable of a job, in characters (same).
pub const LONGEST_VARIABLE: usize = 256;
/// Longest URI of an image, in characters (AppSpecification, `ImageUri`).
const LONGEST_IMAGE: usize = 255;

/// A machine for one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMachine {
    /// Its type, such as `ml.m5.large`.
    pub instance: String,
    /// Gigabytes of its disk.
    pub volume_gb: u32,
    /// The image that the command runs in; the environment's scikit-learn image if absent.
    pub image: Option<String>,
    /// Files and folders of the work folder that go along; all of it if there are none.
    pub files: Vec<String>,
    /// Whether the command is kept off every network.
    pub isolated: bool,
}

impl Default for JobMachine {
    fn default() -> Self {
        Self {
            instance: DEFAULT_INSTANCE.to_owned(),
            volume_gb: DEFAULT_VOLUME_GB,
            image: None,
            files: Vec::new(),
            isolated: false,
        }
    }
}

impl JobMachine {
    /// Whether the machine has disks of its own, which it encrypts itself; SageMaker takes no key for them
    /// (ProcessingClusterConfig, `VolumeKmsKeyId`).
    #[must_use]
    pub fn has_own_disks(&self) -> bool {
        const FAMILIES: [&str; 9] = ["g5", "g6", "g6e", "p5", "p5e", "p5en", "trn1", "i3", "i4i"];
        let family = self.instance.split('.').nth(1).unwrap_or_default();
        let after_generation = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let features = after_generation.trim_start_matches(|c: char| c.is_ascii_digit());
        features.contains('d') || FAMILIES.contains(&family)
    }
}

/// `ml.FAMILY.SIZE`; which of them a region has, only SageMaker can tell.
pub(super) fn is_instance(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let [ml, family, size] = parts.as_slice() else { return false };
    let is_family = family.starts_with(|c: char| c.is_ascii_lowercase())
        && family.contains(|c: char| c.is_ascii_digit())
        && family.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let number = size.strip_suffix("xlarge").unwrap_or("no");
    let is_size = ["medium", "large"].contains(size)
        || (number.len() <= 3 && number.chars().all(|c| c.is_ascii_digit()));
    *ml == "ml" && is_family && is_size
}

/// What SageMaker takes for an image: no blank, and not too long.
pub(super) fn is_image(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_IMAGE
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_types_have_a_family_and_a_size() {
        for text in ["ml.m5.large", "ml.t3.medium", "ml.c6i.32xlarge", "ml.g4dn.xlarge"] {
            assert!(is_instance(text), "{text}");
        }
        for text in
            ["m5.large", "ml.m5", "ml.M5.large", "ml.m5.huge", "ml.large", "ml.m5.large ", ""]
        {
            assert!(!is_instance(text), "{text}");
        }
    }

    #[test]
    fn machines_with_disks_of_their_own_take_no_key() {
        let has = |instance: &str| {
            let instance = instance.to_owned();
            JobMachine { instance, ..JobMachine::default() }.has_own_disks()
        };
        assert!(has("ml.m5d.large") && has("ml.g4dn.xlarge") && has("ml.g5.xlarge"));
        assert!(!has("ml.m5.large") && !has("ml.c6i.xlarge") && !has("ml.p3.2xlarge"));
    }
}
