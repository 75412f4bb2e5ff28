//! The task that keeps tokens for git: what GitHub lets the agent read, over https at its own server, is fetched with a
//! token that GitHub gives for that, exchanged before it ends and as soon as it is refused. Other repositories are opened as
//! git is set up to.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{
    clock::timeout,
    github::{ANSWER_WITHIN, Client, GithubError},
    hearing::Repository,
    ids::GitHubName,
};
use futures_util::future::BoxFuture;
use std::{
    sync::{Arc, mpsc::channel},
    time::Duration,
};
use tokio::runtime::Handle;
use url::Url;

/// Time between two looks at when tokens end; each is exchanged ten minutes before.
const EVERY: Duration = Duration::from_mins(5);
/// The first tokens should be there before the first fetch; an agent does not wait longer than this to begin.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// How long git waits for a token in the place of one that was refused: for two answers of GitHub.
const EXCHANGED_WITHIN: Duration = Duration::from_secs(2 * ANSWER_WITHIN.as_secs());

/// Gets the first tokens if GitHub answers soon. No task if there is no such repository.
pub(super) async fn task(tools: &Tools, github: Option<&Arc<Client>>) -> Option<Task> {
    let github = github?;
    trust(tools, github);
    let is_opened = |heard: &Repository| of_github(heard, github);
    let repositories: Vec<_> = tools.settings.repositories.iter().filter_map(is_opened).collect();
    if repositories.is_empty() {
        return None;
    }
    let keys = Keys { tools: tools.clone(), github: github.clone(), repositories };
    keys.exchange_what_is_refused();
    // What goes wrong now is told by the first pass.
    let _opened = timeout(&*tools.app.clock, FIRST_WITHIN, keys.open()).await;
    Some(Task {
        name: "opening repositories".to_owned(),
        bell: tools.bells.opening.clone(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(keys),
    })
}

/// Has git trust whom the settings trust at GitHub's own server.
fn trust(tools: &Tools, github: &Client) {
    let settings = tools.settings.github.as_ref();
    let Some(authority) = settings.and_then(|github| github.authority.as_ref()) else { return };
    for heard in &tools.settings.repositories {
        if Url::parse(&heard.source).is_ok_and(|url| github.is_its_own(&url)) {
            tools.credentials.trust(&heard.source, authority.clone());
        }
    }
}

/// Where it is and what GitHub calls it, if it is at the server that GitHub's interface belongs to.
fn of_github(heard: &Repository, github: &Client) -> Option<(String, GitHubName)> {
    let (url, name) = (Url::parse(&heard.source).ok()?, heard.github.clone()?);
    github.is_at_home(&url, &name).then(|| (heard.source.clone(), name))
}

struct Keys {
    tools: Tools,
    github: Arc<Client>,
    repositories: Vec<(String, GitHubName)>,
}

impl Pass for Keys {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            self.open().await?;
            Ok(Rest::Usual)
        })
    }
}

impl Keys {
    fn exchange_what_is_refused(&self) {
        for (source, name) in &self.repositories {
            let (here, github, name) = (Handle::current(), self.github.clone(), name.clone());
            let exchange = move |refused: &str| exchanged((&here, &github), &name, refused);
            self.tools.credentials.exchange_by(source, Arc::new(exchange));
        }
    }

    /// Opens what can be opened; answers with the first that could not.
    async fn open(&self) -> Result<(), GithubError> {
        let mut opened = Ok(());
        for (source, name) in &self.repositories {
            match self.github.git_token(name).await {
                Ok(token) => self.tools.credentials.open(source, token),
                Err(error) => opened = opened.and(Err(error)),
            }
        }
        opened
    }
}

/// What GitHub gives in the place of `refused`. For threads that git keeps, which may wait for no future themselves; why
/// there is none is told by the next pass, or by the refusal itself.
fn exchanged(
    (here, github): (&Handle, &Arc<Client>),
    name: &GitHubName,
    refused: &str,
) -> Option<String> {
    let (told, heard) = channel();
    let (github, name, refused) = (github.clone(), name.clone(), refused.to_owned());
    here.spawn(async move { drop(told.send(github.git_token_instead_of(&name, &refused).await)) });
    heard.recv_timeout(EXCHANGED_WITHIN).ok()?.ok()?
}
