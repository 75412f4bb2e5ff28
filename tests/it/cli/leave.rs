//! A permission to write that is missing stops a deployment before it begins; what cannot be asked stops nothing.

use super::denied::Ground;
use crate::faults::proxy::Fault;
use relevo::{
    rehearsal::{Landscape, Policy},
    spec::Environment,
};
use std::collections::BTreeMap;

const PLAN: [&str; 5] = ["plan", "--env", "prod", "--out", "prod.plan.json"];
const APPLY: [&str; 2] = ["apply", "prod.plan.json"];

/// What a simulation says that knows no policies.
const KNOWS_NOTHING: &str = r#"<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>
<IsTruncated>false</IsTruncated><EvaluationResults><member><EvalActionName>sagemaker:DescribePipeline</EvalActionName>
<EvalResourceName>arn:aws:sagemaker:us-east-1:222222222222:pipeline/mammo-severity-train-pipeline</EvalResourceName>
<EvalDecision>implicitDeny</EvalDecision></member><member><EvalActionName>events:PutTargets</EvalActionName>
<EvalResourceName>*</EvalResourceName><EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults>
</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"#;

/// The accounts, where the deploy roles are denied an action on everything.
async fn denying(action: &str) -> Ground {
    let text =
        format!(r#"{{"Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#);
    let deny = Policy::parse(&text).unwrap();
    Ground::laid("", |environments| {
        let landscape = Landscape::from(&environments);
        environments.iter().fold(landscape, |landscape, environment| {
            landscape.with_leave(&environment.deploy_role, &deny)
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_write_stops_the_apply_before_the_first_one() {
    let ground = denying("events:PutTargets").await;
    ground.told(&PLAN).done();
    ground.proxy.plan([]);
    let told = ground.told(&APPLY).exits(1);
    told.says("cross-account-deploy-role may not events:PutTargets on arn:aws:events:us-east-1:222222222222:rule/mammography-severity-model-prod-");
    told.says("nothing was changed")
        .says("allow arn:aws:iam::222222222222:role/cross-account-deploy-role");
    told.says("agent doctor --env prod").says("agent bootstrap --env prod");
    ground.is_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_no_policy_allows_stops_it_as_well() {
    let ground = Ground::laid("", |environments| {
        Landscape::from(&environments.map(|environment| Environment {
            lambda_role: environment.events_role.clone(),
            ..environment
        }))
    })
    .await;
    ground.told(&PLAN).done();
    ground.proxy.plan([]);
    let told = ground.told(&APPLY).exits(1);
    told.says("may not iam:PassRole on arn:aws:iam::222222222222:role/lambda-sagemaker-role");
    told.says("nothing was changed");
    ground.is_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_asks_too_and_so_does_who_hands_over_a_role() {
    let ground = denying("iam:PassRole").await;
    ground.proxy.plan([]);
    let told = ground.promoted().exits(1);
    told.says("may not iam:PassRole on arn:aws:iam::111111111111:role/").says("--env dev");
    ground.is_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_or_believed_is_told_and_the_apply_goes_on() {
    let ground = denying("iam:SimulatePrincipalPolicy").await;
    ground.told(&PLAN).done();
    let told = ground.told(&APPLY).done();
    told.says("could not ask IAM beforehand: the deploy role may not simulate its own policies");
    for (fault, said) in [
        (Fault::Fails(500), "could not ask IAM beforehand: SimulatePrincipalPolicy"),
        (Fault::Replaced(KNOWS_NOTHING), "its simulation denies what this role has just done"),
    ] {
        let ground = Ground::well().await;
        ground.told(&PLAN).done();
        ground.proxy.plan([]);
        ground.spoil("SimulatePrincipalPolicy", fault);
        ground.told(&APPLY).done().says(said);
        assert_eq!(ground.counted()["SimulatePrincipalPolicy"], 1);
    }
}

/// What each command may ask the cloud for, at most, where everything is to be made. A number that has to grow should
/// have a reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_asks_for_everything_once_and_reads_it_back_once() {
    let ground = Ground::well().await;
    ground.proxy.plan([]);
    ground.told(&PLAN).done();
    within(
        &ground.counted(),
        &[
            ("AssumeRole", 1),
            ("GetCallerIdentity", 1),
            ("lambda GET", 1),
            ("DescribeLogGroups", 1),
            // one listing of the scripts, one of the data and the batch
            ("s3 GET", 2),
            ("GetTopicAttributes", 1),
            ("DescribePipeline", 2),
            ("ListRules", 1),
            ("ListModelPackages", 1),
        ],
    );
    ground.proxy.plan([]);
    ground.told(&APPLY).done();
    within(
        &ground.counted(),
        &[
            // to read, to deploy, to ship the log
            ("AssumeRole", 3),
            ("GetCallerIdentity", 3),
            ("SimulatePrincipalPolicy", 4),
            ("lambda GET", 3),
            ("DescribeLogGroups", 2),
            ("s3 GET", 3),
            ("s3 HEAD", 1),
            // the second of the three tells the policy that ours is added to
            ("GetTopicAttributes", 3),
            ("ListSubscriptionsByTopic", 1),
            ("DescribePipeline", 4),
            ("ListRules", 2),
            ("ListTargetsByRule", 4),
            ("ListModelPackages", 1),
            ("PutRetentionPolicy", 1),
            ("s3 PUT", 5),
            ("lambda POST", 1),
            ("CreateTopic", 1),
            ("SetTopicAttributes", 1),
            ("Subscribe", 1),
            ("CreatePipeline", 2),
            ("PutRule", 4),
            ("PutTargets", 4),
            // the run's own log: a stream a stage
            ("CreateLogGroup", 1),
            ("CreateLogStream", 4),
            ("PutLogEvents", 4),
        ],
    );
}

fn within(asked: &BTreeMap<String, usize>, most: &[(&str, usize)]) {
    let most: BTreeMap<&str, usize> = most.iter().copied().collect();
    for (operation, times) in asked {
        let allowed = most.get(operation.as_str()).copied().unwrap_or_default();
        assert!(*times <= allowed, "{operation}: {times}, at most {allowed}\n{asked:#?}");
    }
}

impl Ground {
    /// How often each operation was asked for since the last plan of faults.
    fn counted(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for operation in self.proxy.heard() {
            *counted.entry(operation).or_default() += 1;
        }
        counted
    }
}
