//! `runs-on`: the machine that a command gets instead of the agent's own.

use super::action::{LONGEST_COMMAND, check_path};
use crate::spec::{
    job_machine::{
        DEFAULT_INSTANCE, DEFAULT_VOLUME_GB, JobMachine, LONGEST_JOB, LONGEST_VARIABLE,
        MOST_VARIABLES, is_image, is_instance,
    },
    notes::quoted,
    raw_pipeline::{RawRunsOn, RawSageMaker, RawStage},
    reading::Reading,
};
use std::time::Duration;

/// The one machine that is known, as it is written.
const SAGEMAKER: &str = "sagemaker";

/// Keys of a command that a job has no use for, and why.
const USELESS: [(&str, &str); 2] = [
    ("credentials", "the job has those of the account's execution role"),
    ("no-output-timeout", "CloudWatch brings its lines late; 'timeout' ends it"),
];

pub(super) fn check(
    reading: &mut Reading<'_>,
    stage: &str,
    raw: &RawStage,
    timeout: Duration,
) -> Option<JobMachine> {
    let written = raw.runs_on.as_ref()?;
    // What it is told of a stage with `uses` is that it does not belong there.
    if !reading.has(&["stages", stage, "run"]) {
        return None;
    }
    let machine = match written {
        RawRunsOn::Word(word) => named(reading, stage, word)?,
        RawRunsOn::Map(map) => {
            let none = RawSageMaker::default();
            sagemaker(reading, stage, map.sagemaker.as_ref().unwrap_or(&none))
        }
    };
    for (key, why) in USELESS {
        let path = ["stages", stage, key];
        if reading.has(&path) {
            let message = format!("'{key}' does nothing for a stage that runs on {SAGEMAKER}");
            reading.key_error(&path, "misplaced-key", message).help(format!("remove it: {why}"));
        }
    }
    if timeout > LONGEST_JOB {
        let days = LONGEST_JOB.as_secs() / 86_400;
        let message = format!("a Processing job may take {days} days at most");
        let help = "SageMaker's quota for the longest run time of a Processing job";
        reading.error(&["stages", stage, "timeout"], "bad-duration", message).help(help);
    }
    check_variables(reading, stage, raw);
    Some(machine)
}

fn named(reading: &mut Reading<'_>, stage: &str, word: &str) -> Option<JobMachine> {
    if word == SAGEMAKER {
        return Some(JobMachine::default());
    }
    let message = format!("a stage cannot run on {}", quoted(word));
    let help = reading.notes.suggestion(word, [SAGEMAKER]).unwrap_or_else(|| {
        format!(
            "write '{SAGEMAKER}', or leave it out for the agent's own machine; an agent's labels \
             stand under 'environments'"
        )
    });
    reading.error(&["stages", stage, "runs-on"], "unknown-word", message).help(help);
    None
}

fn sagemaker(reading: &mut Reading<'_>, stage: &str, raw: &RawSageMaker) -> JobMachine {
    let at = |key: &'static str| ["stages", stage, "runs-on", SAGEMAKER, key];
    let instance = raw.instance.as_deref().unwrap_or(DEFAULT_INSTANCE);
    if !is_instance(instance) {
        let message = format!("{} is no instance type", quoted(instance));
        reading
            .error(&at("instance"), "bad-instance", message)
            .help("as in ml.m5.large, ml.t3.medium or ml.g4dn.xlarge");
    }
    if let Some(image) = raw.image.as_deref().filter(|image| !is_image(image)) {
        let message = format!("{} is no address of an image", quoted(image));
        reading
            .error(&at("image"), "bad-image", message)
            .help("as in 111122223333.dkr.ecr.eu-west-1.amazonaws.com/checks:1.4");
    }
    for (index, file) in raw.files.iter().flatten().enumerate() {
        check_path(reading, &at("files"), file, Some(index));
    }
    JobMachine {
        instance: instance.to_owned(),
        volume_gb: raw.volume_gb.unwrap_or(DEFAULT_VOLUME_GB),
        image: raw.image.clone(),
        files: raw.files.clone().unwrap_or_default(),
        isolated: raw.isolated.unwrap_or_default(),
    }
}

/// What SageMaker takes as variables of a job.
fn check_variables(reading: &mut Reading<'_>, stage: &str, raw: &RawStage) {
    let Some(variables) = &raw.env else { return };
    if variables.len() > MOST_VARIABLES {
        let message = format!("a job takes {MOST_VARIABLES} variables at most");
        reading.key_error(&["stages", stage, "env"], "too-many", message);
    }
    for (name, value) in variables {
        if value.chars().count().max(name.len()) > LONGEST_VARIABLE {
            let message = format!("a job's variables have {LONGEST_VARIABLE} characters at most");
            reading
                .error(&["stages", stage, "env", name], "too-long", message)
                .help(format!("put it into a file of the repository, or into the script of up to {LONGEST_COMMAND} bytes"));
        }
    }
}
