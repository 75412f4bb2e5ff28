//! The task that reads webhook secrets anew, so that one can be exchanged for another while the agent works.
//!
//! It looks by itself, and at once after a SIGHUP. Secrets that cannot be read leave the old ones in force.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{audit::Act, github::signature::Secrets, ids::Digest};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Time between two looks at where the secrets are; a SIGHUP comes first.
const EVERY: Duration = Duration::from_secs(30);

/// Reads the secrets; the task does so again and again, and whoever has the other end sees each change.
pub(super) fn task(tools: &Tools) -> anyhow::Result<(Task, watch::Receiver<Secrets>)> {
    let known = Mutex::new(Known { digest: digest(tools)?, trouble: None });
    let (sender, secrets) = watch::channel(tools.settings.webhook_secrets(&*tools.variable)?);
    let task = Task {
        name: "reading secrets".to_owned(),
        bell: tools.bells.secrets.clone(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(Reading { tools: tools.clone(), sender, known }),
    };
    Ok((task, secrets))
}

struct Reading {
    tools: Tools,
    sender: watch::Sender<Secrets>,
    known: Mutex<Known>,
}

/// What was read last.
struct Known {
    digest: Digest,
    /// What was said to be wrong with them since.
    trouble: Option<String>,
}

impl Pass for Reading {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.look())
    }
}

impl Reading {
    async fn look(&self) -> anyhow::Result<Rest> {
        let mut known = self.known.lock().await;
        let read = || {
            // The digest first: what is written in between is then taken for new by the next look.
            let digest = digest(&self.tools)?;
            anyhow::Ok((self.tools.settings.webhook_secrets(&*self.tools.variable)?, digest))
        };
        match read() {
            Ok((secrets, digest)) => {
                if digest != known.digest {
                    self.replace(secrets).await?;
                }
                *known = Known { digest, trouble: None };
            }
            Err(error) => {
                let trouble = format!("{error:#}");
                if known.trouble.as_ref() != Some(&trouble) {
                    (self.tools.say)(&format!("{trouble}; the secrets read before stay in force"));
                    known.trouble = Some(trouble);
                }
            }
        }
        Ok(Rest::Usual)
    }

    async fn replace(&self, secrets: Secrets) -> anyhow::Result<()> {
        let number = self.tools.settings.webhooks.len();
        let act = Act {
            who: "the agent".to_owned(),
            act: "secrets-exchanged".to_owned(),
            object: "webhooks".to_owned(),
            detail: serde_json::json!({ "secrets": number }),
        };
        self.tools.app.store.keep_act(act).await.context("note that secrets were exchanged")?;
        self.sender.send_replace(secrets);
        (self.tools.say)("The webhook secrets were exchanged.");
        Ok(())
    }
}

/// What tells that a secret has changed, and nothing about it.
fn digest(tools: &Tools) -> anyhow::Result<Digest> {
    let read = tools.settings.webhooks.iter().map(|source| source.read(&*tools.variable));
    let secrets = read.collect::<Result<Vec<_>, _>>()?;
    Ok(Digest::of(serde_json::to_vec(&secrets).context("compare the secrets")?))
}
