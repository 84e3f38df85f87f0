//! Multipart bodies between versions over real sockets: parts are converted, files go through untouched.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use support::{Backend, House, Reply, write};
use tempfile::TempDir;

const V1: &str = r##"
openapi: 3.1.0
info: { title: uploads, version: "1" }
paths:
  /uploads:
    post:
      requestBody: { required: true, content: { multipart/form-data: { schema: { $ref: "#/components/schemas/Upload" } } } }
      responses: { "204": { description: taken } }
    get:
      responses:
        "200": { description: the last, content: { multipart/mixed: { schema: { $ref: "#/components/schemas/Upload" } } } }
  /search:
    post:
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, properties: { filter: { $ref: "#/components/schemas/Meta" } } }
            encoding: { filter: { style: deepObject, explode: true } }
      responses: { "204": { description: found nothing } }
components:
  schemas:
    Upload:
      type: object
      required: [meta, file]
      properties:
        title: { type: string }
        meta: { $ref: "#/components/schemas/Meta" }
        file: { type: string, format: binary }
      additionalProperties: false
    Meta:
      type: object
      required: [qty]
      properties: { qty: { type: integer }, note: { type: string } }
      additionalProperties: false
"##;

const CHANGES: &str = "
changes:
  - { say: The number of things is `quantity`., at: Meta, rename: { qty: quantity } }
  - { say: A title is a caption., at: Upload, rename: { title: caption } }
";

fn api() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "uploads/v1/openapi.yaml", V1);
    let v2 = V1.replace("qty", "quantity").replace("title: {", "caption: {");
    write(directory.path(), "uploads/v2/openapi.yaml", &v2);
    write(directory.path(), "uploads/v2/changes.yaml", CHANGES);
    directory
}

