//! Secrets are exchanged while the agent works, and a SIGHUP says what it would be started with by now.

use super::{
    Setup,
    server::{Server, headers, push, sign},
};
use crate::{
    github::{Fake, KEY},
    tls::openssl,
};
use std::{fs, os::unix::fs::symlink, path::Path};

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const FIRST: &str = "the first secret of all of them";
const SECOND: &str = "the second one is quite another";
const THIRD: &str = "and the third is the last of them";

/// Delivers under a secret; answers the status.
fn deliver(server: &Server, id: &str, secret: &str) -> u16 {
    let body = push("nowhere", COMMIT).to_string();
    let (signature, length) = (sign(secret, body.as_bytes()), body.len().to_string());
    let headers = headers(id, "push", &signature, &length);
    server.send("POST /hooks/github", &headers, body.as_bytes()).0
}

#[test]
fn a_new_secret_counts_after_a_signal_and_one_that_cannot_be_read_changes_nothing() {
    let setup = Setup::new();
    let (settings, file) = (setup.settings(), setup.world.path("../secret"));
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("env: HOOK_SECRET", "file: secret")).unwrap();
    fs::write(&file, FIRST).unwrap();
    let server = setup.start_with(&["serve", "--config", &settings.display().to_string()]);
    assert_eq!(deliver(&server, "first", FIRST), 202);

    fs::write(&file, SECOND).unwrap();
    server.signal("-HUP");
    setup.until("the second secret", || (deliver(&server, "second", SECOND) < 300).then_some(()));
    assert_eq!(deliver(&server, "old", FIRST), 401);

    fs::remove_file(&file).unwrap();
    server.signal("-HUP");
    assert_eq!(deliver(&server, "kept", SECOND), 202, "the one before stays");
    fs::write(&file, "too short").unwrap();
    server.signal("-HUP");
    assert_eq!(deliver(&server, "kept-2", SECOND), 202, "the one before stays");

    fs::write(&file, THIRD).unwrap();
    server.signal("-HUP");
    setup.until("the third secret", || (deliver(&server, "third", THIRD) < 300).then_some(()));
    let told = setup.agent(&["audit"]).done();
    assert_eq!(told.stdout.matches("secrets-exchanged").count(), 2, "{}", told.stdout);
    assert!(!told.stdout.contains(SECOND) && !told.stdout.contains(THIRD));
}

/// Puts a file in the place of another in one step, as mounts of secrets do it.
fn put(file: &Path, text: &str) {
    let (folder, name) = (file.parent().unwrap(), file.file_name().unwrap().to_str().unwrap());
    let version = folder.join(format!("{name}-{}", text.len()));
    fs::write(&version, text).unwrap();
    let link = folder.join(format!("{name}-new"));
    symlink(&version, &link).unwrap();
    fs::rename(&link, file).unwrap();
}

/// Is this text for a GitHub App signed with the key?
fn is_signed(jwt: &str, key: &Path) -> bool {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let Some((said, signature)) = jwt.rsplit_once('.') else { return false };
    let (text, bytes) = (key.with_extension("said"), key.with_extension("signature"));
    fs::write(&text, said).unwrap();
    fs::write(&bytes, URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let [key, text, bytes] = [key, &text, &bytes].map(|path| path.display().to_string());
    openssl(&["dgst", "-sha256", "-prverify", &key, "-signature", &bytes, &text]) == Some(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_of_the_app_and_a_new_secret_of_alerts_count_after_a_signal() {
    let fake = Fake::start().await;
    fake.see(|memory| memory.git_until = "2020-01-01T00:00:00Z".to_owned());
    let mut setup = Setup::new();
    let (key, secret) = (setup.world.path("../key.pem"), setup.world.path("../alerts"));
    let other = setup.world.path("../other.pem");
    let made = openssl(&["genrsa", "-traditional", "-out", &other.display().to_string(), "2048"]);
    if made.is_none() {
        return;
    }
    put(&key, KEY);
    put(&secret, FIRST);
    setup.repositories =
        "  private: { source: https://127.0.0.1/octo/model.git, github: octo/model }\n".to_owned();
    setup.more = format!(
        "github: {{ api: {}, app: {{ id: 7, key: {{ file: key.pem }} }} }}\n\
         alerts: {{ webhook: {{ address: 'http://127.0.0.1:9/x', local: true, secret: {{ file: alerts }} }} }}\n",
        fake.address()
    );
    let server = setup.start_heard();
    let by_app = || -> Vec<String> {
        let as_app = |path: &str| path.ends_with("/installation");
        let shown = |memory: &mut crate::github::Memory| {
            let asked = memory.requests.iter().filter(|request| as_app(&request.path));
            asked.map(|request| request.authorization.replace("Bearer ", "")).collect()
        };
        fake.see(shown)
    };
    setup.until("a question of the App", || {
        let _time_passes = setup.runs();
        (!by_app().is_empty()).then_some(())
    });
    let asked = by_app().len();
    put(&key, &fs::read_to_string(&other).unwrap());
    put(&secret, SECOND);
    server.signal("-HUP");
    setup.hears("The secret of alerts was exchanged.");
    assert!(setup.talk().contains("What the agent shows GitHub was exchanged."));
    setup.until("a question under the new key", || {
        let _time_passes = setup.runs();
        by_app()[asked..].iter().any(|jwt| is_signed(jwt, &other)).then_some(())
    });
    // A mount that is away for a moment, and a file that is half written.
    fs::remove_file(&key).unwrap();
    put(&secret, "half");
    server.signal("-HUP");
    setup.hears("16 bytes");
    let talk = setup.talk();
    assert_eq!(talk.matches("what was read before stays in force").count(), 2, "{talk}");
    assert!(![SECOND, "half", "PRIVATE KEY"].iter().any(|text| talk.contains(text)), "{talk}");
    let told = setup.agent(&["audit"]).done();
    assert_eq!(told.stdout.matches("secrets-exchanged").count(), 2, "{}", told.stdout);
}

#[test]
fn a_signal_has_the_settings_read_again_and_what_would_be_otherwise_said() {
    let mut setup = Setup::new();
    let server = setup.start_heard();
    server.signal("-HUP");
    setup.hears("agent.yaml says what it said at the start.");
    fs::write(setup.settings(), "version: 1\nrepositories: 7\n").unwrap();
    server.signal("-HUP");
    setup.hears("no agent would start with this; the settings of the start stay in force");
    setup.more = "limits: { runs-at-once: 2 }\n".to_owned();
    setup.settings();
    server.signal("-HUP");
    setup.hears("otherwise in limits; the settings of the start stay in force until the agent");
    assert_eq!(server.deliver_push("still", "nowhere", COMMIT).0, 202, "nothing has changed");
}
