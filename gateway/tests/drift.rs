//! Live payloads held against what their own version declares: told by place, never by value, and nothing changes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, House, PATIENCE, ok, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    post:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "201": { description: made } }
    get:
      responses:
        "200": { description: all, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Order" } } } } }
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties: { id: { type: string }, count: { type: integer } }
"##;

/// In the second version `count` is a text.
fn v2() -> String {
    V1.replace("count: { type: integer }", "count: { type: string }")
}

async fn house(backend: &Backend, drift: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2());
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: v1, endpoints: [\"http://{address}\"] }}]
    conversion: {{ require: any }}
    drift: {{ {drift} }}"
    );
    House::in_directory(directory, &apis, "").await
}

async fn report(house: &House) -> Value {
    house.admin("GET /drift HTTP/1.1\r\nhost: localhost\r\n\r\n").await.json()
}

/// The report as soon as so many payloads came to an end in it.
async fn after(house: &House, count: u64) -> Value {
    let begun = Instant::now();
    loop {
        let told = report(house).await;
        let number = |name: &str| told[name].as_u64().unwrap();
        let dropped = told["dropped"]["large"].as_u64().unwrap();
        if number("judged") + number("unjudged") + dropped >= count {
            return told;
        }
        assert!(begun.elapsed() < PATIENCE, "{told:#}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The findings as pointer, keyword, member and count.
fn findings(told: &Value) -> Vec<[Value; 4]> {
    let all = told["findings"].as_array().unwrap();
    all.iter()
        .map(|one| ["pointer", "keyword", "member", "count"].map(|name| one[name].clone()))
        .collect()
}

#[tokio::test]
async fn a_backend_that_answers_like_another_version_is_told_by_the_place() {
    let secret = r#"[{"id":"a","count":1},{"id":"b","count":"s3cret"}]"#;
    let backend = Backend::json(secret).await;
    let house = house(&backend, "sample: 1").await;
    for _ in 0..3 {
        let reply = house.get("/orders", "").await;
        assert_eq!((reply.status, reply.body.as_str()), (200, secret));
    }
    let told = after(&house, 3).await;
    assert_eq!(findings(&told), [[json!("/*/count"), json!("type"), Value::Null, json!(3)]]);
    let one = &told["findings"][0];
    for (name, expected) in [
        ("api", json!("orders")),
        ("version", json!("v1")),
        ("operation", json!("GET /orders")),
        ("message", json!("response 200")),
        ("compared", json!(3)),
        // the first order is none of the second version's either
        ("fits", json!({})),
    ] {
        assert_eq!(one[name], expected, "{name}");
    }
    assert!(!told.to_string().contains("s3cret"));
    let counted = "evergate_drift_total{api=\"orders\",version=\"v1\",operation=\"GET /orders\",message=\"response\"} 3";
    let metrics = house.metrics().await;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn the_version_that_would_have_taken_it_is_named() {
    let backend = Backend::json(r#"[{"id":"a","count":"many"}]"#).await;
    let house = house(&backend, "sample: 1").await;
    house.get("/orders", "").await;
    let told = after(&house, 1).await;
    assert_eq!(told["findings"][0]["fits"], json!({"v2": 1}));
}

#[tokio::test]
async fn requests_are_judged_by_the_clients_version_and_names_of_theirs_are_not_told() {
    let backend = Backend::start("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
    let house = house(&backend, "sample: 1").await;
    let json_type = "content-type: application/json\r\n";
    for body in [r#"{"id":"a"}"#, r#"{"count":1}"#, r#"{"id":"a","s3cret":1}"#, "{\"id\":"] {
        assert_eq!(house.post("/orders", json_type, body).await.status, 201, "{body}");
    }
    let told = after(&house, 4).await;
    let mut seen = findings(&told);
    seen.sort_by_key(|one| one[1].to_string());
    let one = |keyword: &str, member: Value| [json!(""), json!(keyword), member, json!(1)];
    let expected =
        [one("required", json!("id")), one("syntax", Value::Null), one("undeclared", Value::Null)];
    assert_eq!(seen, expected, "{told:#}");
    assert!(!told.to_string().contains("s3cret"));
    // all of it went on as it came
    assert!(backend.seen()[2].ends_with(r#"{"id":"a","s3cret":1}"#));
}

#[tokio::test]
async fn a_member_that_a_backend_adds_is_told_by_its_name() {
    let backend = Backend::json(r#"[{"id":"a","nick":"s3cret"}]"#).await;
    let house = house(&backend, "sample: 1").await;
    house.get("/orders", "").await;
    let told = after(&house, 1).await;
    assert_eq!(findings(&told), [[json!("/*"), json!("undeclared"), json!("nick"), json!(1)]]);
}

#[tokio::test]
async fn what_is_too_large_or_not_asked_for_is_not_judged() {
    let backend = Backend::start(&ok(r#"[{"id":1}]"#)).await;
    let large = house(&backend, "sample: 1, body: 4").await;
    large.get("/orders", "").await;
    let told = after(&large, 1).await;
    assert_eq!((&told["judged"], &told["dropped"]["large"]), (&json!(0), &json!(1)));
    let off = house(&backend, "sample: 0").await;
    off.get("/orders", "").await;
    let told = report(&off).await;
    assert_eq!((&told["judged"], &told["findings"]), (&json!(0), &json!([])));
}
