//! An agent in this process that hears of its world's repository and has GitHub beside it.

use super::{Fake, client};
use crate::{
    hearing,
    world::{Inside, World},
};
use relevo::{
    github::Credentials,
    hearing::{Hearing, Repository},
};
use std::sync::Arc;

/// What the agent calls the repository.
pub(super) const NAME: &str = "mammography";

pub(super) struct Ears {
    pub(super) fake: Fake,
    pub(super) agent: Inside,
    pub(super) hearing: Hearing,
    pub(super) repository: Repository,
    pub(super) world: World,
}

impl Ears {
    /// With `credentials` the agent asks GitHub while it judges and looks.
    pub(super) async fn new(credentials: Option<Credentials>) -> Self {
        let fake = Fake::start().await;
        let hearing::Ears { world, agent, hearing, repository } = hearing::Ears::new().await;
        let github = credentials.map(|credentials| Arc::new(client(&fake, credentials)));
        let hearing = Hearing { github, ..hearing };
        let repository = Repository { github: Some(super::repository()), ..repository };
        Self { fake, agent, hearing, repository, world }
    }
}
