//! Names of members inside parameters: what a client writes, and what the backend of another version is asked.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use serde_json::json;
use support::{Backend, House, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    get:
      parameters:
        - { name: fields, in: query, schema: { type: string } }
        - { name: sort, in: query, schema: { type: string } }
        - { name: filter, in: query, style: deepObject, explode: true, schema: { type: object } }
        - { name: q, in: query, schema: { type: string } }
        - { name: expand, in: query, schema: { type: array, items: { type: string } } }
      responses:
        "200": { description: all, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Order" } } } } }
  /orders/{id}:
    patch:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: update_mask, in: query, schema: { type: string } }
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses:
        "204": { description: done }
components:
  schemas:
    Order:
      type: object
      required: [id, state, mode]
      properties:
        id: { type: string }
        state: { enum: [open, shut] }
        made: { type: string }
        mode: { const: plain }
        name: { type: string }
        place: { type: object, properties: { town: { type: string }, code: { type: string } }, additionalProperties: false }
      additionalProperties: false
"##;

const V2: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "2" }
paths:
  /orders:
    get:
      parameters:
        - { name: select, in: query, schema: { type: string } }
        - { name: sort, in: query, schema: { type: string } }
        - { name: filter, in: query, style: deepObject, explode: true, schema: { type: object } }
        - { name: q, in: query, schema: { type: string } }
        - { name: expand, in: query, schema: { type: array, items: { type: string } } }
      responses:
        "200": { description: all, content: { application/json: { schema: { type: object, properties: { data: { type: array, items: { $ref: "#/components/schemas/Order" } } }, required: [data] } } } }
  /orders/{id}:
    patch:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: update_mask, in: query, schema: { type: string } }
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses:
        "204": { description: done }
components:
  schemas:
    Order:
      type: object
      required: [id, status]
      properties:
        id: { type: string }
        status: { enum: [OPEN, CLOSED, ENDED] }
        created_at: { type: string }
        first: { type: string }
        last: { type: string }
        address: { type: object, properties: { city: { type: string }, code: { type: string } }, additionalProperties: false }
      additionalProperties: false
"##;