async fn house(backend: &Backend) -> House {
    let address = backend.address;
    let apis = format!(
        "  uploads:
    description: ./uploads
    client_version: [{{ header: api-version }}]
    backends: [{{ version: v2, endpoints: [\"http://{address}\"] }}]"
    );
    House::in_directory(api(), &apis, "").await
}

/// A part, and its name and what else its head says.
fn part(rest: &str, content: &str) -> String {
    format!("--b+1\r\nContent-Disposition: form-data; {rest}\r\n\r\n{content}\r\n")
}

/// A file that has all that might be taken for a boundary.
fn file() -> String {
    "0123456789\r\n--b+\r\n\r--b+1\u{0}\n-- b+1\r\n".replace("\r--b+1", "\r --b+1").repeat(100_000)
}

const FIELDS: &str =
    "api-version: 1\r\ncontent-type: multipart/form-data; charset=utf-8; boundary=\"b+1\"\r\n";

async fn upload(house: &House, body: &str) -> Reply {
    house.post("/uploads", FIELDS, body).await
}

#[tokio::test]
async fn parts_are_converted_beside_a_file_of_some_megabytes() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let house = house(&backend).await;
    let of = |title: &str, qty: &str| {
        [
            "a preamble\r\n".to_owned(),
            part(&format!("name=\"{title}\""), "a ? title"),
            part(
                "name=\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream",
                &file(),
            ),
            part(
                "name=\"meta\"; filename=blob\r\nContent-Type: application/json",
                &format!("{{ \"{qty}\": 1.0 }}"),
            ),
            "--b+1--\r\n".to_owned(),
        ]
        .concat()
    };
    let sent = of("title", "qty");
    assert!(sent.len() > 3 << 20);
    let reply = upload(&house, &sent).await;
    assert_eq!(reply.status, 204, "{reply:?}");
    let seen = backend.seen().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("multipart/form-data; charset=utf-8; boundary=\"b+1\""), "{head}");
    let wanted = of("caption", "quantity");
    assert!(body == wanted, "{} bytes for {}", body.len(), wanted.len());
    assert!(
        head.to_ascii_lowercase().contains(&format!("content-length: {}", wanted.len())),
        "{head}"
    );
}

#[tokio::test]
async fn what_cannot_be_converted_never_reaches_the_backend() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let house = house(&backend).await;
    let file = part("name=\"file\"; filename=a", "F");
    let end = "--b+1--\r\n";
    let of = |meta: &str| [&*file, &part("name=\"meta\"", meta), end].concat();
    let both = of("{\"qty\":1,\"quantity\":2}");
    let reply = upload(&house, &both).await;
    assert_eq!(
        (reply.status, &reply.json()["pointer"]),
        (422, &"/meta/quantity".into()),
        "{reply:?}"
    );
    let reply = upload(&house, &of("{\"qty\":1")).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.body.contains("/meta"), "{reply:?}");
    // no end, another boundary, a line that some take for one
    for body in [file.clone(), of("{\"qty\":1}").replace("b+1", "c"), of("x\n--b+1\r\n")] {
        let reply = upload(&house, &body).await;
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    let fields = "api-version: 1\r\ncontent-type: multipart/form-data\r\n";
    let reply = house.post("/uploads", fields, &of("{\"qty\":1}")).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    assert_eq!(backend.seen(), [""; 0]);
}

#[tokio::test]
async fn an_answer_in_parts_streams() {
    let body = [
        part("name=\"caption\"", "x"),
        part("name=\"file\"; filename=a", &file()),
        part("name=\"meta\"", "{\"quantity\":1}"),
        "--b+1--".to_owned(),
    ]
    .concat();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: multipart/mixed; boundary=\"b+1\"\r\nconnection: close\r\n";
    let whole = Backend::start(&format!("{head}\r\n{body}")).await;
    let house = house(&whole).await;
    let reply = house.get("/uploads", "api-version: 1\r\nconnection: close\r\n").await;
    assert_eq!(reply.status, 200, "{}", reply.head);
    assert!(reply.head.contains("multipart/mixed; boundary=\"b+1\""), "{}", reply.head);
    let wanted = body.replace("caption", "title").replace("quantity", "qty");
    assert!(reply.body == wanted, "{} bytes for {}", reply.body.len(), wanted.len());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_whole() {
    let cut = part("name=\"caption\"", "x") + &part("name=\"file\"; filename=a", &file());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: multipart/mixed; boundary=\"b+1\"\r\nconnection: close\r\n";
    let backend = Backend::start(&format!("{head}\r\n{cut}")).await;
    let house = house(&backend).await;
    let text = house.raw("GET /uploads HTTP/1.1\r\nhost: x\r\napi-version: 1\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200"), "{}", &text[..100]);
    assert!(!text.ends_with("0\r\n\r\n"), "the body looks whole");
    let short = Backend::start(&format!("{head}\r\n{}", part("name=\"caption\"", "x"))).await;
    let house = self::house(&short).await;
    assert_eq!(house.get("/uploads", "api-version: 1\r\n").await.status, 502);
}

#[tokio::test]
async fn fields_with_brackets_are_converted() {
    let backend = Backend::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let house = house(&backend).await;
    let fields = "api-version: 1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let reply = house.post("/search", fields, "filter[qty]=12&filter[note]=a%20b").await;
    assert_eq!(reply.status, 204, "{reply:?}");
    let reply = house.post("/search", fields, "filter[qty]=1&filter[qty]=2").await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let seen = backend.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].ends_with("\r\n\r\nfilter%5Bquantity%5D=12&filter%5Bnote%5D=a+b"), "{seen:?}");
}

#[test]
fn the_command_line_converts_parts() {
    let directory = api();
    let media_type = "multipart/form-data; boundary=\"b+1\"";
    let words = ["--operation", "POST /uploads", "--request", "--from", "v1", "--to", "v2"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_evergate"))
        .arg("convert")
        .arg("--dir")
        .arg(directory.path().join("uploads"))
        .args(words)
        .args(["--media-type", media_type])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let of = |title: &str, qty: &str| {
        let file = part("name=\"file\"; filename=a", &file());
        let title = part(&format!("name=\"{title}\""), "x");
        [&*file, &part("name=\"meta\"", &format!("{{\"{qty}\":1}}")), &title, "--b+1--\r\n"]
            .concat()
    };
    let mut stdin = child.stdin.take().unwrap();
    let sent = of("title", "qty");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(sent.as_bytes()));
        child.wait_with_output().unwrap()
    });
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == of("caption", "quantity").as_bytes(), "{} bytes", output.stdout.len());
}
