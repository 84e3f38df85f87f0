//! `evergate backend`: parts of the configuration of a gateway that runs.

use std::io::Write;

use bytes::Bytes;
use clap::{Args, Subcommand};
use http::header::ETAG;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::exit::{Failure, Outcome};
use super::remote::{Reach, Remote};

/// `evergate backend`
#[derive(Debug, Subcommand)]
pub(super) enum Backend {
    /// Let an endpoint have no new request; what is under way ends. `GET /endpoints` says how much is left.
    Drain(Endpoint),
    /// Let an endpoint that was drained have requests again.
    Undrain(Endpoint),
    /// Change the share of a backend among those of its version.
    Weight {
        /// The api.
        api: String,
        /// The backend: its version, or its place in the list, from 0.
        backend: String,
        /// The share; 0 for only when all others are down.
        weight: u32,
        #[command(flatten)]
        reach: Reach,
    },
}

/// An endpoint of an api.
#[derive(Debug, Args)]
pub(super) struct Endpoint {
    /// The api.
    api: String,
    /// The endpoint as the configuration has it, `http://HOST:PORT`.
    #[arg(value_name = "ENDPOINT")]
    address: String,
    #[command(flatten)]
    reach: Reach,
}

/// Writes the change to the config file of the gateway and takes it into use.
pub(super) fn backend(args: &Backend, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let (reach, method, path, body) = match args {
        Backend::Drain(one) => (&one.reach, Method::POST, drains(&one.api, "drain"), named(one)),
        Backend::Undrain(one) => {
            (&one.reach, Method::POST, drains(&one.api, "undrain"), named(one))
        }
        Backend::Weight { api, backend, weight, reach } => {
            let path = format!("/apis/{}/backends/{}", segment(api), segment(backend));
            (reach, Method::PATCH, path, json!({ "weight": weight }))
        }
    };
    let remote = Remote::new(reach)?;
    let held = remote.get("/config")?.good()?;
    let tag = held.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let body = ("application/json", Bytes::from(body.to_string()));
    let told = remote.ask(&method, &path, &[("if-match", tag)], Some(body))?;
    if told.status == StatusCode::PRECONDITION_FAILED {
        let why = "somebody changed the configuration at this moment; look at what is in use, and say it again";
        return Err(Failure::said(why));
    }
    let told = told.good()?.json();
    let changed = told.get("changed") == Some(&Value::Bool(true));
    let generation = told.get("generation").and_then(Value::as_u64).unwrap_or_default();
    if changed {
        writeln!(to, "in use as generation {generation}, and written to the config file")?;
    } else {
        writeln!(to, "it is so already, in generation {generation}")?;
    }
    Ok(Outcome::Holds)
}

fn drains(api: &str, verb: &str) -> String {
    format!("/apis/{}/{verb}", segment(api))
}

fn named(one: &Endpoint) -> Value {
    json!({ "endpoint": one.address })
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let one =
        |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(one).collect()
}
