//! The tokens that open repositories at GitHub for git: the App's, or the one that the agent talks to GitHub with.

use super::Tools;
use crate::{
    git::{Credentials, Tokens},
    github::Client,
    ids::GitHubName,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc::channel},
};
use tokio::runtime::Handle;
use url::Url;

/// Opens what the settings say is at GitHub with a token from there, and everything else as before.
pub(super) fn credentials(tools: &Tools, github: &Arc<Client>) -> Credentials {
    let known = tools.settings.repositories.iter().filter_map(|repository| {
        let (url, name) = (Url::parse(&repository.source).ok()?, repository.github.clone()?);
        // Only there: a token is for the server that gave it.
        github.is_at_home(&url, &name).then(|| (repository.source.clone(), name))
    });
    Credentials::of(Arc::new(AtGitHub {
        known: known.collect(),
        github: Arc::clone(github),
        otherwise: tools.credentials.clone(),
        here: Handle::current(),
    }))
}

struct AtGitHub {
    known: BTreeMap<String, GitHubName>,
    github: Arc<Client>,
    otherwise: Credentials,
    here: Handle,
}

impl Tokens for AtGitHub {
    fn token(&self, url: &str) -> Result<Option<String>, String> {
        let Some(name) = self.known.get(url).cloned() else {
            return self.otherwise.token(url).map_err(|error| error.to_string());
        };
        let (told, heard) = channel();
        let github = Arc::clone(&self.github);
        // Whoever fetches blocks a thread of its own; the answer comes from the others. It is bounded like every request.
        self.here.spawn(async move {
            let _nobody_left = told.send(github.git_token(&name).await);
        });
        match heard.recv() {
            Ok(Ok(token)) => Ok(Some(token)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the agent ends".to_owned()),
        }
    }
}
