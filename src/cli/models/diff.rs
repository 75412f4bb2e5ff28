//! `agent models diff`: two versions side by side.

use super::{
    super::{
        failure::{CliError, CliResult, Exit},
        output::{Format, Output, harmless},
    },
    Of,
    desk::Desk,
    show::{figure, notes},
};
use crate::{
    aws::{ModelPackage, Session},
    definition,
    model::{
        Auc,
        champion::{Incomparable, Standing},
    },
    registry::{self, Trained},
};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The older version
    #[arg(value_name = "A", value_parser = clap::value_parser!(i32).range(1..))]
    a: i32,
    /// The newer version, which is judged against it
    #[arg(value_name = "B", value_parser = clap::value_parser!(i32).range(1..))]
    b: i32,
    #[command(flatten)]
    pub(super) of: Of,
}

/// Two versions.
#[derive(Debug, Serialize)]
struct Comparison<'a> {
    a: i32,
    b: i32,
    /// What is known of both and is not the same.
    differing: Vec<Differing<'a>>,
    /// How the definitions that were executed differ; absent if they cannot be read.
    definition: Option<Vec<String>>,
    /// As each was evaluated on its own test rows.
    auc: [Option<Auc>; 2],
    /// How B stands against A on the same rows.
    standing: Standing,
}

#[derive(Debug, Serialize)]
struct Differing<'a> {
    name: &'a str,
    a: Option<&'a str>,
    b: Option<&'a str>,
}

pub(super) async fn diff(desk: &Desk, args: &Args, output: &Output) -> CliResult {
    let (a, b) = (desk.version(args.a)?, desk.version(args.b)?);
    let (of_a, of_b) = (desk.session_of_training(a).await?, desk.session_of_training(b).await?);
    let sessions = of_a.as_ref().zip(of_b.as_ref());
    let comparison = Comparison {
        a: args.a,
        b: args.b,
        differing: differing(a, b),
        definition: match sessions {
            Some((of_a, of_b)) => definitions((a, of_a), (b, of_b)).await,
            None => None,
        },
        auc: [auc(desk, a).await, auc(desk, b).await],
        standing: standing(desk, b, a).await?,
    };
    match output.format {
        Format::Json => output.json(&comparison)?,
        Format::Text => output.data(&text(&comparison))?,
    }
    Ok(Exit::Done)
}

/// How `challenger` stands against `champion`.
pub(super) async fn standing(
    desk: &Desk,
    challenger: &ModelPackage,
    champion: &ModelPackage,
) -> Result<Standing, CliError> {
    let sessions =
        (desk.session_of_training(challenger).await?, desk.session_of_training(champion).await?);
    let (Some(new), Some(old)) = &sessions else {
        let what = "one of them was not trained in an environment of this project".to_owned();
        return Ok(Standing::none(Incomparable::Unreadable { what }));
    };
    let challenger = Trained { package: challenger, session: new };
    Ok(registry::standing(challenger, Trained { package: champion, session: old }).await)
}

async fn auc(desk: &Desk, package: &ModelPackage) -> Option<Auc> {
    let evaluation = registry::evaluation(&desk.session.s3(), package).await;
    evaluation.ok().flatten().and_then(|evaluation| evaluation.auc())
}

/// Hyper-parameters, images, inputs: whatever of the executed definitions is not the same.
async fn definitions(
    (a, of_a): (&ModelPackage, &Session),
    (b, of_b): (&ModelPackage, &Session),
) -> Option<Vec<String>> {
    let old = of_a.sagemaker().executed_definition(a.generated_by.as_deref()?).await.ok()?;
    let new = of_b.sagemaker().executed_definition(b.generated_by.as_deref()?).await.ok()?;
    Some(definition::compare(&old, &new).iter().map(ToString::to_string).collect())
}

fn differing<'a>(a: &'a ModelPackage, b: &'a ModelPackage) -> Vec<Differing<'a>> {
    let (mut of_a, mut of_b) = (facts(a), facts(b));
    let mut names: Vec<&str> = of_a.keys().chain(of_b.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| Differing { name, a: of_a.remove(name), b: of_b.remove(name) })
        .filter(|both| both.a != both.b)
        .collect()
}

fn facts(package: &ModelPackage) -> BTreeMap<&str, &str> {
    let own = [
        ("commit", package.commit.as_deref()),
        ("repository", package.repository.as_deref()),
        ("made by", package.generated_by.as_deref()),
        ("image", package.image.as_deref()),
        ("image digest", package.image_digest.as_deref()),
        ("model", package.model_data.as_deref()),
        ("model ETag", package.model_data_etag.as_deref()),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let notes = notes(package).filter(|(name, _)| !name.starts_with("approved_"));
    own.chain(notes).collect()
}

/// The judgement first, then what it may come from.
fn text(comparison: &Comparison<'_>) -> String {
    let Comparison { a, b, differing, definition, auc, standing } = comparison;
    let standing = standing.to_string().replace('\n', "\n  ");
    let mut lines = vec![format!("version {b} as challenger of version {a}: {standing}")];
    for (version, auc) in [a, b].into_iter().zip(auc) {
        let auc = auc.map_or_else(|| "unknown".to_owned(), figure);
        lines.push(format!("AUC of version {version} on its own test rows: {auc}"));
    }
    for Differing { name, a, b } in differing {
        lines.push(format!("{name}\n  - {}\n  + {}", value(*a), value(*b)));
    }
    match definition {
        None => lines.push("definition: at least one of the two cannot be read".to_owned()),
        Some(changes) => lines.extend(changed(changes)),
    }
    lines.join("\n")
}

/// Changes of the definition that are shown; between two environments each bucket, key and role is one.
const MOST_CHANGES: usize = 10;

fn changed(changes: &[String]) -> Vec<String> {
    if changes.is_empty() {
        return vec!["definition: the same".to_owned()];
    }
    let mut lines = vec![format!("definition: {} differences", changes.len())];
    // What names no place tells more about a model than where it was trained.
    let mut sorted: Vec<&String> = changes.iter().collect();
    sorted.sort_by_key(|change| change.contains("s3://") || change.contains("arn:"));
    let shown = sorted.iter().take(MOST_CHANGES);
    lines.extend(shown.map(|change| format!("  {}", change.replace('\n', "\n  "))));
    if changes.len() > MOST_CHANGES {
        lines.push(format!("  and {} more: --json has all", changes.len() - MOST_CHANGES));
    }
    lines
}

fn value(text: Option<&str>) -> String {
    text.map_or_else(|| "(nothing)".to_owned(), harmless)
}
