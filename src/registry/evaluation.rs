//! What a version was registered with: its evaluation, and whether that is still what it was.
//!
//! The registry keeps a digest of the scores that were written when the version was trained. Figures that follow from
//! scores with that digest are the ones it was registered with, whatever happened to the files since.

use super::Seal;
use crate::{
    aws::{CloudError, ModelPackage, S3},
    ids::{Digest, S3Uri},
    model::{Auc, Scores, auc},
};
use serde::{Deserialize, Serialize};

/// The note that has the digest.
const DIGEST_NOTE: &str = "evidence_digest";
/// Largest evaluation.json that is read, in bytes: it holds a dozen figures.
const LONGEST_EVALUATION: u64 = 1024 * 1024;
/// Largest file of rows or scores that is read, in bytes: some five million rows.
const LONGEST_ROWS: u64 = 256 * 1024 * 1024;
/// How far a figure may be from the same figure computed elsewhere: sums of doubles in another order.
const ROUNDING: f64 = 1e-9;

/// What evaluation.json says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    classification_metrics: Metrics,
    /// Test rows.
    pub rows: usize,
    /// Of these, with label 1.
    pub positives: usize,
    /// SHA-256 of scores.csv followed by champion_scores.csv.
    pub evidence_digest: Option<Digest>,
    /// The model that was in use then, judged by the same rows.
    pub champion: Option<JudgedChampion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Metrics {
    auc: Estimate,
}

/// A figure with its deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its standard deviation.
    pub standard_deviation: f64,
}

/// What evaluation.json says of the champion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedChampion {
    /// SHA-256 of its archive.
    pub model_digest: Digest,
    /// Its AUC on all test rows, those included that it has seen.
    pub auc: Option<Estimate>,
    /// Why it could not be scored.
    pub problem: Option<String>,
}

impl Evaluation {
    /// The AUC with its interval; nothing if evaluation.json contradicts itself.
    #[must_use]
    pub fn auc(&self) -> Option<Auc> {
        let Estimate { value, standard_deviation } = self.classification_metrics.auc;
        let negatives = self.rows.checked_sub(self.positives)?;
        let legal = (0.0..=1.0).contains(&value) && standard_deviation >= 0.0;
        Auc::known(value, standard_deviation, [self.positives, negatives]).ok().filter(|_| legal)
    }
}

/// A version's evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dossier {
    /// What evaluation.json says, if it is there and can be read.
    pub evaluation: Option<Evaluation>,
    /// Whether it is what it was.
    pub seal: Seal,
}

