//! What a story's people look at before they decide: the artefact, the scores, champion against challenger.

use super::stage::Stage;
use crate::{
    aws::{ModelPackage, Purpose, Session},
    ids::S3Uri,
    model::champion::{Incomparable, Standing},
    registry::{self, Artefact, Authorship, Grounds, Rival, Trained},
};
use anyhow::Context as _;

impl Stage {
    /// What an approval of `version` rests on.
    pub(super) async fn grounds(
        &self,
        versions: &[ModelPackage],
        version: i32,
    ) -> anyhow::Result<Grounds> {
        let package = find(versions, version)?;
        let dossier = registry::dossier(&self.reader().s3(), package).await;
        let used = registry::in_use(versions, &self.environment.name);
        let champion = match used.filter(|used| used.summary.version != version) {
            None => None,
            Some(used) => Some(Rival {
                version: used.summary.version,
                standing: self.against(package, used).await?,
            }),
        };
        Ok(Grounds {
            artefact: self.artefact(versions, version).await?,
            // The story's person wrote nothing of the commit.
            authorship: Authorship::Another,
            seal: dossier.context("read the version's evidence")?.seal,
            gate_refused: None,
            champion,
        })
    }

    /// The version's model file, beside what the registry noted of it.
    pub(super) async fn artefact(
        &self,
        versions: &[ModelPackage],
        version: i32,
    ) -> anyhow::Result<Artefact> {
        let package = find(versions, version)?;
        let address = package.model_data.as_deref().and_then(|uri| uri.parse::<S3Uri>().ok());
        let found = match address {
            None => None,
            Some(uri) => {
                let found = self.reader().s3().etag(uri.bucket(), uri.key()).await;
                found.context("look at the model")?
            }
        };
        Ok(Artefact::of(package.model_data_etag.as_deref(), found.as_deref()))
    }

    /// How `challenger` stands against the version in use.
    pub(super) async fn standing(
        &self,
        versions: &[ModelPackage],
        challenger: i32,
    ) -> anyhow::Result<Standing> {
        let used = registry::in_use(versions, &self.environment.name);
        let used = used.context("no version is in use")?;
        self.against(find(versions, challenger)?, used).await
    }

    async fn against(
        &self,
        challenger: &ModelPackage,
        champion: &ModelPackage,
    ) -> anyhow::Result<Standing> {
        let sessions = (self.trained_in(challenger).await?, self.trained_in(champion).await?);
        let (Some(new), Some(old)) = &sessions else {
            let what = "one of them was trained elsewhere".to_owned();
            return Ok(Standing::none(Incomparable::Unreadable { what }));
        };
        let challenger = Trained { package: challenger, session: new };
        Ok(registry::standing(challenger, Trained { package: champion, session: old }).await)
    }

    /// A session of the environment whose account made the version.
    async fn trained_in(&self, package: &ModelPackage) -> anyhow::Result<Option<Session>> {
        let account = package.generated_by.as_deref().and_then(|arn| arn.split(':').nth(4));
        let made = |account: &str| {
            let environments = self.project.environments.values();
            environments.into_iter().find(|known| known.account.as_str() == account)
        };
        match account.and_then(made) {
            Some(environment) => Ok(Some(self.session_of(environment, Purpose::Read).await?)),
            None => Ok(None),
        }
    }
}

fn find(versions: &[ModelPackage], version: i32) -> anyhow::Result<&ModelPackage> {
    let found = versions.iter().find(|package| package.summary.version == version);
    found.with_context(|| format!("there is no version {version}"))
}
