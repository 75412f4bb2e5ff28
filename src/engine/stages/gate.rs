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
    model::{self, Decision, Verdict},
    spec::{BuiltIn, FailureClass, GatePolicy},
};

/// Largest file of rows or scores that is fetched to be judged, in bytes: some five million rows.
const LONGEST_ROWS: u64 = 256 * 1024 * 1024;

pub(super) async fn gate(work: &Work<'_>, policy: &GatePolicy) -> Result<Judged, Failure> {
    let trained: Trained =
        work.output("train-test", |built_in| matches!(built_in, BuiltIn::TrainTest(_)))?;
    let environment = work.named(&trained.environment)?;
    let s3 = work.session(environment, Purpose::Read).await?.s3();
    let train = fetch(&s3, &trained.train).await?;
    let test = fetch(&s3, &trained.test).await?;
    let scores = fetch(&s3, &trained.scores).await?;
    let policy = *policy;
    let verdict = tokio::task::spawn_blocking(move || judge(&policy, &train, &test, &scores))
        .await
        .map_err(failure::agent("judge the candidate"))??;
    work.keep(VERDICT_EVIDENCE, &verdict).await?;
    work.tell(&verdict.to_string())?;
    match verdict.decision {
        Decision::Promote => Ok(Judged { verdict, model_package: trained.model_package }),
        Decision::Refuse => Err(Failure::new(
            FailureClass::GateRefused,
            format!("the gate refused the candidate: {}", verdict.reasons.join("; ")),
        )
        .with_hint("nothing was deployed; `agent show` has the verdict with all its numbers")),
    }
}

fn judge(policy: &GatePolicy, train: &str, test: &str, scores: &str) -> Result<Verdict, Failure> {
    let unreadable = |what: &'static str| failure::agent(what);
    let train = model::read_rows(train).map_err(unreadable("read the training rows"))?;
    let test = model::read_rows(test).map_err(unreadable("read the test rows"))?;
    let scores = model::read_scores(scores).map_err(unreadable("read the candidate's scores"))?;
    let baseline = model::Baseline::fit(&train.features, &train.labels, &model::TreeOptions::default())
        .map_err(failure::user("fit the baseline"))?;
    let baseline_scores: Vec<f64> = test.features.iter().map(|row| baseline.score(row)).collect();
    if scores.labels != test.labels {
        return Err(Failure::new(
            FailureClass::AgentError,
            "the candidate's scores are not of the test rows in their order",
        ));
    }
    Ok(model::judge(policy, &test.labels, &scores.scores, &baseline_scores))
}

async fn fetch(s3: &S3, address: &str) -> Result<String, Failure> {
    let uri: S3Uri = address.parse().map_err(failure::agent("read evidence"))?;
    let content = s3.get(uri.bucket(), uri.key(), LONGEST_ROWS).await?.ok_or_else(|| {
        Failure::new(FailureClass::CloudError, format!("the evidence {address} is gone"))
    })?;
    String::from_utf8(content).map_err(failure::agent(&format!("read {address}")))
}
