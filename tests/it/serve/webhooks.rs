//! What the door lets in, and what it says to the rest.

use super::{
    SECRET, Setup,
    server::{headers, push, read, sign},
};
use serde_json::json;
use std::io::Write as _;

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

#[test]
fn only_what_github_signed_is_kept_and_once() {
    let setup = Setup::new();
    let server = setup.start();
    let body = push("nowhere", COMMIT).to_string();
    let (good, length) = (sign(SECRET, body.as_bytes()), body.len().to_string());
    let bytes = body.as_bytes();
    let send =
        |line: &str, headers: &[(&str, &str)], body: &[u8]| server.send(line, headers, body).0;
    let hook = "POST /hooks/github";

    assert_eq!(send(hook, &headers("id-1", "push", &good, &length), bytes), 202);
    let (status, told) = server.send(hook, &headers("id-1", "push", &good, &length), bytes);
    assert_eq!(status, 200, "a delivery that is known: {told}");
    assert!(told.contains("known"), "{told}");

    let other = sign("another secret of some length", bytes);
    let sha1 = "sha1=0123456789012345678901234567890123456789";
    for wrong in [other.as_str(), sha1, "", "sha256=zz", &good[..good.len() - 1]] {
        assert_eq!(send(hook, &headers("id-2", "push", wrong, &length), bytes), 401, "{wrong}");
    }
    let unsigned = &headers("id-2", "push", &good, &length)[..4];
    assert_eq!(send(hook, unsigned, bytes), 401);
    let answer = &headers("id-2", "issue_comment", &good, &length)[..4];
    assert_eq!(send(hook, answer, bytes), 401, "whoever answers a run is signed for, too");
    let twice =
        [headers("id-2", "push", &good, &length), vec![("X-Hub-Signature-256", good.as_str())]]
            .concat();
    assert_eq!(send(hook, &twice, bytes), 401, "two signatures are none");
    let changed = body.replace("nowhere", "nowherE");
    assert_eq!(send(hook, &headers("id-2", "push", &good, &length), changed.as_bytes()), 401);

    assert_eq!(send("GET /hooks/github", &[], b""), 405);
    assert_eq!(send("PUT /hooks/github", &headers("id-2", "push", &good, &length), bytes), 405);
    assert_eq!(send("POST /hooks/gitlab", &headers("id-2", "push", &good, &length), bytes), 404);
    let mut form = headers("id-2", "push", &good, &length);
    form[0].1 = "application/x-www-form-urlencoded";
    assert_eq!(send(hook, &form, bytes), 415);
    for (id, event) in
        [("", "push"), ("a b", "push"), ("id-2", ""), ("id-2", "Push!"), (&"x".repeat(129), "push")]
    {
        assert_eq!(send(hook, &headers(id, event, &good, &length), bytes), 400, "{id} {event}");
    }
    assert_eq!(setup.webhooks(), ["id-1"]);
}

