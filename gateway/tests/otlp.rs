//! Spans as a collector gets them, and the context that a backend gets of them.
#![cfg(feature = "otlp")]
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, House, PATIENCE, ok, write};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

async fn house(backend: &Backend, collector: &Backend, more: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    let v1 = "openapi: 3.1.0\ninfo: { title: o, version: \"1\" }\npaths:\n  /o/{id}:\n    get:\n      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]\n      responses: { \"200\": { description: one } }\n";
    write(directory.path(), "o/v1/openapi.yaml", v1);
    let apis = format!(
        "  o: {{ description: ./o, backends: [{{ version: v1, endpoints: [\"http://{}\"] }}] }}",
        backend.address
    );
    let otlp = format!(
        "telemetry: {{ otlp: {{ endpoint: \"http://{}\", interval: 10ms, headers: {{ x-key: k1 }}, {more} }} }}",
        collector.address
    );
    House::in_directory(directory, &apis, &otlp).await
}

/// The spans that came, once there are so many.
async fn spans(collector: &Backend, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let mut all = Vec::new();
        for request in collector.seen() {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
            assert!(head.contains("x-key: k1") && head.contains("application/json"), "{head}");
            let told: Value = serde_json::from_str(body).unwrap();
            let own = told["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
            all.extend(own.iter().cloned());
        }
        if all.len() >= count {
            return all;
        }
        assert!(begun.elapsed() < PATIENCE, "{all:#?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn attribute(span: &Value, name: &str) -> Value {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == name).map_or(Value::Null, |one| one["value"].clone())
}

fn context(backend: &Backend) -> Option<String> {
    let last = backend.seen().pop().unwrap();
    last.lines().find_map(|line| line.strip_prefix("traceparent: ")).map(str::to_owned)
}

#[tokio::test]
async fn an_exchange_is_a_span_below_the_clients_and_above_what_the_backend_records() {
    let (backend, collector) = (Backend::json("{}").await, Backend::start(&ok("{}")).await);
    let house = house(&backend, &collector, "sample: 0").await;
    let fields = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\n");
    assert_eq!(house.get("/o/7", &fields).await.status, 200);
    let all = spans(&collector, 2).await;
    let [server, client] = &all[..] else { unreachable!("{all:#?}") };
    assert_eq!((&server["name"], &server["kind"]), (&json!("GET /o/{id}"), &json!(2)));
    assert_eq!((&server["traceId"], &server["parentSpanId"]), (&json!(TRACE), &json!(PARENT)));
    assert_eq!(attribute(server, "http.response.status_code"), json!({"intValue": "200"}));
    assert_eq!(attribute(server, "http.route"), json!({"stringValue": "/o/{id}"}));
    assert_eq!((&client["kind"], &client["parentSpanId"]), (&json!(3), &server["spanId"]));
    let port = backend.address.port().to_string();
    assert_eq!(attribute(client, "server.port"), json!({"intValue": port}));
    let nanos = |span: &Value, name: &str| span[name].as_str().unwrap().parse::<u128>().unwrap();
    assert!(nanos(server, "startTimeUnixNano") <= nanos(client, "startTimeUnixNano"));
    assert!(nanos(client, "endTimeUnixNano") <= nanos(server, "endTimeUnixNano"));
    // the backend's parent is the attempt, and what others say of the trace goes on
    let own = format!("00-{TRACE}-{}-01", client["spanId"].as_str().unwrap());
    assert_eq!(context(&backend), Some(own));
    assert!(backend.seen()[0].contains("tracestate: a=1"));
}

#[tokio::test]
async fn who_records_no_span_is_no_parent() {
    let (backend, collector) = (Backend::json("{}").await, Backend::start(&ok("{}")).await);
    let house = house(&backend, &collector, "sample: 0").await;
    let unrecorded = format!("00-{TRACE}-{PARENT}-00");
    house.get("/o/7", &format!("traceparent: {unrecorded}\r\n")).await;
    assert_eq!(context(&backend), Some(unrecorded));
    house.get("/o/7", "").await;
    assert_eq!(context(&backend), None);
    assert!(collector.seen().is_empty());
}

#[tokio::test]
async fn a_trace_begins_here_where_none_came_or_an_invalid_one() {
    let (backend, collector) = (Backend::json("{}").await, Backend::start(&ok("{}")).await);
    let house = house(&backend, &collector, "sample: 1").await;
    house.get("/o/7", "traceparent: 00-xyz\r\ntracestate: a=1\r\n").await;
    let all = spans(&collector, 2).await;
    assert_eq!(all[0]["parentSpanId"], Value::Null, "{all:#?}");
    let trace = all[0]["traceId"].as_str().unwrap();
    assert!(trace.len() == 32 && trace != "0".repeat(32), "{trace}");
    assert!(context(&backend).unwrap().starts_with(&format!("00-{trace}-")));
    assert!(!backend.seen()[0].contains("tracestate"));
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_no_request() {
    let (backend, collector) = (
        Backend::json("{}").await,
        Backend::start("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await,
    );
    let house = house(&backend, &collector, "sample: 1").await;
    assert_eq!(house.get("/o/7", "").await.status, 200);
    let begun = Instant::now();
    while !house.metrics().await.contains("evergate_spans_total{result=\"failed\"} 1") {
        assert!(begun.elapsed() < PATIENCE, "{}", house.metrics().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
