//! Starting runs from elsewhere: what is asked for is a delivery like any other, judged as a push is.

use super::{Desk, DeskError, Person};
use crate::{
    ids::{BranchName, DeliveryId, Sha},
    intake::{ASKED, Asking},
    store::{NewDelivery, Via},
};
use serde_json::json;

impl Desk {
    /// Asks for a run of a branch of the repository that the settings call so: of this commit, or of the branch's tip. The
    /// verdict of the delivery names the run, or says why there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn start(
        &self,
        person: &Person,
        repository: &str,
        (branch, commit): (BranchName, Option<Sha>),
    ) -> Result<DeliveryId, DeskError> {
        let id = DeliveryId::asked(uuid::Uuid::now_v7());
        let detail = json!({ "branch": branch, "commit": commit, "delivery": id });
        self.note(person, "start", (repository, detail)).await?;
        let asking = Asking { branch, commit, by: person.name.clone() };
        let new = NewDelivery {
            id: id.clone(),
            via: Via::Api,
            repository: repository.to_owned(),
            event: ASKED.to_owned(),
            body: json!(asking).to_string(),
        };
        self.store.keep_delivery(&new).await?;
        Ok(id)
    }
}
