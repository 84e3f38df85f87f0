//! Streams between versions: each record is converted as it comes, and what becomes of one that does not fit.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{Backend, House, PATIENCE, write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const V1: &str = r##"
openapi: 3.2.0
info: { title: orders, version: "1" }
paths:
  /lines:
    get:
      responses:
        "200": { description: all, content: { application/x-ndjson: { itemSchema: { $ref: "#/components/schemas/Order" } } } }
    post:
      requestBody: { required: true, content: { application/x-ndjson: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "204": { description: taken } }
  /sequence:
    get:
      responses:
        "200": { description: all, content: { application/json-seq: { itemSchema: { $ref: "#/components/schemas/Order" } } } }
  /events:
    get:
      responses:
        "200":
          description: as they happen
          content:
            text/event-stream:
              itemSchema:
                type: object
                properties: { id: { type: string }, data: { type: string } }
                oneOf:
                  - properties: { event: { const: order }, data: { contentMediaType: application/json, contentSchema: { $ref: "#/components/schemas/Order" } } }
                    required: [event]
                  - properties: { event: { const: note } }
                    required: [event]
components:
  schemas:
    Order:
      type: object
      required: [qty]
      properties: { qty: { type: integer } }
      additionalProperties: false
"##;

const CHANGES: &str =
    "changes: [{ say: The number of things is `quantity`., at: Order, rename: { qty: quantity } }]";

async fn house(address: &str, records: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "orders/v1/openapi.yaml", V1);
    write(directory.path(), "orders/v2/openapi.yaml", &V1.replace("qty", "quantity"));
    write(directory.path(), "orders/v2/changes.yaml", CHANGES);
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}]
    conversion: {{ records: {records} }}
    backends: [{{ version: v2, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// A backend that answers with a stream, and what an old client gets of it.
async fn streamed(path: &str, media_type: &str, records: &str, body: &str) -> String {
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\nconnection: close\r\n\r\n{body}");
    let backend = Backend::start(&answer).await;
    let house = house(&backend.address.to_string(), records).await;
    let reply = house.get(path, "api-version: 1\r\n").await;
    assert!(reply.status == 200 || reply.status == 502, "{reply:?}");
    reply.body
}

#[tokio::test]
async fn each_kind_of_stream_is_converted_by_its_records() {
    let lines = "{\"quantity\":1}\n{\"quantity\":  2}\r\n";
    assert_eq!(
        streamed("/lines", "application/x-ndjson", "close", lines).await,
        "{\"qty\":1}\n{\"qty\":  2}\r\n"
    );
    let texts = "\u{1e}{\"quantity\":1}\n\u{1e}{\n\"quantity\":2}\n";
    assert_eq!(
        streamed("/sequence", "application/json-seq", "close", texts).await,
        "\u{1e}{\"qty\":1}\n\u{1e}{\n\"qty\":2}\n"
    );
    let events = ": hello\n\nid: 1\nevent: order\ndata: {\"quantity\":1}\n\nevent: note\ndata: {\"quantity\":1}\n\n";
    assert_eq!(
        streamed("/events", "text/event-stream", "close", events).await,
        ": hello\n\nid: 1\nevent: order\ndata: {\"qty\":1}\n\nevent: note\ndata: {\"quantity\":1}\n\n"
    );
}

#[tokio::test]
async fn a_record_that_does_not_fit_is_skipped_told_or_the_end() {
    let lines = "{\"quantity\":1}\n{\"quantity\":\n{\"quantity\":3}\n";
    let of = |records| streamed("/lines", "application/x-ndjson", records, lines);
    assert_eq!(of("skip").await, "{\"qty\":1}\n{\"qty\":3}\n");
    let told = of("error").await;
    assert!(told.starts_with("{\"qty\":1}\n{\"code\":\"json-truncated\""), "{told}");
    assert!(told.ends_with("\"pointer\":\"/1/quantity\",\"title\":\"a record could not be converted\",\"type\":\"about:blank\"}\n{\"qty\":3}\n"), "{told}");
    // what came before the break is good, and the break is not hidden
    assert_eq!(of("close").await, "{\"qty\":1}\n");
}

#[tokio::test]
async fn a_request_is_taken_whole_or_refused_by_the_place_in_its_stream() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let house = house(&backend.address.to_string(), "skip").await;
    let fields = "api-version: 1\r\ncontent-type: application/x-ndjson\r\n";
    let reply = house.post("/lines", fields, "{\"qty\":1}\n{\"qty\":2}\n").await;
    assert_eq!(reply.status, 204, "{reply:?}");
    assert!(
        backend.seen()[0].ends_with("{\"quantity\":1}\n{\"quantity\":2}\n"),
        "{:?}",
        backend.seen()
    );
    let reply = house.post("/lines", fields, "{\"qty\":1}\n{\"qty\":\n").await;
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.body.contains("/1/qty"), "{reply:?}");
    assert_eq!(backend.seen().len(), 1);
}

/// Reads until the text has come.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = Vec::new();
    let wait = async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed before {text:?}");
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{text:?} did not come"));
    String::from_utf8_lossy(&seen).into_owned()
}

#[tokio::test]
async fn the_head_and_each_event_come_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = house(&listener.local_addr().unwrap().to_string(), "close").await;
    let mut client = TcpStream::connect(house.address()).await.unwrap();
    let request = b"GET /events HTTP/1.1\r\nhost: x\r\napi-version: 1\r\n\r\n";
    client.write_all(request).await.unwrap();
    let (mut backend, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    until(&mut backend, "\r\n\r\n").await;
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    backend.write_all(head).await.unwrap();
    until(&mut client, "\r\n\r\n").await;
    for number in 0..3 {
        let event = format!("event: order\ndata: {{\"quantity\":{number}}}\n\n");
        backend.write_all(event.as_bytes()).await.unwrap();
        until(&mut client, &format!("data: {{\"qty\":{number}}}\n\n")).await;
    }
}

/// A client that reads nothing holds its backend up, so that no stream piles up in between.
#[tokio::test]
async fn a_client_that_does_not_read_stops_the_backend() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = house(&listener.local_addr().unwrap().to_string(), "close").await;
    let mut client = TcpStream::connect(house.address()).await.unwrap();
    let request = b"GET /lines HTTP/1.1\r\nhost: x\r\napi-version: 1\r\n\r\n";
    client.write_all(request).await.unwrap();
    let (mut backend, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    until(&mut backend, "\r\n\r\n").await;
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n";
    backend.write_all(head).await.unwrap();
    let lines = "{\"quantity\":1}\n".repeat(4096);
    let mut sent = 0;
    let stuck = std::time::Duration::from_millis(500);
    while let Ok(done) = timeout(stuck, backend.write_all(lines.as_bytes())).await {
        done.unwrap();
        sent += lines.len();
        assert!(sent < 64 << 20, "the gateway takes without end");
    }
    until(&mut client, "{\"qty\":1}\n").await;
}
