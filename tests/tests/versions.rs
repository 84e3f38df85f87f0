//! Clients and backends of different versions: both get the messages of their own version.

use evergate_tests::backend::{Backend, Reply};
use evergate_tests::client::{Client, Request};
use evergate_tests::gate::Gate;
use evergate_tests::orders;
use evergate_tests::wire::Ending;
use serde_json::json;

/// The gateway with one backend for each version and address given.
fn start(backends: &[(&str, &str)], more: &[&str]) -> Gate {
    Gate::start(&orders::config(backends, more))
}

/// Places an order as text, in a version.
fn place(version: &str, body: &str) -> Request {
    Request::new("POST", "/orders")
        .field("api-version", version)
        .field("content-type", "application/json")
        .body(body)
}

#[test]
fn an_old_client_is_served_by_a_new_backend() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    let answer = gate.ask(&place("v1", r#"{"item":"tea","qty":2}"#));
    assert_eq!((answer.status, answer.ending), (201, Ending::Whole));
    assert_eq!(answer.json(), json!({"id": "from v2", "item": "tea", "qty": 2}));
    let seen = backend.only();
    assert_eq!(seen.json(), json!({"item": "tea", "quantity": 2, "channel": "web"}));
    let length = seen.head.field("content-length").unwrap();
    assert_eq!(length, seen.body.len().to_string(), "the length is that of what was written");
}

#[test]
fn a_new_client_is_served_by_an_old_backend() {
    let backend = orders::backend("v1");
    let gate = start(&[("v1", &backend.endpoint())], &[]);
    let answer = gate.ask(&place("v2", r#"{"item":"tea","quantity":2,"channel":"shop"}"#));
    assert_eq!(answer.json(), json!({"id": "from v1", "item": "tea", "quantity": 2}));
    assert_eq!(backend.only().json(), json!({"item": "tea", "qty": 2}));
}

#[test]
fn each_version_goes_to_its_own_backend_untouched() {
    let (old, new) = (orders::backend("v1"), orders::backend("v2"));
    let gate = start(&[("v1", &old.endpoint()), ("v2", &new.endpoint())], &[]);
    let first = r#"{ "qty":2, "item" : "tea" }"#;
    let second = r#"{"channel":"web",  "quantity":2,"item":"tea"}"#;
    assert_eq!(gate.ask(&place("v1", first)).text(), r#"{"id":"from v1","item":"tea","qty":2}"#);
    let answer = gate.ask(&place("v2", second));
    assert_eq!(answer.text(), r#"{"id":"from v2","item":"tea","quantity":2,"weight":1.50}"#);
    assert_eq!(String::from_utf8(old.only().body).unwrap(), first);
    assert_eq!(String::from_utf8(new.only().body).unwrap(), second);
}

#[test]
fn path_parameters_of_another_name_are_carried_over() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    let answer = gate.ask(&Request::get("/orders/a%2Fb").field("api-version", "v1"));
    assert_eq!(answer.json(), json!({"id": "from v2", "item": "tea", "qty": 2}));
    assert_eq!(backend.only().target, "/orders/a%2Fb");
}

#[test]
fn what_a_plan_does_not_touch_keeps_its_bytes() {
    let odd = r#"{"item": "t\u00e9 \/", "qty": 12345678901234567890123}"#;
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    assert_eq!(gate.ask(&place("v1", odd)).status, 201);
    let seen = String::from_utf8(backend.only().body).unwrap();
    for kept in [r#""t\u00e9 \/""#, "12345678901234567890123"] {
        assert!(seen.contains(kept), "{kept} is not in {seen}");
    }
}

#[test]
fn a_version_nobody_knows_is_refused_with_those_there_are() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    let answer = gate.ask(&place("v9", "{}"));
    assert_eq!((answer.status, answer.json()["code"].clone()), (400, json!("unknown-version")));
    assert_eq!(answer.json()["known_versions"], json!(["v1", "v2"]));
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    assert_eq!(backend.count(), 0);
}

#[test]
fn places_that_disagree_are_refused() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    let request = Request::get("/orders/1?api-version=v2").field("api-version", "v1");
    let answer = gate.ask(&request);
    assert_eq!((answer.status, answer.json()["code"].clone()), (400, json!("versions-disagree")));
    assert_eq!(backend.count(), 0);
}

#[test]
fn a_body_that_cannot_be_converted_is_never_sent() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    let bodies = [
        r#"{"item":"tea","qty":2"#,
        r#"{"item":"tea","qty":2,"qty":3}"#,
        r#"{"item":"tea","qty":2,"\u0071ty":3}"#,
        r#"{"item":"tea","qty":2} {}"#,
        "{\"item\":\"\\ud800\",\"qty\":2}",
    ];
    for body in bodies {
        let answer = gate.ask(&place("v1", body));
        assert!(matches!(answer.status, 400 | 422), "{} for {body}", answer.status);
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{body}");
    }
    assert_eq!(backend.count(), 0);
}

#[test]
fn an_answer_that_breaks_off_is_cut_also_when_it_is_converted() {
    let whole = r#"{"id":"1","item":"tea","quantity":2,"weight":1.5}"#;
    for length in [5, 20, whole.len() - 1] {
        let part = whole[..length].to_owned();
        let backend = Backend::start(move |_| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            Reply::new().bytes(format!("{head}{length:x}\r\n{part}\r\n")).close()
        });
        let gate = start(&[("v2", &backend.endpoint())], &[]);
        let mut client = Client::connect(gate.address()).unwrap();
        if let Ok(answer) = client.ask(&Request::get("/orders/1").field("api-version", "v1")) {
            let honest = answer.ending == Ending::Cut || answer.status == 502;
            assert!(honest, "{length}: {} {:?} {}", answer.status, answer.ending, answer.text());
        }
    }
}

