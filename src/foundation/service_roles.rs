//! The smaller roles: the function's, EventBridge's, and that of the people who approve.

use super::{
    deploy_role::{READ_OBJECTS, READ_REGISTRY, earlier_keys},
    policy::{Policy, Principal, Statement},
    scope::{Member, People, Scope},
};
use crate::{definition::function_name, ids::Arn};

/// The function finds the model: it reads the registry, and what became of the artefact.
pub(super) fn function_policy(member: &Member, scope: &Scope) -> Policy {
    let artifacts = member.artifacts();
    let name = function_name(&member.environment);
    let group = member.arn("logs", &format!("log-group:/aws/lambda/{name}"));
    let statements = [
        Statement::allow("ReadRegistry", READ_REGISTRY).on(member.registry_arns()),
        Statement::allow("ReadArtefacts", READ_OBJECTS).on([member.objects_in(&artifacts)]),
        Statement::allow("FindArtefacts", &["s3:ListBucket"]).on([artifacts]),
        Statement::allow("UseKey", &["kms:Decrypt"]).on([&member.environment.kms_key]).when(
            "StringEquals",
            "kms:ViaService",
            [member.via("s3")],
        ),
        Statement::allow(
            "OwnLog",
            &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        )
        .on([format!("{group}:*"), group]),
    ];
    Policy::of(statements).and(earlier_keys(member, scope))
}

/// Lambda alone. It names no source when it takes a function's role, so none is asked for.
pub(super) fn function_trust() -> Statement {
    Statement::allow("Lambda", &["sts:AssumeRole"])
        .by(Principal::Service("lambda.amazonaws.com".to_owned()))
}

/// EventBridge starts the two pipelines and does nothing else.
pub(super) fn events_policy(member: &Member) -> Policy {
    let start = Statement::allow("StartPipelines", &["sagemaker:StartPipelineExecution"]);
    Policy::of([start.on(member.pipelines())])
}

/// EventBridge alone, for this model's rules.
pub(super) fn events_trust(member: &Member) -> Statement {
    Statement::allow(&format!("Rules{}", member.name()), &["sts:AssumeRole"])
        .by(Principal::Service("events.amazonaws.com".to_owned()))
        .when("StringEquals", "aws:SourceAccount", [&member.environment.account])
        .when("ArnLike", "aws:SourceArn", [member.rules()])
}

/// Looks at versions of the one group and decides about them.
pub(super) fn approver_policy(member: &Member) -> Policy {
    let decide = Statement::allow("Decide", &["sagemaker:UpdateModelPackage"]);
    Policy::of([
        Statement::allow("ReadRegistry", READ_REGISTRY).on(member.registry_arns()),
        decide.on(member.registry_arns()),
    ])
}

/// People: with a second factor where IAM itself knows them. Who comes by a role has shown it to whoever gave the role,
/// and IAM is not told.
pub(super) fn approver_trust(member: &Member, people: &People) -> Vec<Statement> {
    let is_role = |arn: &&Arn| arn.resource().starts_with("role/");
    let (roles, mut users): (Vec<&Arn>, Vec<&Arn>) = people.approvers.iter().partition(is_role);
    let root = member.root_of(&member.registry()).parse::<Arn>();
    if people.approvers.is_empty() {
        users.extend(root.iter());
    }
    let statement = |name: &str, who: &[&Arn]| {
        let who = Principal::Aws(who.iter().map(ToString::to_string).collect());
        Statement::allow(name, &["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"])
            .by(who)
    };
    let mut statements = Vec::new();
    if !roles.is_empty() {
        statements.push(statement("ApproversByRole", &roles));
    }
    if !users.is_empty() {
        let second_factor = ("Bool", "aws:MultiFactorAuthPresent", ["true"]);
        let (operator, key, values) = second_factor;
        statements.push(statement("Approvers", &users).when(operator, key, values));
    }
    statements
}
