//! Senders that take their time: however many there are, a delivery that is whole is taken while they dribble on.

use super::{GITHUB, SECRET, Setup, server::Server, sign};
use serde_json::json;
use std::{
    fs,
    io::{ErrorKind, Write as _},
    net::TcpStream,
};

/// Senders at once; fewer than the agent has places for.
const SENDERS: usize = 200;
/// Connections of one address, more than the agent has places for.
const MORE_THAN_PLACES: usize = 520;
const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
/// KiB that all of them together may cost: each could have sent five MiB.
const MOST_MEMORY: u64 = 48 * 1024;
/// Bytes that somebody sends without ever having been signed for, when all of it counts.
const PIECE: usize = 16 * 1024;

/// Opens a connection that says this and then nothing.
fn stuck(server: &Server, text: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(text).unwrap();
    stream
}

/// The head of a delivery with this line about its length, signed with what looks like it.
fn head(length: &str) -> Vec<u8> {
    let signature = sign("nobody's secret of some length", b"");
    format!(
        "POST /hooks/github HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\n{length}\r\n\
         X-GitHub-Event: push\r\nX-GitHub-Delivery: slow\r\nX-Hub-Signature-256: {signature}\r\n\r\n"
    )
    .into_bytes()
}

/// What one of them sends before it falls silent.
fn beginning(number: usize) -> Vec<u8> {
    let piece = vec![b' '; PIECE];
    match number % 4 {
        0 => b"POST /hooks/github HTTP/1.1\r\nHost: ag".to_vec(),
        1 => [head("Content-Length: 5242880"), piece].concat(),
        2 => [
            head("Transfer-Encoding: chunked"),
            format!("{PIECE:x}\r\n").into_bytes(),
            piece,
            b"\r\n".to_vec(),
        ]
        .concat(),
        _ => [head("Transfer-Encoding: chunked"), b"5\r\n12".to_vec()].concat(),
    }
}

/// Has the agent neither answered nor hung up?
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// KiB that a process holds.
fn memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn a_delivery_is_taken_while_two_hundred_others_never_end() {
    let setup = Setup::new();
    let server = setup.start();
    assert_eq!(server.deliver_push("before", "nowhere", COMMIT).0, 202);
    let before = memory(&server);
    let mut senders: Vec<TcpStream> =
        (0..SENDERS).map(|number| stuck(&server, &beginning(number))).collect();
    // One more byte of each, which wins them nothing.
    for sender in &mut senders {
        sender.write_all(b"1").unwrap();
    }
    let (status, told) = server.deliver_push("meanwhile", "nowhere", COMMIT);
    assert_eq!(status, 202, "{told}");
    // As large as a push of a hundred commits.
    let commits = vec![json!({ "message": "m".repeat(2_000) }); 100];
    let large = json!({
        "ref": "refs/heads/nowhere", "after": COMMIT, "commits": commits,
        "repository": { "full_name": GITHUB },
    });
    let (status, told) = server.deliver("large", "push", &large);
    assert_eq!(status, 202, "{told}");
    let open = senders.iter().filter(|sender| is_open(sender)).count();
    assert_eq!(open, SENDERS, "both were answered before any of these");
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < MOST_MEMORY, "{grown} KiB more");
    setup.verdict("large");
    assert_eq!(setup.webhooks(), ["large", "meanwhile", "before"]);
    server.signal("-TERM");
    assert_eq!(server.wait(), Some(0), "nobody who dribbles is waited for");
    drop(senders);
}

#[test]
fn whoever_fills_every_place_and_says_nothing_makes_room_for_who_does() {
    let setup = Setup::new();
    let server = setup.start();
    let stuck: Vec<TcpStream> =
        (0..MORE_THAN_PLACES).map(|number| stuck(&server, &beginning(number % 2))).collect();
    let (status, told) = server.send("GET /healthz", &[], b"");
    assert_eq!(status, 200, "{told}");
    let (status, told) = server.deliver_push("meanwhile", "nowhere", COMMIT);
    assert_eq!(status, 202, "{told}");
    let open = stuck.iter().filter(|stream| is_open(stream)).count();
    assert!(
        (MORE_THAN_PLACES - 50..MORE_THAN_PLACES).contains(&open),
        "{open} are still waited for"
    );
}

#[test]
fn what_is_not_http_is_hung_up_on_and_nothing_else_suffers() {
    let setup = Setup::new();
    let server = setup.start();
    let chunked = String::from_utf8(head("Transfer-Encoding: chunked")).unwrap();
    let both = String::from_utf8(head("Content-Length: 3\r\nTransfer-Encoding: chunked")).unwrap();
    for (what, text) in [
        ("no chunk size", format!("{chunked}zz\r\n")),
        ("one beyond all numbers", format!("{chunked}ffffffffffffffffff\r\n")),
        ("two lengths", String::from_utf8(head("Content-Length: 3\r\nContent-Length: 4")).unwrap()),
        ("a length that is none", String::from_utf8(head("Content-Length: -1")).unwrap()),
        ("a header without an end", format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(1 << 20))),
        ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned()),
        ("a length beside chunks", format!("{both}0\r\n\r\n")),
    ] {
        let mut stream = server.connect();
        // The door may close before all is said.
        let _closed = stream.write_all(text.as_bytes());
        let (status, told) = super::read(stream);
        assert!(matches!(status, 0 | 400 | 401 | 413 | 431), "{what}: {status} {told}");
    }
    let body = super::push("nowhere", COMMIT).to_string();
    let signed = sign(SECRET, body.as_bytes());
    let length = body.len().to_string();
    let headers = super::headers("fine", "push", &signed, &length);
    assert_eq!(server.send("POST /hooks/github", &headers, body.as_bytes()).0, 202);
    assert_eq!(setup.webhooks(), ["fine"]);
}
