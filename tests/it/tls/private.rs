//! Private repositories at an enterprise's GitHub, whose certificate is signed by its own authority: opened with the token
//! there and nowhere else, and what is wrong is said without it.

use super::Enterprise;
use crate::{
    github::{Fake, KEY, TOKEN},
    serve::{GITHUB, Setup},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

const NEXT: &str = "ghp_zyxwvutsrqponmlkjihgfedcba9876543210";
const LAST: &str = "ghp_1234567890zyxwvutsrqponmlkjihgfedcba";

/// An agent whose repository is there and takes `tokens`, and what its settings say of GitHub but who it is.
fn private(enterprise: &Enterprise, tokens: &str) -> (Setup, String) {
    let mut setup = Setup::new();
    let bare = enterprise.bare(GITHUB).display().to_string();
    setup.world.git(&["init", "--quiet", "--bare", "--initial-branch=main", &bare]);
    setup.world.git(&["remote", "set-url", "origin", &bare]);
    setup.push_stages("  mark: { run: echo made }\n");
    setup.source = Some(enterprise.source(GITHUB));
    enterprise.let_in(tokens);
    let place = format!("api: https://127.0.0.1:{}/api/v3", enterprise.port);
    (setup, place)
}

fn tip(setup: &Setup) -> String {
    setup.world.git(&["rev-parse", "HEAD"])
}

/// Is the secret in none of its forms there?
fn is_kept(secret: &str, text: &str) -> bool {
    let basic = STANDARD.encode(format!("x-access-token:{secret}"));
    !text.contains(secret) && !text.contains(&basic)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_repository_until_it_is_refused_and_goes_nowhere_else() {
    let fake = Fake::start().await;
    let Some(enterprise) = Enterprise::start(fake.port()) else { return };
    let (mut setup, place) = private(&enterprise, TOKEN);
    setup.world.write("../token", TOKEN);
    let authority = enterprise.authority();
    setup.more =
        format!("github: {{ {place}, authority: {authority}, token: {{ file: token }} }}\n");
    setup.repositories =
        format!("  moved: {{ source: {}, github: acme/moved }}\n", enterprise.source("acme/moved"));
    let server = setup.start_heard();
    assert_eq!(setup.ended(&tip(&setup), "prod")["outcome"]["outcome"], "succeeded");
    setup.until("a status by https", || {
        let _time_passes = setup.runs();
        fake.see(|memory| (!memory.statuses.is_empty()).then_some(()))
    });
    setup.hears("the server sends to another address, where no token is taken to");
    let asked = enterprise.asked();
    let is_its = |path: &str| path.starts_with("/acme/mammography.git/");
    assert!(asked.iter().any(|[_, path, shown]| is_its(path) && shown == TOKEN), "{asked:?}");
    assert!(asked.iter().all(|[place, ..]| place == "here"), "{asked:?}");

    enterprise.let_in(NEXT);
    let commit = setup.push_change("note.txt", "more", "More");
    assert_eq!(server.deliver_push("refused", "main", &commit).0, 202);
    setup.hears("the server does not take the token that it was shown");
    setup.world.write("../token", NEXT);
    server.signal("-HUP");
    setup.hears("What the agent shows GitHub was exchanged.");
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    // What the file holds by the time of a refusal is shown then.
    setup.world.write("../token", LAST);
    enterprise.let_in(LAST);
    let commit = setup.push_change("note.txt", "most", "Most");
    assert_eq!(server.deliver_push("exchanged", "main", &commit).0, 202);
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    let told = [setup.talk(), format!("{:?}", setup.deliveries())].concat();
    assert_eq!(told.matches("does not take the token").count(), 1, "{told}");
    assert!([TOKEN, NEXT, LAST].iter().all(|token| is_kept(token, &told)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_opens_a_private_repository_with_a_token_of_its_installation() {
    let fake = Fake::start().await;
    fake.see(|memory| memory.git_until = "2100-01-01T00:00:00Z".to_owned());
    let Some(enterprise) = Enterprise::start(fake.port()) else { return };
    let (mut setup, place) = private(&enterprise, "ghs_git*");
    setup.world.write("../key.pem", KEY);
    let authority = enterprise.authority();
    let app = "app: { id: 7, key: { file: key.pem } }";
    setup.more = format!("github: {{ {place}, authority: {authority}, {app} }}\n");
    let server = setup.start_heard();
    assert_eq!(setup.ended(&tip(&setup), "prod")["outcome"]["outcome"], "succeeded");
    setup.until("a check by https", || {
        let _time_passes = setup.runs();
        fake.see(|memory| (!memory.checks.is_empty()).then_some(()))
    });

    // One that is taken back before its end is thrown away, and another is asked for.
    let shown = || enterprise.asked().pop().unwrap()[2].clone();
    let first = shown();
    enterprise.let_in(&format!("ghs_git* !{first}"));
    let commit = setup.push_change("note.txt", "more", "More");
    assert_eq!(server.deliver_push("taken-back", "main", &commit).0, 202);
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
    assert_ne!(shown(), first);
    assert!(!setup.talk().contains("does not take the token"), "{}", setup.talk());
    // Where the other one is refused as well, that is told.
    enterprise.let_in("nobody");
    let commit = setup.push_change("note.txt", "most", "Most");
    assert_eq!(server.deliver_push("shut", "main", &commit).0, 202);
    setup.hears("the server does not take the token that it was shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_is_shown_nothing() {
    let fake = Fake::start().await;
    let Some(enterprise) = Enterprise::start(fake.port()) else { return };
    let (mut setup, place) = private(&enterprise, TOKEN);
    setup.world.write("../token", TOKEN);
    setup.more = format!("github: {{ {place}, token: {{ file: token }} }}\n");
    let source = enterprise.source(GITHUB);
    let untrusted = "the server's certificate is signed by nobody who is trusted here";
    let run = ["run", "--repo", &source, "--branch", "main"];
    setup.agent(&run).exits(2).says(untrusted);
    // Nor does it help to tell git not to look, for one that is to be shown a token.
    setup.variables = vec![("GIT_SSL_NO_VERIFY", "1".to_owned())];
    let server = setup.start_heard();
    setup.hears(untrusted);
    drop(server);
    assert!(enterprise.asked().is_empty(), "{:?}", enterprise.asked());

    // Whom this machine trusts, or a variable says so, is trusted, by git and by the agent itself.
    let authority = enterprise.authority();
    setup.variables = vec![("GIT_SSL_CAINFO", authority.clone())];
    let server = setup.start_heard();
    setup.hears(&format!("{untrusted} (invalid peer certificate: UnknownIssuer)"));
    drop(server);
    assert!(fake.see(|memory| memory.requests.is_empty()));
    setup.variables.push(("SSL_CERT_FILE", authority));
    let nobody = setup.command(&run).output().unwrap();
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert!(said.contains("wants to know who asks, and there is no token for it"), "{said}");
    let _server = setup.start();
    assert_eq!(setup.ended(&tip(&setup), "prod")["outcome"]["outcome"], "succeeded");
    setup.until("a status by https", || {
        let _time_passes = setup.runs();
        fake.see(|memory| (!memory.statuses.is_empty()).then_some(()))
    });
}
