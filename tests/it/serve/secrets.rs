//! Webhook secrets are exchanged while the agent works.

use super::{
    Setup,
    server::{Server, headers, push, sign},
};
use std::fs;

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
