//! Who brought a run about: whoever pushed, by GitHub's word or by what the commit claims, and whoever asked for it.

use super::{
    Hearing, Repository,
    push::{Asks, Wish},
};
use crate::{
    git,
    ids::{BranchName, Sha},
    store::{NewDelivery, Via},
};

/// Who brought a run about.
#[derive(Debug, Default)]
pub(super) struct Pushed {
    /// Who pushed, or asked for it, as GitHub names them.
    pub(super) by: Option<String>,
    /// Who pushed what somebody else asked for.
    pub(super) before: Vec<String>,
    /// Where GitHub did not tell: whom the commit names as its author.
    pub(super) author: Option<String>,
}

impl Hearing {
    /// Who brought the run about. Where somebody asks for it, whoever pushed is one of them still.
    pub(super) async fn pushed(
        &self,
        at: (&Repository, &git::Repository),
        (wish, commit): (&Wish, &Sha),
    ) -> Pushed {
        let push = (&wish.branch, commit);
        let sender = sender(&wish.delivery.new);
        match (wish.ask, wish.by.clone().or(sender)) {
            (Asks::Once, Some(by)) => Pushed { by: Some(by), ..Pushed::default() },
            (Asks::Once, None) => self.pusher(at, push).await,
            (Asks::Again, by) => {
                let pusher = self.pusher(at, push).await;
                Pushed { by, before: pusher.by.into_iter().collect(), author: pusher.author }
            }
        }
    }

    /// Who pushed, by GitHub's word. Where nobody vouches for that there is a name that the commit claims.
    async fn pusher(
        &self,
        (heard, repository): (&Repository, &git::Repository),
        (branch, commit): (&BranchName, &Sha),
    ) -> Pushed {
        if let (Some(github), Some(name)) = (&self.github, &heard.github) {
            if let Ok(Some(by)) = github.pusher(name, (branch, commit)).await {
                return Pushed { by: Some(by), ..Pushed::default() };
            }
            if let Ok(Some(login)) = github.author(name, commit).await {
                return Pushed { author: Some(login), ..Pushed::default() };
            }
        }
        let people = repository.people(commit).ok();
        Pushed { author: people.map(|people| people.author.name), ..Pushed::default() }
    }
}

/// Whom GitHub names as the sender of a push.
fn sender(told: &NewDelivery) -> Option<String> {
    match told.via {
        Via::Webhook | Via::Recovery => {
            let body: serde_json::Value = serde_json::from_str(&told.body).ok()?;
            Some(body.pointer("/sender/login")?.as_str()?.to_owned())
        }
        Via::Poll | Via::Api => None,
    }
}
