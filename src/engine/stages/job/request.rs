//! What SageMaker is asked for.

use super::{Job, Kept, script};
use crate::{
    aws::NewJob,
    definition,
    engine::{StageContext, command, stages::failure},
    flow::Failure,
    plan,
    spec::{FailureClass, JobMachine, LONGEST_VARIABLE},
};
use std::collections::BTreeMap;

pub(super) fn of(
    job: &Job<'_>,
    machine: &JobMachine,
    (begin, files): (&Kept, &Kept),
) -> Result<NewJob, Failure> {
    let (environment, context) = (job.environment, job.work.context);
    let [_, scikit_learn, _] =
        definition::images(environment).map_err(failure::user("find the image of the job"))?;
    let folder = |name: &str| format!("{}/{name}", script::BASE);
    let input = |kept: &Kept, name: &str| {
        (name.to_owned(), (kept.uri.clone(), folder(&format!("input/{name}"))))
    };
    let outputs = if context.stage.outputs.is_empty() {
        BTreeMap::new()
    } else {
        let uri = format!("s3://{}/{}", environment.bucket, job.output_folder());
        BTreeMap::from([("files".to_owned(), (uri, folder("output/files")))])
    };
    let key = environment.kms_key.to_string();
    let mut tags = plan::tags(environment);
    tags.insert("relevo:run".to_owned(), context.run.id.to_string());
    tags.insert("relevo:stage".to_owned(), context.stage.name.to_string());
    Ok(NewJob {
        name: job.name.clone(),
        role: environment.train_role.to_string(),
        image: machine.image.clone().unwrap_or(scikit_learn),
        entry_point: script::entry_point(&begin.digest),
        variables: variables(context)?,
        inputs: BTreeMap::from([input(begin, "script"), input(files, "files")]),
        outputs,
        volume_key: (!machine.has_own_disks()).then(|| key.clone()),
        key,
        instance: machine.instance.clone(),
        volume_gb: machine.volume_gb,
        longest: context.stage.timeout,
        isolated: machine.isolated,
        tags,
    })
}

/// The job's variables: those that a command on the agent's machine has, but for what is of that machine.
fn variables(context: &StageContext) -> Result<BTreeMap<String, String>, Failure> {
    let mut variables = command::facts(context);
    // Python keeps its lines back where nobody looks, and a job that is stopped would lose them.
    variables.entry("PYTHONUNBUFFERED".to_owned()).or_insert_with(|| "1".to_owned());
    match variables.iter().find(|(_, value)| value.chars().count() > LONGEST_VARIABLE) {
        None => Ok(variables),
        Some((name, _)) => Err(Failure::new(
            FailureClass::UserError,
            format!("'{name}' is longer than the {LONGEST_VARIABLE} characters that a job takes"),
        )),
    }
}

/// Whoever may describe the job reads its variables, and whoever may read the bucket its script.
pub(super) fn refuse_secrets(context: &StageContext, script: &str) -> Result<(), Failure> {
    let masker = context.log.masker();
    let is_secret = |text: &str| masker.mask(text) != text;
    let variables = command::facts(context);
    let what = match variables.iter().find(|(_, value)| is_secret(value)) {
        Some((name, _)) => format!("the variable '{name}'"),
        None if is_secret(script) => "the command".to_owned(),
        None => return Ok(()),
    };
    let message =
        format!("{what} holds a secret, which everyone could read who may look at the job");
    Err(Failure::new(FailureClass::UserError, message).with_hint(
        "keep it in Secrets Manager, let the execution role read it, and read it in the command",
    ))
}