#[test]
fn a_body_is_bounded_whatever_it_says_of_itself() {
    let setup = Setup::new();
    let server = setup.start();
    let large = 5 * 1024 * 1024 + 1;
    let length = large.to_string();
    // Not a byte of it is waited for.
    let (status, _) = server.send(
        "POST /hooks/github",
        &headers("l-1", "push", &sign(SECRET, b""), &length),
        b"",
    );
    assert_eq!(status, 413);
    // One that does not say how long it is.
    let signature = sign(SECRET, b"");
    let mut chunked = headers("l-2", "push", &signature, "0");
    chunked[1] = ("Transfer-Encoding", "chunked");
    let mut stream = server.connect();
    let mut head = "POST /hooks/github HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n".to_owned();
    for (name, value) in chunked {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    let piece =
        [format!("{:x}\r\n", 64 * 1024).into_bytes(), vec![b' '; 64 * 1024], b"\r\n".to_vec()]
            .concat();
    let mut sent = 0;
    while sent <= large && stream.write_all(&piece).is_ok() {
        sent += 64 * 1024;
    }
    let (status, _) = read(stream);
    assert!(status == 413 || status == 0, "{status}: refused, or hung up on");

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cut = push("main", COMMIT).to_string();
    for (id, body) in
        [("b-1", deep.as_str()), ("b-2", &cut[..50]), ("b-3", "[]"), ("b-4", ""), ("b-5", "\"x\"")]
    {
        let (signature, length) = (sign(SECRET, body.as_bytes()), body.len().to_string());
        let sent = server.send(
            "POST /hooks/github",
            &headers(id, "push", &signature, &length),
            body.as_bytes(),
        );
        assert_eq!(sent.0, 400, "{id}: {}", sent.1);
    }
    let invalid = [0xff, 0xfe];
    let sent = server.send(
        "POST /hooks/github",
        &headers("b-6", "push", &sign(SECRET, &invalid), "2"),
        &invalid,
    );
    assert_eq!(sent.0, 400);
    // A body that never comes whole is given up, and was never anything.
    let mut stream = server.connect();
    stream.write_all(format!("{head}\r\n1").as_bytes()).unwrap();
    drop(stream);
    assert_eq!(setup.webhooks(), [""; 0]);
    assert_eq!(server.deliver_push("fine", "nowhere", COMMIT).0, 202, "and it goes on");
    let unsigned = headers("u-1", "push", "sha256=00", "2");
    assert_eq!(server.send("POST /hooks/github", &unsigned, b"{}").0, 401);
    let (_, figures) = server.send("GET /metrics", &[], b"");
    for figure in ["{answer=\"kept\"} 1", "{answer=\"unsigned\"} 1", "{answer=\"known\"} 0"] {
        let line = format!("relevo_webhook_requests_total{figure}");
        assert!(figures.contains(&line), "no {line} in:\n{figures}");
    }
}

#[test]
fn while_a_secret_is_exchanged_both_are_taken() {
    let mut setup = Setup::new();
    let file = setup.world.path("../new-secret");
    std::fs::write(&file, "the new secret, also long enough\n").unwrap();
    setup.more = "limits: { runs-at-once: 2 }\n".to_owned();
    let settings = setup.settings();
    let text = std::fs::read_to_string(&settings).unwrap();
    let both = text.replace("{ env: HOOK_SECRET }", "{ env: HOOK_SECRET }, { file: new-secret }");
    std::fs::write(&settings, both).unwrap();
    let server = setup.start_with(&["serve", "--config", &settings.display().to_string()]);
    let body = push("nowhere", COMMIT).to_string();
    for (id, secret) in [("old", SECRET), ("new", "the new secret, also long enough")] {
        let (signature, length) = (sign(secret, body.as_bytes()), body.len().to_string());
        let sent = server.send(
            "POST /hooks/github",
            &headers(id, "push", &signature, &length),
            body.as_bytes(),
        );
        assert_eq!(sent.0, 202, "{id}");
    }
}

#[test]
fn every_delivery_is_listed_with_its_reason() {
    let setup = Setup::new();
    let server = setup.start();
    let mut elsewhere = push("main", COMMIT);
    elsewhere["repository"]["full_name"] = json!("acme/other");
    let mut tag = push("main", COMMIT);
    tag["ref"] = json!("refs/tags/v1");
    let mut option = push("main", COMMIT);
    option["ref"] = json!("refs/heads/--upload-pack=id");
    let repository = json!({ "full_name": "ACME/Mammography" });
    let fork = json!({ "action": "opened", "repository": repository,
        "pull_request": { "head": { "repo": { "fork": true } } } });
    let other = json!({ "repository": repository });
    for (id, event, body, verdict, reason) in [
        ("e-1", "push", &elsewhere, "ignored", "'acme/other' is not a repository of this agent"),
        ("e-2", "push", &tag, "ignored", "a tag deploys nowhere"),
        ("e-3", "push", &option, "refused", "no branch that git would make"),
        ("e-4", "pull_request", &fork, "ignored", "from a fork"),
        ("e-5", "star", &other, "ignored", "nothing follows from 'star' events"),
        ("e-6", "ping", &other, "ignored", "yes"),
    ] {
        assert_eq!(server.deliver(id, event, body).0, 202, "{id}");
        let told = setup.verdict(id);
        assert_eq!(told["verdict"], verdict, "{id}: {told}");
        assert!(told["reason"].as_str().unwrap().contains(reason), "{id}: {told}");
    }
    setup
        .agent(&["deliveries", "e-4"])
        .done()
        .says("pull_request")
        .says("from a fork")
        .says("bytes");
    let shown = setup.agent(&["deliveries", "e-4", "--json"]).done().json();
    assert_eq!(shown["body"]["action"], "opened");
    setup.agent(&["deliveries", "nothing"]).exits(2).says("no delivery 'nothing'");
}
