//! What must be safe about JSON that is converted: SECURITY 26 to 31, over real sockets.
//!
//! More of the thirtieth, patterns and references, on descriptions alone: `schemas/tests/hostile.rs`.

#[path = "support/orders.rs"]
mod orders;
#[path = "support/house.rs"]
mod support;

use std::io::Write as _;

use support::{Backend, House, Reply, exchange, ok};

/// A body as bytes to a route that converts.
async fn post(house: &House, fields: &str, body: &[u8]) -> Reply {
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{fields}content-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    Reply::read(&exchange(house.address(), &request).await)
}

/// Each body is refused with the status, and nothing is sent.
#[track_caller]
fn check(reply: &Reply, backend: &Backend, status: u16, body: &[u8]) {
    let told = String::from_utf8_lossy(body);
    assert_eq!(reply.status, status, "{told}: {reply:?}");
    assert!(backend.seen().is_empty(), "{told} was sent: {:?}", backend.seen());
}

#[tokio::test]
async fn security_26_duplicate_keys_are_400_on_converted_routes() {
    let backend = Backend::json("{}").await;
    let house = orders::with(&backend, "", "").await;
    for body in [
        r#"{"qty":1,"qty":1}"#,
        r#"{"qty":1,"\u0071ty":2}"#,
        r#"{"qty":1,"other":{"é":1,"\u00e9":2}}"#,
        r#"{"qty":1,"list":[{"a":1,"b":2,"a":3}]}"#,
    ] {
        let reply = post(&house, "", body.as_bytes()).await;
        check(&reply, &backend, 400, body.as_bytes());
        assert_eq!(reply.json()["code"], "request-malformed", "{reply:?}");
    }
}

