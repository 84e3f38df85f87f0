//! What a client is told when its request fails, or does not: statuses, headers and errors in its own version's words.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, write};

/// Version 1 has its own shape of errors, and says 200 and 400.
const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses:
        "200":
          description: made
          headers:
            X-Cost: { schema: { type: integer } }
            X-Page: { required: true, schema: { type: string } }
          content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
        "400": { description: wrong, content: { application/json: { schema: { $ref: "#/components/schemas/Failed" } } } }
components:
  schemas:
    New:
      type: object
      required: [qty]
      properties: { qty: { type: integer }, note: { type: string } }
      additionalProperties: false
    Order:
      type: object
      required: [id]
      properties: { id: { type: string } }
      additionalProperties: false
    Failed:
      type: object
      required: [code, message]
      properties: { code: { type: string }, message: { type: string } }
      additionalProperties: false
"##;

/// Version 2 says 201 and 422, and its errors are problem details (RFC 9457).
const V2: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "2" }
paths:
  /orders:
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses:
        "201":
          description: made
          headers:
            RateLimit-Cost: { schema: { type: integer } }
            X-Region: { schema: { type: string } }
          content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
        "422": { description: wrong, content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } } }
components:
  schemas:
    New:
      type: object
      required: [quantity]
      properties: { quantity: { type: integer }, note: { type: string } }
      additionalProperties: false
    Order:
      type: object
      required: [id]
      properties: { id: { type: string } }
      additionalProperties: false
    Problem:
      type: object
      required: [type, detail, status]
      properties: { type: { type: string }, detail: { type: string }, status: { const: 422 } }
      additionalProperties: false
"##;

const CHANGES: &str = r"
changes:
  - say: The number of things is called `quantity`.
    at: New
    rename: { qty: quantity }
  - say: What is made is answered with 201, what is wrong with 422.
    at: POST /orders
    status: { 200: 201, 400: 422 }
  - say: The cost has its own header, pages are gone, and the region is told.
    at: POST /orders
    header:
      rename: { X-Cost: RateLimit-Cost }
      remove: { X-Page: { constant: none } }
      add: { X-Region: { constant: eu } }
  - say: Errors are problem details.
    at: [POST /orders response 400, POST /orders response 422]
    rename: { code: type, message: detail }
    add: { status: { constant: 422 } }
";

