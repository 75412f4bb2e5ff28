//! `gate`: the candidate against its floor and against the local baseline, on the very same test rows.

use super::{
    failure,
    outputs::{Judged, Trained, VERDICT_EVIDENCE},
    work::Work,
};
use crate::{
    aws::{Purpose, S3},
    flow::Failure,
    ids::S3Uri,
    model::{self, Baseline, Decision, Examples, Reason, Scores, TreeOptions, Verdict},
    spec::{BuiltIn, FailureClass, GatePolicy, Role},
};

/// Largest file of rows or scores that is fetched to be judged, in bytes: some five million rows.
const LONGEST_ROWS: u64 = 256 * 1024 * 1024;

pub(super) async fn gate(work: &Work<'_>, policy: &GatePolicy) -> Result<Judged, Failure> {
    let trained: Trained =
        work.output("train-test", |built_in| matches!(built_in, BuiltIn::TrainTest(_)))?;
    let environment = work.named(&trained.environment)?;
    let s3 = work.session(environment, Purpose::Read).await?.s3();
    let (policy, columns) = (*policy, features(work)?);
    let verdict = match Files::fetched(&s3, &trained).await? {
        Ok(files) => tokio::task::spawn_blocking(move || judge(&policy, &columns, &files))
            .await
            .map_err(failure::agent("judge the candidate"))??,
        Err(missing) => Verdict::without_evidence(&policy, missing),
    };
    work.keep(VERDICT_EVIDENCE, &verdict).await?;
    work.tell(&verdict.to_string())?;
    if let Some(evidence) = &verdict.evidence {
        let (candidate, baseline) = (evidence.candidate.value, evidence.baseline.value);
        let decision = verdict.decision;
        work.tell(&format!("{decision}: candidate {candidate:.4}, baseline {baseline:.4}"))?;
    }
    match verdict.decision {
        Decision::Accepted => Ok(Judged { verdict, model_package: trained.model_package }),
        Decision::Refused => Err(Failure::new(
            FailureClass::GateRefused,
            verdict.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        )
        .with_hint("nothing was deployed; `agent show` has the verdict with all its numbers")),
    }
}

/// The evidence, as text.
struct Files {
    train: String,
    test: String,
    scores: String,
}

impl Files {
    /// All three, or what of them is not there.
    async fn fetched(s3: &S3, trained: &Trained) -> Result<Result<Self, Vec<Reason>>, Failure> {
        let Trained { train, test, scores, .. } = trained;
        let mut missing = Vec::new();
        let mut found = Vec::new();
        for (what, address) in
            [("training rows", train), ("test rows", test), ("scores of the candidate", scores)]
        {
            match fetch(s3, address).await? {
                Some(text) => found.push(text),
                None => missing
                    .push(Reason::NoEvidence { what: what.to_owned(), address: address.clone() }),
            }
        }
        let Ok([train, test, scores]) = <[String; 3]>::try_from(found) else {
            return Ok(Err(missing));
        };
        Ok(Ok(Self { train, test, scores }))
    }
}

/// The names of the features, in the order of the rows.
fn features(work: &Work<'_>) -> Result<Vec<String>, Failure> {
    let training = work.project.training.as_ref().ok_or_else(|| {
        Failure::new(FailureClass::UserError, "the pipeline has no training data to judge by")
    })?;
    let columns = training.contract.columns.iter();
    Ok(columns.filter(|c| c.role == Role::Feature).map(|c| c.name.clone()).collect())
}

fn judge(policy: &GatePolicy, columns: &[String], files: &Files) -> Result<Verdict, Failure> {
    let broken = |error| failure::agent("read the candidate's evidence")(error);
    let train = Examples::read("train.csv", &files.train, columns).map_err(broken)?;
    let test = Examples::read("test.csv", &files.test, columns).map_err(broken)?;
    let candidate = Scores::read("scores.csv", &files.scores).map_err(broken)?;
    if candidate.labels != test.labels {
        return Err(Failure::new(
            FailureClass::AgentError,
            "the candidate's scores are not of the test rows in their order",
        ));
    }
    let baseline = Baseline::fit(&train, &TreeOptions::default())
        .map_err(failure::user("fit the baseline"))?;
    let baseline = baseline.scores(&test.features);
    Ok(model::judge(policy, &test.labels, &candidate.scores, &baseline))
}

async fn fetch(s3: &S3, address: &str) -> Result<Option<String>, Failure> {
    let uri: S3Uri = address.parse().map_err(failure::agent("read evidence"))?;
    let content = s3.get(uri.bucket(), uri.key(), LONGEST_ROWS).await?;
    let text = content.map(String::from_utf8).transpose();
    text.map_err(failure::agent(&format!("read {address}")))
}
