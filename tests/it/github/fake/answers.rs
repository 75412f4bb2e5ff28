//! What the stand-in for GitHub does and answers.

use super::{Memory, Recorded, response};
use axum::response::Response;
use serde_json::{Value, json};

/// The account behind the token.
pub const MYSELF: u64 = 99;

impl Memory {
    pub fn act(&mut self, request: &Recorded, etag: &str) -> Response {
        let left = 5000_usize.saturating_sub(self.requests.len()).to_string();
        let limits = [
            ("x-ratelimit-limit", "5000".to_owned()),
            ("x-ratelimit-remaining", left),
            ("x-ratelimit-reset", "1767229200".to_owned()),
        ];
        let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let segments = match segments.as_slice() {
            ["repos", _, _, rest @ ..] => rest.to_vec(),
            other => other.to_vec(),
        };
        let (status, body) = if request.method == "GET" {
            if let ["git", "ref", "heads", branch @ ..] = segments.as_slice() {
                return self.head(&branch.join("/"), etag, &limits);
            }
            self.get(&segments, &request.query)
        } else {
            self.change(&segments, &request.body)
        };
        response(status, &limits, &body)
    }

    fn head(&self, branch: &str, etag: &str, limits: &[(&'static str, String)]) -> Response {
        let Some((_, sha)) = self.heads.iter().find(|(name, _)| name == branch) else {
            return response(404, limits, &json!({"message": "Not Found"}));
        };
        let tag = format!("W/\"{sha}\"");
        let unchanged = etag == tag;
        let headers = [limits, &[("etag", tag)]].concat();
        if unchanged {
            return response(304, &headers, &Value::Null);
        }
        let body = json!({"ref": format!("refs/heads/{branch}"), "object": {"sha": sha, "type": "commit"}});
        response(200, &headers, &body)
    }

    fn get(&self, segments: &[&str], query: &str) -> (u16, Value) {
        let matching = |all: &[Value], field: &str, value: &str| -> Vec<Value> {
            let is_meant = |one: &&Value| is(&one[field], value);
            all.iter().rev().filter(is_meant).cloned().collect()
        };
        match segments {
            [] => (200, json!({"id": 1})),
            ["user"] => (200, json!({"id": MYSELF, "login": "agent"})),
            ["installation"] => (200, json!({"id": 7})),
            ["commits", sha, "statuses"] => (200, json!(matching(&self.statuses, "sha", sha))),
            ["commits", sha, "check-runs"] => {
                let runs = matching(&self.checks, "head_sha", sha);
                let asked = url::form_urlencoded::parse(query.as_bytes());
                let name = asked.into_iter().find(|(name, _)| name == "check_name").unwrap().1;
                let runs: Vec<_> = runs.into_iter().filter(|run| run["name"] == *name).collect();
                (200, json!({"total_count": runs.len(), "check_runs": runs}))
            }
            ["commits", _, "pulls"] => (200, json!(self.pulls)),
            ["pulls", number] => match self.pulls.iter().find(|pull| is(&pull["number"], number)) {
                Some(found) => (200, found.clone()),
                None => (404, json!({"message": "Not Found"})),
            },
            ["activity"] => (200, json!(self.activity)),
            ["commits", sha] => match self.authors.iter().find(|(commit, _)| commit == sha) {
                Some((_, login)) => (200, json!({"sha": sha, "author": {"login": login}})),
                None => (200, json!({"sha": sha, "author": null})),
            },
            ["deployments"] => (200, json!(self.deployments)),
            ["deployments", id, "statuses"] => {
                (200, json!(matching(&self.deployment_statuses, "deployment", id)))
            }
            ["issues", number, "comments"] => (
                200,
                json!(self.comments.iter().filter(|c| c["issue"] == *number).collect::<Vec<_>>()),
            ),
            ["hooks"] => {
                (200, json!([{"id": 5, "config": {"url": "https://agent.example.org/github"}}]))
            }
            ["hooks", _, "deliveries"] | ["app", "hook", "deliveries"] => {
                (200, json!(self.deliveries))
            }
            ["hooks", _, "deliveries", id] | ["app", "hook", "deliveries", id] => {
                match self.deliveries.iter().find(|delivery| is(&delivery["id"], id)) {
                    Some(found) => (200, found.clone()),
                    None => (404, json!({"message": "Not Found"})),
                }
            }
            _ => (404, json!({"message": "Not Found"})),
        }
    }

    fn change(&mut self, segments: &[&str], body: &Value) -> (u16, Value) {
        self.next += 1;
        let mut made = body.clone();
        match segments {
            ["app", "installations", _, "access_tokens"] if body.get("permissions").is_some() => {
                let token = format!("ghs_git{}", self.next);
                return (201, json!({"token": token, "expires_at": self.git_until}));
            }
            ["app", "installations", _, "access_tokens"] => {
                self.tokens += 1;
                let token = format!("ghs_token{}", self.tokens);
                return (
                    201,
                    json!({"token": token, "expires_at": "2099-01-01T00:00:00Z", "permissions": {}}),
                );
            }
            ["statuses", sha] => {
                made["id"] = json!(self.next);
                made["sha"] = json!(sha);
                self.statuses.push(made.clone());
            }
            ["check-runs"] => {
                made["id"] = json!(self.next);
                made["output"]["annotations_count"] =
                    json!(body["output"]["annotations"].as_array().map_or(0, Vec::len));
                self.checks.push(made.clone());
            }
            ["check-runs", id] => {
                let Some(check) = self.checks.iter_mut().find(|c| is(&c["id"], id)) else {
                    return (404, json!({"message": "Not Found"}));
                };
                let count = check["output"]["annotations_count"].as_u64().unwrap();
                let more = body["output"]["annotations"].as_array().map_or(0, Vec::len);
                for (field, value) in body.as_object().unwrap() {
                    check[field] = value.clone();
                }
                check["output"]["annotations_count"] = json!(count + more as u64);
                return (200, check.clone());
            }
            ["deployments"] => {
                made["id"] = json!(self.next);
                made["sha"] = body["ref"].clone();
                self.deployments.push(made.clone());
            }
            ["deployments", id, "statuses"] => {
                made["id"] = json!(self.next);
                made["deployment"] = json!(id.parse::<u64>().unwrap());
                self.deployment_statuses.push(made.clone());
            }
            ["issues", "comments", id, "reactions"] | ["comments", id, "reactions"] => {
                let reaction = (segments.join("/"), body["content"].as_str().unwrap().to_owned());
                let is_new = !self.reactions.contains(&reaction);
                if is_new {
                    self.reactions.push(reaction);
                }
                return (
                    if is_new { 201 } else { 200 },
                    json!({"id": id, "content": body["content"]}),
                );
            }
            ["issues", "comments", id] => {
                let Some(comment) = self.comments.iter_mut().find(|c| is(&c["id"], id)) else {
                    return (404, json!({"message": "Not Found"}));
                };
                comment["body"] = body["body"].clone();
                return (200, comment.clone());
            }
            ["issues", number, "comments"] => {
                made["id"] = json!(self.next);
                made["issue"] = json!(number);
                made["user"] = json!({"id": MYSELF});
                made["performed_via_github_app"] = json!({"id": super::super::APP});
                self.comments.push(made.clone());
            }
            _ => return (404, json!({"message": "Not Found"})),
        }
        (201, made)
    }
}

/// Is it this, as a path writes it?
fn is(value: &Value, text: &str) -> bool {
    value == text || text.parse::<u64>().is_ok_and(|number| *value == number)
}
