//! Spans as OTLP has them in JSON (OTLP 1.x, "JSON Protobuf Encoding": ids in hex, 64-bit numbers as text).

use std::time::{Duration, SystemTime};

use serde_json::{Value as Json, json};

use super::spans::{Attempt, Finished, Value};

/// The kinds of spans that there are.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// The status of a span that went wrong.
const ERROR: u8 = 2;

/// A request to export these.
pub(super) fn request(all: &[Finished]) -> Json {
    let spans: Vec<Json> = all.iter().flat_map(exchange).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", &Value::Text("evergate".to_owned())),
            attribute("service.version", &Value::Text(env!("CARGO_PKG_VERSION").to_owned())),
        ]},
        "scopeSpans": [{
            "scope": { "name": "evergate", "version": env!("CARGO_PKG_VERSION") },
            "spans": spans,
        }],
    }]})
}

fn exchange(one: &Finished) -> Vec<Json> {
    let spans = &one.spans;
    let status = one.attributes.iter().find_map(|(name, value)| match value {
        Value::Number(status) if *name == "http.response.status_code" => Some(*status),
        _ => None,
    });
    let mut own = span(
        one,
        (&spans.id, spans.parent.as_ref()),
        (&one.name, SERVER),
        (Duration::ZERO, one.took),
    );
    let attributes = one.attributes.iter().map(|(name, value)| attribute(name, value));
    put(&mut own, "attributes", attributes.collect());
    if status.is_some_and(|status| status >= 500) {
        put(&mut own, "status", json!({ "code": ERROR }));
    }
    let mut all = vec![own];
    all.extend(spans.attempts.iter().enumerate().map(|(index, attempt)| sent(one, index, attempt)));
    if !one.converting.is_zero() {
        let mut id = spans.id;
        // one more id that this exchange alone has
        id.reverse();
        let times = (Duration::ZERO, one.converting);
        let mut made = span(one, (&id, Some(&spans.id)), ("convert", INTERNAL), times);
        let about = Value::Text("all bodies of the exchange together".to_owned());
        put(&mut made, "attributes", json!([attribute("evergate.note", &about)]));
        all.push(made);
    }
    all
}

fn sent(one: &Finished, index: usize, attempt: &Attempt) -> Json {
    let ids = (&attempt.id, Some(&one.spans.id));
    let method = one.name.split(' ').next().unwrap_or_default();
    let mut made = span(one, ids, (method, CLIENT), (attempt.after, attempt.took));
    let (host, port) = attempt.endpoint.rsplit_once(':').unwrap_or((&attempt.endpoint, "80"));
    let resend = i64::try_from(index).unwrap_or(i64::MAX);
    let mut attributes = vec![
        attribute("http.request.method", &Value::Text(method.to_owned())),
        attribute("server.address", &Value::Text(host.to_owned())),
        attribute("server.port", &Value::Number(port.parse().unwrap_or(80))),
    ];
    if resend > 0 {
        attributes.push(attribute("http.request.resend_count", &Value::Number(resend)));
    }
    put(&mut made, "attributes", attributes.into());
    made
}

fn span(
    one: &Finished,
    (id, parent): (&[u8; 16], Option<&[u8; 16]>),
    (name, kind): (&str, u8),
    (after, took): (Duration, Duration),
) -> Json {
    let text = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
    let begin = one.spans.began() + after;
    let mut made = json!({
        "traceId": text(&one.spans.trace),
        "spanId": text(id),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(begin),
        "endTimeUnixNano": nanos(begin + took),
        "flags": 1,
    });
    if let Some(parent) = parent {
        put(&mut made, "parentSpanId", Json::from(text(parent)));
    }
    made
}

/// Adds a member to an object.
fn put(object: &mut Json, name: &str, value: Json) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": name, "value": value })
}