/// Reads evaluation.json alone; nothing if it is not there or is something else.
///
/// # Errors
/// If S3 refuses.
pub async fn evaluation(s3: &S3, package: &ModelPackage) -> Result<Option<Evaluation>, CloudError> {
    let Some(address) = &package.evaluation else { return Ok(None) };
    let text = fetch(s3, address, LONGEST_EVALUATION).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Reads the evaluation with its scores and holds them against the registered digest.
///
/// # Errors
/// If S3 refuses.
pub async fn dossier(s3: &S3, package: &ModelPackage) -> Result<Dossier, CloudError> {
    let evaluation = evaluation(s3, package).await?;
    let (scores, champion) = match score_addresses(package) {
        Some([scores, champion]) => {
            (fetch(s3, &scores, LONGEST_ROWS).await?, fetch(s3, &champion, LONGEST_ROWS).await?)
        }
        None => (None, None),
    };
    let registered = package.notes.get(DIGEST_NOTE).map(String::as_str);
    let seal = match (&evaluation, &scores) {
        (None, _) => missing("evaluation.json"),
        (Some(_), None) => missing("scores.csv"),
        (Some(evaluation), Some(scores)) => {
            let champion = champion.as_deref().unwrap_or_default();
            seal(registered, evaluation, scores, champion)
        }
    };
    Ok(Dossier { evaluation, seal })
}

/// Where the scores of a version and of its champion stand: beside evaluation.json.
pub(super) fn score_addresses(package: &ModelPackage) -> Option<[String; 2]> {
    let (folder, _) = package.evaluation.as_ref()?.rsplit_once('/')?;
    Some(["scores.csv", "champion_scores.csv"].map(|name| format!("{folder}/{name}")))
}

/// A text file of rows or scores, if it is there.
pub(super) async fn rows(s3: &S3, address: &str) -> Result<Option<String>, CloudError> {
    fetch(s3, address, LONGEST_ROWS).await
}

async fn fetch(s3: &S3, address: &str, most: u64) -> Result<Option<String>, CloudError> {
    // what is no address, or no text, counts as not there
    let Ok(uri) = address.parse::<S3Uri>() else { return Ok(None) };
    let content = s3.get(uri.bucket(), uri.key(), most).await?;
    Ok(content.and_then(|content| String::from_utf8(content).ok()))
}

fn missing(what: &str) -> Seal {
    Seal::Missing { what: format!("{what} is not there") }
}

fn seal(registered: Option<&str>, evaluation: &Evaluation, scores: &str, champion: &str) -> Seal {
    let Some(registered) = registered else {
        return Seal::Missing {
            what: "it was registered without a digest of its scores".to_owned(),
        };
    };
    if Digest::of(format!("{scores}{champion}")).as_str() != registered {
        let what = "the scores are not those it was registered with".to_owned();
        return Seal::Broken { what };
    }
    let computed = Scores::read("scores.csv", scores).ok();
    let computed = computed.and_then(|read| auc(&read.scores, &read.labels).ok());
    let follows = computed.zip(evaluation.auc()).is_some_and(|(computed, told)| {
        let near = |one: f64, other: f64| (one - other).abs() < ROUNDING;
        near(computed.value, told.value)
            && near(computed.standard_error, told.standard_error)
            && computed.positives == told.positives
            && computed.negatives == told.negatives
    });
    if follows {
        Seal::Intact
    } else {
        Seal::Broken { what: "evaluation.json does not follow from the scores".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: &str = "label,score\n1,0.9\n1,0.4\n1,0.8\n0,0.3\n0,0.5\n0,0.1\n";

    fn told(value: f64) -> Evaluation {
        let computed = Scores::read("scores.csv", SCORES).unwrap();
        let computed = auc(&computed.scores, &computed.labels).unwrap();
        let auc = Estimate { value, standard_deviation: computed.standard_error };
        let classification_metrics = Metrics { auc };
        Evaluation {
            classification_metrics,
            rows: 6,
            positives: 3,
            evidence_digest: None,
            champion: None,
        }
    }

    #[test]
    fn the_seal_holds_for_the_scores_that_were_registered_and_no_others() {
        let (truth, champion) = (told(8.0 / 9.0), "label,score\n1,0.5\n");
        let digest = Digest::of(format!("{SCORES}{champion}"));
        let sealed = |evaluation, scores, champion| {
            seal(Some(digest.as_str()), evaluation, scores, champion)
        };
        assert_eq!(sealed(&truth, SCORES, champion), Seal::Intact);
        let better = SCORES.replace("0.4", "0.6");
        for (evaluation, scores, theirs, what) in [
            (&truth, better.as_str(), champion, "the scores are not those"),
            (&truth, SCORES, "", "the scores are not those"),
            (&told(0.99), SCORES, champion, "does not follow"),
            (&Evaluation { rows: 60, ..truth.clone() }, SCORES, champion, "does not follow"),
        ] {
            let Seal::Broken { what: told } = sealed(evaluation, scores, theirs) else { panic!() };
            assert!(told.contains(what), "{told}");
        }
        assert!(matches!(seal(None, &truth, SCORES, champion), Seal::Missing { .. }));
    }

    #[test]
    fn an_evaluation_that_contradicts_itself_has_no_figure() {
        assert!(told(0.8).auc().is_some());
        assert_eq!(told(1.2).auc(), None);
        assert_eq!(Evaluation { positives: 7, ..told(0.8) }.auc(), None);
        assert_eq!(Evaluation { positives: 6, ..told(0.8) }.auc(), None);
    }
}
