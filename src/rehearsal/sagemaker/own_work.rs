//! The commands of Processing jobs: each runs outside of any transaction, so that nobody waits for it but who looks at it.
//!
//! One hand has a job: as long as it lives, others who look find the job at work. What the command leaves is kept at its
//! end, unless the job was stopped meanwhile, which ends the command soon. If the look is given up or its process dies, the
//! command ends too, and the next look begins it anew: unlike SageMaker's, a machine that is this one dies with it.

use super::{
    super::{
        Call, Place, Principal, Processing, Ran, Rehearsal, Service, ServiceError, Shelf,
        transaction,
    },
    jobs::{self, Job, JobKind},
    own_jobs::Running,
    steps,
};

/// A job at work.
#[derive(Debug, Clone)]
pub(in crate::rehearsal) struct Work {
    pub(super) place: Place,
    pub(super) name: String,
}

/// The jobs at work whose commands this process may run.
pub(in crate::rehearsal) async fn at_work(
    rehearsal: &Rehearsal,
) -> Result<Vec<Work>, ServiceError> {
    if rehearsal.commands.is_none() {
        return Ok(Vec::new());
    }
    let mut connection = rehearsal.inside.connection.lock().await;
    let places = Shelf::new(&mut connection).places_of::<Running>().await?;
    let mut works = Vec::new();
    for place in places {
        let mut call = call_in(rehearsal, &place, Shelf::new(&mut connection));
        for name in super::own_jobs::names(&mut call).await? {
            let work = Work { place: place.clone(), name };
            if awaiting(&mut call, &work).await?.is_some() {
                works.push(work);
            }
        }
    }
    Ok(works)
}

/// Runs the job's command to its end, unless another hand has it.
pub(in crate::rehearsal) async fn run(
    rehearsal: &Rehearsal,
    work: &Work,
) -> Result<(), ServiceError> {
    let Some(commands) = rehearsal.commands.as_deref() else { return Ok(()) };
    let name = format!("{}-{}", work.place.account, work.name.to_lowercase());
    let hand = commands.take(&name).await.map_err(ServiceError::internal)?;
    let Some(hand) = hand else { return Ok(()) };
    let Some(job) = begin(rehearsal, work).await? else { return Ok(()) };
    let mut running = hand.run(job);
    let ran = loop {
        tokio::select! {
            biased;
            ran = &mut running => break ran,
            () = hand.moment() => {
                // One who cannot look just now goes on.
                if let Ok(false) = is_at_work(rehearsal, work).await {
                    return Ok(());
                }
            }
        }
    };
    end(rehearsal, work, ran).await
}

/// What is to run; nothing if the job is not at work any more, or has failed before its command.
async fn begin(rehearsal: &Rehearsal, work: &Work) -> Result<Option<Processing>, ServiceError> {
    let mut connection = rehearsal.inside.connection.lock().await;
    let mut transaction = transaction::begin(&mut connection).await?;
    let mut call = call_in(rehearsal, &work.place, Shelf::new(&mut transaction));
    let Some(record) = awaiting(&mut call, work).await? else { return Ok(None) };
    let job = match steps::own_prepared(&mut call, &record).await? {
        Ok(job) => Some(job),
        Err(failure) => {
            let ran = Ran { lines: Vec::new(), message: None, files: Err(failure) };
            keep_end(&mut call, work, (record, ran)).await?;
            None
        }
    };
    drop(call);
    transaction.commit().await.map_err(ServiceError::internal)?;
    Ok(job)
}

/// Keeps the end of a job that nobody has stopped.
async fn end(rehearsal: &Rehearsal, work: &Work, ran: Ran) -> Result<(), ServiceError> {
    let mut connection = rehearsal.inside.connection.lock().await;
    let mut transaction = transaction::begin(&mut connection).await?;
    let mut call = call_in(rehearsal, &work.place, Shelf::new(&mut transaction));
    if let Some(record) = awaiting(&mut call, work).await? {
        keep_end(&mut call, work, (record, ran)).await?;
    }
    drop(call);
    transaction.commit().await.map_err(ServiceError::internal)
}

async fn keep_end(
    call: &mut Call<'_>,
    work: &Work,
    (record, ran): (Job, Ran),
) -> Result<(), ServiceError> {
    steps::own_ended(call, record, ran).await?;
    call.shelf.delete::<Running>(&call.place, &work.name.to_lowercase()).await?;
    Ok(())
}

async fn is_at_work(rehearsal: &Rehearsal, work: &Work) -> Result<bool, ServiceError> {
    let mut connection = rehearsal.inside.connection.lock().await;
    let mut call = call_in(rehearsal, &work.place, Shelf::new(&mut connection));
    Ok(awaiting(&mut call, work).await?.is_some())
}

async fn awaiting(call: &mut Call<'_>, work: &Work) -> Result<Option<Job>, ServiceError> {
    let job = jobs::find(call, JobKind::Processing, &work.name).await?;
    Ok(job.filter(Job::awaits_its_command))
}

fn call_in<'c>(rehearsal: &'c Rehearsal, place: &Place, shelf: Shelf<'c>) -> Call<'c> {
    let sagemaker = Principal::Service(Service::SageMaker, place.account.clone());
    Call::of(sagemaker, place.clone(), rehearsal.ground(), shelf)
}
