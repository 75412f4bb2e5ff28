//! The ARNs of an environment file: each of its kind, in its account, and the roles told apart.

use super::{
    desk::Desk,
    site::{Owner, Site},
};
use crate::{
    ids::{AccountId, Arn},
    spec::{notes::quoted, raw_environment::RawEnvironment},
};

/// Characters of a role's name (CreateRole API).
const LONGEST_ROLE: usize = 64;

/// Characters of a model package group's name (CreateModelPackageGroup API).
const LONGEST_GROUP: usize = 63;

/// What an ARN must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArnKind {
    Role,
    Key,
    ModelPackageGroup,
    Pipeline,
}

impl ArnKind {
    fn fits(self, arn: &Arn) -> bool {
        let (service, prefix) = match self {
            Self::Role => ("iam", "role/"),
            // An alias of a customer key is as good as the key.
            Self::Key => {
                return arn.service() == "kms"
                    && (arn.resource().starts_with("key/")
                        || arn.resource().starts_with("alias/"));
            }
            Self::ModelPackageGroup => ("sagemaker", "model-package-group/"),
            Self::Pipeline => ("sagemaker", "pipeline/"),
        };
        let longest = match self {
            Self::ModelPackageGroup => LONGEST_GROUP,
            Self::Role | Self::Key | Self::Pipeline => usize::MAX,
        };
        let name = arn.resource().strip_prefix(prefix);
        arn.service() == service && name.is_some_and(|name| (1..=longest).contains(&name.len()))
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Role => "the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME",
            Self::Key => "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID",
            Self::ModelPackageGroup => {
                "the ARN of a group: arn:aws:sagemaker:REGION:ACCOUNT:model-package-group/NAME, \
                 the name up to 63 characters"
            }
            Self::Pipeline => {
                "the ARN of a pipeline: arn:aws:sagemaker:REGION:ACCOUNT:pipeline/NAME"
            }
        }
    }
}

/// The ARN at `path`, if it is one of that kind.
pub(super) fn read(
    desk: &mut Desk<'_, '_>,
    path: &[&str],
    text: Option<&String>,
    kind: ArnKind,
) -> Option<Arn> {
    let text = desk.text(path, text)?;
    if kind == ArnKind::Key && text.contains("alias/aws/") {
        refuse_managed_key(desk, path, text);
        return None;
    }
    let arn = text.parse::<Arn>().ok().filter(|arn| kind.fits(arn) && arn.account().is_some());
    if arn.is_none() {
        let message = format!("'{}' is {}, not {}", path.join("."), quoted(text), kind.expected());
        desk.reading.error(path, "bad-value", message);
    }
    arn
}

/// A key that AWS manages has a policy that nobody can change.
fn refuse_managed_key(desk: &mut Desk<'_, '_>, path: &[&str], text: &str) {
    let reason = if text.contains("alias/aws/sns") {
        "EventBridge cannot publish to a topic under alias/aws/sns: no alert would ever arrive"
    } else {
        "the policy of a key that AWS manages cannot admit other services and accounts"
    };
    let message = format!("'{}' is {}, a key that AWS manages", path.join("."), quoted(text));
    desk.reading.error(path, "managed-key", message).help(format!(
        "{reason}; make a customer managed key whose policy lets events.amazonaws.com use \
         kms:Decrypt and kms:GenerateDataKey*, and write its ARN"
    ));
}

/// The ARNs as given, each of its kind but not yet compared.
pub(super) struct Given {
    pub(super) kms_key: Option<Arn>,
    pub(super) group: Option<Arn>,
    train: Option<Arn>,
    inference: Option<Arn>,
    lambda: Option<Arn>,
    deploy: Option<Arn>,
    events: Option<Arn>,
    approver: Option<Arn>,
}

/// All roles, given or derived.
pub(super) struct Roles {
    pub(super) train: Arn,
    pub(super) inference: Arn,
    pub(super) lambda: Arn,
    pub(super) deploy: Arn,
    pub(super) events: Arn,
    pub(super) approver: Arn,
}

const KMS_KEY: &[&str] = &["kms_key"];
const GROUP: &[&str] = &["model_package_group_name"];
const TRAIN: &[&str] = &["train_pipeline", "role_arn"];
const INFERENCE: &[&str] = &["inference_pipeline", "role_arn"];
const LAMBDA: &[&str] = &["lambda_role"];
const DEPLOY: &[&str] = &["deploy_role"];
const EVENTS: &[&str] = &["events_role"];
const APPROVER: &[&str] = &["approver_role"];

