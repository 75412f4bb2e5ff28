//! A command that runs as a Processing job of SageMaker, in the account of the stage's environment.
//!
//! The stage's "started" is stored before anything happens, and the job's name follows from run, stage and attempt. So an
//! agent that goes on after a crash finds the job of the attempt that was cut short, and starts none. What the job runs
//! lies in the bucket under its digest, and the job refuses anything else. Its lines are the stage's lines, masked, each
//! once.

mod ending;
mod follow;
mod lines;
mod pack;
mod request;
mod script;

use super::{arrival::Arrival, failure, work::Work};
use crate::{
    aws::{Halt, JobRecord, JobStatus, NewJob, Purpose, Session},
    definition::job_name,
    engine::outputs,
    flow::Failure,
    ids::Digest,
    logs::Level,
    spec::{Command, Environment, FailureClass, JobMachine},
};
use jiff::Timestamp;
use lines::Lines;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fs, io, path::Path};

/// Bytes of one file that a command leaves for later stages.
const LARGEST_OUTPUT: u64 = 64 << 20;

/// Runs the command, and gives what it leaves for later stages.
pub(super) async fn run(
    work: &Work<'_>,
    (machine, command): (&JobMachine, &Command),
) -> Result<Value, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Job).await?;
    let begun_by = work.context.begun_by().await?;
    let (run, stage) = (&work.context.run.id, &work.context.stage.name);
    let name = job_name(environment, (run, stage, begun_by));
    let job = Job { work, environment, session: &session, name };
    // Before this attempt says anything: what the log has tells how far the job's lines were read.
    let mut lines = Lines::of(&job).await?;
    let record = match session.sagemaker().job(&job.name).await? {
        Some(record) => {
            lines.announce(&format!("goes on with the Processing job {}", job.name)).await?;
            record
        }
        None if work.context.cancel.stop().is_some() => {
            return Err(Failure::new(FailureClass::Cancelled, "stopped before it began"));
        }
        None => {
            let record = job.start(machine, command).await?;
            lines.announce(&format!("runs as the Processing job {}", job.name)).await?;
            record
        }
    };
    let end = follow::to_its_end(&job, &mut lines, record).await?;
    ending::judge(&job, &end, &lines)?;
    job.outputs().await
}

/// Stops the job of this attempt, or of the one that it goes on with, if it is at work.
pub(super) async fn call_off(work: &Work<'_>) -> Result<Option<String>, Failure> {
    let environment = work.environment()?;
    let session = work.session(environment, Purpose::Job).await?;
    let (run, stage) = (&work.context.run.id, &work.context.stage.name);
    let name = job_name(environment, (run, stage, work.context.begun_by().await?));
    let asked = work.kept::<Asked>(&asked_for(work)).await?.filter(|asked| asked.job == name);
    let what = format!("the Processing job {name}");
    let mut arrival = Arrival::of(work, &what, asked.and_then(|asked| asked.at));
    let sagemaker = session.sagemaker();
    loop {
        match sagemaker.stop_job(&name).await? {
            Halt::Asked => return Ok(Some(format!("stopped {what}"))),
            Halt::Over if sagemaker.job(&name).await?.is_some() => return Ok(None),
            Halt::Over => {}
        }
        if !arrival.may_come().await? {
            return Ok(None);
        }
    }
}

/// The job that SageMaker is asked for, kept before that, so that whoever stops the run waits for one that is being made.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    job: String,
    /// When, unless it was refused for good: then none comes of it.
    at: Option<Timestamp>,
}

fn asked_for(work: &Work<'_>) -> String {
    format!("asked-for-{}", work.context.stage.name)
}

/// A job, and what is known of it before it is looked at.
struct Job<'a> {
    work: &'a Work<'a>,
    environment: &'a Environment,
    session: &'a Session,
    name: String,
}

impl Job<'_> {
    /// Brings what it needs into the bucket, and makes it.
    async fn start(&self, machine: &JobMachine, command: &Command) -> Result<JobRecord, Failure> {
        let context = self.work.context;
        let folder = context.workspace().await?.to_owned();
        let wanted = machine.files.clone();
        let packed = tokio::task::spawn_blocking(move || pack::pack(&folder, &wanted)).await;
        let files = packed.map_err(failure::agent("pack the work folder"))??;
        let files_digest = Digest::of(&files);
        let script = script::begin(command, &context.stage.outputs, &files_digest);
        request::refuse_secrets(context, &script)?;
        let bytes = files.len();
        let files = self.keep("files", "files.tar", files).await?;
        let begin = self.keep("scripts", "begin.sh", script.into_bytes()).await?;
        let new = request::of(self, machine, (&begin, &files))?;
        let told = format!(
            "{} KB of files, {} on {}, as {}",
            bytes / 1000,
            new.image,
            new.instance,
            new.role
        );
        self.work.tell(&told)?;
        self.ask_for(&new).await
    }

    async fn ask_for(&self, new: &NewJob) -> Result<JobRecord, Failure> {
        let mut asked = Asked { job: self.name.clone(), at: Some(self.work.context.clock.now()) };
        self.work.keep(&asked_for(self.work), &asked).await?;
        let created = self.session.sagemaker().create_job(new).await;
        if created.as_ref().is_err_and(|error| !error.class.may_be_done()) {
            asked.at = None;
            self.work.keep(&asked_for(self.work), &asked).await?;
        }
        Ok(created?)
    }

    /// Stores a file in the bucket under its digest.
    async fn keep(&self, kind: &str, file: &str, content: Vec<u8>) -> Result<Kept, Failure> {
        let digest = Digest::of(&content);
        let key = format!("{}/{kind}/{digest}/{file}", self.folder());
        let bucket = self.environment.bucket.as_str();
        self.session.s3().put_new(bucket, &key, content).await?;
        Ok(Kept { uri: format!("s3://{bucket}/{key}"), digest })
    }

    /// Where all that stages exchange with their jobs lies in the bucket.
    fn folder(&self) -> String {
        format!("{}/stages", self.environment.model_name)
    }

    /// Where the job leaves its outputs.
    fn output_folder(&self) -> String {
        format!("{}/outputs/{}", self.folder(), self.name)
    }

    /// Takes the files that the stage names out of the bucket into the work folder.
    async fn outputs(&self) -> Result<Value, Failure> {
        let context = self.work.context;
        let names = &context.stage.outputs;
        if names.is_empty() {
            return outputs::record(Path::new(""), names).await;
        }
        let folder = context.workspace().await?;
        let (bucket, from) = (self.environment.bucket.as_str(), self.output_folder());
        for name in names {
            let key = format!("{from}/{name}");
            let found = self.session.s3().get(bucket, &key, LARGEST_OUTPUT).await?;
            let content = found.ok_or_else(|| {
                let message = format!("the job left no '{name}' in s3://{bucket}/{from}");
                Failure::new(FailureClass::CloudError, message)
            })?;
            put_inside(folder, name, &content)
                .map_err(failure::agent(&format!("write the output '{name}'")))?;
        }
        outputs::record(folder, names).await
    }

    fn said(&self, level: Level, message: &str) -> Result<(), Failure> {
        self.work.context.say(level, message)
    }
}

/// An object that is there, and what it holds.
struct Kept {
    uri: String,
    digest: Digest,
}

/// Writes a file of the work folder, wherever links in it lead: nothing outside is touched.
fn put_inside(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    if !parent.canonicalize()?.starts_with(folder.canonicalize()?) {
        return Err(io::Error::other("it is outside the work folder"));
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::write(path, content)
}

/// Whether a job ended well.
fn is_well(record: &JobRecord) -> bool {
    record.status == JobStatus::Completed
}
