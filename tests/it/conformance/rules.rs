//! Rules and targets.

use super::{Found, Ground, refused, same};
use relevo::{
    aws::ErrorClass,
    plan::{Message, Rule, RuleState, Target, Trigger, tags},
};
use serde_json::json;
use std::collections::BTreeMap;

fn rule(ground: &Ground, purpose: &str, trigger: Trigger) -> Rule {
    Rule {
        name: format!("{}-prod-{purpose}", ground.prod.model_name),
        description: "of a check".to_owned(),
        trigger,
        state: RuleState::Enabled,
    }
}

fn pattern() -> Trigger {
    Trigger::Pattern(
        json!({ "source": ["aws.sagemaker"], "detail": { "currentPipelineExecutionStatus": ["Failed"] } }),
    )
}

fn target(ground: &Ground, id: usize) -> Target {
    let paths = BTreeMap::from([("name".to_owned(), "$.detail.name".to_owned())]);
    Target {
        id: format!("t{id}"),
        arn: format!("arn:aws:sns:us-east-1:{}:alerts", ground.prod.account),
        role: None,
        retries: 3,
        longest_age_seconds: 600,
        message: Some(Message { paths, template: "\"<name> has failed\"".to_owned() }),
    }
}

pub(super) async fn a_rule_comes_back_as_it_was_put(ground: Ground) -> Found {
    let events = ground.deployer().await?.events();
    let schedule = Trigger::Schedule("cron(0 23 * * ? *)".to_owned());
    let (failed, mut nightly) =
        (rule(&ground, "drift", pattern()), rule(&ground, "inference-schedule", schedule));
    nightly.state = RuleState::Disabled;
    let ours = tags(&ground.prod);
    same("rule before", events.rule(&failed.name).await?, None)?;
    same("targets before", events.targets(&failed.name).await?, Vec::new())?;
    for rule in [&failed, &nightly] {
        for _ in 0..2 {
            events.put_rule(rule, &ours).await?;
        }
        same("rule", events.rule(&rule.name).await?.as_ref(), Some(rule))?;
        let (name, none) = (rule.name.as_str(), BTreeMap::new());
        let listed = |rules: BTreeMap<String, Rule>| rules.into_values().next();
        let wanted = events.rules(&[name], (&[], &none)).await?;
        same("wanted", listed(wanted).as_ref(), Some(rule))?;
        let tagged = events.rules(&[], (&[name], &ours)).await?;
        same("tagged", listed(tagged).as_ref(), Some(rule))?;
        let foreign = BTreeMap::from([("owner".to_owned(), "another".to_owned())]);
        same("foreign", events.rules(&[], (&[name], &foreign)).await?, BTreeMap::new())?;
    }
    let found = events.rules_with(&ground.prod.model_name, &ours).await?;
    same("rules", found, vec![failed.clone(), nightly])?;
    let targets = vec![target(&ground, 1), target(&ground, 2)];
    events.put_targets(&failed.name, &targets).await?;
    same("targets", events.targets(&failed.name).await?, targets)?;

    let remover = ground.remover().await?.events();
    for _ in 0..2 {
        remover.remove_targets(&failed.name, &["t1".to_owned(), "t2".to_owned()]).await?;
        remover.delete_rule(&failed.name).await?;
    }
    same("rule after", remover.rule(&failed.name).await?, None)
}

pub(super) async fn a_rule_with_targets_stays(ground: Ground) -> Found {
    let (events, rule) = (ground.deployer().await?.events(), rule(&ground, "drift", pattern()));
    events.put_rule(&rule, &Default::default()).await?;
    events.put_targets(&rule.name, &[target(&ground, 1)]).await?;
    let error =
        refused("DeleteRule", ground.remover().await?.events().delete_rule(&rule.name).await)?;
    same("DeleteRule", error.class, ErrorClass::Invalid)
}

pub(super) async fn a_sixth_target_fails(ground: Ground) -> Found {
    let (events, rule) = (ground.deployer().await?.events(), rule(&ground, "drift", pattern()));
    events.put_rule(&rule, &Default::default()).await?;
    let targets: Vec<Target> = (1..=6).map(|id| target(&ground, id)).collect();
    let error = refused("PutTargets", events.put_targets(&rule.name, &targets).await)?;
    same("PutTargets", error.class, ErrorClass::LimitExceeded)
}

pub(super) async fn an_impossible_minute_is_refused(ground: Ground) -> Found {
    let schedule = Trigger::Schedule("cron(99 23 * * ? *)".to_owned());
    let rule = rule(&ground, "inference-schedule", schedule);
    let put = ground.deployer().await?.events().put_rule(&rule, &Default::default()).await;
    same("PutRule", refused("PutRule", put)?.class, ErrorClass::Invalid)
}
