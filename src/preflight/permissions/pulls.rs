//! What the pipelines' roles need of ECR: jobs begin with a pull of their image.

use super::{Names, Permission};
use crate::{definition::repositories, ids::Arn, spec::Environment};

/// What a pull is made of (ECR user guide, "Private repository policies").
const PULL: &[&str] =
    &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
/// What a registry is entered with. It knows no resource.
const ENTER: &[&str] = &["ecr:GetAuthorizationToken"];

/// Of each role that pipelines run under, once where both have the same; of none where no image is in ECR.
pub(super) fn pulls(names: &Names<'_>) -> Vec<Permission> {
    let Environment { train_role, inference_role, .. } = names.0;
    let repositories = Vec::from_iter(repositories(names.0));
    if repositories.is_empty() {
        return Vec::new();
    }
    let of = |(pipeline, role): (&str, &Arn)| {
        let enter = format!("{pipeline}: enter the registry");
        let enter = names.ask(&enter, ENTER, vec!["*".to_owned()]);
        let pull = names.ask(&format!("{pipeline}: pull images"), PULL, repositories.clone());
        [enter, pull].map(|ask| Permission { role: role.clone(), ..ask })
    };
    let mut roles = vec![("training", train_role), ("inference", inference_role)];
    roles.dedup_by_key(|(_, role)| *role);
    roles.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixture;

    fn asks(environment: &Environment) -> Vec<(String, String, Vec<String>)> {
        let asks = pulls(&Names(environment)).into_iter();
        asks.map(|ask| (ask.what, ask.role.to_string(), ask.resources)).collect()
    }

    #[test]
    fn each_role_is_asked_about_once_and_about_these_repositories_alone() {
        let mut environment = fixture::environment();
        environment.inference_role = environment.train_role.clone();
        environment.images.monitor =
            Some("555555555555.dkr.ecr.us-east-1.amazonaws.com/ml/monitor:7".to_owned());
        let role = environment.train_role.to_string();
        let repositories = [
            "arn:aws:ecr:us-east-1:555555555555:repository/ml/monitor",
            "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn",
            "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost",
        ];
        let repositories = repositories.map(str::to_owned).to_vec();
        let pull = "training: pull images".to_owned();
        let enter = "training: enter the registry".to_owned();
        let wanted =
            [(enter, role.clone(), vec!["*".to_owned()]), (pull, role.clone(), repositories)];
        assert_eq!(asks(&environment), wanted);
        let other = "arn:aws:iam::222222222222:role/inference";
        environment.inference_role = other.parse().unwrap();
        let roles: Vec<String> = asks(&environment).into_iter().map(|(_, role, _)| role).collect();
        assert_eq!(roles, [role.as_str(), &role, other, other]);
    }
}