impl Given {
    pub(super) fn read(desk: &mut Desk<'_, '_>, raw: &RawEnvironment) -> Self {
        let train = raw.train_pipeline.as_ref().and_then(|train| train.role_arn.as_ref());
        let inference = raw.inference_pipeline.as_ref();
        let inference = inference.and_then(|inference| inference.role_arn.as_ref());
        Self {
            kms_key: read(desk, KMS_KEY, raw.kms_key.as_ref(), ArnKind::Key),
            group: read(
                desk,
                GROUP,
                raw.model_package_group_name.as_ref(),
                ArnKind::ModelPackageGroup,
            ),
            train: read(desk, TRAIN, train, ArnKind::Role),
            inference: read(desk, INFERENCE, inference, ArnKind::Role),
            lambda: read(desk, LAMBDA, raw.lambda_role.as_ref(), ArnKind::Role),
            deploy: read(desk, DEPLOY, raw.deploy_role.as_ref(), ArnKind::Role),
            events: read(desk, EVENTS, raw.events_role.as_ref(), ArnKind::Role),
            approver: read(desk, APPROVER, raw.approver_role.as_ref(), ArnKind::Role),
        }
    }

    /// Those that must be in the environment's own account, with their places.
    pub(super) fn of_environment(&self) -> [(&'static [&'static str], Option<&Arn>); 6] {
        [
            (KMS_KEY, self.kms_key.as_ref()),
            (TRAIN, self.train.as_ref()),
            (INFERENCE, self.inference.as_ref()),
            (LAMBDA, self.lambda.as_ref()),
            (DEPLOY, self.deploy.as_ref()),
            (EVENTS, self.events.as_ref()),
        ]
    }

    /// Compares the ARNs with the site and each other and derives the roles that are not given.
    pub(super) fn settle(
        &self,
        desk: &mut Desk<'_, '_>,
        site: Option<&Site>,
        model_name: Option<&str>,
    ) -> Option<Roles> {
        self.refuse_shared_roles(desk);
        let events_name = model_name.map(|model| format!("{model}-events"));
        if let Some(name) = events_name.as_ref().filter(|name| name.len() > LONGEST_ROLE)
            && !desk.reading.has(EVENTS)
        {
            let message = format!("the derived role name {} is too long", quoted(name));
            desk.reading
                .error(&["model_name"], "bad-value", message)
                .help(format!("a role's name has {LONGEST_ROLE} characters; give 'events_role'"));
        }
        let site = site?;
        for (path, arn) in self.of_environment() {
            if let Some(arn) = arn {
                site.must_hold(desk, path, arn, Owner::Environment);
            }
        }
        let registry = self.group.as_ref().and_then(Arn::account);
        if let Some(group) = &self.group {
            site.must_hold(desk, GROUP, group, Owner::Registry(None));
        }
        if let Some(approver) = &self.approver {
            site.must_hold(desk, APPROVER, approver, Owner::Registry(registry.as_ref()));
        }
        let own = |given: &Option<Arn>, name: &str| {
            given.clone().or_else(|| role(site, &site.account, name))
        };
        Some(Roles {
            train: self.train.clone()?,
            inference: self.inference.clone()?,
            lambda: own(&self.lambda, "lambda-sagemaker-role")?,
            deploy: own(&self.deploy, "cross-account-deploy-role")?,
            events: own(&self.events, &events_name?)?,
            approver: self.approver.clone().or_else(|| role(site, &registry?, "model-approver"))?,
        })
    }

    fn refuse_shared_roles(&self, desk: &mut Desk<'_, '_>) {
        const STARTS_ONLY: &str =
            "EventBridge gets a role that can start the pipelines and nothing else";
        let pairs = [
            (APPROVER, &self.approver, DEPLOY, &self.deploy, "who deploys must not approve"),
            (EVENTS, &self.events, TRAIN, &self.train, STARTS_ONLY),
            (EVENTS, &self.events, INFERENCE, &self.inference, STARTS_ONLY),
        ];
        for (path, role, other_path, other, reason) in pairs {
            if role.is_some() && role == other {
                let (key, other) = (path.join("."), other_path.join("."));
                desk.reading
                    .error(path, "shared-role", format!("'{key}' and '{other}' are the same role"))
                    .help(format!("{reason}; make a role of its own, or remove the key"));
            }
        }
    }
}

fn role(site: &Site, account: &AccountId, name: &str) -> Option<Arn> {
    format!("arn:{}:iam::{account}:role/{name}", site.partition).parse().ok()
}