#[test]
fn an_answer_that_is_no_json_is_never_passed_as_whole() {
    for body in
        [r#"{"id":"1","item":"#, r#"{"id":"1","item":"tea","quantity":2}}"#, "<html></html>"]
    {
        let reply = Reply::whole(200, &[("Content-Type", "application/json")], body.as_bytes());
        let backend = Backend::start(move |_| reply.clone());
        let gate = start(&[("v2", &backend.endpoint())], &[]);
        let mut client = Client::connect(gate.address()).unwrap();
        if let Ok(answer) = client.ask(&Request::get("/orders/1").field("api-version", "v1")) {
            let honest = answer.ending == Ending::Cut || answer.status == 502;
            assert!(honest, "{body}: {} {:?} {}", answer.status, answer.ending, answer.text());
        }
    }
}

#[test]
fn caches_are_told_what_chose_the_answer() {
    let backend = orders::backend("v2");
    let gate = start(&[("v2", &backend.endpoint())], &[]);
    for version in ["v1", "v2", "v9"] {
        let answer = gate.ask(&Request::get("/orders/1").field("api-version", version));
        let vary = answer.head.all("vary").join(",").to_ascii_lowercase();
        assert!(vary.contains("api-version"), "{version}: {} has Vary: {vary}", answer.status);
    }
}

#[test]
fn an_old_version_says_when_it_goes() {
    let backend = orders::backend("v2");
    let life = "versions: { v1: { deprecated: 2026-01-01, sunset: 2027-01-01, link: \"https://docs.test/v1\" } }";
    let gate = start(&[("v2", &backend.endpoint())], &[life]);
    let old = gate.ask(&Request::get("/orders/1").field("api-version", "v1"));
    // RFC 9745 section 2.1: a structured date; RFC 8594 section 3: an HTTP date.
    assert_eq!(old.field("deprecation"), Some("@1767225600"));
    assert_eq!(old.field("sunset"), Some("Fri, 01 Jan 2027 00:00:00 GMT"));
    let links = old.head.all("link").join(", ");
    assert!(links.contains("<https://docs.test/v1>") && links.contains("deprecation"), "{links}");
    let new = gate.ask(&Request::get("/orders/1").field("api-version", "v2"));
    assert_eq!((new.field("deprecation"), new.field("sunset")), (None, None));
}

#[test]
fn each_place_may_say_the_version() {
    let (old, new) = (orders::backend("v1"), orders::backend("v2"));
    let text = orders::config(
        &[("v1", &old.endpoint()), ("v2", &new.endpoint())],
        &["consumers: { tess: v2 }"],
    );
    let more = "    client_version:\n      - path: /v{version}\n      - accept: application/vnd.orders.v{version}+json\n      \
                - consumer: x-api-key\n";
    let text = text.replacen("    client_version:\n", more, 1);
    let gate = Gate::start(&text);
    let plain = || Request::get("/orders/1");
    let cases = [
        (plain(), "v1"),
        (plain().field("api-version", "2"), "v2"),
        (plain().field("accept", "application/vnd.orders.v2+json"), "v2"),
        (plain().field("x-api-key", "tess"), "v2"),
        (Request::get("/orders/1?api-version=v2"), "v2"),
        (Request::get("/v2/orders/1"), "v2"),
        (Request::get("/v1/orders/1"), "v1"),
    ];
    for (request, version) in cases {
        let answer = gate.ask(&request);
        assert_eq!(
            answer.json()["id"],
            format!("from {version}"),
            "{request:?}: {}",
            answer.text()
        );
    }
}
