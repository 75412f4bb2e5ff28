//! Traces at a collector: what it is told of a run, and that nobody waits for it.

use super::Setup;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, status::StatusCode},
};
use prost::Message as _;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// A value that must reach no collector.
const HIDDEN: &str = "a-token-that-nobody-may-see";
/// A test must not hang on a trace that never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request: path, media type, body.
type Sent = (String, String, Vec<u8>);

/// A collector that refuses its first request and takes the others; answers its address and what it got.
fn collector() -> (String, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (sent, mut stream) = read(stream.unwrap());
            let status = if number == 0 { "503 Service Unavailable" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(sent).is_err() {
                return;
            }
        }
    });
    (address, told)
}

fn read(stream: TcpStream) -> (Sent, TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let known = lines.iter().filter_map(|line| line.split_once(": "));
        let mut values = known.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    ((path, header("content-type"), body), reader.into_inner())
}

/// An agent whose runs have two commands, one of which fails.
fn setup(collector: &str) -> (Setup, String) {
    let mut setup = Setup::new();
    setup.variables = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=clinic".to_owned()),
        ("CLINIC_TOKEN", HIDDEN.to_owned()),
    ];
    let stages = format!(
        "  say: {{ run: [sh, -c, 'echo $TRACEPARENT'] }}\n  fail: {{ run: [sh, -c, 'echo {HIDDEN} >&2; exit 7'], needs: [say] }}\n"
    );
    let commit = setup.push_stages(&stages);
    (setup, commit)
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = attribute.value.clone().and_then(|value| value.value);
        let text = match value.unwrap() {
            Value::StringValue(text) => text,
            other => format!("{other:?}"),
        };
        (attribute.key.clone(), text)
    };
    attributes.iter().map(text).collect()
}

#[test]
fn a_collector_is_told_of_a_run_and_its_commands_go_on_with_the_trace() {
    let (address, told) = collector();
    let (setup, commit) = setup(&address);
    let server = setup.start();
    assert_eq!(server.deliver_push("traced-1", "main", &commit).0, 202);
    let run = setup.ended(&commit, "prod");
    let refused = told.recv_timeout(PATIENCE).unwrap();
    let (path, media, body) = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!((path.as_str(), media.as_str()), ("/v1/traces", "application/x-protobuf"));
    assert_eq!(refused.2, body, "what was refused is sent again, and is the same");
    let text = String::from_utf8_lossy(&body);
    assert!(!text.contains(HIDDEN) && !text.contains(super::SECRET), "{text}");

    let mut request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let told = request.resource_spans.remove(0);
    let resource = texts(&told.resource.unwrap().attributes);
    assert_eq!(resource["service.name"], "relevo");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["deployment.environment.name"], "clinic");
    let spans: Vec<Span> = told.scope_spans.into_iter().flat_map(|scope| scope.spans).collect();
    let trace = &spans[0].trace_id;
    assert!(spans.iter().all(|span| span.trace_id == *trace && span.trace_id.len() == 16));
    let named = |id: &[u8]| spans.iter().find(|span| span.span_id == id);
    let way = |span: &Span| {
        let mut way = vec![span.name.clone()];
        let mut parent = named(&span.parent_span_id);
        while let Some(span) = parent {
            way.insert(0, span.name.clone());
            parent = named(&span.parent_span_id);
        }
        way.join(" / ")
    };
    let mut ways: Vec<String> = spans.iter().map(way).collect();
    ways.sort();
    assert_eq!(
        ways,
        [
            "delivery",
            "delivery / run",
            "delivery / run / stage fail",
            "delivery / run / stage fail / attempt 1",
            "delivery / run / stage say",
            "delivery / run / stage say / attempt 1",
        ]
    );
    let of = |wanted: &str| spans.iter().find(|span| way(span).ends_with(wanted)).unwrap();
    assert!(spans.iter().all(|span| span.start_time_unix_nano <= span.end_time_unix_nano));
    assert_eq!(texts(&of("run").attributes)["relevo.run"], run["run"].as_str().unwrap());
    assert_eq!(texts(&of("run").attributes)["vcs.ref.head.revision"], commit);
    assert_eq!(texts(&of("delivery").attributes)["relevo.delivery"], "traced-1");
    assert_eq!(of("stage say").status.as_ref().unwrap().code(), StatusCode::Ok);
    assert_eq!(of("stage fail").status.as_ref().unwrap().code(), StatusCode::Error);

    let said = setup.agent(&["logs", run["run"].as_str().unwrap(), "--stage", "say"]).done();
    let attempt = hex::encode(&of("stage say / attempt 1").span_id);
    let expected = format!("00-{}-{attempt}-01", hex::encode(trace));
    said.says(&expected);
}

#[test]
fn an_agent_whose_collector_is_silent_does_its_work_and_ends() {
    // The system takes connections; nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (setup, commit) = setup(&format!("http://{}", listener.local_addr().unwrap()));
    let server = setup.start();
    assert_eq!(server.deliver_push("silent-1", "main", &commit).0, 202);
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["stage"], "fail");
    server.signal("-TERM");
    assert_eq!(server.wait(), Some(0));
}
