//! The little api `orders` in two versions, which differ by a rename, a new required member and a new optional one.

use crate::backend::{Backend, Reply, Seen};
use crate::corpus::root;

/// The text of a config for `orders`; `backends` are version and endpoint, `more` is added to the api as it is.
pub fn config(backends: &[(&str, &str)], more: &[&str]) -> String {
    let description = root().join("tests/data/orders");
    let description = serde_json::Value::from(description.to_string_lossy());
    let mut text = format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\napis:\n  orders:\n    \
         description: {description}\n    match: {{ path: / }}\n    client_version:\n      - header: api-version\n      \
         - query: api-version\n      - default: oldest\n    backends:\n"
    );
    for (version, endpoint) in backends {
        text.push_str("      - { version: ");
        text.extend([version, ", endpoints: [\"", endpoint, "\"] }\n"]);
    }
    for line in more {
        text.extend(["    ", line, "\n"]);
    }
    text
}

/// A backend that speaks this version and says so in the order's id.
pub fn backend(version: &str) -> Backend {
    let body = match version {
        "v1" => r#"{"id":"from v1","item":"tea","qty":2}"#,
        _ => r#"{"id":"from v2","item":"tea","quantity":2,"weight":1.50}"#,
    };
    Backend::start(move |seen| {
        Reply::whole(status(seen), &[("Content-Type", "application/json")], body.as_bytes())
    })
}

/// The status that goes with the method: 201 for an order that is placed, else 200.
fn status(seen: &Seen) -> u16 {
    if seen.method == "POST" { 201 } else { 200 }
}
