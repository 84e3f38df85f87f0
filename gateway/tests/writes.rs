//! Full writes of older views: what their version cannot show does not vanish in silence.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use evergate_gateway::assemble::assemble;
use evergate_gateway::telemetry::Metrics;
use evergate_schemas::problem::Problem;
use serde_json::json;
use support::{Backend, House, Reply, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get:
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
    put:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses:
        "200": { description: done, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties: { id: { type: string, readOnly: true }, note: { type: string } }
      additionalProperties: false
"##;

/// Orders also have a tag that is written, and a date that is not.
fn v2() -> String {
    V1.replace(
        "note: { type: string } }\n",
        "note: { type: string }, tag: { type: string }, made: { type: string, readOnly: true } }\n",
    )
}

const TAGGED: &str = r#"{"id":"a","note":"n","tag":"t","made":"now"}"#;
const JSON: &str = "content-type: application/json\r\napi-version: 1\r\n";

fn files(directory: &std::path::Path) {
    write(directory, "orders/v1/openapi.yaml", V1);
    write(directory, "orders/v2/openapi.yaml", &v2());
}

async fn house(backend: &Backend, version: &str, more: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    House::in_directory(directory, &api(&backend.address.to_string(), version, more), "").await
}

fn api(address: &str, version: &str, more: &str) -> String {
    format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]
{more}"
    )
}

async fn put(house: &House, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "PUT /orders/a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{fields}\r\n{body}"
    );
    Reply::read(&house.raw(&request).await)
}

#[tokio::test]
async fn a_write_that_would_take_away_what_it_cannot_show_is_refused() {
    let backend = Backend::json(TAGGED).await;
    let house = house(&backend, "v2", "").await;
    let refused = put(&house, JSON, r#"{"note":"m"}"#).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("write-hides")),
        "{refused:?}"
    );
    let losses = refused.json()["losses"].clone();
    assert_eq!(
        losses,
        json!([{"rule": "A1", "pointer": "/tag", "what": "take away `/tag`, which the client cannot see"}])
    );
    assert_eq!(backend.seen().len(), 0);
    assert_eq!(house.get("/orders/a", JSON).await.body, r#"{"id":"a","note":"n"}"#);
}

#[tokio::test]
async fn a_write_of_the_backends_version_or_a_newer_one_goes_on() {
    let backend = Backend::json(TAGGED).await;
    let same = house(&backend, "v2", "").await;
    let fields = JSON.replace(": 1", ": 2");
    assert_eq!(put(&same, &fields, r#"{"note":"m","tag":"t"}"#).await.status, 200);
    let older = Backend::json(r#"{"id":"a","note":"n"}"#).await;
    let newer = house(&older, "v1", "").await;
    assert_eq!(put(&newer, &fields, r#"{"note":"m"}"#).await.status, 200);
}

#[tokio::test]
async fn an_accepted_loss_is_counted_and_told() {
    let backend = Backend::json(TAGGED).await;
    for writes in ["default: replace", "operations: { \"PUT /orders/{id}\": replace }"] {
        let house = house(&backend, "v2", &format!("    writes: {{ {writes} }}\n")).await;
        let told = put(&house, &format!("{JSON}prefer: loss-report\r\n"), r#"{"note":"m"}"#).await;
        assert_eq!(told.status, 200, "{told:?}");
        let losses = told.field("evergate-loss");
        assert!(losses.starts_with(r#""A1";at="/tag";in=request;n=1"#), "{losses}");
        let line = "evergate_losses_total{api=\"orders\",operation=\"PUT /orders/{id}\",client_version=\"v1\",\
                    backend_version=\"v2\",way=\"request\",rule=\"A1\"} 1";
        let metrics = house.metrics().await;
        assert!(metrics.contains(line), "{metrics}");
        assert!(backend.seen().last().unwrap().ends_with(r#"{"note":"m"}"#));
        let strict = put(&house, &format!("{JSON}prefer: handling=strict\r\n"), "{}").await;
        assert_eq!((strict.status, &strict.json()["code"]), (422, &json!("request-lossy")));
    }
}

/// What `evergate config check` and the start say, and whether the configuration can be used.
fn said(more: &str) -> (String, bool) {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    let config = directory.path().join("gateway.yaml");
    std::fs::write(&config, support::text(&api("127.0.0.1:1", "v2", more), "")).unwrap();
    let (problems, used) = match assemble(&config, &Metrics::default(), None) {
        Ok(assembled) => (assembled.warnings, true),
        Err(problems) => (problems, false),
    };
    let told = |one: &Problem| format!("{}: {}\n", one.what, one.remedy);
    (problems.iter().map(told).collect(), used)
}

#[test]
fn the_start_says_what_will_be_refused_and_what_to_do() {
    let (told, used) = said("");
    let refused = "PUT /orders/{id} of version v1 is refused before a backend of version v2: it would take away `/tag`";
    assert!(used && told.contains(refused), "{told}");
    assert!(told.contains("`writes: { operations: { \"PUT /orders/{id}\": replace } }`"), "{told}");
    assert_eq!(said("    writes: { default: replace }\n"), (String::new(), true));
}

#[test]
fn faults_of_the_configuration_are_told_with_a_remedy() {
    let check = |writes: &str, wanted: &[&str]| {
        let (told, used) = said(&format!("    writes: {writes}\n"));
        assert!(!used && wanted.iter().all(|one| told.contains(one)), "{told}");
    };
    check(
        "{ default: keep, odd: 1 }",
        &["`keep` is not known here: write refuse or", "`odd` is not a key"],
    );
    check(
        "{ operations: { \"PATCH /orders\": refuse } }",
        &["`PATCH /orders` is not a full write"],
    );
    check(
        "{ operations: { \"PUT /order\": refuse } }",
        &["has no `PUT /order`: write one of PUT /orders/{id}"],
    );
}
