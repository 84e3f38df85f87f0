//! What is said of each exchange: the access log, request ids and the context of traces.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, House, PATIENCE, ok, write};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// An api that is proxied, and a log of it in `access.log`.
async fn house(backend: &Backend, log: &str) -> House {
    let apis = format!("  a: {{ backends: {{ endpoints: [\"http://{}\"] }} }}", backend.address);
    House::with(&apis, &format!("access_log: {{ format: json, to: access.log, {log} }}")).await
}

/// The lines of a log as soon as there are so many.
async fn lines(file: &Path, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let whole: Vec<&str> = text.lines().collect();
        if whole.len() >= count && text.ends_with('\n') {
            let read =
                |line: &&str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            let mut all: Vec<Value> = whole.iter().map(read).collect();
            // an answer may be read before its line is written
            all.sort_by_key(|line| format!("{}{}", line["status"], line["client_version"]));
            return all;
        }
        assert!(begun.elapsed() < PATIENCE, "only these lines came:\n{text}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn log(house: &House, count: usize) -> Vec<Value> {
    lines(&house.directory.path().join("access.log"), count).await
}

#[tokio::test]
async fn an_exchange_has_one_line_that_says_all_about_it() {
    let backend = Backend::json("{\"a\":1}").await;
    let house = house(&backend, "query: redacted").await;
    let fields = format!("x-request-id: r-1\r\ntraceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n");
    assert_eq!(house.post("/x/y?key=s3cret&plain", &fields, "12345").await.status, 200);
    let all = log(&house, 1).await;
    let [line] = &all[..] else { panic!("{all:#?}") };
    for (name, expected) in [
        ("id", json!("r-1")),
        ("trace_id", json!(TRACE)),
        ("peer", json!("127.0.0.1")),
        ("protocol", json!("HTTP/1.1")),
        ("method", json!("POST")),
        ("target", json!("/x/y?key=*&*")),
        ("api", json!("a")),
        ("verdict", json!("native")),
        ("status", json!(200)),
        ("ended", json!("whole")),
        ("bytes_in", json!(5)),
        ("bytes_out", json!(7)),
        ("endpoint", json!(backend.address.to_string())),
        ("generation", json!(1)),
    ] {
        assert_eq!(line[name], expected, "{name} in {line:#}");
    }
    let micros = |name: &str| line[name].as_u64().unwrap();
    assert!(
        micros("backend_micros") <= micros("micros") && micros("backend_micros") > 0,
        "{line:#}"
    );
    let time = line["time"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    for absent in ["refusal", "cause", "losses", "retries", "tunnel_in", "sample", "reads"] {
        assert!(line.get(absent).is_none(), "{absent} in {line:#}");
    }
    assert!(!line.to_string().contains("s3cret"));
}

#[tokio::test]
async fn what_a_client_sends_ends_no_line_and_its_secrets_are_not_told() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "query: whole").await;
    let target = "/a%0a%22?q=%0d%0aINFO";
    let reply = house.get(target, "x-request-id: a b\"\r\nauthorization: Bearer s3cret\r\n").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // what cannot be read as a request is refused, and told of too
    let broken = house.raw("GET /\u{1} HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(broken.starts_with("HTTP/1.1 400"), "{broken}");
    let all = log(&house, 2).await;
    let text = std::fs::read_to_string(house.directory.path().join("access.log")).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(all[0]["target"], json!(target));
    assert_ne!(all[0]["id"], json!("a b\""));
    assert_eq!((&all[1]["status"], all[1]["refusal"].is_string()), (&json!(400), true));
}

#[tokio::test]
async fn of_what_went_well_a_share_has_a_line_and_of_what_went_wrong_all_have() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "sample: 0, fields: [status, sample, refusal]").await;
    for _ in 0..20 {
        assert_eq!(house.get("/x", "").await.status, 200);
    }
    let refused = house.get("/x/../y", "").await.status;
    assert_eq!(refused, 400);
    assert_eq!(log(&house, 1).await, [json!({"status": 400, "refusal": "bad-target"})]);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_made_anew_when_the_log_changes_and_no_line_is_lost() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "fields: [target]").await;
    house.get("/one", "").await;
    assert_eq!(log(&house, 1).await, [json!({"target": "/one"})]);
    let config = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(house.config(), config.replace("access.log", "other.log")).unwrap();
    assert_eq!(house.reload().await.status, 200);
    house.get("/two", "").await;
    let other = house.directory.path().join("other.log");
    assert_eq!(lines(&other, 1).await, [json!({"target": "/two"})]);
    assert_eq!(log(&house, 1).await, [json!({"target": "/one"})]);
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_is_a_problem_with_a_place_and_nothing_changes() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "sample: 1").await;
    let config = std::fs::read_to_string(house.config()).unwrap();
    // a directory stands where the file should be, only once the file has been read
    write(house.directory.path(), "blocked/access.log", "");
    std::fs::write(house.config(), config.replace("access.log", "blocked")).unwrap();
    let reply = house.reload().await;
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(
        reply.body.contains("is a directory") && reply.body.contains("\"line\":3"),
        "{reply:?}"
    );
    house.get("/still", "").await;
    assert_eq!(log(&house, 1).await[0]["target"], json!("/still"));
}

