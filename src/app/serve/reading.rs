//! The task that reads secrets anew, so that one can be exchanged for another while the agent works: what GitHub signs
//! with, what the agent shows GitHub, what alerts are signed with.
//!
//! It looks by itself, and at once after a SIGHUP. A secret that cannot be read, or is none, leaves the old one in force.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{
    app::settings::SecretSource,
    audit::Act,
    github::{Client, signature::Secrets},
    ids::Digest,
    telling::Webhook,
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, watch};

/// Time between two looks at where the secrets are; a SIGHUP comes first.
const EVERY: Duration = Duration::from_secs(30);

/// What came of reading something anew: taking it, which is done once it is noted.
type Taking = BoxFuture<'static, ()>;
/// Reads something anew and checks that it can be taken.
type Reads = Box<dyn Fn(&Tools) -> anyhow::Result<Taking> + Send + Sync>;

/// The secrets of an agent, as they are looked at.
pub(super) struct Reading {
    tools: Tools,
    kept: Mutex<Vec<Kept>>,
}

/// A secret, or several for one purpose.
struct Kept {
    /// What the audit log calls it.
    object: &'static str,
    /// What people call it.
    what: &'static str,
    sources: Vec<SecretSource>,
    read: Reads,
    known: Known,
}

/// What was read last.
struct Known {
    digest: Digest,
    /// What was said to be wrong since.
    trouble: Option<String>,
}

impl Reading {
    /// Nothing is looked at yet.
    pub(super) fn new(tools: &Tools) -> Self {
        Self { tools: tools.clone(), kept: Mutex::default() }
    }

    /// Looks at what GitHub signs with from now on. Whoever has the answer sees each change.
    pub(super) fn webhooks(&mut self) -> anyhow::Result<watch::Receiver<Secrets>> {
        let known = self.known(&self.tools.settings.webhooks)?;
        let (sender, secrets) = watch::channel(webhook_secrets(&self.tools)?);
        let read = move |tools: &Tools| -> anyhow::Result<Taking> {
            let (secrets, sender) = (webhook_secrets(tools)?, sender.clone());
            Ok(Box::pin(async move { drop(sender.send_replace(secrets)) }))
        };
        self.keep(("webhooks", "The webhook secrets were"), known, Box::new(read));
        Ok(secrets)
    }

    /// Opens GitHub, and looks at what is shown there from now on.
    pub(super) fn github(&mut self) -> anyhow::Result<Option<Arc<Client>>> {
        let Some(settings) = self.tools.settings.github.clone() else { return Ok(None) };
        let known = self.known(std::slice::from_ref(settings.secret()))?;
        let (clock, variable) = (self.tools.app.clock.clone(), self.tools.variable.clone());
        let client = Arc::new(settings.client(clock, &*variable)?);
        let shown = client.clone();
        let read = move |tools: &Tools| -> anyhow::Result<Taking> {
            let (credentials, shown) = (settings.credentials(&*tools.variable)?, shown.clone());
            let bell = tools.bells.opening.clone();
            Ok(Box::pin(async move {
                shown.exchange_credentials(credentials).await;
                bell.notify_one();
            }))
        };
        self.keep(("github", "What the agent shows GitHub was"), known, Box::new(read));
        Ok(Some(client))
    }

    /// Opens the webhook for alerts, and looks at what they are signed with from now on.
    pub(super) fn alerts(&mut self) -> anyhow::Result<Option<Arc<Webhook>>> {
        let Some(settings) = self.tools.settings.alerts.webhook.clone() else { return Ok(None) };
        let known = self.known(std::slice::from_ref(&settings.secret))?;
        let webhook = Arc::new(settings.open(&*self.tools.variable)?);
        let signed = webhook.clone();
        let read = move |tools: &Tools| -> anyhow::Result<Taking> {
            let secret = settings.secret.read(&*tools.variable)?;
            let checked = Webhook::check(&secret);
            checked.with_context(|| format!("use the secret in {}", settings.secret))?;
            let signed = signed.clone();
            Ok(Box::pin(async move { signed.exchange(secret) }))
        };
        self.keep(("alerts", "The secret of alerts was"), known, Box::new(read));
        Ok(Some(webhook))
    }

    /// The task that looks again and again.
    pub(super) fn task(self) -> Task {
        Task {
            name: "reading secrets".to_owned(),
            bell: self.tools.bells.secrets.clone(),
            every: EVERY,
            ends: Ends::AtOnce,
            pass: Box::new(self),
        }
    }

    /// Before it is read: what is written in between is then taken for new by the next look.
    fn known(&self, sources: &[SecretSource]) -> anyhow::Result<(Vec<SecretSource>, Digest)> {
        Ok((sources.to_vec(), digest(sources, &self.tools)?))
    }

    fn keep(
        &mut self,
        (object, what): (&'static str, &'static str),
        (sources, digest): (Vec<SecretSource>, Digest),
        read: Reads,
    ) {
        let known = Known { digest, trouble: None };
        self.kept.get_mut().push(Kept { object, what, sources, read, known });
    }
}

impl Pass for Reading {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            for kept in self.kept.lock().await.iter_mut() {
                kept.look(&self.tools).await?;
            }
            Ok(Rest::Usual)
        })
    }
}

impl Kept {
    async fn look(&mut self, tools: &Tools) -> anyhow::Result<()> {
        let read = || anyhow::Ok((digest(&self.sources, tools)?, (self.read)(tools)?));
        match read() {
            Ok((digest, taking)) => {
                if digest != self.known.digest {
                    self.exchange(tools, taking).await?;
                }
                self.known = Known { digest, trouble: None };
            }
            Err(error) => {
                let trouble = format!("{error:#}");
                if self.known.trouble.as_ref() != Some(&trouble) {
                    (tools.say)(&format!("{trouble}; what was read before stays in force"));
                    self.known.trouble = Some(trouble);
                }
            }
        }
        Ok(())
    }

    async fn exchange(&self, tools: &Tools, taking: Taking) -> anyhow::Result<()> {
        let act = Act {
            who: "the agent".to_owned(),
            act: "secrets-exchanged".to_owned(),
            object: self.object.to_owned(),
            detail: serde_json::json!({ "secrets": self.sources.len() }),
        };
        tools.app.store.keep_act(act).await.context("note that secrets were exchanged")?;
        taking.await;
        (tools.say)(&format!("{} exchanged.", self.what));
        Ok(())
    }
}

fn webhook_secrets(tools: &Tools) -> anyhow::Result<Secrets> {
    tools.settings.webhook_secrets(&*tools.variable)
}

/// What tells that a secret has changed, and nothing about it.
fn digest(sources: &[SecretSource], tools: &Tools) -> anyhow::Result<Digest> {
    let read = sources.iter().map(|source| source.read(&*tools.variable));
    let secrets = read.collect::<Result<Vec<_>, _>>()?;
    Ok(Digest::of(serde_json::to_vec(&secrets).context("compare the secrets")?))
}