#[tokio::test]
async fn security_27_numbers_keep_their_text_both_ways() {
    for number in [
        "12345678901234567890123",
        "1.10",
        "1e400",
        "-0",
        "1E+2",
        "0.1e-7",
        "100000000000000000000000.00",
    ] {
        let answer = format!(r#"{{"id":"a","quantity":{number},"tag":"t"}}"#);
        // What `POST /orders` declares.
        let backend = Backend::start(&ok(&answer).replace("200 OK", "201 Created")).await;
        let house = orders::with(&backend, "", "").await;
        let sent = format!(r#"{{"qty": {number}}}"#);
        let reply = post(&house, "", sent.as_bytes()).await;
        assert_eq!(reply.body, format!(r#"{{"id":"a","qty":{number}}}"#), "{reply:?}");
        let seen = backend.seen().pop().unwrap();
        assert!(seen.ends_with(&format!(r#"{{"quantity": {number}}}"#)), "{seen}");
    }
}

#[tokio::test]
async fn security_28_what_is_no_plain_json_is_400_and_nothing_falls() {
    let backend = Backend::json(r#"{"id":"a","quantity":1}"#).await;
    let house = orders::with(&backend, "", "").await;
    let nested = |depth: usize| {
        [r#"{"qty":1,"x":"#.as_bytes(), &b"[".repeat(depth), &b"]".repeat(depth), b"}"].concat()
    };
    for (body, status) in [
        (nested(200_000), 400),
        (nested(128), 400),
        (br#"{"qty":1,"note":"\ud800"}"#.to_vec(), 400),
        (br#"{"qty":1,"\udfff":1}"#.to_vec(), 400),
        (b"{\"qty\":1,\"note\":\"\xc3\x28\"}".to_vec(), 400),
        (b"{\"qty\":1,\"note\":\"\xed\xa0\x80\"}".to_vec(), 400),
        (b"\xef\xbb\xbf{\"qty\":1}".to_vec(), 400),
        (b"\xff\xfe{\0}\0".to_vec(), 400),
        (br#"{"qty":1}{"qty":2}"#.to_vec(), 400),
        (b"{\"qty\":1}\0".to_vec(), 400),
        (br#"{"qty":1"#.to_vec(), 400),
        (b"[".repeat(500_000), 400),
    ] {
        let short = &body[..body.len().min(60)];
        check(&post(&house, "", &body).await, &backend, status, short);
    }
    let reply = post(&house, "", &nested(127)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn security_29_codings_are_bounded_and_what_cannot_be_decoded_is_not_converted() {
    let backend = Backend::json("{}").await;
    let house = orders::with(&backend, "", "limits: { body: 4MiB }").await;
    let gzip = |text: &str| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(9));
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    let bomb = gzip(&format!("{}{{\"qty\":1}}", " ".repeat(3 << 20)));
    assert!(bomb.len() < 8_000);
    for (coding, body, status) in [
        ("gzip", &bomb[..], 413),
        ("gzip", &b"{\"qty\":1}"[..], 400),
        ("compress", &b"{\"qty\":1}"[..], 415),
        ("br, compress", &b"{\"qty\":1}"[..], 415),
    ] {
        let reply = post(&house, &format!("content-encoding: {coding}\r\n"), body).await;
        check(&reply, &backend, status, coding.as_bytes());
    }
}

#[tokio::test]
async fn security_30_patterns_end_and_references_never_leave_the_directory() {
    let backend =
        Backend::start(&ok(r#"{"id":"a","quantity":1}"#).replace("200 OK", "201 Created")).await;
    let house = orders::crossing(&backend, "").await;
    let first = house.directory.path().join("orders/v1/openapi.yaml");
    let second = house.directory.path().join("orders/v2/openapi.yaml");
    let [old, new] = [&first, &second].map(|file| std::fs::read_to_string(file).unwrap());
    // A pattern that would take a backtracking engine for ever decides about each name that comes.
    let evil = |text: &str, pattern: &str| {
        let said = format!(
            "type: object\n      patternProperties: {{ '{pattern}': {{ type: integer }} }}"
        );
        text.replace("type: object", &said)
    };
    let long = format!(r#"{{"qty":1,"{}":2}}"#, "a".repeat(900));
    let counted = format!("^({}){{1,1000}}$", "(a{1,1000}){1,1000}");
    // What hangs on one that is too large to be compiled is not guessed. The files are watched too, so that it is the
    // answer of the route that tells, and not that of the reload.
    for (pattern, status) in [("^(([a-z])+.)+[A-Z]([a-z])+$", 201), (counted.as_str(), 501)] {
        std::fs::write(&first, evil(&old, pattern)).unwrap();
        std::fs::write(&second, evil(&new, pattern)).unwrap();
        let told = house.reload().await;
        let reply = post(&house, "", long.as_bytes()).await;
        assert_eq!(reply.status, status, "{pattern}: {told:?} {reply:?}");
    }
    // References to what is outside are refused by name, and nobody is asked for them.
    let asked = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    asked.set_nonblocking(true).unwrap();
    let outside = house.directory.path().join("secret.yaml");
    std::fs::write(&outside, "{ const: very-secret }").unwrap();
    std::fs::write(&second, &new).unwrap();
    for way in [
        format!("http://{}/x.json", asked.local_addr().unwrap()),
        "../../secret.yaml".to_owned(),
        outside.display().to_string(),
        format!("file://{}", outside.display()),
    ] {
        let text = old.replace("note: { type: string }", &format!("note: {{ $ref: '{way}' }}"));
        assert!(text.contains(&way));
        std::fs::write(&first, text).unwrap();
        let told = house.reload().await;
        assert!(told.status == 200 && !told.body.contains("very-secret"), "{told:?}");
        assert!(asked.accept().is_err(), "{way} was asked for");
        let reply = post(&house, "", br#"{"qty":1}"#).await;
        assert_eq!(reply.status, 501, "what hangs on {way} is not guessed: {reply:?}");
        assert!(reply.body.contains("a reference that could not be followed"), "{reply:?}");
        assert!(!reply.body.contains("very-secret"), "{reply:?}");
    }
}

#[tokio::test]
async fn security_31_a_failed_conversion_sends_neither_the_old_nor_half_of_the_new() {
    // A response: nothing of it is sent, unconverted or half converted.
    for body in
        [r#"{"id":"secret-id","quantity":1,"quantity":2}"#, r#"{"id":"secret-id","quantity":1"#]
    {
        let backend = Backend::start(&ok(body)).await;
        let house = orders::crossing(&backend, "").await;
        let reply = house.get("/orders/a", "").await;
        assert_eq!(reply.status, 502, "{body}: {reply:?}");
        assert!(!reply.body.contains("secret-id"), "{reply:?}");
    }
    // One that fails after its head is gone: cut, and never ended as if whole.
    let long = format!("[{}", r#"{"id":"a","quantity":1},"#.repeat(20_000));
    let backend = Backend::start(&ok(&long)).await;
    let house = orders::crossing(&backend, "").await;
    let text = house.raw("GET /orders HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200 ") && !text.ends_with("0\r\n\r\n"), "ended as if whole");
    assert!(!text.contains("quantity"), "not converted");
    // no-transform is obeyed.
    let forbidding = ok(r#"{"id":"a","quantity":1}"#)
        .replace("\r\n\r\n", "\r\ncache-control: no-transform\r\n\r\n");
    let backend = Backend::start(&forbidding).await;
    let house = orders::crossing(&backend, "").await;
    let reply = house.get("/orders/a", "").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (502, Some("response-no-transform")));
    let reply = post(&house, "cache-control: no-transform\r\n", b"{\"qty\":1}").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (406, Some("request-no-transform")));
}