#[tokio::test]
async fn a_full_disk_loses_lines_that_are_counted_and_no_request() {
    let backend = Backend::json("{}").await;
    let apis = format!("  a: {{ backends: {{ endpoints: [\"http://{}\"] }} }}", backend.address);
    let house = House::with(&apis, "access_log: { to: /dev/full }").await;
    for _ in 0..5 {
        assert_eq!(house.get("/x", "").await.status, 200);
    }
    let begun = Instant::now();
    let counted = "evergate_access_log_dropped_total{reason=\"write\"} 5";
    while !house.metrics().await.contains(counted) {
        assert!(begun.elapsed() < PATIENCE, "{}", house.metrics().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.get("/x", "").await.status, 200);
}

#[tokio::test]
async fn losses_and_the_time_of_conversions_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let v1 = "openapi: 3.1.0\ninfo: { title: o, version: \"1\" }\npaths:\n  /o:\n    get:\n      responses:\n        \"200\":\n          description: one\n          content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: string } }, additionalProperties: false } } }\n";
    write(directory.path(), "o/v1/openapi.yaml", v1);
    let more = "id: { type: string }, tag: { type: string } }";
    write(directory.path(), "o/v2/openapi.yaml", &v1.replace("id: { type: string } }", more));
    let backend = Backend::start(&ok("{\"id\":\"a\",\"tag\":\"t\"}")).await;
    let apis = format!(
        "  o: {{ description: ./o, client_version: [{{ header: api-version }}], backends: [{{ version: v2, endpoints: [\"http://{}\"] }}] }}",
        backend.address
    );
    let log_to = "access_log: { format: json, to: access.log }";
    let house = House::in_directory(directory, &apis, log_to).await;
    for version in ["v1", "v2"] {
        let reply = house.get("/o", &format!("api-version: {version}\r\n")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let all = log(&house, 2).await;
    let told =
        |line: &Value| [line["verdict"].clone(), line["losses"].clone(), line["lost"].clone()];
    assert_eq!(told(&all[0]), [json!("lossy"), json!(1), json!("A1=1")], "{all:#?}");
    assert_eq!(told(&all[1]), [json!("native"), Value::Null, Value::Null], "{all:#?}");
    assert!(all[0]["conversion_micros"].is_u64(), "{all:#?}");
    let versions = (&all[0]["client_version"], &all[0]["backend_version"], &all[0]["operation"]);
    assert_eq!(versions, (&json!("v1"), &json!("v2"), &json!("GET /o")));
}

#[tokio::test]
async fn the_client_behind_a_proxy_of_ours_is_the_peer() {
    let backend = Backend::json("{}").await;
    let apis = format!("  a: {{ backends: {{ endpoints: [\"http://{}\"] }} }}", backend.address);
    let more = "access_log: { format: json, to: access.log, fields: [peer] }\ntrusted_proxies: [127.0.0.0/8]";
    let house = House::with(&apis, more).await;
    house.get("/x", "x-forwarded-for: 1.1.1.1, 203.0.113.7\r\n").await;
    assert_eq!(log(&house, 1).await, [json!({"peer": "203.0.113.7"})]);
}

/// The lines of the request that a backend got, of these names.
fn got(backend: &Backend, names: &[&str]) -> Vec<String> {
    let all = backend.seen();
    let last = all.last().unwrap();
    let wanted = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        names.iter().any(|own| name.eq_ignore_ascii_case(own))
    };
    last.lines().filter(wanted).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_context_of_a_trace_passes_as_it_came_or_not_at_all() {
    let backend = Backend::json("{}").await;
    let house = house(&backend, "fields: [status]").await;
    let names = ["traceparent", "tracestate"];
    let parent = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01");
    let later = format!("traceparent: cc-{TRACE}-00f067aa0ba902b7-01-new");
    let state = "tracestate: a=1,b=2";
    for (sent, passes) in [
        (vec![parent.as_str(), state], true),
        (vec![parent.as_str()], true),
        (vec![later.as_str(), state], true),
        (vec![state], true),
        (vec![parent.as_str(), parent.as_str(), state], false),
        (
            vec!["traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01", state],
            false,
        ),
        (vec!["traceparent: nonsense", state], false),
    ] {
        let fields = sent.join("\r\n") + "\r\n";
        assert_eq!(house.get("/x", &fields).await.status, 200);
        let expected = if passes { sent.clone() } else { Vec::new() };
        assert_eq!(got(&backend, &names), expected, "{sent:?}");
    }
}
