//! Processing jobs of their own.

use super::{Found, Ground, Otherwise, refused, same};
use relevo::{
    aws::{ErrorClass, NewJob, Purpose, SageMaker},
    definition::job_name,
    ids::Attempt,
    plan::tags,
};
use std::{collections::BTreeMap, time::Duration};

/// Looks at a job before it is given up.
const MOST_LOOKS: usize = 10;

fn job(ground: &Ground, stage: &str) -> NewJob {
    let run = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
    let stage = stage.parse().unwrap();
    NewJob {
        name: job_name(&ground.dev, (&run, &stage, Attempt::FIRST)),
        role: ground.dev.train_role.to_string(),
        image: "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"
            .to_owned(),
        entry_point: ["/bin/sh", "-c", "true"].map(str::to_owned).to_vec(),
        variables: BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]),
        inputs: BTreeMap::new(),
        outputs: BTreeMap::new(),
        key: ground.dev.kms_key.to_string(),
        volume_key: Some(ground.dev.kms_key.to_string()),
        instance: "ml.m5.large".to_owned(),
        volume_gb: 30,
        longest: Duration::from_secs(3600),
        isolated: false,
        tags: tags(&ground.dev),
    }
}

async fn sagemaker(ground: &Ground) -> Result<SageMaker, Otherwise> {
    Ok(ground.assume(&ground.dev, Purpose::Job).await?.sagemaker())
}

pub(super) async fn a_job_is_made_once(ground: Ground) -> Found {
    let (sagemaker, new) = (sagemaker(&ground).await?, job(&ground, "once"));
    let made = sagemaker.create_job(&new).await?;
    let again = sagemaker.create_job(&new).await?;
    same("the same job", made.arn == again.arn, true)?;
    same("made at the same time", made.created == again.created, true)?;
    let arn =
        format!("arn:aws:sagemaker:us-east-1:{}:processing-job/{}", ground.dev.account, new.name);
    same("ARN", made.arn == arn, true)
}

pub(super) async fn a_job_that_is_not_there_is_none(ground: Ground) -> Found {
    let (sagemaker, new) = (sagemaker(&ground).await?, job(&ground, "none"));
    same("a job", sagemaker.job(&new.name).await?, None)?;
    // what is stopped may be gone by then
    Ok(sagemaker.stop_job(&new.name).await.map(drop)?)
}

pub(super) async fn a_job_keeps_its_tags(ground: Ground) -> Found {
    let (sagemaker, new) = (sagemaker(&ground).await?, job(&ground, "tags"));
    let made = sagemaker.create_job(&new).await?;
    let reader = ground.assume(&ground.dev, Purpose::Read).await?.sagemaker();
    same("tags", reader.tags(&made.arn).await?, new.tags)
}

pub(super) async fn a_job_may_be_stopped_at_any_time(ground: Ground) -> Found {
    let (sagemaker, new) = (sagemaker(&ground).await?, job(&ground, "stopped"));
    let mut record = sagemaker.create_job(&new).await?;
    sagemaker.stop_job(&new.name).await?;
    for _ in 0..MOST_LOOKS {
        if record.status.is_over() {
            break;
        }
        record = sagemaker.job(&new.name).await?.unwrap_or(record);
    }
    same("it is over", record.status.is_over(), true)?;
    Ok(sagemaker.stop_job(&new.name).await.map(drop)?)
}

pub(super) async fn a_job_of_too_long_a_time_is_refused(ground: Ground) -> Found {
    let (sagemaker, new) = (sagemaker(&ground).await?, job(&ground, "long"));
    let new = NewJob { longest: Duration::from_secs(777_601), ..new };
    let made = sagemaker.create_job(&new).await;
    same("class", refused("CreateProcessingJob", made)?.class, ErrorClass::Invalid)
}
