//! Time goes on: what is due happens when someone looks.
//!
//! Nothing runs behind anybody's back. Before each request, and whenever [`Rehearsal::tick`] is called, the
//! schedules that are due fire and the deliveries that are due are tried, in a transaction of their own. What fails
//! in it is kept as a failed delivery and never fails the request that came after it.

use super::{
    Call, Place, Principal, Rehearsal, Service, ServiceError, Shelf,
    aside::Aside,
    call::Ground,
    events::{self, agenda},
    sagemaker, transaction,
};
use sqlx::SqliteConnection;

/// Most ticks until [`Rehearsal::settle`] gives up: a drift that leads to a training takes some thirty.
const MOST_TICKS: usize = 200;

/// Did anything happen?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Something happened; more may be due.
    Busy,
    /// Nothing is left to do before time passes.
    Idle,
}

impl Rehearsal {
    /// Fires the schedules and tries the deliveries that are due, runs one step of each running execution of every
    /// account, and the commands of the jobs at work.
    ///
    /// # Errors
    /// The state cannot be read or written; what was done before that stays.
    pub async fn tick(&self) -> Result<Activity, ServiceError> {
        let at_work = sagemaker::at_work(self).await?;
        let (fired, places) = {
            let mut connection = self.inside.connection.lock().await;
            let fired = fire(self.ground(), &mut connection).await?;
            (fired, sagemaker::busy_places(&mut Shelf::new(&mut connection)).await?)
        };
        let advanced = if places.is_empty() { Activity::Idle } else { Activity::Busy };
        for place in places {
            advance(self, &place).await?;
        }
        for work in at_work {
            Box::pin(sagemaker::run_command(self, &work)).await?;
        }
        Ok(if (fired, advanced) == (Activity::Idle, Activity::Idle) {
            Activity::Idle
        } else {
            Activity::Busy
        })
    }

    /// Ticks until nothing is left to do before time passes; [`Activity::Busy`] if that did not come about in
    /// hundreds of ticks, as where rules start each other for ever.
    ///
    /// # Errors
    /// Those of [`Rehearsal::tick`].
    pub async fn settle(&self) -> Result<Activity, ServiceError> {
        for _ in 0..MOST_TICKS {
            if self.tick().await? == Activity::Idle {
                return Ok(Activity::Idle);
            }
        }
        Ok(Activity::Busy)
    }
}

/// What is due happens before a request. If that cannot be, the request is none the worse.
pub(super) async fn catch_up(rehearsal: &Rehearsal, connection: &mut SqliteConnection) {
    // The request meets the same state, and says so if it cannot be read.
    let _unharmed = fire(rehearsal.ground(), connection).await;
}

/// Does what is due: one indexed query where nothing is.
async fn fire(
    ground: Ground<'_>,
    connection: &mut SqliteConnection,
) -> Result<Activity, ServiceError> {
    if !agenda::is_due(&mut Shelf::new(connection), ground.now).await? {
        return Ok(Activity::Idle);
    }
    let mut transaction = transaction::begin(connection).await?;
    let mut shelf = Shelf::new(&mut transaction);
    for (name, task) in agenda::due(&mut shelf, ground.now).await? {
        agenda::strike(&mut shelf, &name).await?;
        Box::pin(events::perform(ground, &mut shelf, task)).await?;
    }
    transaction.commit().await.map_err(ServiceError::internal)?;
    Ok(Activity::Busy)
}

/// One step of each execution that runs there.
async fn advance(rehearsal: &Rehearsal, place: &Place) -> Result<(), ServiceError> {
    let mut aside = Aside::of(rehearsal);
    loop {
        {
            let mut connection = rehearsal.inside.connection.lock().await;
            let mut transaction = transaction::begin(&mut connection).await?;
            let shelf = Shelf::new(&mut transaction);
            let sagemaker = Principal::Service(Service::SageMaker, place.account.clone());
            let mut call = Call::of(sagemaker, place.clone(), aside.ground(), shelf);
            Box::pin(sagemaker::advance(&mut call)).await?;
            drop(call);
            if !aside.is_wanting() {
                return transaction.commit().await.map_err(ServiceError::internal);
            }
        }
        Box::pin(aside.run()).await?;
    }
}
