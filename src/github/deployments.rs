//! Deployments and their statuses. A deployment says whose it is in its payload, by which it is found again.

use super::{Before, Client, GithubError, call::Call};
use crate::ids::GitHubName;
use crate::report::{Deployment, DeploymentState};
use serde::Deserialize;
use serde_json::{Value, json};

/// Deployments of one commit to one environment among which a run's own is looked for.
const PER_PAGE: &str = "100";

#[derive(Deserialize)]
struct Made {
    id: u64,
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize)]
struct Said {
    state: String,
}

impl Client {
    /// Makes a deployment or brings the one that was made up to date. Answers its id.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses.
    pub async fn say_deployment(
        &self,
        slug: &GitHubName,
        deployment: &Deployment,
        before: Before<'_>,
    ) -> Result<String, GithubError> {
        let known = match before {
            Before::Nothing => None,
            Before::Perhaps => self.own_deployment(slug, deployment).await?,
            Before::Made(id) => Some(id.to_owned()),
        };
        let id = match known {
            Some(id) => id,
            None => self.make_deployment(slug, deployment).await?,
        };
        let is_said = before != Before::Nothing
            && self.deployment_state(slug, &id).await?.as_deref() == Some(state(deployment.state));
        if !is_said {
            self.say_state(slug, &id, deployment).await?;
        }
        Ok(id)
    }

    async fn make_deployment(
        &self,
        slug: &GitHubName,
        deployment: &Deployment,
    ) -> Result<String, GithubError> {
        const OPERATION: &str = "make a deployment";
        // Nothing is to be merged and no status waited for: the run decides whether it deploys.
        let body = json!({
            "ref": deployment.commit,
            "task": "deploy",
            "auto_merge": false,
            "required_contexts": [],
            "payload": { "run": deployment.run },
            "environment": deployment.environment,
            "description": format!("run {}", deployment.run.short()),
            "production_environment": deployment.production,
        });
        let segments = ["repos", slug.owner(), slug.name(), "deployments"];
        let call = Call::post(OPERATION, &segments, body);
        let made: super::client::Identified = self.within(slug, &call).await?.read(OPERATION)?;
        Ok(made.id.to_string())
    }

    async fn own_deployment(
        &self,
        slug: &GitHubName,
        deployment: &Deployment,
    ) -> Result<Option<String>, GithubError> {
        const OPERATION: &str = "look for a deployment";
        let query = [
            ("sha", deployment.commit.as_str()),
            ("environment", deployment.environment.as_str()),
            ("per_page", PER_PAGE),
        ];
        let segments = ["repos", slug.owner(), slug.name(), "deployments"];
        let call = Call::get(OPERATION, &segments).with(&query);
        let found: Vec<Made> = self.within(slug, &call).await?.read(OPERATION)?;
        let own = found
            .into_iter()
            .find(|made| run(&made.payload) == Some(deployment.run.as_str().to_owned()));
        Ok(own.map(|made| made.id.to_string()))
    }

    async fn deployment_state(
        &self,
        slug: &GitHubName,
        id: &str,
    ) -> Result<Option<String>, GithubError> {
        const OPERATION: &str = "list a deployment's statuses";
        let segments = ["repos", slug.owner(), slug.name(), "deployments", id, "statuses"];
        let call = Call::get(OPERATION, &segments).with(&[("per_page", "1")]);
        let said: Vec<Said> = self.within(slug, &call).await?.read(OPERATION)?;
        Ok(said.into_iter().next().map(|said| said.state))
    }

    async fn say_state(
        &self,
        slug: &GitHubName,
        id: &str,
        deployment: &Deployment,
    ) -> Result<(), GithubError> {
        let mut body = json!({
            "state": state(deployment.state),
            "description": deployment.description,
            "environment": deployment.environment,
            "auto_inactive": true,
        });
        if let Some(page) = &deployment.log_page {
            body["log_url"] = json!(page);
        }
        if let Some(page) = &deployment.environment_page {
            body["environment_url"] = json!(page);
        }
        let segments = ["repos", slug.owner(), slug.name(), "deployments", id, "statuses"];
        let call = Call::post("set a deployment's status", &segments, body);
        self.within(slug, &call).await.map(drop)
    }
}

/// The run in a payload, which GitHub gives back as it came or as text.
fn run(payload: &Value) -> Option<String> {
    let parsed = payload.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let payload = parsed.as_ref().unwrap_or(payload);
    Some(payload.get("run")?.as_str()?.to_owned())
}

fn state(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::InProgress => "in_progress",
        DeploymentState::Success => "success",
        DeploymentState::Failure => "failure",
        DeploymentState::Error => "error",
    }
}
