//! Bringing together what a contest of two versions needs: scores from the registry's bucket, rows from where each was
//! trained. The rows are compared and forgotten.

use super::evaluation::{rows, score_addresses};
use crate::{
    aws::{CloudError, ModelPackage, Session},
    definition::output_address,
    model::{
        Scores,
        champion::{Contest, Incomparable, Standing, compare},
    },
};

/// The note that has the address of the champion a version was judged beside.
const CHAMPION_NOTE: &str = "champion_url";

/// A version, with a session of the environment it was trained in.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// The version.
    pub package: &'a ModelPackage,
    /// May read that environment's bucket and executions.
    pub session: &'a Session,
}

/// How `challenger` stands against `champion`, as far as the files allow.
///
/// The champion's scores of the challenger's test rows come from the challenger's own evaluation, if it was given this
/// champion, or from the champion's, if both were judged on the very same rows.
pub async fn standing(challenger: Trained<'_>, champion: Trained<'_>) -> Standing {
    gathered(challenger, champion).await.unwrap_or_else(Standing::none)
}

async fn gathered(
    challenger: Trained<'_>,
    champion: Trained<'_>,
) -> Result<Standing, Incomparable> {
    let [own, beside] = addresses(challenger.package)?;
    let test = challenger.part("test").await?;
    let theirs = if was_judged_beside(challenger.package, champion.package) {
        challenger.optional(&beside).await?
    } else if champion.part("test").await? == test {
        let [scores, _] = addresses(champion.package)?;
        champion.optional(&scores).await?
    } else {
        None
    };
    let theirs = theirs.ok_or(Incomparable::NotScored)?;
    let own = challenger.needed(&own).await?;
    let (train, validation) = (champion.part("train").await?, champion.part("validation").await?);
    Ok(compare(&Contest {
        test: &test,
        challenger: &read(challenger.package, &own)?,
        champion: &read(champion.package, &theirs)?,
        champion_saw: &[&train, &validation],
    }))
}

fn was_judged_beside(challenger: &ModelPackage, champion: &ModelPackage) -> bool {
    let given = challenger.notes.get(CHAMPION_NOTE);
    given.is_some() && given == champion.model_data.as_ref()
}

fn addresses(package: &ModelPackage) -> Result<[String; 2], Incomparable> {
    score_addresses(package).ok_or_else(|| unreadable(package, "it was registered without scores"))
}

fn read(package: &ModelPackage, text: &str) -> Result<Scores, Incomparable> {
    Scores::read("scores.csv", text).map_err(|error| unreadable(package, &error.to_string()))
}

fn unreadable(package: &ModelPackage, why: &str) -> Incomparable {
    Incomparable::Unreadable { what: format!("version {}: {why}", package.summary.version) }
}

impl Trained<'_> {
    /// A part of the data that the version was made with: `train`, `validation` or `test`.
    async fn part(self, name: &str) -> Result<String, Incomparable> {
        let package = self.package;
        let execution = package.generated_by.as_deref();
        let execution =
            execution.ok_or_else(|| unreadable(package, "it names no execution that made it"))?;
        let failed = |error: CloudError| unreadable(package, &error.to_string());
        let definition =
            self.session.sagemaker().executed_definition(execution).await.map_err(failed)?;
        let id = execution.rsplit('/').next().unwrap_or(execution);
        let address = output_address(&definition, name, id).ok().flatten();
        let address =
            address.ok_or_else(|| unreadable(package, &format!("its rows have no '{name}'")))?;
        self.needed(&format!("{address}/{name}.csv")).await
    }

    async fn needed(self, address: &str) -> Result<String, Incomparable> {
        let found = self.optional(address).await?;
        found.ok_or_else(|| unreadable(self.package, &format!("{address} is not there")))
    }

    async fn optional(self, address: &str) -> Result<Option<String>, Incomparable> {
        let found = rows(&self.session.s3(), address).await;
        found.map_err(|error| unreadable(self.package, &error.to_string()))
    }
}
