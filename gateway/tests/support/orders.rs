//! An api of orders in two versions: `qty` is called `quantity` in the second, and orders also have a `tag`.

use tempfile::TempDir;

use super::support::{House, write};

const V1: &str = r##"
openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    get:
      responses:
        "200": { description: all, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Order" } } } } }
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
    put:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/New" } } } }
      responses:
        "200": { description: one, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    New:
      type: object
      required: [qty]
      properties: { qty: { type: integer }, note: { type: string } }
      additionalProperties: false
    Order:
      type: object
      required: [id, qty]
      properties: { id: { type: string }, qty: { type: integer }, note: { type: string } }
      additionalProperties: false
"##;

const CHANGES: &str = r"
changes:
  - say: The number of things is called `quantity`.
    at: [New, Order]
    rename: { qty: quantity }
";

const NEW: &str = "  /parcels: { get: { responses: { \"200\": { description: all } } } }\n";

/// Writes both versions; version 2 also has `/parcels`.
pub(crate) fn describe(directory: &TempDir) {
    let v2 = V1
        .replace("qty", "quantity")
        .replace("version: \"1\"", "version: \"2\"")
        .replace(
            "id: { type: string }, quantity",
            "id: { type: string }, tag: { type: string }, quantity",
        )
        .replace("components:\n", &format!("{NEW}components:\n"));
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &v2);
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
}

/// The text of the api with these backends; `more` are further keys, indented by four.
pub(crate) fn api(backends: &str, more: &str) -> String {
    format!(
        "  orders:
    description: ./orders
    client_version:
      - path: \"/v{{version}}\"
      - header: api-version
      - accept: application/json;version={{version}}
      - consumer: x-api-key
      - default: oldest
    consumers: {{ partner: v1 }}
    backends: {backends}
{more}"
    )
}

/// Clients of version 1 before a backend of version 2.
pub(crate) async fn crossing(backend: &super::support::Backend, more: &str) -> House {
    with(backend, more, "").await
}

/// The same with top-level keys.
pub(crate) async fn with(backend: &super::support::Backend, more: &str, top: &str) -> House {
    let directory = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
    describe(&directory);
    let backends = format!("[{{ version: v2, endpoints: [\"http://{}\"] }}]", backend.address);
    House::in_directory(directory, &api(&backends, more), top).await
}