async fn house(backend: &Backend, version: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", V2);
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ path: \"/v{{version}}\" }}, {{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n{body}", body.len())
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_status_and_headers_are_those_of_the_clients_version() {
    let made = format!("{JSON}ratelimit-cost: 3\r\nx-region: us\r\nx-other: 1\r\n");
    let backend = Backend::start(&answer("201 Created", &made, r#"{"id":"a"}"#)).await;
    let house = house(&backend, "v2").await;
    let reply = house.post("/v1/orders", JSON, r#"{"qty":1}"#).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"id":"a"}"#), "{reply:?}");
    let told = ["x-cost", "x-page", "ratelimit-cost", "x-region", "x-other"];
    assert_eq!(told.map(|name| reply.field(name)), ["3", "none", "", "", "1"]);
    // the backend's own clients get what it says
    let reply = house.post("/v2/orders", JSON, r#"{"quantity":1}"#).await;
    assert_eq!((reply.status, reply.field("x-region")), (201, "us".to_owned()));
    assert_eq!(reply.field("x-page"), "");
}

#[tokio::test]
async fn a_newer_client_gets_its_own_from_an_older_backend() {
    let made = format!("{JSON}x-cost: 3\r\nx-page: 2\r\n");
    let backend = Backend::start(&answer("200 OK", &made, r#"{"id":"a"}"#)).await;
    let house = house(&backend, "v1").await;
    let reply = house.post("/v2/orders", JSON, r#"{"quantity":1}"#).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let told = ["x-cost", "x-page", "ratelimit-cost", "x-region"];
    assert_eq!(told.map(|name| reply.field(name)), ["", "", "3", "eu"]);
}

#[tokio::test]
async fn errors_of_an_own_shape_become_problem_details_and_go_back() {
    let problem = r#"{"type":"empty","detail":"nothing is ordered","status":422}"#;
    let fields = "content-type: application/problem+json\r\n";
    let backend = Backend::start(&answer("422 Unprocessable Content", fields, problem)).await;
    let older = house(&backend, "v2").await;
    let reply = older.post("/v1/orders", JSON, r#"{"qty":0}"#).await;
    assert_eq!((reply.status, reply.field("content-type")), (400, "application/json".to_owned()));
    assert_eq!(reply.body, r#"{"code":"empty","message":"nothing is ordered"}"#, "{reply:?}");
    let own = r#"{"code":"empty","message":"nothing is ordered"}"#;
    let backend = Backend::start(&answer("400 Bad Request", JSON, own)).await;
    let newer = house(&backend, "v1").await;
    let reply = newer.post("/v2/orders", JSON, r#"{"quantity":0}"#).await;
    assert_eq!(
        (reply.status, reply.field("content-type")),
        (422, "application/problem+json".to_owned())
    );
    assert_eq!(reply.body, problem, "{reply:?}");
}

/// Three versions: `qty` became `quantity`, then went into `line`; errors name places in several ways.
fn naming(version: u8) -> String {
    let members = match version {
        1 => "properties: { qty: { type: integer }, note: { type: string } }",
        2 => "properties: { quantity: { type: integer }, note: { type: string } }",
        _ => {
            "properties: { line: { type: object, properties: { quantity: { type: integer } } }, note: { type: string }, method: { type: string } }"
        }
    };
    format!(
        r##"
openapi: 3.1.0
info: {{ title: orders, version: "{version}" }}
paths:
  /orders:
    post:
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: "#/components/schemas/New" }} }} }} }}
      responses:
        "201": {{ description: made }}
        4XX:
          description: wrong
          content:
            application/problem+json: {{ schema: {{ $ref: "#/components/schemas/Problem" }} }}
            application/json: {{ schema: {{ $ref: "#/components/schemas/Own" }} }}
components:
  schemas:
    New: {{ type: object, {members} }}
    Problem:
      type: object
      properties:
        title: {{ type: string }}
        errors: {{ type: array, items: {{ type: object, properties: {{ detail: {{ type: string }}, pointer: {{ type: string }} }} }} }}
    Own:
      type: object
      properties:
        field: {{ type: string }}
        detail: {{ type: array, items: {{ type: object, properties: {{ loc: {{ type: array, items: {{ type: [string, integer] }} }} }} }} }}
"##
    )
}

const NAMING_2: &str = r"
changes:
  - say: The number of things is called `quantity`.
    at: New
    rename: { qty: quantity }
";

const NAMING_3: &str = r"
changes:
  - say: The number of things is in the line, and the method is told.
    at: New
    move: { quantity: line/quantity }
    add: { method: { constant: post } }
  - say: Errors name the members of the request.
    at: Own
    error:
      pointers:
        field: { as: dotted, unsent: omit }
        detail/*/loc: { as: path, prefix: [body], unsent: root }
";

async fn naming_house(backend: &Backend, version: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    for version in 1..=3 {
        write(directory.path(), &format!("orders/v{version}/openapi.yaml"), &naming(version));
    }
    write(directory.path(), "orders/v2/changes.yaml", NAMING_2);
    write(directory.path(), "orders/v3/changes.yaml", NAMING_3);
    let address = backend.address;
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ path: \"/v{{version}}\" }}, {{ header: api-version }}, {{ default: oldest }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// What a client is told, of an error that the backend says.
async fn check(way: (&str, &str), media: &str, said: &str, told: &str) {
    let (client, backend_version) = way;
    let fields = format!("content-type: {media}\r\n");
    let backend = Backend::start(&answer("422 Unprocessable Content", &fields, said)).await;
    let house = naming_house(&backend, backend_version).await;
    let reply = house.post(&format!("/{client}/orders"), JSON, "{}").await;
    assert_eq!((reply.status, reply.body.as_str()), (422, told), "{way:?} {reply:?}");
}

#[tokio::test]
async fn errors_name_what_the_client_sent() {
    let own = "application/json";
    check(("v1", "v3"), own, r#"{ "field": "line.quantity" }"#, r#"{ "field": "qty" }"#).await;
    check(("v2", "v3"), own, r#"{"field":"line.quantity"}"#, r#"{"field":"quantity"}"#).await;
    check(("v3", "v1"), own, r#"{"field":"qty"}"#, r#"{"field":"line.quantity"}"#).await;
    check(
        ("v1", "v3"),
        own,
        r#"{"detail":[{"loc":["body","line","quantity"]},{"loc":["query","line"]}]}"#,
        r#"{"detail":[{"loc":["body","qty"]},{"loc":["query","line"]}]}"#,
    )
    .await;
    // what has the same name stays as it was written
    check(("v1", "v3"), own, r#"{ "field" : "no\u0074e"}"#, r#"{ "field" : "no\u0074e"}"#).await;
    check(("v3", "v3"), own, r#"{"field":"line.quantity"}"#, r#"{"field":"line.quantity"}"#).await;
}

#[tokio::test]
async fn a_place_that_the_client_never_sent_goes_by_policy() {
    let own = "application/json";
    check(("v1", "v3"), own, r#"{"field":"method","detail":[]}"#, r#"{"detail":[]}"#).await;
    check(
        ("v1", "v3"),
        own,
        r#"{"detail":[{"loc":["body","method"]}]}"#,
        r#"{"detail":[{"loc":["body"]}]}"#,
    )
    .await;
}

#[tokio::test]
async fn problem_details_name_what_the_client_sent_without_a_word() {
    let problem = "application/problem+json";
    check(
        ("v1", "v3"),
        problem,
        r##"{"title":"no","errors":[{"detail":"a","pointer":"#/line/quantity"},{"pointer":"/note"}]}"##,
        r##"{"title":"no","errors":[{"detail":"a","pointer":"#/qty"},{"pointer":"/note"}]}"##,
    )
    .await;
    // a constant that the gateway wrote keeps the backend's name
    check(
        ("v1", "v3"),
        problem,
        r#"{"errors":[{"pointer":"/method"}]}"#,
        r#"{"errors":[{"pointer":"/method"}]}"#,
    )
    .await;
    check(
        ("v3", "v1"),
        problem,
        r#"{"errors":[{"pointer":"/qty"}]}"#,
        r#"{"errors":[{"pointer":"/line/quantity"}]}"#,
    )
    .await;
}
