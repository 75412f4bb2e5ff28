//! Who the agent is at GitHub: a token, a file that changes, an App whose tokens end; and that none of it is shown.

use super::{Fake, Fault, KEY, TOKEN, app, client, commit, repository, token};
use relevo::clock::Clock as _;
use relevo::github::{Before, Class, Credentials};
use relevo::report::{CommitStatus, StatusState};
use serde_json::json;

fn status() -> CommitStatus {
    CommitStatus {
        commit: commit('a'),
        context: "relevo/prod".to_owned(),
        state: StatusState::Success,
        description: "promoted to prod".to_owned(),
        page: None,
    }
}

#[tokio::test]
async fn a_token_is_sent_and_the_agent_names_itself_once() {
    let fake = Fake::start().await;
    let client = client(&fake, token());
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    let request = fake.see(|memory| memory.requests[0].clone());
    assert_eq!(request.path, format!("/repos/octo/model/statuses/{}", commit('a')));
    assert_eq!(request.authorization, format!("Bearer {TOKEN}"));
    assert_eq!(request.agents, [concat!("relevo/", env!("CARGO_PKG_VERSION"))]);
    let limit = client.rate_limit();
    assert_eq!((limit.limit, limit.remaining), (Some(5000), Some(4999)));
    assert_eq!(limit.reset.unwrap().to_string(), "2026-01-01T01:00:00Z");
}

#[tokio::test]
async fn a_token_that_was_exchanged_in_its_file_counts_at_once() {
    let fake = Fake::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "ghp_old\n").unwrap();
    let client = client(&fake, Credentials::TokenFile(file.clone()));
    let refused = client.say_status(&repository(), &status(), Before::Nothing).await.unwrap_err();
    assert_eq!(refused.class, Class::Unauthorized);
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    client.say_status(&repository(), &status(), Before::Nothing).await.expect("the one before");
    std::fs::write(&file, "no token\n").unwrap();
    client.say_status(&repository(), &status(), Before::Nothing).await.expect("the one before");
    let never = super::client(&fake, Credentials::TokenFile(folder.path().join("nowhere")));
    let refused = never.say_status(&repository(), &status(), Before::Nothing).await.unwrap_err();
    assert_eq!(refused.class, Class::Unauthorized);
}

#[tokio::test]
async fn an_app_finds_its_installation_once_and_renews_a_token_that_ended() {
    let fake = Fake::start().await;
    let client = client(&fake, app());
    for _ in 0..3 {
        client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    }
    assert_eq!((fake.count("GET", "/installation"), fake.count("POST", "/access_tokens")), (1, 1));
    let asked = fake.see(|m| m.requests.iter().find(|r| r.path.contains("access_tokens")).cloned());
    assert_eq!(asked.unwrap().body, json!({"repositories": ["model"]}), "one repository only");
    // The token is revoked: one more is asked for, and the same request is made once more.
    fake.see(|memory| memory.revoked = memory.tokens);
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    assert_eq!(fake.count("POST", "/access_tokens"), 2);
    assert_eq!(fake.see(|memory| memory.statuses.len()), 4);
}

#[tokio::test]
async fn an_app_signs_with_its_new_key_once_it_was_exchanged() {
    let fake = Fake::start().await;
    let client = client(&fake, app());
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    client.exchange_credentials(Credentials::app(8, KEY.as_bytes()).unwrap()).await;
    assert_eq!(client.app_id(), Some(8));
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    assert_eq!((fake.count("GET", "/installation"), fake.count("POST", "/access_tokens")), (2, 2));
}

#[tokio::test]
async fn an_app_that_is_not_installed_or_not_known_says_so() {
    let fake = Fake::start().await;
    let client = client(&fake, app());
    fake.fail("GET", "/installation", Fault::Refuse(404, vec![], json!({"message": "Not Found"})));
    let error = client.say_status(&repository(), &status(), Before::Nothing).await.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::NotFound, "find the App's installation"));
    let body = json!({"message": "A JSON web token could not be decoded"});
    fake.fail("POST", "/access_tokens", Fault::Refuse(401, vec![], body));
    let error = client.say_status(&repository(), &status(), Before::Nothing).await.unwrap_err();
    assert_eq!(error.class, Class::Unauthorized);
    client.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
}

#[tokio::test]
async fn git_opens_a_repository_with_the_token_or_one_that_may_only_read_it() {
    let fake = Fake::start().await;
    let bearer = client(&fake, token());
    let known = bearer.git_token(&repository()).await.unwrap();
    assert_eq!((known.as_str(), fake.changes().len()), (TOKEN, 0));
    assert_eq!(bearer.git_token_instead_of(&repository(), TOKEN).await.unwrap(), None);
    let client = client(&fake, app());
    fake.see(|memory| memory.git_until = "2026-01-01T01:00:00Z".to_owned());
    let first = client.git_token(&repository()).await.unwrap();
    assert_eq!(client.git_token(&repository()).await.unwrap(), first, "it is kept");
    let asked = fake.changes();
    let body = json!({"repositories": ["model"], "permissions": {"contents": "read"}});
    assert_eq!((asked.len(), &asked[0].body), (1, &body));
    // Ten minutes before its end another is asked for.
    fake.clock.sleep(std::time::Duration::from_mins(51)).await;
    let second = client.git_token(&repository()).await.unwrap();
    assert_ne!(second, first);
    // One that is refused is given up for another, once: whoever is late with it gets that other one.
    fake.see(|memory| memory.git_until = "2026-01-01T03:00:00Z".to_owned());
    let instead =
        async |refused: &str| client.git_token_instead_of(&repository(), refused).await.unwrap();
    let third = instead(&second).await.unwrap();
    assert!(third != first && third != second);
    assert_eq!((instead(&second).await, fake.changes().len()), (Some(third), 3));
    assert!(!format!("{client:?}").contains("ghs_git"));
}

#[tokio::test]
async fn no_secret_is_shown() {
    let fake = Fake::start().await;
    let (with_token, with_app) = (client(&fake, token()), client(&fake, app()));
    with_app.say_status(&repository(), &status(), Before::Nothing).await.unwrap();
    fake.see(|memory| memory.revoked = memory.tokens);
    fake.fail("POST", "/access_tokens", Fault::Refuse(201, vec![], json!({"token": ["ghs_odd"]})));
    let broken = with_app.say_status(&repository(), &status(), Before::Nothing).await.unwrap_err();
    let shown =
        format!("{with_token:?} {with_app:?} {:?} {:?} {broken:?} {broken}", token(), app());
    let line = KEY.lines().nth(3).unwrap();
    for secret in [TOKEN, "ghs_", line] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(broken.class, Class::Broken);
    let wrong = Credentials::app(1, b"-----BEGIN RSA PRIVATE KEY-----\nsecret\n").unwrap_err();
    assert!(!format!("{wrong:?} {wrong}").contains("secret"));
}
