//! What a conversion loses, and who is told.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use serde_json::json;
use support::{Backend, House, ok, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties: { id: { type: string } }
      additionalProperties: false
"##;

/// Orders also have a tag.
fn v2() -> String {
    V1.replace("id: { type: string } }\n", "id: { type: string }, tag: { type: string } }\n")
}

async fn house(backend: &Backend, version: &str, more: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2());
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]
{more}"
    );
    House::in_directory(directory, &apis, "").await
}

const TAGGED: &str = r#"{"id":"a","tag":"t"}"#;

#[tokio::test]
async fn a_loss_is_counted_and_told_to_who_asks() {
    let backend = Backend::json(TAGGED).await;
    let house = house(&backend, "v2", "").await;
    let silent = house.get("/orders/a", "api-version: v1\r\n").await;
    assert_eq!((silent.status, silent.body.as_str()), (200, r#"{"id":"a"}"#));
    assert_eq!(silent.field("evergate-loss"), "");
    assert!(silent.field("vary").contains("prefer"), "{silent:?}");
    let told = house.get("/orders/a", "api-version: v1\r\nprefer: loss-report\r\n").await;
    assert_eq!(told.field("evergate-loss"), r#""A1";at="/tag";in=response;n=1"#);
    assert_eq!(told.field("preference-applied"), "loss-report");
    let line = "evergate_losses_total{api=\"orders\",operation=\"GET /orders/{id}\",client_version=\"v1\",\
                backend_version=\"v2\",way=\"response\",rule=\"A1\"} 2";
    let metrics = house.metrics().await;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn strict_handling_refuses_what_a_safe_request_would_lose() {
    let backend = Backend::json(TAGGED).await;
    let house = house(&backend, "v2", "").await;
    let strict = "api-version: v1\r\nprefer: handling=strict\r\n";
    let refused = house.get("/orders/a", strict).await;
    assert_eq!(refused.status, 406, "{refused:?}");
    assert_eq!(refused.json()["code"], "response-lossy");
    assert_eq!(refused.json()["losses"][0]["pointer"], "/tag");
    assert_eq!(refused.field("preference-applied"), "handling=strict");
    assert!(!house.metrics().await.contains("rule=\"A1\"} 1"), "a refused conversion lost nothing");
    // nothing is lost where there is no tag
    let plain = Backend::json(r#"{"id":"a"}"#).await;
    let other = self::house(&plain, "v2", "").await;
    assert_eq!(other.get("/orders/a", strict).await.status, 200);
    let lenient = house.get("/orders/a", "api-version: v1\r\nprefer: handling=lenient\r\n").await;
    assert_eq!(
        (lenient.status, lenient.field("preference-applied")),
        (200, "handling=lenient".into())
    );
}

#[tokio::test]
async fn strict_handling_refuses_a_lossy_request_before_it_is_sent() {
    let backend = Backend::json(r#"{"id":"a"}"#).await;
    let house = house(&backend, "v1", "").await;
    let json = "content-type: application/json\r\napi-version: v2\r\n";
    let refused =
        house.post("/orders", &format!("{json}prefer: handling=strict\r\n"), TAGGED).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("request-lossy")),
        "{refused:?}"
    );
    assert_eq!(refused.json()["losses"][0]["pointer"], "/tag");
    assert_eq!(backend.seen().len(), 0);
    let sent = house.post("/orders", &format!("{json}prefer: loss-report\r\n"), TAGGED).await;
    assert_eq!(sent.field("evergate-loss"), r#""A1";at="/tag";in=request;n=1"#, "{sent:?}");
}

#[tokio::test]
async fn the_answer_to_an_unsafe_request_is_never_refused() {
    let body = TAGGED.len();
    let backend = Backend::start(&format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {body}\r\n\r\n{TAGGED}"
    ))
    .await;
    let house = house(&backend, "v2", "    conversion: { loss_header: always }\n").await;
    let fields = "content-type: application/json\r\napi-version: v1\r\nprefer: handling=strict\r\n";
    let told = house.post("/orders", fields, r#"{"id":"a"}"#).await;
    assert_eq!((told.status, told.body.as_str()), (201, r#"{"id":"a"}"#), "{told:?}");
    assert_eq!(told.field("evergate-loss"), r#""A1";at="/tag";in=response;n=1"#);
}

#[tokio::test]
async fn what_a_long_answer_may_lose_is_told_before_it_is_converted() {
    let tail = format!(r#"{{"id":"{}","tag":"t"}}"#, "x".repeat(200_000));
    let backend = Backend::start(&ok(&tail)).await;
    let house = house(&backend, "v2", "    conversion: { loss_header: always }\n").await;
    let told = house.get("/orders/a", "api-version: v1\r\n").await;
    assert_eq!(told.field("evergate-loss"), r#""A1";at="/tag";in=response;may"#, "{}", told.head);
    // a strict client waits for the whole
    let refused = house.get("/orders/a", "api-version: v1\r\nprefer: handling=strict\r\n").await;
    assert_eq!(refused.status, 406, "{}", refused.head);
}

#[tokio::test]
async fn nothing_is_told_where_the_operator_says_never() {
    let backend = Backend::json(TAGGED).await;
    let house = house(&backend, "v2", "    conversion: { loss_header: never }\n").await;
    let silent = house.get("/orders/a", "api-version: v1\r\nprefer: loss-report\r\n").await;
    assert_eq!((silent.status, silent.field("evergate-loss")), (200, String::new()));
}

#[tokio::test]
async fn the_administrator_reads_what_may_be_lost_and_how_often_it_was() {
    let backend = Backend::json(TAGGED).await;
    let house = house(&backend, "v2", "").await;
    for _ in 0..2 {
        house.get("/orders/a", "api-version: v1\r\n").await;
    }
    let map = house.admin("GET /losses HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(map.status, 200);
    let ways = map.json()["apis"][0]["ways"].clone();
    let way = |operation: &str, message: &str, counted: u64| {
        json!({
            "operation": operation,
            "client_version": "v1",
            "backend_version": "v2",
            "losses": [{"message": message, "rule": "A1", "pointer": "/tag", "what": "leave out `tag`", "counted": counted}],
        })
    };
    let get = way("GET /orders/{id}", "response 200", 2);
    assert_eq!(ways, json!([way("POST /orders", "response 201", 0), get]));
    assert_eq!(map.json()["generation"], 1);
}
