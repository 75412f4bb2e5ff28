//! What speaks for and against a version, gathered before it is decided about.

use super::{
    super::{failure::CliError, output::Output},
    decide::Decision,
    desk::of_cloud,
    diff, show,
};
use crate::{
    aws::ModelPackage,
    ids::{S3Uri, Sha},
    model,
    registry::{self, Artefact, Authorship, Grounds, Rival, authorship},
};

impl Decision<'_> {
    /// Everything that speaks for or against the version; how it stands against the one in use is told at once.
    pub(super) async fn grounds(&self, version: i32, output: &Output) -> Result<Grounds, CliError> {
        let desk = self.desk;
        let package = desk.version(version)?;
        let gate = desk.gate_verdict(package).await?.map(|(_, verdict)| verdict);
        let refused = gate.filter(|verdict| verdict.decision == model::Decision::Refused);
        let grounds = Grounds {
            artefact: self.artefact(package).await?,
            authorship: self.authorship(package)?,
            seal: show::dossier(desk, package).await?.seal,
            gate_refused: refused.map(|verdict| {
                verdict.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }),
            champion: self.champion(package).await?,
        };
        if let Some(Rival { version, standing }) = &grounds.champion {
            let standing = standing.to_string().replace('\n', "\n  ");
            output.talk(&format!("against version {version}, which is in use: {standing}"));
        }
        Ok(grounds)
    }

    /// How the version stands against the one in use, if that is another one.
    async fn champion(&self, package: &ModelPackage) -> Result<Option<Rival>, CliError> {
        let used = registry::in_use(&self.desk.versions, &self.desk.name);
        let Some(used) = used.filter(|used| used.summary.arn != package.summary.arn) else {
            return Ok(None);
        };
        let standing = diff::standing(self.desk, package, used).await?;
        Ok(Some(Rival { version: used.summary.version, standing }))
    }

    /// The model's file beside what was registered.
    pub(super) async fn artefact(&self, package: &ModelPackage) -> Result<Artefact, CliError> {
        let address = package.model_data.as_deref().and_then(|uri| uri.parse::<S3Uri>().ok());
        let found = match address {
            None => None,
            Some(uri) => {
                let found = self.desk.session.s3().etag(uri.bucket(), uri.key()).await;
                let environment = self.desk.environment()?;
                found.map_err(|error| of_cloud(error, "look at the model", environment))?
            }
        };
        Ok(Artefact::of(package.model_data_etag.as_deref(), found.as_deref()))
    }

    fn authorship(&self, package: &ModelPackage) -> Result<Authorship, CliError> {
        if !self.desk.environment()?.approval.four_eyes {
            return Ok(Authorship::NotAsked);
        }
        let unknown = |what: String| Ok(Authorship::Unknown { what });
        let Some(commit) = package.commit.as_deref() else {
            return unknown("the version names no commit".to_owned());
        };
        let people = commit.parse::<Sha>().ok().and_then(|c| self.desk.repository.people(&c).ok());
        let Some(people) = people else {
            return unknown(format!("commit {commit} is not in this repository"));
        };
        // who sits here and speaks for another is still who sits here
        let here = self.desk.repository.user_email().unwrap_or_default();
        Ok(authorship(&[&self.by, &here], &people))
    }
}
