//! Patches between versions: edits of members and operations, as the backend gets them.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

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
    patch:
      requestBody:
        required: true
        content:
          application/merge-patch+json: { schema: { $ref: "#/components/schemas/Order" } }
          application/x-www-form-urlencoded: { schema: { $ref: "#/components/schemas/Form" } }
          application/json-patch+json: { schema: { type: array, items: { type: object, additionalProperties: true } } }
      responses: { "204": { description: done } }
components:
  schemas:
    Order:
      type: object
      required: [qty]
      properties:
        qty: { type: integer }
        state: { enum: [OPEN, DONE] }
        note: { type: string }
        lines: { type: array, items: { $ref: "#/components/schemas/Line" } }
      additionalProperties: false
    Form:
      type: object
      properties:
        qty: { type: integer }
        state: { enum: [OPEN, DONE] }
        tags: { type: array, items: { type: string } }
        text: { type: string }
    Line:
      type: object
      required: [sku]
      properties: { sku: { type: string } }
      additionalProperties: false
"##;

/// Version 2 renames, maps and moves, and requires a currency.
fn v2() -> String {
    V1.replace("qty", "quantity")
        .replace("sku", "article")
        .replace("[OPEN, DONE]", "[open, done]")
        .replace("        note: { type: string }\n", "        extra: { type: object, properties: { note: { type: string } } }\n        currency: { type: string, default: EUR }\n")
        .replace("required: [quantity]", "required: [quantity, currency]")
}

const CHANGES: &str = "
changes:
  - say: Orders are spelt out.
    at: Order
    rename: { qty: quantity }
    map: { member: state, values: { OPEN: open, DONE: done } }
    move: { note: extra/note }
  - say: Forms are like orders.
    at: Form
    rename: { qty: quantity }
    map: { member: state, values: { OPEN: open, DONE: done } }
  - say: Lines name articles.
    at: Line
    rename: { sku: article }
";

async fn patch(media_type: &str, body: &str) -> (Reply, String) {
    let backend = Backend::start(
        "HTTP/1.1 204 No Content\r\naccept-patch: application/json-patch+json\r\n\r\n",
    )
    .await;
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2());
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    backends: [{{ version: v2, endpoints: [\"http://{}\"] }}]",
        backend.address
    );
    let house = House::in_directory(directory, &apis, "").await;
    let length = body.len();
    let request = format!(
        "PATCH /orders/7 HTTP/1.1\r\nhost: x\r\napi-version: 1\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let reply = Reply::read(&house.raw(&request).await);
    let sent = backend.seen().pop().unwrap_or_default();
    (reply, sent.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

#[tokio::test]
async fn an_edit_says_no_more_than_it_said() {
    for (sent, came) in [
        ("{}", "{}"),
        (r#"{"qty": 2}"#, r#"{"quantity": 2}"#),
        (r#"{"state":"DONE","note":null}"#, r#"{"state":"done","extra":{"note":null}}"#),
        (r#"{"state":null}"#, r#"{"state":null}"#),
        (r#"{"lines":[{"sku":"a"}]}"#, r#"{"lines":[{"article":"a"}]}"#),
    ] {
        let (reply, seen) = patch("application/merge-patch+json", sent).await;
        assert_eq!((reply.status, seen.as_str()), (204, came), "{reply:?}");
        assert_eq!(reply.field("accept-patch"), "application/json-patch+json");
    }
}

#[tokio::test]
async fn a_form_is_its_fields() {
    let (reply, seen) = patch(
        "application/x-www-form-urlencoded",
        "tags=a%2Bb&qty=2&state=DONE&tags=c&text=1&other=%7e",
    )
    .await;
    assert_eq!(reply.status, 204, "{reply:?}");
    assert_eq!(seen, "tags=a%2Bb&tags=c&quantity=2&state=done&text=1&other=%7e");
}

#[tokio::test]
async fn operations_find_their_places() {
    let (reply, seen) = patch(
        "application/json-patch+json",
        r#"[{"op":"replace","path":"/qty","value":2},{"op":"add","path":"/lines/-","value":{"sku":"a"}},{"op":"replace","path":"/lines/0/sku","value":"b"},{"op":"add","path":"/note","value":"n"},{"op":"test","path":"/state","value":"OPEN"}]"#,
    )
    .await;
    assert_eq!(reply.status, 204, "{reply:?}");
    assert_eq!(
        seen,
        r#"[{"op":"replace","path":"/quantity","value":2},{"op":"add","path":"/lines/-","value":{"article":"a"}},{"op":"replace","path":"/lines/0/article","value":"b"},{"op":"add","path":"/extra/note","value":"n"},{"op":"test","path":"/state","value":"open"}]"#
    );
}

#[tokio::test]
async fn an_operation_that_needs_the_document_is_refused_before_anything_is_sent() {
    let (reply, seen) =
        patch("application/json-patch+json", r#"[{"op":"copy","from":"/state","path":"/note"}]"#)
            .await;
    assert_eq!((reply.status, seen.as_str()), (422, ""), "{reply:?}");
    assert!(reply.body.contains("/0/from"), "{reply:?}");
}
