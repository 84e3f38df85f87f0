//! Parts of the configuration changed by name: each an edit of the file, for the configuration that the caller has seen.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use serde_json::{Value, json};
use support::{Backend, House, Reply};

fn apis(one: &Backend, other: &Backend) -> String {
    format!(
        "  # what we sell
  a:
    backends:
      - version: v1 # the old one
        endpoints: [\"http://{}\", \"http://{}\"]
        sticky: {{ header: x-user }}
  # the end",
        one.address, other.address
    )
}

async fn get(house: &House, target: &str) -> Reply {
    house.admin(&format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await
}

async fn call(house: &House, start: &str, tag: &str, body: &Value) -> Reply {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "{start} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nif-match: {tag}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    house.admin(&request).await
}

/// A call for the configuration in use.
async fn now(house: &House, start: &str, body: &Value) -> Reply {
    let tag = get(house, "/config").await.field("etag");
    call(house, start, &tag, body).await
}

fn file(house: &House) -> String {
    std::fs::read_to_string(house.config()).unwrap()
}

/// How the endpoints are, in order.
async fn states(house: &House) -> Vec<String> {
    let told = get(house, "/endpoints").await.json();
    let endpoints = told["apis"][0]["groups"][0]["endpoints"].as_array().unwrap().clone();
    endpoints.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_endpoint_that_is_drained_gets_no_new_request_until_it_is_back() {
    let (one, other) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&apis(&one, &other)).await;
    let before = file(&house);
    let named = json!({"endpoint": format!("http://{}", one.address)});
    let drained = now(&house, "POST /apis/a/drain", &named).await;
    assert_eq!((drained.status, &drained.json()["changed"]), (200, &json!(true)), "{drained:?}");
    assert_eq!(states(&house).await, ["drained", "up"]);
    let (seen, all) = (one.seen().len(), other.seen().len());
    for user in 0..20 {
        assert_eq!(house.get("/", &format!("x-user: {user}\r\n")).await.body, "2");
    }
    assert_eq!((one.seen().len(), other.seen().len()), (seen, all + 20));
    let line = format!("        drained: [\"http://{}\"]\n", one.address);
    assert_eq!(file(&house).replace(&line, ""), before, "nothing else was written");
    let again = now(&house, "POST /apis/a/drain", &named).await;
    assert_eq!((again.status, &again.json()["changed"]), (200, &json!(false)));
    let both = json!({"endpoint": format!("http://{}/", other.address)});
    assert_eq!(now(&house, "POST /apis/a/drain", &both).await.status, 200);
    assert_eq!(house.get("/", "").await.status, 502);
    for body in [&named, &both] {
        assert_eq!(now(&house, "POST /apis/a/undrain", body).await.status, 200);
    }
    assert_eq!(states(&house).await, ["up", "up"]);
    assert_eq!(file(&house), before);
}

#[tokio::test]
async fn parts_are_changed_by_name_and_the_rest_stays_as_it_is_written() {
    let (one, other) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&apis(&one, &other)).await;
    let before = file(&house);
    for backend in ["v1", "0"] {
        let start = format!("PATCH /apis/a/backends/{backend}");
        assert_eq!(now(&house, &start, &json!({"weight": 10})).await.status, 200);
        assert_eq!(file(&house).replace("        weight: 10\n", ""), before);
        assert_eq!(now(&house, &start, &json!({"weight": null})).await.status, 200);
        assert_eq!(file(&house), before);
    }
    let patched = now(&house, "PATCH /apis/a", &json!({"match": {"path": "/a"}})).await;
    assert_eq!(patched.status, 200, "{patched:?}");
    assert_eq!(house.get("/a/", "").await.status, 200);
    assert_eq!(house.get("/", "").await.status, 404);
    let backends = json!([{"endpoints": [format!("http://{}", other.address)]}]);
    let new = json!({"match": {"path": "/b"}, "backends": backends});
    assert_eq!(now(&house, "PUT /apis/b%2Fc", &new).await.status, 200);
    assert_eq!(house.get("/b/", "").await.body, "2");
    assert_eq!(now(&house, "DELETE /apis/b%2Fc", &json!({})).await.status, 200);
    assert_eq!(house.get("/b/", "").await.status, 404);
    assert_eq!(now(&house, "PATCH /apis/a", &json!({"match": null})).await.status, 200);
    assert_eq!(file(&house), before);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let (one, other) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&apis(&one, &other)).await;
    let before = file(&house);
    for (start, body, status, code) in [
        ("PATCH /apis/x", json!({}), 404, "not-found"),
        ("DELETE /apis/x", json!({}), 404, "not-found"),
        ("PATCH /apis/a/backends/v7", json!({}), 404, "not-found"),
        ("POST /apis/a/drain", json!({"endpoint": "http://nobody:1"}), 404, "not-found"),
        ("POST /apis/a/drain", json!({}), 400, "bad-body"),
        ("PATCH /apis/a", json!([1]), 400, "bad-body"),
        ("PATCH /apis/a?dry=1", json!({}), 400, "bad-parameter"),
        ("PATCH /apis/a/backends/0", json!({"weight": "much"}), 422, "configuration-refused"),
        ("PUT /apis/b", json!({"match": {"path": "/b"}}), 422, "configuration-refused"),
    ] {
        let told = now(&house, start, &body).await;
        assert_eq!((told.status, &told.json()["code"]), (status, &json!(code)), "{start} {told:?}");
    }
    let stale = call(&house, "PATCH /apis/a/backends/0", "\"other\"", &json!({"weight": 2})).await;
    assert_eq!((stale.status, &stale.json()["code"]), (412, &json!("stale")), "{stale:?}");
    assert_eq!(file(&house), before);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_differ() {
    let (one, other) = (Backend::json("1").await, Backend::json("2").await);
    let house = House::start(&apis(&one, &other)).await;
    let text = file(&house).replace("v1 # the old one", "v1\n        weight: 5");
    let told = now(&house, "PUT /config?dry_run=true", &json!(null)).await;
    assert_eq!(told.status, 422, "{told:?}");
    let length = text.len();
    let request = format!(
        "PUT /config?dry_run=true HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/yaml\r\nx-evergate-reload: 1\r\ncontent-length: {length}\r\n\r\n{text}"
    );
    let told = house.admin(&request).await.json();
    assert_eq!(told["changes"][0]["subject"], "backend");
    assert_eq!(told["changes"].as_array().unwrap().len(), 2, "one for each endpoint: {told}");
    assert_eq!(file(&house), file(&house).replace("weight: 5", ""), "nothing was written");
}