const CHANGES: &str = r"
changes:
  - say: Orders say when they were created, and more of their state.
    at: Order
    rename: { state: status, made: created_at, place: address }
    map: { member: state, values: { open: OPEN, shut: CLOSED }, down: { OPEN: open, CLOSED: shut, ENDED: shut } }
    remove: { mode: { constant: plain } }
    split: { name: { into: [first, last], pattern: '(?<first>\S+) (?<last>.+)', template: '{first} {last}', on_fail: { up: omit, down: omit } } }
  - say: Towns are cities.
    at: 'Order#/address'
    rename: { town: city }
  - say: Orders come in an envelope.
    at: GET /orders response 200
    envelope: { member: data }
  - say: Names in parameters are those of the answer.
    at: GET /orders
    parameter: { rename: { fields: select } }
    names:
      select: { grammar: list, of: 'response 200#/data/*', selects: true }
      sort: { grammar: sort, of: 'response 200#/data/*' }
      filter: { grammar: brackets, of: 'response 200#/data/*' }
      q: { grammar: filter, of: 'response 200#/*' }
      expand: { grammar: none }
  - say: So are those of a mask.
    at: PATCH /orders/{id}
    names: { update_mask: { grammar: field-mask, of: request } }
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
    conversion: {{ require: any }}
    client_version: [{{ path: \"/v{{version}}\" }}]
    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// What the backend was asked, last.
fn asked(backend: &Backend) -> String {
    let seen = backend.seen().pop().unwrap_or_default();
    let line = seen.lines().next().unwrap_or_default().to_owned();
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

const PART: &str = r#"{"data":[{"id":"a","status":"ENDED"}]}"#;

#[tokio::test]
async fn an_older_client_asks_a_newer_backend_in_its_own_names() {
    let backend = Backend::json(PART).await;
    let house = house(&backend, "v2").await;
    for (query, seen) in [
        ("fields=id,state", "select=id,status"),
        ("x=%20&fields=made%2Cplace.town", "x=%20&select=created_at%2Caddress.city"),
        ("fields=id,name", "select=id,first,last"),
        ("sort=-made,+id", "sort=-created_at,+id"),
        (
            "filter[made][gte]=2020&filter%5Bstate%5D=open",
            "filter[created_at][gte]=2020&filter%5Bstatus%5D=OPEN",
        ),
        (
            "q=state%20=%20%22shut%22",
            "q=(status%20%3D%20%22CLOSED%22%20OR%20status%20%3D%20%22ENDED%22)",
        ),
        ("q=place.town:a+AND+id=1", "q=address.city:a+AND+id=1"),
        ("expand=made", "expand=made"),
        // nobody but the conversion writes `mode`, so that all members are asked for
        ("fields=id,mode&x", "x"),
    ] {
        let reply = house.get(&format!("/v1/orders?{query}"), "").await;
        assert_eq!(reply.status, 200, "{query} {reply:?}");
        assert_eq!(asked(&backend), format!("/v2/orders?{seen}"), "{query}");
    }
}

#[tokio::test]
async fn a_newer_client_asks_an_older_backend() {
    let backend = Backend::json(r#"[{"id":"a","state":"open","mode":"plain"}]"#).await;
    let house = house(&backend, "v1").await;
    for (query, seen) in [
        ("select=id,status,address.city", "fields=id,state,place.town"),
        ("select=first", "fields=name"),
        ("sort=created_at:desc", "sort=made:desc"),
        ("q=status%20!=%20CLOSED", "q=state%20!=%20shut"),
    ] {
        let reply = house.get(&format!("/v2/orders?{query}"), "").await;
        assert_eq!(reply.status, 200, "{query} {reply:?}");
        assert_eq!(asked(&backend), format!("/v1/orders?{seen}"), "{query}");
    }
    let reply = house.get("/v2/orders?filter[status]=ENDED", "").await;
    assert_eq!((reply.status, reply.json()["code"].clone()), (400, json!("parameter-names")));
}

#[tokio::test]
async fn an_answer_has_no_member_that_was_not_asked_for() {
    let backend = Backend::json(PART).await;
    let house = house(&backend, "v2").await;
    let reply = house.get("/v1/orders?fields=id,state", "").await;
    assert_eq!(reply.body, r#"[{"id":"a","state":"shut"}]"#, "{reply:?}");
    for query in ["", "?sort=id", "?fields=id,mode"] {
        let reply = house.get(&format!("/v1/orders{query}"), "").await;
        assert_eq!(reply.json(), json!([{"id": "a", "state": "shut", "mode": "plain"}]), "{query}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_asked_for_is_refused_in_the_client_s_words() {
    let backend = Backend::json(PART).await;
    let house = house(&backend, "v2").await;
    for (query, parameter, name) in [
        ("fields=id,status", "fields", "status"),
        ("sort=name", "sort", "name"),
        ("sort=-state", "sort", "state"),
        ("filter[state]=shut", "filter", "state"),
        ("q=(id=1", "q", ""),
    ] {
        let reply = house.get(&format!("/v1/orders?{query}"), "").await;
        let body = reply.json();
        assert_eq!(
            (reply.status, &body["code"]),
            (400, &json!("parameter-names")),
            "{query} {reply:?}"
        );
        assert_eq!(
            (&body["parameter"], &body["name"]),
            (&json!(parameter), &json!(name)),
            "{query}"
        );
    }
    assert!(backend.seen().is_empty(), "{:?}", backend.seen());
}

#[tokio::test]
async fn a_mask_names_what_the_body_has() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let house = house(&backend, "v2").await;
    let body = r#"{"id":"a","state":"open","mode":"plain"}"#;
    let json = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    let send =
        |query: &str| format!("PATCH /v1/orders/a?{query} HTTP/1.1\r\nhost: x\r\n{json}\r\n{body}");
    let reply = house.raw(&send("update_mask=state,place.town,name")).await;
    assert!(reply.starts_with("HTTP/1.1 204 "), "{reply}");
    assert_eq!(asked(&backend), "/v2/orders/a?update_mask=status,address.city,first,last");
    let reply = house.raw(&send("update_mask=mode")).await;
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
}

#[tokio::test]
async fn a_client_of_the_backend_s_own_version_is_not_touched() {
    let backend = Backend::json(PART).await;
    let house = house(&backend, "v2").await;
    let reply = house.get("/v2/orders?select=zzz&sort=made", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, PART));
    assert_eq!(asked(&backend), "/v2/orders?select=zzz&sort=made");
}
